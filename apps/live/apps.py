"""Configuration of the app."""

from django.apps import AppConfig


class LiveConfig(AppConfig):
    """Names the app."""

    name = "apps.live"
    label = "live"

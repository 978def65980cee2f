"""Configuration of the app."""

from django.apps import AppConfig


class MicrocosmsConfig(AppConfig):
    """Names the app."""

    name = "apps.microcosms"
    label = "microcosms"

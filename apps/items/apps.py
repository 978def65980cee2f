"""Configuration of the app."""

from django.apps import AppConfig


class ItemsConfig(AppConfig):
    """Names the app."""

    name = "apps.items"
    label = "items"

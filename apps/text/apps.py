"""Django's entry for this app."""

from django.apps import AppConfig


class TextConfig(AppConfig):
    """Registers the text app, which has no models."""

    name = "apps.text"
    label = "text"

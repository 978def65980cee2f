"""Configuration of the app."""

from django.apps import AppConfig


class LinksConfig(AppConfig):
    """Names the app."""

    name = "apps.links"
    label = "links"

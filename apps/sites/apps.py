"""Configuration of the app."""

from django.apps import AppConfig


class SitesConfig(AppConfig):
    """Names the app."""

    name = "apps.sites"
    label = "sites"

"""Configuration of the app."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """Names the app."""

    name = "apps.search"
    label = "search"

"""Configuration of the app."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """Names the app."""

    name = "apps.files"
    label = "files"

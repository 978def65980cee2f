"""Configuration of the app."""

from django.apps import AppConfig


class PermissionsConfig(AppConfig):
    """Names the app."""

    name = "apps.permissions"
    label = "permissions"

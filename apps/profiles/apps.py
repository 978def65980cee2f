"""Configuration of the app."""

from django.apps import AppConfig


class ProfilesConfig(AppConfig):
    """Names the app."""

    name = "apps.profiles"
    label = "profiles"

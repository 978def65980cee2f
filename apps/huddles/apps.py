"""Configuration of the app."""

from django.apps import AppConfig


class HuddlesConfig(AppConfig):
    """Names the app."""

    name = "apps.huddles"
    label = "huddles"

"""Configuration of the app."""

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    """Names the app."""

    name = "apps.moderation"
    label = "moderation"

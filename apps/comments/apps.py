"""Configuration of the app."""

from django.apps import AppConfig


class CommentsConfig(AppConfig):
    """Names the app."""

    name = "apps.comments"
    label = "comments"

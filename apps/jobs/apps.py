"""Configuration of the app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Names the app."""

    name = "apps.jobs"
    label = "jobs"

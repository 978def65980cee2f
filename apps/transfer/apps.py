"""Configuration of the app."""

from django.apps import AppConfig


class TransferConfig(AppConfig):
    """Names the app."""

    name = "apps.transfer"
    label = "transfer"

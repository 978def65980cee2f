"""Configuration of the app."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Names the app."""

    name = "apps.webhooks"
    label = "webhooks"

"""Configuration of the app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Names the app."""

    name = "apps.accounts"
    label = "accounts"

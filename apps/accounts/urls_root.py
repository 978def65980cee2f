"""Paths of the app on the root host."""

from apps.accounts.urls import urlpatterns

__all__ = ["urlpatterns"]

"""Paths of the app."""

from django.urls import path

from apps.transfer import api

urlpatterns = [path("resolve", api.Resolve.as_view())]

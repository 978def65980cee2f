"""Paths of the app on the root host."""

from django.urls import path

from apps.links import api

urlpatterns = [path("out/<short:short>", api.PlatformOut.as_view())]

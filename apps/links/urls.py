"""Paths of the app."""

from django.urls import path

from apps.links import api

urlpatterns = [path("out/<short:short>", api.SiteOut.as_view())]

"""Paths of the app."""

from django.urls import path

from apps.search.api import search

urlpatterns = [
    path("search", search.Search.as_view()),
    path("trending", search.Trending.as_view()),
]

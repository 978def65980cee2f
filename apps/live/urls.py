"""Paths of the app."""

from django.urls import path

from apps.live import api

urlpatterns = [
    path("changes", api.ChangeList.as_view()),
    path("changes/stream", api.ChangeStream.as_view()),
    path("changes/tickets", api.TicketList.as_view()),
]

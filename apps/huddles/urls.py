"""Paths of the app; the jumps to comments are in `comments`."""

from django.urls import path

from apps.huddles import api

urlpatterns = [
    path("huddles", api.HuddleList.as_view()),
    path("huddles/<id:huddle_id>", api.HuddleDetail.as_view()),
    path("huddles/<id:huddle_id>/participants", api.ParticipantList.as_view()),
    path("huddles/<id:huddle_id>/participants/<id:profile_id>", api.ParticipantDetail.as_view()),
]

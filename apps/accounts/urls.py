"""Paths of the app, the same on every host."""

from django.urls import path

from apps.accounts.api.tokens import ProviderTokenCollection, TokenCollection, TokenDetail

urlpatterns = [
    path("auth", TokenCollection.as_view()),
    path("auth/<token:token>", TokenDetail.as_view()),
    path("auth0", ProviderTokenCollection.as_view()),
]

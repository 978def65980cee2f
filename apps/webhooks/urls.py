"""Paths of the app."""

from django.urls import path

from apps.webhooks import api

urlpatterns = [
    path("webhooks", api.WebhookList.as_view()),
    path("webhooks/<id:webhook_id>", api.WebhookDetail.as_view()),
    path("webhooks/<id:webhook_id>/secret", api.WebhookSecret.as_view()),
    path("webhooks/<id:webhook_id>/deliveries", api.WebhookDeliveries.as_view()),
    path("webhooks/<id:webhook_id>/replay", api.WebhookReplay.as_view()),
    path("webhooks/<id:webhook_id>/ping", api.WebhookPing.as_view()),
]

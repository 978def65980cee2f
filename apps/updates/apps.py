"""Configuration of the app."""

from typing import Any

from anymail.signals import tracking
from django.apps import AppConfig
from django.conf import settings


class UpdatesConfig(AppConfig):
    """Names the app, and listens to what mail services report."""

    name = "apps.updates"
    label = "updates"

    def ready(self) -> None:
        """django-anymail turns the reports of all services into this signal of its own."""
        tracking.connect(_note_bounce, dispatch_uid="apps.updates")


def _note_bounce(sender: Any, event: Any, **kwargs: Any) -> None:
    """An address bounced for good, was rejected, or its owner called the mail spam.

    Without a secret anybody could say so of anybody, and nobody is believed.
    """
    from apps.updates.mailing import note_bounce

    if (
        settings.ANYMAIL.get("WEBHOOK_SECRET")
        and event.recipient
        and event.event_type in ("bounced", "rejected", "complained")
    ):
        reason = " ".join(str(part) for part in (event.event_type, event.reject_reason, event.mta_response) if part)
        note_bounce(email=event.recipient, reason=reason)

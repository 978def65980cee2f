"""Webhooks in the platform operator's admin: to look at, and to switch off."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.webhooks.models import Delivery, Webhook
from apps.webhooks.services import pause_webhook


class _ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Owners of sites write here, through the API."""

    ordering = ("-id",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes."""
        return False


@admin.register(Webhook)
class WebhookAdmin(_ReadOnly):
    """Who is told what happens on which site; never the secrets."""

    list_display = ("id", "site", "url", "kinds", "disabled_reason", "position", "failing_since", "created_at")
    list_filter = ("disabled_reason",)
    list_select_related = ("site",)
    search_fields = ("=site__key", "url")
    actions = ("switch_off",)
    fields = (
        "site", "profile", "url", "kinds", "disabled_reason", "position", "caught_up_at", "sending_until",
        "failing_since", "created_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, chosen: QuerySet[Webhook]) -> None:
        """Nothing is sent to the chosen webhooks any more, until their owners switch them on."""
        webhooks = list(chosen)
        for webhook in webhooks:
            pause_webhook(webhook)
        messages.success(request, f"{len(webhooks)} webhooks are switched off.")

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        """Nothing can be edited."""


@admin.register(Delivery)
class DeliveryAdmin(_ReadOnly):
    """What was sent where, and how it went."""

    list_display = (
        "id", "site", "webhook_id", "position", "kind", "subject", "status", "due_at", "tries", "response_status",
        "error", "last_tried_at",
    )  # fmt: skip
    list_filter = ("status",)
    list_select_related = ("site",)
    search_fields = ("=site__key", "=webhook__id", "=position")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes."""
        return False

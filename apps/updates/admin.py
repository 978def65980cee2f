"""Addresses that take no mail, in the operators' admin."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.updates.mailing import mail_again
from apps.updates.models import Undeliverable


@admin.register(Undeliverable)
class UndeliverableAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Addresses that have bounced: an operator who knows better has them mailed again."""

    list_display = ("id", "email", "bounce_count", "bounced_at", "stopped_at", "reason")
    search_fields = ("email",)
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("mail_again",)
    readonly_fields = ("email", "bounce_count", "bounced_at", "stopped_at", "reason")

    @admin.action(description="Mail again", permissions=["change"])
    def mail_again(self, request: HttpRequest, chosen: QuerySet[Undeliverable]) -> None:
        """Forget the bounces of the chosen addresses."""
        count = mail_again(list(chosen.values_list("id", flat=True)))
        messages.success(request, f"{count} addresses are mailed again.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Receivers decide."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Undeliverable | None = None) -> bool:
        """The action does it."""
        return False

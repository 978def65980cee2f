"""The audit trail in the platform operator's admin: to look at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.moderation.models import Act


@admin.register(Act)
class ActAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who did what, newest first; searched by kind, name, address of the network or of the person."""

    list_display = ("id", "created_at", "site", "kind", "ids", "state", "actor", "user", "address")
    list_select_related = ("site", "actor", "user")
    search_fields = ("=kind", "=address", "=actor__name", "=user__email", "=site__key")
    ordering = ("-id",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As above."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As above."""
        return False

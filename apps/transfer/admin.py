"""Imports in the platform operator's admin: to look at; `manage.py import_forum` makes them."""

from django.contrib import admin
from django.http import HttpRequest

from apps.transfer.models import Origin


@admin.register(Origin)
class OriginAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Where the content of sites came from."""

    list_display = ("id", "site", "title", "product", "created_at", "has_founded_site", "is_finished")
    list_select_related = ("site",)
    search_fields = ("title", "site__key")
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes here: an origin without its old-id map would import everything again."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Origin | None = None) -> bool:
        """As above."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Origin | None = None) -> bool:
        """As above."""
        return False

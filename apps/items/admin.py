"""Items in the platform operator's admin: to look at; their moderators change them through the API."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.items.models import Item
from apps.sites.types import ItemType


@admin.register(Item)
class ItemAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Conversations, events and polls."""

    list_display = ("id", "site", "kind", "title", "created_by", "created_at", "is_deleted", "is_moderated")
    list_filter = ("kind", "is_deleted", "is_moderated")
    list_select_related = ("site", "created_by")
    search_fields = ("=id", "title")
    ordering = ("-id",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Item]:
        """Without huddles, which are private from operators too."""
        return super().get_queryset(request).exclude(kind=ItemType.HUDDLE.value)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes here: counters and the change log would not follow."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Item | None = None) -> bool:
        """As above."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Item | None = None) -> bool:
        """As above."""
        return False

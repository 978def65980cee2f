"""Huddles in the platform operator's admin: that they exist, and nothing of what is said in them or by whom."""

from django.contrib import admin
from django.http import HttpRequest

from apps.huddles.models import Huddle
from apps.sites.models import Site


@admin.register(Huddle)
class HuddleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """How many there are and where; title, people and comments are private from operators too."""

    list_display = ("item_id", "site", "is_confidential")
    list_filter = ("is_confidential",)
    list_select_related = ("item__site",)
    search_fields = ("=item_id",)
    ordering = ("-item_id",)
    show_full_result_count = False
    fields = ("item_id", "site", "is_confidential")
    readonly_fields = fields

    @admin.display(ordering="item__site")
    def site(self, huddle: Huddle) -> Site:
        """Where it is."""
        return huddle.item.site

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes here: counters and the change log would not follow."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Huddle | None = None) -> bool:
        """As above."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Huddle | None = None) -> bool:
        """As above."""
        return False

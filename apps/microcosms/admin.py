"""Microcosms in the operators' admin site: to look at, and to put in order again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.recounting import log_differences
from apps.microcosms.models import Microcosm
from apps.microcosms.services import recompute_sequence, recompute_tree, repair_counters


@admin.register(Microcosm)
class MicrocosmAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Members edit microcosms through the API; an operator repairs what is derived from them."""

    list_display = ("id", "site", "title", "parent", "is_live", "sequence", "comment_count", "last_activity_at")
    list_select_related = ("site", "parent")
    list_filter = ("is_live", "visibility")
    search_fields = ("title", "site__key")
    ordering = ("id",)
    actions = ("repair",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Microcosm | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Microcosm | None = None) -> bool:
        return False

    @admin.action(description="Recompute tree, counters and order of the sites of these", permissions=["view"])
    def repair(self, request: HttpRequest, chosen: QuerySet[Microcosm]) -> None:
        """Recompute everything derived, site by site."""
        for site_id in sorted(set(chosen.values_list("site_id", flat=True))):
            recompute_tree(site_id=site_id)
            differences = log_differences(repair_counters(site_id=site_id))
            recompute_sequence(site_id=site_id)
            messages.info(request, f"site {site_id}: {len(differences)} counters were wrong")

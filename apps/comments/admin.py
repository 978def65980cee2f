"""Comments in the platform operator's admin: to look at; their moderators change them through the API."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.comments.models import Comment, Revision
from apps.sites.types import ItemType


class RevisionInline(admin.TabularInline):  # type: ignore[type-arg]
    """Every version of a comment."""

    model = Revision
    fields = ("number", "created_at", "created_by", "markdown", "renderer_version")
    readonly_fields = fields
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Comment | None = None) -> bool:
        """Nobody writes here."""
        return False


@admin.register(Comment)
class CommentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Comments with their versions; those in huddles are private, from operators too."""

    list_display = ("id", "site", "item", "profile", "created_by", "created_at", "is_deleted", "is_moderated")
    list_filter = ("is_deleted", "is_moderated")
    list_select_related = ("site", "item", "profile", "created_by")
    search_fields = ("=id",)
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (RevisionInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comment]:
        """Without what was said in private."""
        return super().get_queryset(request).exclude(item__kind=ItemType.HUDDLE.value)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes here: counters and the change log would not follow."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Comment | None = None) -> bool:
        """As above."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Comment | None = None) -> bool:
        """As above."""
        return False

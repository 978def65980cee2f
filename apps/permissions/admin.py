"""Roles and bans in the operators' admin site."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.errors import ApiError, Missing
from apps.permissions import services
from apps.permissions.models import Ban, Criterion, Role, RoleProfile
from apps.profiles.models import Profile


class _ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CriterionInline(_ReadOnlyInline):
    """A role's criteria."""

    model = Criterion


class RoleProfileInline(_ReadOnlyInline):
    """The first people named in a role."""

    model = RoleProfile
    raw_id_fields = ("profile",)


@admin.register(Role)
class RoleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Look at roles, to see why somebody may or may not; moderators change them through the API."""

    list_display = ("id", "title", "site", "microcosm", "is_moderator", "is_banned", "include_guests", "include_users")
    list_select_related = ("site", "microcosm")
    list_filter = ("is_moderator", "is_banned", "site")
    search_fields = ("title",)
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (CriterionInline, RoleProfileInline)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class BanForm(forms.ModelForm):  # type: ignore[type-arg]
    """A ban, by the rules that hold for the owner of a site."""

    profile_id = forms.IntegerField(min_value=1, help_text="The id of the member's profile on the site.")

    class Meta:
        model = Ban
        fields = ("site", "reason", "expires_at")

    def clean(self) -> dict[str, Any]:
        """Refuse what the service would refuse."""
        values: dict[str, Any] = super().clean() or {}
        if self.errors:
            return values
        try:
            services.check_ban(
                site_id=values["site"].id,
                profile_id=values["profile_id"],
                reason=values["reason"],
                expires_at=values["expires_at"],
            )
        except Missing as error:
            raise forms.ValidationError("The site has no such profile.") from error
        except ApiError as error:
            raise forms.ValidationError(error.detail) from error
        return values


@admin.register(Ban)
class BanAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Ban members of a site and let them in again."""

    form = BanForm
    list_display = ("id", "site", "user", "created_at", "expires_at")
    list_select_related = ("site", "user")
    list_filter = ("site",)
    search_fields = ("user__canonical_email__startswith",)
    ordering = ("-id",)
    show_full_result_count = False
    fields = ("site", "profile_id", "reason", "expires_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Ban | None = None) -> tuple[str, ...]:
        """A new ban names a profile; one there is shows whose account it shuts out, and since when."""
        return self.fields if obj is None else ("site", "user", "reason", "expires_at", "created_at", "created_by")

    def save_model(self, request: HttpRequest, obj: Ban, form: Any, change: bool) -> None:
        values = form.cleaned_data
        services.ban_user(
            actor_id=None,
            site_id=values["site"].id,
            profile_id=values["profile_id"],
            reason=values["reason"],
            expires_at=values["expires_at"],
        )
        profile = Profile.objects.get(id=values["profile_id"])
        obj.pk = Ban.objects.get(site_id=profile.site_id, user_id=profile.user_id).pk

    def delete_model(self, request: HttpRequest, obj: Ban) -> None:
        services.end_ban(actor_id=None, ban=obj)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Ban]") -> None:
        for ban in queryset:
            services.end_ban(actor_id=None, ban=ban)

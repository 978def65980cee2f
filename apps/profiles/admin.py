"""Profiles in the operators' admin site."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from apps.core.errors import ApiError
from apps.profiles import services
from apps.profiles.models import Profile, ProfileAttribute, ProfileOptions
from apps.profiles.names import NameTaken, usable_name


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an operator may change of a profile, by the rules that hold for its owner."""

    class Meta:
        model = Profile
        fields = ("name", "gender", "is_visible", "style_id")

    def clean_name(self) -> str:
        """The name as it is stored."""
        name: str = self.cleaned_data["name"]
        if name == self.instance.name:
            return name
        try:
            name = usable_name(name, email=self.instance.user.email)
        except ApiError as error:
            raise forms.ValidationError(error.detail) from error
        is_same = name.lower() == self.instance.name.lower()
        if not is_same and services.name_exists(name, site_id=self.instance.site_id):
            raise forms.ValidationError(NameTaken().detail)
        return name

    def clean_gender(self) -> str:
        """The gender as it is stored."""
        try:
            return services.clean_gender(self.cleaned_data["gender"])
        except ApiError as error:
            raise forms.ValidationError(error.detail) from error


class _ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ProfileOptionsInline(_ReadOnlyInline):
    """A profile's switches."""

    model = ProfileOptions


class ProfileAttributeInline(_ReadOnlyInline):
    """A profile's attributes."""

    model = ProfileAttribute


@admin.register(Profile)
class ProfileAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Find a profile and mend its name; profiles are made by their owners and never deleted."""

    form = ProfileForm
    list_display = ("id", "name", "site", "user", "item_count", "comment_count", "last_active_at")
    list_select_related = ("site", "user")
    list_filter = ("site",)
    search_fields = ("name__startswith", "user__canonical_email__startswith")
    ordering = ("-id",)
    show_full_result_count = False
    readonly_fields = ("site", "user", "avatar_url", "item_count", "comment_count", "created_at", "last_active_at")
    fields = (*ProfileForm.Meta.fields, *readonly_fields)
    inlines = (ProfileOptionsInline, ProfileAttributeInline)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Profile, form: Any, change: bool) -> None:
        stored = Profile.objects.select_related("user").get(id=obj.id)
        changed = {field: form.cleaned_data[field] for field in form.changed_data}
        services.edit_profile(stored, actor_id=None, **changed)

"""What operators see and do of sites; writes go through services."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from apps.core.errors import ApiError
from apps.sites.models import MenuLink, Site, Theme
from apps.sites.services import checked_domain, edit_site


class SiteForm(forms.ModelForm):  # type: ignore[type-arg]
    """A site as operators may change it."""

    class Meta:
        model = Site
        fields = (
            "domain", "force_ssl", "owner", "theme", "auth0_domain", "auth0_client_id", "is_deleted",
            "only_admins_create", "send_email", "send_sms", "shorten_links",
        )  # fmt: skip

    def clean_domain(self) -> str | None:
        """The domain as hosts are looked up, or none."""
        try:
            return checked_domain(self.cleaned_data["domain"])
        except ApiError as error:
            raise ValidationError(error.detail) from error

    def clean_is_deleted(self) -> bool:
        """The root site stays."""
        is_deleted: bool = self.cleaned_data["is_deleted"]
        if is_deleted and self.instance.is_root:
            raise ValidationError("The root site cannot be deleted.")
        return is_deleted


class MenuLinkInline(admin.TabularInline):  # type: ignore[type-arg]
    """The menu, which the owner writes through the API."""

    model = MenuLink
    extra = 0
    fields = ("position", "href", "text", "title")
    ordering = ("position",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Sites: founded through the API, deleted by their mark alone."""

    form = SiteForm
    list_display = ("key", "title", "domain", "owner", "created_at", "is_deleted")
    list_select_related = ("owner",)
    list_filter = ("is_deleted",)
    search_fields = ("key", "title", "domain", "owner__email")
    ordering = ("id",)
    raw_id_fields = ("owner",)
    readonly_fields = ("key", "title", "created_by", "created_at")
    fields = (*readonly_fields, *SiteForm.Meta.fields)
    inlines = (MenuLinkInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Site | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Site, form: "forms.ModelForm[Site]", change: bool) -> None:
        edit_site(obj.id, actor_id=None, changes=form.cleaned_data)


@admin.register(Theme)
class ThemeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Pictures for sites that have none of their own."""

    list_display = ("title", "logo_url")
    ordering = ("id",)

"""What operators see and do of accounts; writes go through services."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from apps.accounts.models import AccessToken, Client, User
from apps.accounts.services import create_client, edit_account, end_token


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """People; they make their accounts themselves, and operators are made by `manage.py create_operator`."""

    list_display = ("email", "canonical_email", "created_at", "email_confirmed_at", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "canonical_email")
    ordering = ("id",)
    fields = ("email", "canonical_email", "created_at", "email_confirmed_at", "is_active", "is_staff", "is_superuser")
    readonly_fields = ("email", "canonical_email", "created_at", "email_confirmed_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Content belongs to people: an account is switched off.
        return False

    def save_model(self, request: HttpRequest, obj: User, form: "ModelForm[User]", change: bool) -> None:
        edit_account(obj.id, is_active=obj.is_active, is_staff=obj.is_staff, is_superuser=obj.is_superuser)


@admin.register(Client)
class ClientAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Client applications; a secret is shown once, when it is made."""

    list_display = ("name", "created_at")
    ordering = ("id",)
    fields = ("name", "created_at")
    readonly_fields = ("created_at",)

    def has_change_permission(self, request: HttpRequest, obj: Client | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Client, form: "ModelForm[Client]", change: bool) -> None:
        client, secret = create_client(name=obj.name)
        obj.pk = client.pk
        messages.warning(request, f"The secret of {obj.name}, which cannot be shown again: {secret}")


@admin.register(AccessToken)
class AccessTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Tokens: nobody can read them, operators can end them."""

    list_display = ("id", "user", "client", "created_at", "expires_at", "revoked_at")
    list_select_related = ("user", "client")
    search_fields = ("user__email", "user__canonical_email")
    ordering = ("-id",)
    actions = ("revoke",)
    exclude = ("token_hash",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        return False

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> None:
        """End the chosen tokens."""
        ended = sum(end_token(token_id) for token_id in queryset.values_list("id", flat=True))
        messages.success(request, f"{ended} tokens have ended.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may administer tokens may end them."""
        return request.user.has_perm("accounts.change_accesstoken")  # type: ignore[union-attr]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name == "revoke"}

"""Paths of permissions, roles and bans."""

from django.urls import URLPattern, path

from apps.permissions.api import bans, criteria, members, permission, roles


def _role_paths(prefix: str, *, role: str) -> list[URLPattern]:
    """The routes of roles below `prefix`; `role` is the converter of the item route (A 1.2)."""
    one = f"{prefix}roles/<id:role_id>"
    return [
        path(f"{prefix}roles", roles.RoleList.as_view()),
        path(f"{prefix}roles/<{role}:role_id>", roles.RoleDetail.as_view()),
        path(f"{one}/profiles", members.RoleProfileList.as_view()),
        path(f"{one}/profiles/<id:profile_id>", members.RoleProfileDetail.as_view()),
        path(f"{one}/criteria", criteria.CriterionList.as_view()),
        path(f"{one}/criteria/<id:criterion_id>", criteria.CriterionDetail.as_view()),
        path(f"{one}/members", members.RoleMemberList.as_view()),
    ]


urlpatterns = [
    path("permission", permission.PermissionDetail.as_view()),
    *_role_paths("microcosms/<id:microcosm_id>/", role="any_id"),
    *_role_paths("", role="id"),
    path("bans", bans.BanList.as_view()),
    path("bans/<id:profile_id>", bans.BanDetail.as_view()),
]

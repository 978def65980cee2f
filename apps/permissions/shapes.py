"""Roles, criteria and bans in the contract's JSON (A 22, docs/api/bans.md)."""

from itertools import groupby
from typing import Any

from apps.core.pagination import Paging, collection
from apps.permissions.queries import SHOWN_MEMBERS, Permissions
from apps.permissions.services import ROLE_FLAGS
from apps.profiles.shapes import EMPTY_SUMMARY, profile_summary_of
from apps.sites.types import ItemType, href


def role(row: Any, *, site_id: int, permissions: Permissions | None = None) -> dict[str, Any]:
    """A role (A 22.1) from a row of `roles.sql`; `permissions` are the caller's in its microcosm, for single reads."""
    meta: dict[str, Any] = {
        "created": row.created_at,
        "createdBy": profile_summary_of(row, "author", site_id=site_id),
    }
    if row.edited_at is not None:
        meta["edited"] = row.edited_at
        if row.editor_id is not None:
            meta["editedBy"] = profile_summary_of(row, "editor", site_id=site_id)
        if row.edit_reason:
            meta["editReason"] = row.edit_reason
    meta["links"] = [
        {"rel": "self", "href": href(ItemType.ROLE, row.id)},
        {"rel": "microcosm", "href": href(ItemType.MICROCOSM, row.microcosm_id), "title": row.microcosm_title},
    ]
    if permissions is not None:
        meta["permissions"] = permissions.shape()
    return {
        "id": row.id,
        "title": row.title,
        "siteId": site_id,
        "microcosmId": row.microcosm_id,
        **{name: getattr(row, column) for name, column in ROLE_FLAGS.items()},
        "meta": meta,
    }


def roles_with_members(rows: list[Any], *, site_id: int) -> list[dict[str, Any]]:
    """The roles of a list, each with the first people in it; `rows` is sorted by role."""
    roles = []
    for _id, same in groupby(rows, key=lambda row: row.id):
        of_one = list(same)
        members = collection(
            paging=Paging(limit=SHOWN_MEMBERS, offset=0),
            total=of_one[0].member_total,
            items=members_of(of_one, site_id=site_id),
            type=href(ItemType.PROFILE),
            url=None,
        )
        roles.append({**role(of_one[0], site_id=site_id), "members": members})
    return roles


def members_of(rows: list[Any], *, site_id: int) -> list[dict[str, Any]]:
    """The people in the `member_*` columns of rows."""
    return [profile_summary_of(row, "member", site_id=site_id) for row in rows if row.member_id is not None]


def criterion(row: Any) -> dict[str, Any]:
    """A criterion (A 22.6) from a row or a model instance."""
    shape: dict[str, Any] = {"id": row.id, "orGroup": row.or_group}
    if row.profile_column:
        shape["profileColumn"] = row.profile_column
    else:
        shape["attrKey"] = row.attribute_key
    return shape | {"predicate": row.predicate, "value": row.value}


def ban(row: Any, *, site_id: int) -> dict[str, Any]:
    """A ban in force."""
    shape: dict[str, Any] = {
        "profile": profile_summary_of(row, "member", site_id=site_id),
        "reason": row.reason,
    }
    if row.expires_at is not None:
        shape["expires"] = row.expires_at
    author = EMPTY_SUMMARY if row.author_id is None else profile_summary_of(row, "author", site_id=site_id)
    shape["meta"] = {
        "created": row.created_at,
        "createdBy": author,
        "links": [
            {"rel": "self", "href": ban_href(row.member_id)},
            {"rel": "profile", "href": href(ItemType.PROFILE, row.member_id)},
        ],
    }
    return shape


def ban_href(profile_id: int | None = None) -> str:
    """The path of a member's ban, or of all bans."""
    return "/api/v1/bans" if profile_id is None else f"/api/v1/bans/{profile_id}"

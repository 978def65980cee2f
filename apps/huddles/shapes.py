"""Huddles in the contract's JSON (B 8)."""

from dataclasses import fields
from typing import Any

from apps.permissions.queries import Permissions
from apps.profiles.shapes import profile_summary, profile_summary_of, watch_flags
from apps.sites.types import ItemType, href


def huddle_summary(row: Any, *, site_id: int) -> dict[str, Any]:
    """A huddle in the list of its participants, from a row of `huddle_list`."""
    summary: dict[str, Any] = {
        "id": row.id,
        "title": row.title,
        "totalComments": row.comment_count,
        "participants": _people(row, site_id=site_id),
    }
    if row.last_comment_id is not None:
        summary["lastCommentId"] = row.last_comment_id
        summary["lastCommentCreatedBy"] = profile_summary_of(row, "last_author", site_id=site_id)
        summary["lastCommentCreated"] = row.last_comment_at
    summary["meta"] = _meta(row, site_id=site_id, flags={"unread": row.is_unread})
    return summary


def huddle_detail(row: Any, *, site_id: int, comments: dict[str, Any]) -> dict[str, Any]:
    """A huddle on its own page, from the first row of `huddle_page`, around a page of its comments."""
    permissions = Permissions(**{field.name: getattr(row, field.name) for field in fields(Permissions)})
    return {
        "id": row.id,
        "title": row.title,
        "isConfidential": row.is_confidential,
        "participants": _people(row, site_id=site_id),
        "comments": comments,
        "meta": _meta(row, site_id=site_id, flags=watch_flags(row)) | {"permissions": permissions.shape()},
    }


def participant(summary: dict[str, Any]) -> dict[str, Any]:
    """Somebody in a huddle, from the summary of their profile."""
    return {"id": summary["id"], "participant": summary}


def _meta(row: Any, *, site_id: int, flags: dict[str, bool]) -> dict[str, Any]:
    return {
        "created": row.created_at,
        "createdBy": profile_summary_of(row, "author", site_id=site_id),
        "flags": flags,
        "links": [{"rel": "self", "href": href(ItemType.HUDDLE, row.id)}],
    }


def _people(row: Any, *, site_id: int) -> list[dict[str, Any]]:
    """Everybody in a huddle, by id: the `people_*` columns are arrays, null for nobody."""
    people = zip(
        row.people_ids or (),
        row.people_user_ids or (),
        row.people_names or (),
        row.people_visibilities or (),
        row.people_avatar_urls or (),
        strict=True,
    )
    return [
        profile_summary(
            id=id, site_id=site_id, user_id=user_id, name=name, is_visible=is_visible, avatar_url=avatar_url
        )
        for id, user_id, name, is_visible, avatar_url in people
    ]

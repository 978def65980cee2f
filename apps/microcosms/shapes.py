"""Microcosms in the contract's JSON (A 7.7, A 21)."""

from collections.abc import Sequence
from typing import Any

from apps.profiles.shapes import profile_summary_of
from apps.sites.types import ItemType, href


def breadcrumb(path: Sequence[int], titles: Sequence[str | None], *, skip_self: bool = False) -> list[dict[str, Any]]:
    """The ancestors of something from the level below the root down; `path` and `titles` start at the root.

    An item's breadcrumb ends with its own microcosm; a microcosm's own leaves itself out (`skip_self`). An ancestor
    that the viewer may not read has no title here and is left out.
    """
    return [
        {
            "rel": "microcosm ancestor",
            "href": href(ItemType.MICROCOSM, id_),
            "title": title,
            "id": id_,
            "level": level,
        }
        for level, (id_, title) in enumerate(zip(path, titles, strict=True), start=1)
        if level > 1 and title is not None and not (skip_self and level == len(path))
    ]


def microcosm_detail(row: Any, *, site_id: int, items: dict[str, Any], permissions: dict[str, bool]) -> dict[str, Any]:
    """A microcosm's own page (A 21.1) from the first row of `microcosm_page`; `items` is the collection in it."""
    meta: dict[str, Any] = {
        "created": row.place_created_at,
        "createdBy": profile_summary_of(row, "place_creator", site_id=site_id),
    }
    if row.place_edited_at is not None:
        meta["edited"] = row.place_edited_at
        meta["editedBy"] = profile_summary_of(row, "place_editor", site_id=site_id)
        meta["editReason"] = row.place_edit_reason
    meta["flags"] = _flags(row) | _watch_flags(row)
    meta["links"] = [_self_link(row), _site_link(site_id)]
    meta["permissions"] = permissions
    return _head(row, site_id=site_id) | {"moderators": row.place_moderator_ids, "items": items, "meta": meta}


def microcosm_summary(row: Any, *, site_id: int, most_recent_update: dict[str, Any] | None) -> dict[str, Any]:
    """A microcosm as lists show it (A 21.1) from a row of `microcosm_page`."""
    summary = _head(row, site_id=site_id)
    if row.place_child_ids:
        summary["children"] = _children(row)
    summary["moderators"] = None
    summary["totalItems"] = row.place_item_count
    summary["totalComments"] = row.place_comment_count
    if most_recent_update is not None:
        summary["mostRecentUpdate"] = most_recent_update
    summary["meta"] = {
        "created": row.place_created_at,
        "createdBy": profile_summary_of(row, "place_creator", site_id=site_id),
        "flags": _flags(row),
        "links": [_self_link(row), *_parent_links(row), _site_link(site_id)],
    }
    return summary


def tree_entry(row: Any) -> dict[str, Any]:
    """A microcosm of the tree (A 21.8) from a row of `microcosm_tree`."""
    entry: dict[str, Any] = {
        "rel": "microcosm",
        "href": href(ItemType.MICROCOSM) if row.level == 1 else href(ItemType.MICROCOSM, row.id),
        "title": row.title,
        "id": row.id,
        "level": row.level,
    }
    if row.parent_id is not None:
        entry["parentId"] = row.parent_id
    return entry


def _head(row: Any, *, site_id: int) -> dict[str, Any]:
    head: dict[str, Any] = {"id": row.place_id}
    if _readable_parent(row) is not None:
        head["parentId"] = _readable_parent(row)
    ancestors = breadcrumb(row.place_path, row.place_path_titles, skip_self=True)
    if ancestors:
        head["breadcrumb"] = ancestors
    return head | {
        "siteId": site_id,
        "visibility": row.place_visibility,
        "title": row.place_title,
        "description": row.place_description,
        "logoUrl": row.place_logo_url,
        "itemTypes": row.place_item_types,
    }


def _readable_parent(row: Any) -> int | None:
    """The parent's id; None on the root and where the viewer may not read the parent."""
    if len(row.place_path) < 2 or row.place_path_titles[-2] is None:
        return None
    parent_id: int = row.place_path[-2]
    return parent_id


def _children(row: Any) -> list[dict[str, Any]]:
    children = []
    for id_, title, logo_url in zip(
        row.place_child_ids, row.place_child_titles, row.place_child_logo_urls, strict=True
    ):
        child = {"rel": "microcosm child", "href": href(ItemType.MICROCOSM, id_), "title": title}
        if logo_url:
            child["logoUrl"] = logo_url
        children.append(child | {"id": id_})
    return children


def _flags(row: Any) -> dict[str, bool]:
    return {
        "sticky": row.place_is_sticky,
        "open": row.place_is_open,
        "deleted": row.place_is_deleted,
        "moderated": row.place_is_moderated,
        "visible": not (row.place_is_deleted or row.place_is_moderated),
        "unread": row.is_unread,
    }


def _watch_flags(row: Any) -> dict[str, bool]:
    flags: dict[str, bool] = {}
    if row.place_is_watched:
        flags |= {"watched": True, "sendEmail": row.place_send_email, "sendSMS": row.place_send_sms}
    if row.place_is_ignored:
        flags["ignored"] = True
    return flags


def _self_link(row: Any) -> dict[str, str]:
    return {"rel": "self", "href": href(ItemType.MICROCOSM, row.place_id)}


def _parent_links(row: Any) -> list[dict[str, str]]:
    """The parent, unless it is the root or hidden from the viewer."""
    if len(row.place_path) < 3 or row.place_path_titles[-2] is None:
        return []
    return [{"rel": "parent", "href": href(ItemType.MICROCOSM, row.place_path[-2]), "title": row.place_path_titles[-2]}]


def _site_link(site_id: int) -> dict[str, str]:
    return {"rel": "site", "href": href(ItemType.SITE, site_id)}

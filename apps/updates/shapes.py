"""Watchers, ignores, preferences and updates in the contract's JSON (B 9, 13, 14, 15)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from apps.comments.shapes import comment_summary
from apps.items.shapes import item_summary
from apps.microcosms.shapes import microcosm_summary
from apps.profiles.shapes import profile_summary, profile_summary_of
from apps.sites.types import ItemType, href
from apps.updates.models import PushSubscription
from apps.updates.queries import Choice, comment_of
from apps.updates.types import UpdateType

#: How the wire says "never" (contract A 2).
NEVER = datetime(1, 1, 1, tzinfo=UTC)


def target_summary(kind: ItemType, row: Any, *, site_id: int) -> dict[str, Any] | None:
    """A thing that a member ignores, watches or is told of, from a row of `fn.summary_rows`; None without a summary."""
    if kind is ItemType.MICROCOSM:
        recent = None
        if row.id is not None:
            recent = {"itemType": ItemType(row.kind).word, "item": item_summary(row, site_id=site_id)}
        summary = microcosm_summary(row, site_id=site_id, most_recent_update=recent)
        # What is unread in it is not counted for these lists (contract B 9).
        del summary["meta"]["flags"]["unread"]
        return summary
    if row.person_id is not None:
        return profile_summary_of(row, "person", site_id=site_id)
    if row.id is None:
        return None
    return _huddle_summary(row, site_id=site_id) if kind is ItemType.HUDDLE else item_summary(row, site_id=site_id)


def _huddle_summary(row: Any, *, site_id: int) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "id": row.id,
        "title": row.title,
        "totalComments": row.comment_count,
        "participants": [
            profile_summary(
                id=id, site_id=site_id, user_id=user_id, name=name, is_visible=is_visible, avatar_url=avatar_url
            )
            for id, user_id, name, is_visible, avatar_url in zip(
                row.people_ids or [],
                row.people_user_ids or [],
                row.people_names or [],
                row.people_visibilities or [],
                row.people_avatar_urls or [],
                strict=True,
            )
        ],
    }
    if row.last_comment_id is not None:
        summary["lastCommentId"] = row.last_comment_id
        summary["lastCommentCreatedBy"] = profile_summary_of(row, "last_author", site_id=site_id)
        summary["lastCommentCreated"] = row.last_comment_at
    summary["meta"] = {
        "created": row.created_at,
        "createdBy": profile_summary_of(row, "author", site_id=site_id),
        "flags": {},
        "links": [{"rel": "self", "href": href(ItemType.HUDDLE, row.id)}],
    }
    return summary


def ignored_entry(row: Any, *, site_id: int) -> dict[str, Any]:
    """Something a member ignores, from a row of `ignored_page`."""
    kind = ItemType(row.target_kind)
    return {"itemType": kind.word, "itemId": row.target_id, "item": target_summary(kind, row, site_id=site_id)}


def watcher_entry(row: Any, *, site_id: int) -> dict[str, Any]:
    """Something a member watches, from a row of `watcher_page`; no item for all profiles and for the site."""
    kind = ItemType(row.target_kind)
    return {
        "id": row.watcher_id,
        "itemTypeId": int(kind),
        "itemType": kind.word,
        "itemId": row.target_id,
        "lastNotified": row.last_notified_at or NEVER,
        "sendEmail": row.send_email,
        "sendSMS": row.send_sms,
        "item": target_summary(kind, row, site_id=site_id),
    }


def preference(choice: Choice, *, profile_id: int) -> dict[str, Any]:
    """What a member wants to be mailed about one type of update."""
    return {
        "profileId": profile_id,
        "id": int(choice.type),
        "description": choice.type.description,
        "sendEmail": choice.send_email,
        "sendSMS": choice.send_sms,
        "digest": choice.digest.word,
        "meta": {},
    }


def update(row: Any, *, site_id: int) -> dict[str, Any]:
    """Something a member is told, from a row of `update_page`: about a comment on an item, or about the item."""
    kind = ItemType(row.kind)
    item = target_summary(kind, row, site_id=site_id)
    shape: dict[str, Any] = {"id": row.update_id, "updateType": UpdateType(row.update_type).word}
    if row.comment_id is None:
        shape |= {"itemType": kind.word, "item": item}
    else:
        shape |= {
            "itemType": ItemType.COMMENT.word,
            "item": comment_summary(comment_of(row), site_id=site_id),
            "parentItemType": kind.word,
            "parentItem": item,
        }
    shape["meta"] = {
        "created": row.happened_at,
        "createdBy": profile_summary_of(row, "actor", site_id=site_id),
        "flags": {"unread": row.is_news},
    }
    return shape


def push_settings(browsers: Sequence[PushSubscription], *, public_key: str) -> dict[str, Any]:
    """Where a member gets push messages, and the key to subscribe with; null where the platform sends none."""
    return {
        "publicKey": public_key or None,
        "subscriptions": [
            {"id": browser.id, "endpoint": browser.endpoint, "created": browser.created_at} for browser in browsers
        ],
    }

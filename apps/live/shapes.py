"""Changes as the feed, the stream and the socket show them (docs/api/live.md)."""

from typing import Any

from apps.core.wire import timestamp
from apps.sites.types import ItemType

#: What happened to something, where everybody who sees it may see who did it.
_WITH_ACTOR = {"created", "edited", "moved", "answered", "participants_added", "participant_left", "banned", "unbanned"}
ACCESS_CHANGED = "access.changed"


def change(row: Any) -> dict[str, Any]:
    """One change for those with a verdict; a row of `fn.change_audience` with what `fn.change_facts` says of it."""
    verdict = row.verdict
    kind = ACCESS_CHANGED if verdict == "access" else row.kind
    shape: dict[str, Any] = {"position": row.position, "kind": kind}
    if verdict == "gone":
        shape["gone"] = True
    shape["ids"] = {} if verdict == "access" else _ids(row, is_gone=verdict == "gone")
    if verdict == "see" and row.actor_id and row.kind.split(".")[1] in _WITH_ACTOR:
        shape["actorId"] = row.actor_id
    shape["created"] = timestamp(row.created_at)
    return shape


def _ids(row: Any, *, is_gone: bool) -> dict[str, Any]:
    """What is gone says nothing of where it is now."""
    family = row.kind.split(".")[0]
    logged = row.ids
    ids: dict[str, Any] = {}
    if row.comment_id is not None:
        ids["commentId"] = row.comment_id
        if row.home_id is not None:
            ids["profileId"] = row.home_id
    if row.item_id is not None:
        if row.item_kind is not None:
            ids["itemType"] = ItemType(row.item_kind).word
        ids["itemId"] = row.item_id
    if row.microcosm_id is not None and (not is_gone or family == "microcosm"):
        ids["microcosmId"] = row.microcosm_id
    for name, key in (("profile_id", "profileId"), ("attendee_id", "profileId"), ("role_id", "roleId")):
        if logged.get(name) is not None:
            ids[key] = logged[name]
    for name, key in (("update_id", "updateId"), ("update_type", "updateTypeId")):
        if logged.get(name) is not None:
            ids[key] = logged[name]
    return ids

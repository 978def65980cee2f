"""Webhooks and deliveries as their owners see them, and what receivers get (docs/api/webhooks.md)."""

from typing import Any

from apps.core.wire import dump, timestamp
from apps.live.shapes import change as change_shape
from apps.webhooks.models import Delivery, Webhook


def webhook_href(webhook_id: int | None = None) -> str:
    """Where a webhook is, or all are."""
    return "/api/v1/webhooks" if webhook_id is None else f"/api/v1/webhooks/{webhook_id}"


def webhook(record: Webhook) -> dict[str, Any]:
    """One webhook, without its secret."""
    shape: dict[str, Any] = {
        "id": record.id,
        "url": record.url,
        "kinds": record.kinds,
        "active": record.is_active,
        "profileId": record.profile_id,
        "position": record.position,
        "created": timestamp(record.created_at),
    }
    if record.disabled_reason:
        shape["disabledReason"] = record.disabled_reason
    if record.failing_since:
        shape["failingSince"] = timestamp(record.failing_since)
    return shape


def delivery(record: Delivery) -> dict[str, Any]:
    """One delivery and how its last try ended."""
    shape: dict[str, Any] = {
        "id": record.public_id,
        "kind": record.kind,
        "status": record.status,
        "tries": record.tries,
        "created": timestamp(record.created_at),
    }
    if record.position is not None:
        shape["position"] = record.position
    for key, moment in (("due", record.due_at), ("tried", record.last_tried_at)):
        if moment is not None:
            shape[key] = timestamp(moment)
    for key, number in (("responseStatus", record.response_status), ("milliseconds", record.milliseconds)):
        if number is not None:
            shape[key] = number
    if record.error:
        shape["error"] = record.error
    return shape


def message(record: Delivery, *, change: Any | None = None) -> bytes:
    """What a receiver gets: a change as the feed shows it, no content; without a change a ping or a gap."""
    shape: dict[str, Any] = {"id": record.public_id, "siteId": record.site_id}
    if change is not None:
        return dump(shape | change_shape(change))
    if record.position is not None:
        shape["position"] = record.position
    return dump(shape | {"kind": record.kind, "ids": {}, "created": timestamp(record.created_at)})

"""Writing the audit trail (contract A 9.1, B 18.5; docs/operations.md).

What a request changes is written down with the change, in its transaction. What jobs and commands do is not: nobody's
address is behind it, and what they do follows from something that was written down.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from psycopg.types.json import Jsonb

from apps.comments.events import CommentDeleted, CommentEdited, CommentFlagged
from apps.comments.models import Comment
from apps.core import clock
from apps.core.acting import acting
from apps.core.events import Event
from apps.items.events import ConversationDeleted, ConversationFlagged
from apps.items.models import Item
from apps.microcosms.events import MicrocosmDeleted, MicrocosmEdited
from apps.microcosms.models import Microcosm
from apps.moderation.models import Act
from apps.moderation.queries import statements

#: Old acts that one statement deletes.
_DELETED_AT_ONCE = 1000
#: Acts that one statement writes.
_WRITTEN_AT_ONCE = 1000
_FLAGS = ("is_sticky", "is_open", "is_deleted", "is_moderated")


def record_events(events: Sequence[Event]) -> None:
    """Write down who made events happen, in one statement beside those that read how things stand now."""
    behind = acting()
    if behind is not None:
        for start in range(0, len(events), _WRITTEN_AT_ONCE):
            acts = [
                {
                    "site_id": event.site_id,
                    "kind": event.kind,
                    "ids": event.ids(),
                    "state": _state_after(event),
                    "actor_id": event.actor_id,
                }
                for event in events[start : start + _WRITTEN_AT_ONCE]
            ]
            statements.record_acts.send(
                acts=Jsonb(acts), user_id=behind.user_id, address=str(behind.address), now=clock.now()
            )


@contextmanager
def recorded(kind: str, *, site_id: int, actor_id: int | None, ids: Mapping[str, Any]) -> Iterator[None]:
    """A transaction whose changes are written down as one act: for what is no news to anybody, so has no event."""
    with transaction.atomic():
        yield
        record_act(kind, site_id=site_id, actor_id=actor_id, ids=ids)


def record_act(kind: str, *, site_id: int, actor_id: int | None, ids: Mapping[str, Any]) -> None:
    """Write one such act down in the running transaction, if a request is behind it."""
    behind = acting()
    if behind is not None:
        Act.objects.create(
            site_id=site_id,
            kind=kind,
            ids=dict(ids),
            actor_id=actor_id,
            user_id=behind.user_id,
            address=str(behind.address),
            created_at=clock.now(),
        )


def forget_acts() -> int:
    """Delete what is older than AUDIT_DAYS, a little at a time; returns how many. Nothing when that is 0."""
    forgotten = 0
    if settings.AUDIT_DAYS:
        old = Act.objects.filter(created_at__lt=clock.now() - timedelta(days=settings.AUDIT_DAYS)).order_by(
            "created_at"
        )
        while ids := list(old.values_list("id", flat=True)[:_DELETED_AT_ONCE]):
            forgotten += Act.objects.filter(id__in=ids).delete()[0]
    return forgotten


def _state_after(event: Event) -> dict[str, Any]:
    """How the thing of an event stands, read in the transaction that has changed it."""
    if isinstance(event, ConversationFlagged | ConversationDeleted):
        return _row(Item.objects.filter(site_id=event.site_id, id=event.item_id).values(*_FLAGS))
    if isinstance(event, MicrocosmEdited | MicrocosmDeleted):
        return _row(Microcosm.objects.filter(site_id=event.site_id, id=event.microcosm_id).values(*_FLAGS, "parent_id"))
    if isinstance(event, CommentFlagged | CommentDeleted):
        return _row(
            Comment.objects.filter(site_id=event.site_id, id=event.comment_id).values("is_deleted", "is_moderated")
        )
    if isinstance(event, CommentEdited):
        return _row(Comment.objects.filter(site_id=event.site_id, id=event.comment_id).values("revision_count"))
    return {}


def _row(found: Any) -> dict[str, Any]:
    return dict(found.first() or {})

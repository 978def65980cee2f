"""The change log: what happened, written in the transaction that makes it happen (docs/decisions/0050)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from apps.core import clock
from apps.core.queries import insert_changes
from apps.core.wakes import CHANGES, wakes


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events: frozen, past tense, ids only."""

    kind: ClassVar[str]
    site_id: int
    actor_id: int | None

    def ids(self) -> dict[str, Any]:
        """What it happened to: every field but the site and who did it."""
        return {field: getattr(self, field) for field in self._names()}

    @classmethod
    @cache
    def _names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls) if field.name not in ("site_id", "actor_id"))


def publish(event: Event) -> None:
    """Append `event` to its site's log and run its handlers, inside the transaction that makes the change."""
    publish_all([event])


def publish_all(events: Sequence[Event]) -> None:
    """The same for any number of events, in one statement; the followers of their sites are woken on commit.

    Handlers are given all events of their class that are published together.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{[type(event).__name__ for event in events[:1]]} was published outside a transaction")
    if not events:
        return
    rows = [
        {"site_id": event.site_id, "actor_id": event.actor_id, "kind": event.kind, "ids": event.ids()}
        for event in events
    ]
    way = wakes()
    insert_changes(rows, created_at=clock.now(), channel=way.notified)
    if way.notified is None:
        way.tell(CHANGES, [str(site_id) for site_id in sorted({event.site_id for event in events})])
    for known, handlers in _subscriptions().items():
        if news := [event for event in events if isinstance(event, known)]:
            for handler in handlers:
                handler(news)


@cache
def _subscriptions() -> Mapping[type[Event], Sequence[Callable[[Any], None]]]:
    """What runs when something happens, for derived events as well: a table of the project, which knows every app."""
    table: Mapping[type[Event], Sequence[Callable[[Any], None]]] = import_string(settings.SUBSCRIPTIONS)
    return table

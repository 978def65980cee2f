"""Counts that change often, told at most once a second for each item, however often they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.live import queries
from apps.live.database import log_database
from apps.live.frames import text

if TYPE_CHECKING:
    from apps.live.hub import Room

SECONDS = 1.0
_COUNTED = {"comment", "poll", "event"}


class Counters:
    """Which items of which site have other counts, and when they were told last."""

    def __init__(self) -> None:
        self._changed: dict[int, set[int]] = {}
        self._told_at: dict[int, float] = {}

    def note(self, site_id: int, fact: Any) -> None:
        """Something happened to an item that somebody may follow."""
        if fact.kind.split(".")[0] in _COUNTED:
            self._changed.setdefault(site_id, set()).add(fact.item_id)

    async def tell(self, site_id: int, room: Room, *, now: float) -> None:
        """Tell the counts of what has changed to those who follow it and may read it now."""
        if site_id not in self._changed or now - self._told_at.get(site_id, -SECONDS) < SECONDS:
            return
        item_ids = sorted(self._changed.pop(site_id))
        self._told_at[site_id] = now
        profile_ids = {s.listener.profile_id for item_id in item_ids for s in room.subscriptions(("item", item_id))}
        if not profile_ids:
            return
        try:
            readers = await log_database.run(
                queries.item_readers, site_id=site_id, item_ids=item_ids, profile_ids=sorted(profile_ids)
            )
            counts = await log_database.run(queries.item_counts, site_id=site_id, item_ids=item_ids)
        except BaseException:
            # The next look tells them.
            self._changed.setdefault(site_id, set()).update(item_ids)
            raise
        for item_id, shape in counts.items():
            may = readers.get(item_id, frozenset())
            frames: dict[str, str] = {}
            for subscription in list(room.subscriptions(("item", item_id))):
                if subscription.listener.profile_id in may:
                    to = subscription.to
                    frames.setdefault(to, text(type="counts", to=to, id=item_id, **shape))
                    subscription.listener.push(frames[to])

"""Telling what was missed: from behind a position to where the hub goes on, without a hole or a repetition."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from apps.core.queries import log_place
from apps.live.database import client_database
from apps.live.frames import ChangeFrames, Topic, text
from apps.live.hub import COALESCED, Hub, belongs, topics_of
from apps.live.listener import Listener, Subscription
from apps.live.queries import SCAN_LIMIT, Filter, feed_page
from apps.live.shapes import change

#: How far back a replay reaches, in changes of the site; what is further back is a gap.
MAX_REPLAYED = 10_000


class Replay:
    """One client going on from a position."""

    def __init__(self, hub: Hub, subscription: Subscription, topics: Collection[Topic]) -> None:
        self._hub, self._subscription, self._topics = hub, subscription, set(topics)
        #: Up to where the log was looked through.
        self._read = subscription.last

    async def run(self) -> None:
        """Tell everything behind `subscription.last`, or say that there is a gap, and subscribe."""
        listener = self._subscription.listener
        place = await client_database.run(log_place, site_id=listener.viewer.site_id)
        if not place.holds(self._subscription.last):
            self._begin_anew()
            return
        for _page in range(MAX_REPLAYED // SCAN_LIMIT):
            if listener.is_closed:
                return
            # No await between this and the subscription: what the room has handed out is read, the rest comes.
            if self._read >= self._room_position(listener):
                self._subscribe()
                return
            await self._tell_page(listener)
        self._begin_anew()

    def _begin_anew(self) -> None:
        listener, subscription = self._subscription.listener, self._subscription
        if listener.is_closed:
            return
        subscription.last = self._room_position(listener)
        listener.push(text(type="gap", to=subscription.to, id=subscription.id, position=subscription.last))
        self._subscribe()

    def _subscribe(self) -> None:
        for topic in self._topics:
            self._hub.subscribe(self._subscription, topic)

    def _room_position(self, listener: Listener) -> int:
        return self._hub.rooms[listener.viewer.site_id].position

    async def _tell_page(self, listener: Listener) -> None:
        page = await client_database.run(
            feed_page, listener.viewer, after=self._read, limit=SCAN_LIMIT, wanted=Filter()
        )
        for row in page.rows:
            await self._tell(listener, row)
        self._read = page.position

    async def _tell(self, listener: Listener, row: Any) -> None:
        if row.verdict == "access":
            await listener.push_patiently(text(type="access", position=row.position))
            return
        is_wanted = any(
            topic in self._topics and belongs(row, topic, verdict=row.verdict, knows_source=row.knows_source)
            for topic in topics_of(row)
        )
        if is_wanted and row.kind not in COALESCED:
            subscription = self._subscription
            previous, subscription.last = subscription.last, row.position
            frames = ChangeFrames(change(row, verdict=row.verdict))
            await listener.push_patiently(frames.text(to=subscription.to, id=subscription.id, previous=previous))

"""Telling what was missed: from behind a position to where the hub goes on, without a hole or a repetition."""

from __future__ import annotations

import time
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
#: How long an answer about what somebody may see holds for what is told to them bit by bit.
FRESH_SECONDS = 0.5


class Replay:
    """One client going on from a position."""

    def __init__(self, hub: Hub, subscription: Subscription, topics: Collection[Topic]) -> None:
        self._hub, self._subscription, self._topics = hub, subscription, set(topics)
        #: Up to where the log was looked through, and how many more changes may be looked at.
        self._read, self._left = subscription.last, MAX_REPLAYED

    async def run(self) -> None:
        """Tell everything behind `subscription.last`, or say that there is a gap, and subscribe."""
        listener = self._subscription.listener
        place = await client_database.run(log_place, site_id=listener.viewer.site_id)
        if not place.holds(self._subscription.last):
            self._begin_anew()
            return
        while not listener.is_closed:
            # No await between this and the subscription: what the room has handed out is read, the rest comes.
            if self._read >= self._room_position(listener):
                self._subscribe()
                return
            if self._left <= 0:
                self._begin_anew()
                return
            await self._tell_page(listener)

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
        asked_at = time.monotonic()
        page = await client_database.run(
            feed_page, listener.viewer, after=self._read, limit=SCAN_LIMIT, wanted=Filter()
        )
        for number, row in enumerate(page.rows, start=1):
            self._tell(listener, row)
            if listener.is_far_behind:
                await listener.drained()
                if time.monotonic() - asked_at > FRESH_SECONDS:
                    # The client took its time: what it may see is asked again before it gets the rest.
                    self._read, self._left = row.position, self._left - number
                    return
        self._read = page.position
        if page.has_more:
            # What reaches the end of the log keeps up with it, however often that has to be looked for.
            self._left -= SCAN_LIMIT

    def _tell(self, listener: Listener, row: Any) -> None:
        if row.verdict == "access":
            listener.push(text(type="access", position=row.position))
            return
        is_wanted = any(topic in self._topics and belongs(row, topic) for topic in topics_of(row))
        if is_wanted and row.kind not in COALESCED:
            subscription = self._subscription
            previous, subscription.last = subscription.last, row.position
            frames = ChangeFrames(change(row))
            listener.push(frames.text(to=subscription.to, id=subscription.id, previous=previous))

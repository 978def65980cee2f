"""Who is here and who is typing: told while it is so, kept nowhere that lasts, and shared by all processes."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

from django.db import Error as DatabaseError

from apps.live import queries, services
from apps.live.database import client_database, log_database
from apps.live.frames import text
from apps.live.listener import Listener

if TYPE_CHECKING:
    from apps.live.hub import Room

#: How often who is in a place is told, and how often this process says that it is alive.
SECONDS = 1.0
ALIVE_SECONDS = 20.0
#: Of how many places it is told at once where that is only to make sure.
DOUBTFUL_AT_ONCE = 20
#: How many people a frame names; the count goes on.
SHOWN_PEOPLE = 100
#: How soon somebody may say again that they are typing.
TYPING_SECONDS = 2.0

#: A site and an item on it, 0 for the site itself.
Place = tuple[int, int]


class PresenceBoard:
    """Who is where through this process, and what has to be told."""

    def __init__(self) -> None:
        self.process = uuid.uuid4().hex
        #: How many connections of each profile are where.
        self._here: dict[Place, Counter[int]] = {}
        #: Places whose rows are to be written, and places whose people are to be told.
        self._unsaved: set[tuple[Place, int]] = set()
        self._stale: set[Place] = set()
        #: Places of which news may have been lost.
        self._doubtful: list[Place] = []
        self._told_at: dict[Place, float] = {}
        self._alive_at = 0.0
        self._typed_at: dict[tuple[int, int, int], float] = {}

    def come(self, listener: Listener, item_id: int) -> None:
        """Somebody is at a place."""
        place = (listener.viewer.site_id, item_id)
        self._here.setdefault(place, Counter())[listener.profile_id] += 1
        self._unsaved.add((place, listener.profile_id))
        self._stale.add(place)

    def go(self, listener: Listener, item_id: int) -> None:
        """They have left it."""
        place = (listener.viewer.site_id, item_id)
        people = self._here.get(place)
        if people is None:
            return
        people[listener.profile_id] -= 1
        if people[listener.profile_id] <= 0:
            del people[listener.profile_id]
        if not people:
            del self._here[place]
            self._stale.discard(place)
            self._told_at.pop(place, None)
        self._unsaved.add((place, listener.profile_id))

    async def type(self, listener: Listener, item_id: int) -> None:
        """Tell all processes that somebody is typing under an item; too often is passed over."""
        now, key = time.monotonic(), (listener.viewer.site_id, item_id, listener.profile_id)
        if now - self._typed_at.get(key, -TYPING_SECONDS) < TYPING_SECONDS:
            return
        if len(self._typed_at) > 10_000:
            self._typed_at.clear()
        self._typed_at[key] = now
        await client_database.run(services.tell_typing, site_id=key[0], item_id=item_id, profile_id=listener.profile_id)

    async def hear(self, news: dict[str, Any], room: Room) -> None:
        """Another process, or this one, has news of a place on a site that somebody here listens on."""
        place = (news["site"], news["item"])
        followers = room.subscriptions(("presence", news["item"]))
        if not followers:
            return
        if "typing" not in news:
            self._stale.add(place)
            return
        may = await self._readers(place, {subscription.listener.profile_id for subscription in followers})
        frame = text(type="typing", to="presence", id=news["item"], profileId=news["typing"])
        for subscription in list(room.subscriptions(("presence", news["item"]))):
            if subscription.listener.profile_id in may and subscription.listener.profile_id != news["typing"]:
                subscription.listener.push(frame)

    def doubt(self) -> None:
        """News may have been lost, or what is written down of who is here: every place is to be looked at again."""
        self._doubtful = list(self._here)

    def look_at_doubtful(self) -> None:
        """Write and tell again who is at some of those places; all at once would hold up what has changed."""
        for place in self._doubtful[:DOUBTFUL_AT_ONCE]:
            people = self._here.get(place)
            if people:
                self._stale.add(place)
                self._unsaved |= {(place, profile_id) for profile_id in people}
        del self._doubtful[:DOUBTFUL_AT_ONCE]

    async def tell(self, site_id: int, room: Room, *, now: float) -> None:
        """Write down who has come and gone, and tell who is where, each place at most once a second."""
        await self._save(now=now)
        for place in [place for place in self._stale if place[0] == site_id]:
            if now - self._told_at.get(place, -SECONDS) < SECONDS:
                continue
            self._stale.discard(place)
            followers = list(room.subscriptions(("presence", place[1])))
            if not followers:
                continue
            self._told_at[place] = now
            try:
                may = await self._readers(place, {subscription.listener.profile_id for subscription in followers})
                people = await log_database.run(queries.people_present, site_id=site_id, item_id=place[1])
            except BaseException:
                # The next look tells it.
                self._stale.add(place)
                raise
            frame = text(
                type="presence",
                to="presence",
                id=place[1],
                profileIds=people.profile_ids[:SHOWN_PEOPLE],
                memberCount=people.member_count,
                guestCount=people.guest_count,
            )
            for subscription in followers:
                if subscription.listener.profile_id in may:
                    subscription.listener.push(frame)

    async def forget_all(self) -> None:
        """The process stops: nobody is here through it."""
        if not (self._here or self._unsaved or self._alive_at):
            return
        for kept in (self._here, self._unsaved, self._stale, self._doubtful, self._told_at, self._typed_at):
            kept.clear()
        self._alive_at = 0.0
        # Without the database the rows stay until they are too old to count.
        with contextlib.suppress(DatabaseError):
            await client_database.run(services.forget_process, process=self.process)

    async def _save(self, *, now: float) -> None:
        is_due = bool(self._here) and now - self._alive_at >= ALIVE_SECONDS
        row_count = sum(map(len, self._here.values())) if is_due else 0
        if self._unsaved:
            unsaved, self._unsaved = self._unsaved, set()
            try:
                await log_database.run(
                    services.save_presence,
                    process=self.process,
                    counts=[(*place, profile_id, self._count(place, profile_id)) for place, profile_id in unsaved],
                )
            except DatabaseError:
                self._unsaved |= unsaved
                raise
        if is_due:
            self._alive_at = now
            if await log_database.run(services.keep_presence, process=self.process) < row_count:
                # The table is empty after a crash, and whoever is silent for long is forgotten.
                self.doubt()

    def _count(self, place: Place, profile_id: int) -> int:
        return self._here.get(place, Counter())[profile_id]

    async def _readers(self, place: Place, profile_ids: set[int]) -> frozenset[int]:
        site_id, item_id = place
        if item_id == 0:
            return frozenset(profile_ids)
        readers = await log_database.run(
            queries.item_readers, site_id=site_id, item_ids=[item_id], profile_ids=sorted(profile_ids)
        )
        return readers.get(item_id, frozenset())

"""The follower of the change log in a process: it is woken, reads once, asks once who may know, and hands out.

Everything here runs in one event loop, so that between two awaits nothing changes. A site's room has a position, up to
which changes are handed out or are being so; who subscribes begins there (docs/decisions/0052).
"""

import asyncio
import contextlib
import itertools
import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import orjson
import psycopg
from django.db import Error as DatabaseError

from apps.core.queries import changes_after, log_place
from apps.core.wakes import MISSED, PRESENCE, Wake, wakes
from apps.live import queries
from apps.live.counters import Counters
from apps.live.database import client_database, log_database
from apps.live.frames import ChangeFrames, Topic, text
from apps.live.listener import ENDED, RESTART, TOO_SLOW, Listener, Subscription
from apps.live.presence import PresenceBoard
from apps.live.shapes import change

log = logging.getLogger(__name__)

#: How long a change can stay unnoticed when nobody wakes its followers.
POLL_SECONDS = 0.5
RECONNECT_SECONDS = 0.5
#: How often it is asked who may still be here; revocations and bans that are in the log count at once.
SWEEP_SECONDS = 0.8
#: How long clients may go on reading what was decided before rights were taken from somebody.
SILENCE_SECONDS = 0.4
#: Changes of one site that are handed out at once, each in a few frames at most: fewer than a listener's queue holds.
BATCH = 150

#: Changes that are told only by counters, at most once a second (docs/api/live.md).
COALESCED = frozenset({"poll.voted", "event.answered"})
#: Changes that nobody is told of.
_SILENT = frozenset({"token", "file"})
_OWN = frozenset({"update", "inbox", "ignored"})
#: What may take rights away or give them to people who follow nothing near.
_RIGHTS = frozenset({"role", "microcosm", "profile"})
#: What may take something out of sight with all that hangs on it, beside those.
_TAKING = frozenset({"moved", "flagged", "deleted", "participant_left"})


class Room:
    """Who listens on one site, to what, and up to where they have been told."""

    def __init__(self, position: int) -> None:
        #: Up to where changes are handed out or are being so, and up to where they have been.
        self.position = self.told = position
        self.listeners: set[Listener] = set()
        self.topics: dict[Topic, set[Subscription]] = defaultdict(set)
        #: When something was taken from somebody, as far as those who are behind have not been looked at since.
        self.taken_at: list[float] = []

    def subscriptions(self, topic: Topic) -> Iterable[Subscription]:
        """Who follows something; empty if nobody does."""
        return self.topics.get(topic, ())


class Hub:
    """The listeners of this process by site, and the task that feeds them."""

    def __init__(self) -> None:
        self.rooms: dict[int, Room] = {}
        self.counters = Counters()
        self.presence = PresenceBoard()
        self._task: asyncio.Task[None] | None = None
        self._swept_at = 0.0

    # --- Coming and going -------------------------------------------------------------------

    async def enter(self, listener: Listener) -> None:
        """Somebody is here; they hear nothing before they subscribe."""
        site_id = listener.viewer.site_id
        if site_id not in self.rooms:
            place = await client_database.run(log_place, site_id=site_id)
            self.rooms.setdefault(site_id, Room(place.head))
        self.rooms[site_id].listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())
            self._task.add_done_callback(self._ended)

    async def leave(self, listener: Listener) -> None:
        """They are gone; the last one ends the following."""
        room = self.rooms.get(listener.viewer.site_id)
        if room is None:
            return
        for topic in list(listener.subscriptions):
            self.unsubscribe(listener, topic)
        room.listeners.discard(listener)
        if not room.listeners:
            self.rooms.pop(listener.viewer.site_id, None)
        if not self.rooms:
            await self.stop()

    async def stop(self) -> None:
        """End the following and whoever listens, and let go of the database."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.presence.forget_all()
        for database in (log_database, client_database):
            await database.close()

    def subscribe(self, subscription: Subscription, topic: Topic) -> None:
        """Tell of everything behind `subscription.last` from now on; it must not be before the room's position."""
        listener = subscription.listener
        listener.subscriptions[topic] = subscription
        self.rooms[listener.viewer.site_id].topics[topic].add(subscription)
        if topic[0] == "presence":
            self.presence.come(listener, topic[1])

    def unsubscribe(self, listener: Listener, topic: Topic) -> None:
        """Tell of something no longer."""
        subscription = listener.subscriptions.pop(topic, None)
        room = self.rooms.get(listener.viewer.site_id)
        if subscription is None or room is None:
            return
        room.topics[topic].discard(subscription)
        if not room.topics[topic]:
            del room.topics[topic]
        if topic[0] == "presence":
            self.presence.go(listener, topic[1])

    # --- Following --------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            try:
                async with wakes().followed() as heard:
                    while True:
                        has_more = await self._deliver()
                        await self._tick()
                        if not has_more:
                            for wake in await heard(POLL_SECONDS):
                                await self._hear(wake)
            except (psycopg.OperationalError, DatabaseError, OSError) as error:
                # No change is lost: every room knows up to where it was told.
                log.warning("the change log cannot be followed, trying again: %s", error)
                self.presence.doubt()
                await asyncio.sleep(RECONNECT_SECONDS)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """The following never ends by itself: if it does, clients come back and resume."""
        if task.cancelled() or task.exception() is None:
            return
        log.error("the change log is no longer followed", exc_info=task.exception())
        for room in self.rooms.values():
            for listener in list(room.listeners):
                listener.close(RESTART)

    async def _deliver(self) -> bool:
        """Hand out what is new; whether there was anything."""
        positions = {site_id: room.position for site_id, room in self.rooms.items()}
        rows = await log_database.run(changes_after, positions, limit=BATCH) if positions else []
        by_site: dict[int, list[Any]] = defaultdict(list)
        for row in rows:
            by_site[row.site_id].append(row)
        for site_id, changes in by_site.items():
            room = self.rooms.get(site_id)
            if room is not None and changes[0].position > room.position:
                await self._deliver_in(site_id, room, changes)
        return bool(rows)

    async def _deliver_in(self, site_id: int, room: Room, rows: list[Any]) -> None:
        before, room.position = room.position, rows[-1].position
        self._end_tokens(room, rows)
        told = [row for row in rows if row.kind.split(".")[0] not in _SILENT]
        try:
            facts = await self._facts(site_id, room, told)
            audience = await self._audience(site_id, room, facts)
        except BaseException:
            room.position = before
            raise
        if any(_takes_away(row) for row in rows):
            room.taken_at.append(time.monotonic())
        # What each gets of all changes goes out together: their sockets then carry it in fewer pieces.
        frames: dict[Listener, list[str]] = defaultdict(list)
        for _position, group in itertools.groupby(audience, key=lambda row: row.position):
            self._hand_out(site_id, room, list(group), frames)
        for listener, texts in frames.items():
            listener.push(*texts)
        room.told = room.position

    async def _facts(self, site_id: int, room: Room, rows: list[Any]) -> list[Any]:
        if not rows or not room.topics:
            return []
        return await log_database.run(queries.change_facts, site_id=site_id, positions=[row.position for row in rows])

    async def _audience(self, site_id: int, room: Room, facts: list[Any]) -> list[Any]:
        """What those who follow any of the changes may know of it: a row for each change and way to know of it.

        The rows say anew what the changes are about. That was looked up to find out whom to ask about, and things may
        have moved since; what is told must be where it is for whom it is told to.
        """
        positions, profile_ids = [], set()
        for fact in facts:
            followers = self._followers(room, fact)
            if followers:
                positions.append(fact.position)
                profile_ids |= followers
        if not positions:
            return []
        return await log_database.run(
            queries.change_audience, site_id=site_id, positions=positions, profile_ids=list(profile_ids)
        )

    def _followers(self, room: Room, fact: Any) -> set[int]:
        if fact.kind.split(".")[0] in _RIGHTS:
            return {listener.profile_id for listener in room.listeners}
        return {
            subscription.listener.profile_id for topic in topics_of(fact) for subscription in room.subscriptions(topic)
        }

    def _hand_out(self, site_id: int, room: Room, rows: list[Any], frames: dict[Listener, list[str]]) -> None:
        """Add the frames of one change for each who follows it; the same text for all with the same past."""
        fact = rows[0]
        if fact.item_id is not None:
            self.counters.note(site_id, fact)
        if fact.kind in COALESCED:
            return
        concerned = {profile_id for row in rows if row.verdict == "access" for profile_id in row.profile_ids}
        if concerned:
            access = text(type="access", position=fact.position)
            for listener in room.listeners:
                if listener.profile_id in concerned:
                    frames[listener].append(access)
        shown = [row for row in rows if row.verdict != "access"]
        shapes = [ChangeFrames(change(row)) for row in shown]
        ways = {profile_id: way for way, row in enumerate(shown) for profile_id in row.profile_ids}
        for topic in topics_of(fact):
            for subscription in list(room.subscriptions(topic)):
                way = ways.get(subscription.listener.profile_id)
                if way is None or fact.position <= subscription.last or not belongs(shown[way], topic):
                    continue
                previous, subscription.last = subscription.last, fact.position
                frames[subscription.listener].append(
                    shapes[way].text(to=subscription.to, id=subscription.id, previous=previous)
                )

    # --- Rights -----------------------------------------------------------------------------

    def _end_tokens(self, room: Room, rows: list[Any]) -> None:
        """Close at once whom the log says to be gone: before anything that follows it is handed out."""
        tokens = {row.ids["token_id"] for row in rows if row.kind == "token.revoked"}
        banned = {row.ids["profile_id"] for row in rows if row.kind == "profile.banned"}
        if tokens or banned:
            for listener in list(room.listeners):
                if listener.viewer.token_id in tokens or listener.profile_id in banned - {0}:
                    self._silence(listener)

    def _silence(self, listener: Listener) -> None:
        for topic in list(listener.subscriptions):
            self.unsubscribe(listener, topic)
        listener.close(ENDED)

    def _cut_off_those_behind(self, room: Room, *, now: float) -> None:
        """Close whoever still has frames to read that were decided before something was taken from somebody.

        They resume, and all of it is decided anew (W2). Who reads as things happen has nothing waiting.
        """
        due = [at for at in room.taken_at if now - at >= SILENCE_SECONDS]
        if not due:
            return
        room.taken_at = room.taken_at[len(due) :]
        for listener in list(room.listeners):
            if listener.behind_since is not None and listener.behind_since < due[-1]:
                listener.close(TOO_SLOW)

    async def _sweep(self) -> None:
        """Close whose token has ended, who is banned, and whose site is gone, whatever the log says."""
        listeners = [listener for room in self.rooms.values() for listener in room.listeners]
        pairs = {(listener.viewer.site_id, listener.viewer.token_id) for listener in listeners}
        ended = await log_database.run(queries.ended_visits, pairs=sorted(pairs)) if pairs else set()
        for listener in listeners:
            if (listener.viewer.site_id, listener.viewer.token_id) in ended and not listener.is_closed:
                self._silence(listener)

    # --- Once a second ----------------------------------------------------------------------

    async def _tick(self) -> None:
        now = time.monotonic()
        if now - self._swept_at >= SWEEP_SECONDS:
            self._swept_at = now
            await self._sweep()
        self.presence.look_at_doubtful()
        for site_id, room in list(self.rooms.items()):
            self._cut_off_those_behind(room, now=now)
            await self.counters.tell(site_id, room, now=now)
            await self.presence.tell(site_id, room, now=now)

    async def _hear(self, wake: Wake) -> None:
        """What any process tells; of changes the log tells more."""
        if wake.channel == MISSED:
            self.presence.doubt()
        elif wake.channel == PRESENCE:
            news = orjson.loads(wake.payload)
            room = self.rooms.get(news["site"])
            if room is not None:
                await self.presence.hear(news, room)


def _takes_away(change: Any) -> bool:
    family, _, action = change.kind.partition(".")
    return family in ("role", "microcosm") or (family != "comment" and action in _TAKING)


def topics_of(fact: Any) -> list[Topic]:
    """What a change may be told under."""
    if fact.kind.split(".")[0] in _OWN:
        named = fact.ids.get("profile_ids") or [fact.ids.get("profile_id")]
        return [("inbox", profile_id) for profile_id in named]
    topics: list[Topic] = [("site", 0)]
    if fact.microcosm_id is not None:
        topics.append(("microcosm", fact.microcosm_id))
    if fact.source_id is not None:
        topics.append(("microcosm", fact.source_id))
    if fact.item_id is not None:
        topics.append(("item", fact.item_id))
    return topics


def belongs(way: Any, topic: Topic) -> bool:
    """Whether a change may be told under a topic to those who may know of it in some way.

    Not all may know both ends of a move.
    """
    if way.source_id is None or topic[0] != "microcosm":
        return True
    return bool(way.knows_source) if topic[1] == way.source_id else way.verdict == "see"


hub = Hub()

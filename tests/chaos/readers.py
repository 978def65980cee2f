"""Sockets, streams and readers of the feed: each keeps what it was told, and comes back when it is cut off."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from tests.chaos.model import Payload, Topic
from tests.chaos.recorder import Recorder
from tests.chaos.scene import Person, Scene
from tests.live.frames import check_frame

PATIENCE = 20.0
PING_SECONDS = 1.0
BACK_OFF_SECONDS = 0.4
ENDED, TOO_SLOW = 4401, 4408


@dataclass
class Told:
    """A change that somebody was told, when, and the last pong of the connection before it."""

    at: float
    payload: Payload
    floor: int


@dataclass
class Connection:
    """One connection of a reader, until it ends."""

    token_id: int
    opened_at: float
    pongs: list[tuple[float, int]] = field(default_factory=list)
    #: Who the reader is; 0 before they sign in.
    profile_id: int = 0
    #: Frames that belong to no chain: `access` with its position and whom it was for, `counts` and `presence` with the
    #: id they are about.
    accesses: list[tuple[float, int, int, int]] = field(default_factory=list)
    others: list[tuple[float, str, int, int]] = field(default_factory=list)

    @property
    def floor(self) -> int:
        """The position of the last pong: all that comes after it was decided when that was visible."""
        return self.pongs[-1][1] if self.pongs else 0


@dataclass
class Segment:
    """A part of a subscription that was told without a hole, from behind a position on, over one connection."""

    connection: Connection
    #: When it was asked for, and when it was known to have begun.
    asked_at: float
    began_at: float
    begin: int
    is_gap: bool = False
    told: list[Told] = field(default_factory=list)
    #: When the next one of its chain took its place: a replay that turned out to be too long ends in a gap.
    ended_at: float = float("inf")

    @property
    def pongs(self) -> list[tuple[float, int]]:
        """Those that say how far it was told."""
        return [pong for pong in self.connection.pongs if self.began_at <= pong[0] < self.ended_at]

    @property
    def end(self) -> int:
        """Up to where nothing is missing."""
        pongs = [position for _at, position in self.pongs]
        return max([self.begin, *pongs[-1:], *(told.payload[0] for told in self.told[-1:])])


@dataclass
class Chain:
    """One subscription of a reader over all its connections."""

    topics: tuple[Topic, ...]
    segments: list[Segment] = field(default_factory=list)
    #: When it was refused, for the last time and not since granted.
    refused: list[tuple[float, float]] = field(default_factory=list)

    @property
    def last(self) -> int | None:
        """Where to go on."""
        return self.segments[-1].end if self.segments else None

    def add(self, segment: Segment) -> None:
        """It goes on with this one."""
        if self.segments:
            self.segments[-1].ended_at = segment.began_at
        self.segments.append(segment)


@dataclass
class Page:
    """One answer of the feed."""

    asked_at: float
    at: float
    after: int | None
    position: int
    is_gap: bool
    told: list[Payload]
    waited: bool


@dataclass
class Drill:
    """What all readers of a drill share."""

    scene: Scene
    recorder: Recorder
    http_port: int
    live_port: int
    #: Set when everything is written: where readers may stop.
    end: asyncio.Future[int]
    problems: list[str] = field(default_factory=list)
    #: The same change is told to many: it is kept once.
    payloads: dict[Payload, Payload] = field(default_factory=dict)

    def keep(self, frame: dict[str, Any]) -> Payload:
        """What a frame or a row of the feed says."""
        ids = tuple(sorted(frame["ids"].items()))
        payload = (frame["position"], frame["kind"], frame.get("gone", False), ids, frame.get("actorId"))
        return self.payloads.setdefault(payload, payload)

    def is_over_at(self, position: int) -> bool:
        """Whether somebody who was told of everything up to a position has all there is."""
        return self.end.done() and position >= self.end.result()


@dataclass
class Habits:
    """How a reader behaves: after how many frames it hangs up, whether it sleeps long, whether it reads slowly."""

    frames_until_gone: tuple[int, int] = (10**9, 10**9)
    sleeps_until: int = 0
    sleeps_after: int = 0
    is_slow: bool = False
    signs_in_late: bool = False


class Reader:
    """Somebody on a device."""

    def __init__(self, drill: Drill, person: Person | None, *, name: str, seed: str) -> None:
        self.drill, self.person, self.name = drill, person, name
        self.rng = random.Random(seed)
        self.is_done = False
        #: Whether nobody lets them in any more.
        self.is_shut_out = False
        self._token_number = 1
        self._refusals = 0

    @property
    def profile_id(self) -> int:
        """Who reads; 0 is a guest."""
        return self.person.profile_id if self.person else 0

    def token(self) -> tuple[int, str]:
        """The id and the text of the token of now; 0 and nothing for guests."""
        return self.person.tokens[self._token_number] if self.person else (0, "")

    def problem(self, text: str) -> None:
        """Something that must not be."""
        self.drill.problems.append(f"{self.name}: {text}")

    async def run(self) -> None:
        """Read until everything is read."""
        while not self.is_done:
            await self.visit()
            if not self.is_done:
                await asyncio.sleep(self.rng.uniform(0.1, 2 * BACK_OFF_SECONDS))

    async def visit(self) -> None:
        """Read for some time."""
        raise NotImplementedError

    def was_refused(self) -> None:
        """The token has ended, or its holder is banned: try the next, and give up when all is over."""
        self._refusals += 1
        if self.person is None:
            self.problem("a guest was refused")
        elif self._token_number + 1 < len(self.person.tokens):
            self._token_number += 1
        elif self.drill.end.done():
            self.is_done = self.is_shut_out = True
        else:
            # Perhaps they are let in again.
            self._token_number = 1


class SocketReader(Reader):
    """A socket that follows some places."""

    def __init__(
        self, drill: Drill, person: Person | None, *, name: str, seed: str, topics: list[Topic], habits: Habits
    ) -> None:
        super().__init__(drill, person, name=name, seed=seed)
        self.habits = habits
        self.chains = {topic: Chain((topic,)) for topic in topics}
        self.connections: list[Connection] = []
        self.frame_count = 0
        self.codes: list[int] = []

    async def visit(self) -> None:
        """One connection, until it ends or this reader wants to go."""
        token_id, token = self.token()
        opened_at = time.monotonic()
        late = self.habits.signs_in_late and token
        headers = {"Authorization": f"Bearer {token}"} if token and not late else {}
        address = f"ws://{self.drill.scene.host}/live/v1"
        # A reader that is slow has room for little on its own side.
        room = {"max_queue": 1} if self.habits.is_slow else {"max_queue": 64}
        try:
            async with connect(
                address,
                host="127.0.0.1",
                port=self.drill.live_port,
                additional_headers=headers,
                compression=None,
                ping_interval=None,
                open_timeout=PATIENCE,
                close_timeout=1,
                proxy=None,
                **room,  # type: ignore[arg-type]
            ) as socket:
                connection = Connection(token_id=token_id, opened_at=opened_at)
                self.connections.append(connection)
                if late:
                    await socket.send(json.dumps({"type": "sign_in", "token": token}))
                await self._converse(socket, connection)
        except (OSError, TimeoutError, InvalidHandshake):
            return
        except WebSocketException:
            code = socket.close_code or 1006
            self.codes.append(code)
            if code == ENDED:
                self.was_refused()
            elif code not in (1006, 1011, 1012, 1001, TOO_SLOW):
                self.problem(f"closed with {code}")

    async def _converse(self, socket: ClientConnection, connection: Connection) -> None:
        goes_after = self.frame_count + self.rng.randint(*self.habits.frames_until_gone)
        if self.person:
            await self._hear(socket, connection)
        asked = await self._subscribe(socket)
        pinging = asyncio.create_task(self._ping(socket))
        try:
            while True:
                kind = await self._hear(socket, connection, asked=asked)
                if kind == "pong" and self.drill.is_over_at(connection.floor):
                    self.is_done = True
                    return
                if self.frame_count >= goes_after and not self.drill.end.done():
                    # Some say good-bye, some lose the net.
                    if self.rng.random() < 0.5:
                        socket.transport.abort()
                    return
                if self.habits.is_slow and not self.drill.end.done():
                    await asyncio.sleep(self.rng.uniform(0, 0.03))
                if self._wants_sleep():
                    break
        finally:
            pinging.cancel()
        await socket.close()
        await self._sleep()

    def _wants_sleep(self) -> bool:
        seen = len(self.drill.recorder.changes)
        return self.habits.sleeps_after <= seen < self.habits.sleeps_until and not self.drill.end.done()

    async def _sleep(self) -> None:
        over = asyncio.ensure_future(asyncio.shield(self.drill.end))
        enough = asyncio.ensure_future(self.drill.recorder.reach(self.habits.sleeps_until))
        await asyncio.wait({over, enough}, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        enough.cancel()

    async def _subscribe(self, socket: ClientConnection) -> dict[Topic, float]:
        asked: dict[Topic, float] = {}
        for topic, chain in self.chains.items():
            frame: dict[str, Any] = {"type": "subscribe", "to": topic[0]}
            if topic[1]:
                frame["id"] = topic[1]
            # Who is there is told anew, and nothing of it is kept.
            if chain.last is not None and topic[0] != "presence":
                frame["after"] = chain.last
            asked[topic] = time.monotonic()
            check_frame(frame, said=True)
            await socket.send(json.dumps(frame))
        return asked

    async def _ping(self, socket: ClientConnection) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS * self.rng.uniform(0.5, 1.5))
            await socket.send('{"type":"ping"}')

    async def _hear(
        self, socket: ClientConnection, connection: Connection, *, asked: dict[Topic, float] | None = None
    ) -> str:
        # Not by `wait_for`, which in Python 3.11 forgets that it was cancelled if a frame comes at the same moment.
        async with asyncio.timeout(PATIENCE):
            frame = json.loads(await socket.recv())
        now = time.monotonic()
        check_frame(frame)
        self.frame_count += 1
        kind: str = frame["type"]
        if kind == "pong":
            connection.pongs.append((now, frame["position"]))
        elif kind == "access":
            connection.accesses.append((now, frame["position"], connection.floor, connection.profile_id))
        elif kind in ("counts", "presence", "typing"):
            connection.others.append((now, kind, frame["id"], connection.floor))
        elif kind == "signed_in":
            connection.profile_id = frame["profileId"]
            if connection.profile_id != self.profile_id:
                self.problem(f"signed in as {connection.profile_id}")
        elif kind == "error":
            self.problem(f"error frame: {frame}")
        else:
            self._take(frame, connection, now=now, asked=asked or {})
        return kind

    def _take(self, frame: dict[str, Any], connection: Connection, *, now: float, asked: dict[Topic, float]) -> None:
        topic = (frame["to"], frame["id"])
        chain = self.chains[topic]
        if frame["type"] == "refused":
            chain.refused.append((asked[topic], now))
        elif frame["type"] in ("subscribed", "gap"):
            is_resumed = chain.last is not None and topic[0] != "presence"
            if frame["type"] == "subscribed" and is_resumed and chain.last != frame["position"]:
                self.problem(f"{topic} was asked for after {chain.last} and begins at {frame['position']}")
            chain.add(Segment(connection, asked[topic], now, begin=frame["position"], is_gap=frame["type"] == "gap"))
        else:
            segment = chain.segments[-1]
            last = segment.told[-1].payload[0] if segment.told else segment.begin
            if segment.connection is not connection or frame["previous"] != last or frame["position"] <= last:
                self.problem(f"{topic} is at {last} and was told {frame}")
            segment.told.append(Told(now, self.drill.keep(frame), connection.floor))


class StreamReader(Reader):
    """Server-sent events."""

    def __init__(self, drill: Drill, person: Person | None, *, name: str, seed: str, topics: list[Topic]) -> None:
        super().__init__(drill, person, name=name, seed=seed)
        self.chain = Chain(tuple(topics))
        self.connections: list[Connection] = []

    async def visit(self) -> None:
        """One request, until it ends or everything is read."""
        reading = asyncio.ensure_future(self._read())
        end = self.drill.end
        await asyncio.wait({reading, end}, return_when=asyncio.FIRST_COMPLETED)
        # The last change may have come before anybody knew that it is the last.
        if not reading.done() and self.chain.last is not None and self.drill.is_over_at(self.chain.last):
            self.is_done = True
            reading.cancel()
        await asyncio.wait({reading})
        if not reading.cancelled():
            reading.result()

    async def _read(self) -> None:
        token_id, token = self.token()
        headers = {"Host": self.drill.scene.host, "Accept": "text/event-stream"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if self.chain.last is not None:
            headers["Last-Event-ID"] = str(self.chain.last)
        topics = ",".join(to if not id_ else f"{to}:{id_}" for to, id_ in self.chain.topics)
        address = f"http://127.0.0.1:{self.drill.live_port}/api/v1/changes/stream?topics={topics}"
        connection = Connection(token_id=token_id, opened_at=time.monotonic(), profile_id=self.profile_id)
        goes_after = self.rng.randint(20, 400)
        try:
            async with (
                httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client,
                client.stream("GET", address, headers=headers) as answer,
            ):
                if answer.status_code in (401, 403):
                    self.was_refused()
                if answer.status_code != 200:
                    return
                self.connections.append(connection)
                async for event in _events(answer):
                    self._take(event, connection)
                    goes_after -= 1
                    if self.is_done or (goes_after < 0 and not self.drill.end.done()):
                        return
        except httpx.TransportError:
            return

    def _take(self, event: dict[str, str], connection: Connection) -> None:
        now, chain = time.monotonic(), self.chain
        frame = json.loads(event["data"])
        if event["event"] == "open":
            begin = int(event["id"])
            if chain.last not in (None, begin):
                self.problem(f"the stream was asked for after {chain.last} and begins at {begin}")
            chain.add(Segment(connection, connection.opened_at, now, begin=begin))
            return
        check_frame(frame)
        if frame["type"] == "access":
            connection.accesses.append((now, frame["position"], 0, connection.profile_id))
        elif frame["type"] == "counts":
            connection.others.append((now, "counts", frame["id"], 0))
        elif frame["type"] == "gap":
            chain.add(Segment(connection, connection.opened_at, now, begin=frame["position"], is_gap=True))
        else:
            segment = chain.segments[-1]
            last = segment.told[-1].payload[0] if segment.told else segment.begin
            if frame["previous"] != last or frame["position"] <= last:
                self.problem(f"the stream is at {last} and was told {frame}")
            segment.told.append(Told(now, self.drill.keep(frame), 0))
        if "id" in event and self.drill.is_over_at(int(event["id"])):
            self.is_done = True


async def _events(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """The events of a stream by their fields; comments are passed over."""
    event: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
            continue
        if "event" in event:
            yield event
        event = {}


class FeedReader(Reader):
    """A device that asks the feed, sometimes after a long time."""

    def __init__(
        self,
        drill: Drill,
        person: Person | None,
        *,
        name: str,
        seed: str,
        kinds: tuple[str, ...] = (),
        microcosm_ids: tuple[int, ...] = (),
        sleeps: tuple[int, int] = (0, 0),
    ) -> None:
        super().__init__(drill, person, name=name, seed=seed)
        self.kinds, self.microcosm_ids, self.sleeps = kinds, microcosm_ids, sleeps
        self.pages: list[Page] = []
        self.client = httpx.AsyncClient(timeout=60, trust_env=False)

    async def run(self) -> None:
        """Ask until everything is read."""
        try:
            await super().run()
        finally:
            await self.client.aclose()

    async def visit(self) -> None:
        """Ask some times."""
        for _question in range(self.rng.randint(1, 20)):
            if self.is_done or not await self._ask():
                return
        asleep = self.sleeps[0] <= len(self.drill.recorder.changes) < self.sleeps[1]
        while asleep and len(self.drill.recorder.changes) < self.sleeps[1] and not self.drill.end.done():
            await asyncio.sleep(BACK_OFF_SECONDS)

    async def _ask(self) -> bool:
        _token_id, token = self.token()
        after = self.pages[-1].position if self.pages else None
        waits = self.rng.random() < 0.7 and not self.drill.end.done()
        query: dict[str, Any] = {"limit": self.rng.choice((5, 100, 500))}
        if after is not None:
            query["after"] = after
        if waits:
            query["wait"] = self.rng.randint(1, 3)
        if self.kinds:
            query["kinds"] = ",".join(self.kinds)
        if self.microcosm_ids:
            query["microcosms"] = ",".join(map(str, self.microcosm_ids))
        headers = {"Host": self.drill.scene.host} | ({"Authorization": f"Bearer {token}"} if token else {})
        asked_at = time.monotonic()
        try:
            answer = await self.client.get(
                f"http://127.0.0.1:{self.drill.http_port}/api/v1/changes", params=query, headers=headers
            )
        except httpx.TransportError:
            return False
        if answer.status_code in (401, 403):
            self.was_refused()
            return False
        if answer.status_code != 200:
            if answer.status_code < 500:
                self.problem(f"the feed answered {answer.status_code}: {answer.text[:300]}")
            return False
        data = answer.json()["data"]
        told = [self.drill.keep(row) for row in data["changes"]]
        page = Page(asked_at, time.monotonic(), after, data["position"], data["gap"], told, waits)
        self.pages.append(page)
        self.is_done = not data["more"] and self.drill.is_over_at(page.position)
        return True

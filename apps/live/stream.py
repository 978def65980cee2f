"""Server-sent events at `/api/v1/changes/stream`: the log for clients without sockets, from the sockets' process."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from django.db import Error as DatabaseError

from apps.core import errors
from apps.core.errors import ApiError
from apps.core.serializers import MAX_ID
from apps.core.wire import dump
from apps.live import entrance
from apps.live.database import client_database
from apps.live.frames import ITEM_WORDS, Topic, topic_of
from apps.live.hub import hub
from apps.live.listener import Listener, Subscription, Way
from apps.live.protocol import CUT_OFF_LATER
from apps.live.queries import may_follow
from apps.live.replay import Replay
from apps.live.services import redeem_ticket
from apps.profiles.viewer import Viewer
from apps.sites.hosts import SiteInfo

log = logging.getLogger(__name__)

PATH = "/api/v1/changes/stream"
#: A comment that often keeps proxies from closing a quiet stream, and notices clients that have gone.
HEARTBEAT_SECONDS = 15.0
#: After how many milliseconds a client that lost the stream comes back.
RETRY_MILLISECONDS = 2000
MAX_TOPICS = 20
_TOPIC = re.compile(r"(site|inbox)|([a-z]{1,20}):([1-9][0-9]{0,18})")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class TooManyStreams(ApiError):
    """There are too many open connections from this address or of this person."""

    status = 429
    code = 16


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """One stream; a request that cannot have one gets the contract's error."""
    site: SiteInfo | None = None
    try:
        if scope["method"] not in ("GET", "HEAD"):
            raise errors.MethodNotAllowed
        site = await client_database.run(entrance.site_of, scope)
        if site is None or site.is_root:
            raise errors.UnknownSite if site is None else errors.Missing("there is no such route")
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        viewer = await client_database.run(_viewer, scope, site, query)
        topics = await client_database.run(_topics, viewer, query)
        after = _after(scope, query)
    except ApiError as error:
        await _refuse(send, site, error)
        return
    except DatabaseError as error:
        log.warning("a stream cannot be opened, the database does not answer: %s", error)
        await _refuse(send, site, errors.Unavailable())
        return
    await _serve(scope, receive, send, viewer=viewer, topics=topics, after=after)


async def _serve(
    scope: Scope, receive: Receive, send: Send, *, viewer: Viewer, topics: list[Topic], after: int | None
) -> None:
    address = entrance.client_address_of_scope(scope)
    if not entrance.enter(address, viewer):
        await _refuse(send, viewer.site, TooManyStreams())
        return
    is_over = asyncio.Event()
    has_begun = False

    async def send_frames(frames: tuple[str, ...]) -> None:
        await send({"type": "http.response.body", "body": b"".join(map(_event, frames)), "more_body": True})

    async def close(_code: int) -> None:
        is_over.set()

    listener = Listener(viewer, Way(send=send_frames, close=close))
    try:
        await hub.enter(listener)
        position = hub.rooms[viewer.site_id].position if after is None else after
        has_begun = True
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        hello = f"retry: {RETRY_MILLISECONDS}\nid: {position}\nevent: open\ndata: {{}}\n\n"
        await send({"type": "http.response.body", "body": hello.encode(), "more_body": True})
        if scope["method"] != "HEAD":
            subscription = Subscription(listener, to="stream", id=0, last=position)
            await Replay(hub, subscription, topics).run()
            await _until_over(receive, listener, is_over)
        await _end(scope, send, listener)
    except DatabaseError as error:
        # Who has had the beginning comes back and goes on from there.
        log.warning("a stream ends, the database does not answer: %s", error)
        if has_begun:
            await _end(scope, send, listener)
        else:
            await _refuse(send, viewer.site, errors.Unavailable())
    finally:
        listener.gone()
        entrance.leave(address, viewer)
        await hub.leave(listener)


async def _end(scope: Scope, send: Send, listener: Listener) -> None:
    """Say that it is over; a client that does not read that either counts until the server has cut it off."""
    listener.gone()
    cut_off_later = scope.get(CUT_OFF_LATER)
    if cut_off_later is not None:
        cut_off_later()
    with contextlib.suppress(OSError, RuntimeError):
        await send({"type": "http.response.body", "body": b""})


async def _until_over(receive: Receive, listener: Listener, is_over: asyncio.Event) -> None:
    """Beat until the client leaves or the hub has closed the stream."""
    gone = asyncio.ensure_future(_gone(receive))
    over = asyncio.ensure_future(is_over.wait())
    try:
        while True:
            done, _pending = await asyncio.wait(
                {gone, over}, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if done:
                return
            listener.push("")
    finally:
        gone.cancel()
        over.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(frame: str) -> bytes:
    """A frame as an event; the id is what the client comes back with. An empty one is a heartbeat."""
    if not frame:
        return b": still here\n\n"
    found = re.match(r'\{"type":"(\w+)"', frame)
    position = re.search(r'"position":(\d+)', frame)
    name = found.group(1) if found else "message"
    head = f"id: {position.group(1)}\n" if position else ""
    return f"{head}event: {name}\ndata: {frame}\n\n".encode()


def _viewer(scope: Scope, site: SiteInfo, query: dict[str, list[str]]) -> Viewer:
    """Who asks: by the header, or by a ticket; raises InvalidToken, ExpiredToken or Banned."""
    if "access_token" in query:
        raise errors.InvalidToken("a stream takes a ticket in its address, never a token")
    token = entrance.bearer_token(scope)
    if token:
        return entrance.require_viewer(site=site, hashed=entrance.hash_of(token))
    ticket = query.get("ticket", [""])[0]
    if not ticket:
        return Viewer(site=site)
    return entrance.require_viewer(site=site, hashed=redeem_ticket(ticket, site_id=site.id))


def _topics(viewer: Viewer, query: dict[str, list[str]]) -> list[Topic]:
    """What the client wants to follow; raises OutOfRange, and Missing for what may not be read."""
    given = [part for text in query.get("topics", []) for part in text.split(",") if part]
    wanted = given or (["site", "inbox"] if viewer.profile_id else ["site"])
    if len(wanted) > MAX_TOPICS:
        raise errors.OutOfRange(f"topics may have {MAX_TOPICS} entries")
    topics: list[Topic] = []
    for part in wanted:
        found = _TOPIC.fullmatch(part)
        if not found or (found.group(2) and found.group(2) not in {"microcosm", *ITEM_WORDS}):
            raise errors.OutOfRange("topics are site, inbox, or a type with an id: conversation:12")
        to, id_ = found.group(1) or found.group(2), int(found.group(3) or 0)
        if id_ > MAX_ID or not may_follow(viewer, to=to, id=id_):
            raise errors.Missing
        topics.append(topic_of(to, id_, profile_id=viewer.profile_id))
    return topics


def _after(scope: Scope, query: dict[str, list[str]]) -> int | None:
    """Where to go on: what the browser says it had last, else what the address says."""
    given = entrance.header(scope, b"last-event-id") or query.get("after", [""])[0]
    if not given:
        return None
    if not (given.isascii() and given.isdigit()):
        raise errors.WrongType("after must be a whole number")
    if len(given) > 19 or int(given) > MAX_ID:
        raise errors.OutOfRange("after is too large")
    return int(given)


_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"private, no-store"),
    (b"access-control-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
    # After the end nothing else is asked on a connection that may be cut off.
    (b"connection", b"close"),
    # nginx would collect events into larger pieces.
    (b"x-accel-buffering", b"no"),
]


async def _refuse(send: Send, site: SiteInfo | None, error: ApiError) -> None:
    """The coded error of the contract (A 4.1)."""
    data = {"siteId": site.id if site else 0, "errorCode": error.code, "errorDetail": error.detail}
    body = dump({"context": "", "status": error.status, "data": data, "error": [error.detail]})
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"private, no-store"),
        (b"access-control-allow-origin", b"*"),
        (b"content-length", str(len(body)).encode()),
    ]
    if error.status == 405:
        headers.append((b"allow", b"GET,HEAD"))
    headers += [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""Waking by Redis' publish and subscribe, where WAKES_URL names one (docs/decisions/0083).

Whatever is wrong with it, writes succeed and followers look at the log by themselves.
"""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from redis import Redis, RedisError
from redis.asyncio import Redis as AsyncRedis

from apps.core.wakes import CHANGES, MISSED, PRESENCE, Heard, Wake

log = logging.getLogger(__name__)

#: How long Redis may take to connect, for one answer, and for all that a write has to tell.
TIMEOUT_SECONDS = 0.2
#: How long it is left alone after something went wrong; then one tries whether it is back.
PAUSE_SECONDS = 2.0
#: How long a request that waits goes without looking at the log.
POLL_SECONDS = 0.5
#: What is heard while the follower is busy; more of it waits in Redis.
MAX_UNHEARD = 1000
_DIGEST_BYTES = 16
#: What the client raises, also for what is no answer of Redis'.
_FAILURES = (RedisError, OSError, ValueError)
#: The oldest protocol and no introduction: connecting takes the fewest round trips.
_OPTIONS: dict[str, Any] = {
    "socket_timeout": TIMEOUT_SECONDS,
    "socket_connect_timeout": TIMEOUT_SECONDS,
    "protocol": 2,
    "driver_info": None,
}


class RedisWakes:
    """By Redis: `prefix` and `secret` tell the messages of this installation from all others there."""

    notified: str | None = None

    def __init__(self, url: str, *, prefix: str, secret: str) -> None:
        self._url, self._prefix = url, prefix
        self._secret = hashlib.sha256(secret.encode()).digest()
        self._client: Any = Redis.from_url(url, **_OPTIONS)
        self._telling, self._hearing = _Link("told"), _Link("heard")

    def tell(self, channel: str, payloads: Sequence[str]) -> None:
        """Tell all processes something after the commit, unless Redis is away."""
        told = [Wake(channel, payload) for payload in payloads]
        transaction.on_commit(partial(self._send, told), robust=True)

    @contextlib.contextmanager
    def waiting(self, site_id: int) -> Iterator[Callable[[float], bool]]:
        """Hear of changes on a connection of the request's own, which is made when it has to wait."""
        wanted = Wake(CHANGES, str(site_id))
        with self._client.pubsub() as heard:

            def wake(deadline: float) -> bool:
                until = min(deadline, time.monotonic() + POLL_SECONDS)
                try:
                    if self._hears(heard, wanted, until=until):
                        return True
                except _FAILURES as error:
                    self._hearing.failed(error)
                    time.sleep(max(0.0, until - time.monotonic()))
                return time.monotonic() < deadline

            yield wake

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[Heard]:
        """Hear everything as long as Redis is there."""
        unheard: asyncio.Queue[Wake] = asyncio.Queue(MAX_UNHEARD)

        async def heard(seconds: float) -> list[Wake]:
            first: list[Wake] = []
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    first.append(await unheard.get())
            return first + [unheard.get_nowait() for _ in range(unheard.qsize())]

        listening = asyncio.create_task(self._listen(unheard))
        try:
            yield heard
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening

    # --- Telling ----------------------------------------------------------------------------

    def _send(self, told: list[Wake]) -> None:
        if not self._telling.may_be_tried():
            return
        if self._telling.is_down:
            told = [*told, Wake(MISSED, "")]
        began = time.monotonic()
        try:
            with self._client.pipeline(transaction=False) as pipeline:
                for wake in told:
                    pipeline.publish(self._name(wake.channel), self._seal(wake) + wake.payload.encode())
                pipeline.execute()
            if time.monotonic() - began > TIMEOUT_SECONDS:
                raise TimeoutError("all of it took too long")
        except _FAILURES as error:
            self._telling.failed(error)
        else:
            self._telling.worked()

    # --- Hearing ----------------------------------------------------------------------------

    def _hears(self, heard: Any, wanted: Wake, *, until: float) -> bool:
        """Whether something is heard in time; a subscription that has just begun may have missed it."""
        if not heard.subscribed:
            heard.subscribe(self._name(wanted.channel))
        while (remaining := until - time.monotonic()) > 0:
            message = heard.get_message(timeout=remaining)
            if message is not None and self._read(message) in (wanted, Wake(MISSED, "")):
                return True
        return False

    async def _listen(self, unheard: asyncio.Queue[Wake]) -> None:
        """Put what is heard into a queue, for ever; whatever breaks the connection, it is made again."""
        names = [self._name(channel) for channel in (CHANGES, PRESENCE, MISSED)]
        while True:
            try:
                client: Any = AsyncRedis.from_url(self._url, **_OPTIONS)
                async with client, client.pubsub() as heard:
                    await heard.subscribe(*names)
                    async for message in heard.listen():
                        if (wake := self._read(message)) is not None:
                            await unheard.put(wake)
            except _FAILURES as error:
                self._hearing.failed(error)
                await asyncio.sleep(PAUSE_SECONDS)

    def _read(self, message: dict[str, Any]) -> Wake | None:
        """What a message tells, if it is one of ours; that a subscription begins is one of them."""
        if message["type"] == "subscribe":
            self._hearing.worked()
            return Wake(MISSED, "")
        if message["type"] != "message":
            return None
        digest, payload = message["data"][:_DIGEST_BYTES], message["data"][_DIGEST_BYTES:]
        wake = Wake(message["channel"].decode().removeprefix(self._name("")), payload.decode(errors="replace"))
        return wake if hmac.compare_digest(digest, self._seal(wake)) else None

    # --- Names and seals --------------------------------------------------------------------

    def _name(self, channel: str) -> str:
        return f"{self._prefix}:{channel}"

    def _seal(self, wake: Wake) -> bytes:
        """What belongs to this message alone: whoever else writes to this Redis is not believed."""
        content = f"{self._name(wake.channel)}\0{wake.payload}".encode()
        return hashlib.blake2b(content, key=self._secret, digest_size=_DIGEST_BYTES).digest()


class _Link:
    """Whether Redis is there for one direction; logged when that changes."""

    def __init__(self, what: str) -> None:
        self.is_down = False
        self._what = what
        self._next_try_at = 0.0
        self._lock = threading.Lock()

    def may_be_tried(self) -> bool:
        """Whether to use it now: while it is down, one caller in each pause finds out whether it is back."""
        with self._lock:
            now = time.monotonic()
            if self.is_down and now < self._next_try_at:
                return False
            self._next_try_at = now + PAUSE_SECONDS
            return True

    def worked(self) -> None:
        """It is there."""
        with self._lock:
            was_down, self.is_down = self.is_down, False
        if was_down:
            log.warning("wake-ups are %s by Redis again", self._what)

    def failed(self, error: Exception) -> None:
        """It is not."""
        with self._lock:
            was_down, self.is_down = self.is_down, True
            self._next_try_at = time.monotonic() + PAUSE_SECONDS
        if not was_down:
            log.warning("no wake-ups are %s, the log is polled: %s %s", self._what, type(error).__name__, error)

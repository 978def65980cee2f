"""One open connection as the hub sees it: who listens, to what, and a bounded queue of what is on its way to them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from types import coroutine
from typing import Any

from apps.live.frames import Topic
from apps.profiles.viewer import Viewer

#: Frames and characters that may wait for a client to read; what is more closes the connection. The texts are shared
#: with all others who get them.
MAX_QUEUED_FRAMES = 1000
MAX_QUEUED_CHARACTERS = 512 * 1024
#: Frames of the queue that are sent at once.
FRAMES_AT_ONCE = 50

BAD_FRAME, ENDED, UNKNOWN_SITE, TOO_SLOW, TOO_MANY, RESTART = 4400, 4401, 4404, 4408, 4429, 1012


class Subscription:
    """One thing that a listener follows, and up to where they have been told of it."""

    __slots__ = ("id", "last", "listener", "to")

    def __init__(self, listener: Listener, *, to: str, id: int, last: int) -> None:
        self.listener, self.to, self.id = listener, to, id
        #: The position of the last frame; the first one refers to where the subscription began.
        self.last = last


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach a client: both may fail when it has gone."""

    #: Some frames at once: together they cost little more than one.
    send: Callable[[tuple[str, ...]], Coroutine[Any, Any, None]]
    close: Callable[[int], Awaitable[None]]


@coroutine
def _finish(begun: Coroutine[Any, Any, None], waiting: Any) -> Generator[Any, Any, None]:
    """Await to its end what was begun outside of any task and waits for something now."""
    try:
        while True:
            try:
                answer = yield waiting
            except BaseException as error:
                # Whatever is thrown at who awaits this, above all a cancellation, is for what was begun.
                waiting = begun.throw(error)
            else:
                waiting = begun.send(answer)
    except StopIteration:
        return


class Listener:
    """A socket or a stream."""

    __slots__ = ("_characters", "_queue", "_task", "_way", "behind_since", "is_closed", "subscriptions", "viewer")

    def __init__(self, viewer: Viewer, way: Way) -> None:
        self.viewer = viewer
        self.subscriptions: dict[Topic, Subscription] = {}
        self.is_closed = False
        #: Since when something has been waiting for the client to read, without an end; None while nothing does.
        self.behind_since: float | None = None
        self._way = way
        self._queue: deque[str] | None = None
        self._characters = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def profile_id(self) -> int:
        """Who listens; 0 is a guest."""
        return self.viewer.profile_id

    def push(self, *texts: str) -> None:
        """Send frames behind those that wait; a client that does not read them is cut off."""
        if self.is_closed:
            return
        if self._task is None:
            self._begin(texts)
            return
        if self._queue is None:
            self._queue = deque()
        self._queue.extend(texts)
        self._characters += sum(map(len, texts))
        if len(self._queue) > MAX_QUEUED_FRAMES or self._characters > MAX_QUEUED_CHARACTERS:
            self.close(TOO_SLOW)

    @property
    def is_far_behind(self) -> bool:
        """Whether who has much to say had better wait for the client."""
        return self._queue is not None and len(self._queue) >= MAX_QUEUED_FRAMES // 2

    async def drained(self) -> None:
        """Until nothing waits any more."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def close(self, code: int) -> None:
        """End the connection; what still waits is not sent."""
        if self.is_closed:
            return
        self.is_closed = True
        if self._queue is not None:
            self._queue.clear()
        self._task = asyncio.create_task(self._end(self._task, code))

    def gone(self) -> None:
        """The client has left by itself."""
        self.is_closed = True
        if self._task is not None:
            self._task.cancel()

    def _begin(self, texts: tuple[str, ...]) -> None:
        """Send at once; only what has to wait for the client gets a task, which is most of the price of a frame."""
        sending = self._way.send(texts)
        try:
            waiting = sending.send(None)
        except StopIteration:
            return
        except (OSError, RuntimeError):
            # A client that goes away while something is sent is noticed by whoever reads from it.
            return
        self._task = asyncio.create_task(self._drain(sending, waiting))
        self.behind_since = time.monotonic()

    async def _drain(self, sending: Coroutine[Any, Any, None], waiting: Any) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            await _finish(sending, waiting)
            while self._queue:
                # Some of them: what is not handed to the server yet is what may be too much.
                texts = tuple(self._queue.popleft() for _ in range(min(FRAMES_AT_ONCE, len(self._queue))))
                self._characters -= sum(map(len, texts))
                await self._way.send(texts)
        if self._task is asyncio.current_task():
            self._task, self._queue, self.behind_since = None, None, None

    async def _end(self, sending: asyncio.Task[None] | None, code: int) -> None:
        if sending is not None:
            # It may be stuck in a send that no reader will ever end.
            sending.cancel()
            await asyncio.wait([sending])
        with contextlib.suppress(OSError, RuntimeError):
            await self._way.close(code)

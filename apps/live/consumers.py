"""The socket `/live/v1`: sign in, follow places, get small frames of what changes there (docs/api/live.md)."""

import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from channels.consumer import AsyncConsumer
from django.db import Error as DatabaseError

from apps.core.client_address import Address
from apps.core.errors import ApiError
from apps.live import entrance
from apps.live.database import client_database
from apps.live.frames import BadFrame, Frame, Ping, SignIn, Subscribe, Typing, Unsubscribe, read_frame, text, topic_of
from apps.live.hub import hub
from apps.live.listener import BAD_FRAME, ENDED, RESTART, TOO_MANY, UNKNOWN_SITE, Listener, Subscription, Way
from apps.live.protocol import EXTENSION, frames_message
from apps.live.queries import may_follow
from apps.live.replay import Replay
from apps.profiles.viewer import Viewer

log = logging.getLogger(__name__)

MAX_SUBSCRIPTIONS = 100
#: What a client may send all the time, and at once: a subscription for everything that it follows, and what waited
#: while something held us up.
MAX_FRAMES_PER_SECOND = 20.0
MAX_FRAMES_AT_ONCE = 120

Message = dict[str, Any]


class LiveConsumer(AsyncConsumer):  # type: ignore[misc]  # has no stubs
    """One socket; guests may follow what guests may read."""

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Mapping[str, Any]], Coroutine[Any, Any, None]],
    ) -> None:
        # Not by Channels' dispatch, which keeps a task for each socket and goes through a thread for each frame.
        self.base_send = send
        self.listener: Listener | None = None
        self._frames_left, self._counted_at = float(MAX_FRAMES_AT_ONCE), time.monotonic()
        address = entrance.client_address_of_scope(scope)
        try:
            await self._serve(scope, receive, address)
        finally:
            if self.listener is not None:
                self.listener.gone()
                entrance.leave(address, self.listener.viewer)
                await hub.leave(self.listener)

    async def _serve(self, scope: Message, receive: Callable[[], Awaitable[Message]], address: Address) -> None:
        await receive()
        if not entrance.is_welcome_origin(scope):
            # Before it is accepted this refuses the handshake with 403.
            await self.base_send({"type": "websocket.close", "code": 4403})
            return
        await self.base_send({"type": "websocket.accept"})
        try:
            await self._enter(scope, address)
        except DatabaseError as error:
            log.warning("a socket cannot be opened, the database does not answer: %s", error)
            await self._close(RESTART)
            return
        if self.listener is None:
            return
        while (message := await receive())["type"] != "websocket.disconnect":
            if not self.listener.is_closed:
                await self._take(self.listener, message)

    async def _enter(self, scope: Message, address: Address) -> None:
        """Find out who listens where; a socket that is not let in is closed with the reason."""
        site = await client_database.run(entrance.site_of, scope)
        # The apex has no feed either, and its members' profiles are their own affair (A1).
        if site is None or site.is_root:
            await self._close(UNKNOWN_SITE)
            return
        viewer: Viewer | None = Viewer(site=site)
        try:
            token = entrance.bearer_token(scope)
            if token:
                viewer = await client_database.run(entrance.current_viewer, site=site, token=token)
        except ApiError:
            viewer = None
        if viewer is None:
            await self._close(ENDED)
            return
        if not entrance.enter(address, viewer):
            await self._close(TOO_MANY)
            return
        takes_frames = EXTENSION in scope.get("extensions", ())
        way = Way(send=self._send_whole if takes_frames else self._send_each, close=self._close)
        self.listener = Listener(viewer, way)
        await hub.enter(self.listener)
        if viewer.profile_id:
            self.listener.push(text(type="signed_in", profileId=viewer.profile_id))

    async def _take(self, listener: Listener, message: Message) -> None:
        if self._is_flooding():
            listener.close(TOO_MANY)
            return
        try:
            await self._obey(listener, read_frame(message.get("text")))
        except BadFrame as error:
            listener.push(text(type="error", code=BAD_FRAME, detail=str(error)))
            await listener.drained()
            listener.close(BAD_FRAME)
        except DatabaseError as error:
            log.warning("a socket is closed, the database does not answer: %s", error)
            listener.close(RESTART)

    def _is_flooding(self) -> bool:
        last_at, self._counted_at = self._counted_at, time.monotonic()
        earned = (self._counted_at - last_at) * MAX_FRAMES_PER_SECOND
        self._frames_left = min(self._frames_left + earned, MAX_FRAMES_AT_ONCE) - 1
        return self._frames_left < 0

    async def _obey(self, listener: Listener, frame: Frame) -> None:
        if isinstance(frame, Ping):
            listener.push(text(type="pong", position=hub.rooms[listener.viewer.site_id].told))
        elif isinstance(frame, SignIn):
            await self._sign_in(listener, frame)
        elif isinstance(frame, Subscribe):
            await self._subscribe(listener, frame)
        elif isinstance(frame, Unsubscribe):
            hub.unsubscribe(listener, topic_of(frame.to, frame.id, profile_id=listener.profile_id))
            listener.push(text(type="unsubscribed", to=frame.to, id=frame.id))
        elif isinstance(frame, Typing):
            if listener.profile_id and ("presence", frame.id) in listener.subscriptions:
                await hub.presence.type(listener, frame.id)
            else:
                raise BadFrame("only who is present under an item can be typing there")

    async def _sign_in(self, listener: Listener, frame: SignIn) -> None:
        if listener.profile_id or listener.subscriptions:
            raise BadFrame("sign in first, and once")
        viewer = await client_database.run(entrance.current_viewer, site=listener.viewer.site, token=frame.token)
        if viewer is None:
            listener.close(ENDED)
        elif not entrance.become(viewer):
            listener.close(TOO_MANY)
        else:
            listener.viewer = viewer
            listener.push(text(type="signed_in", profileId=viewer.profile_id))

    async def _subscribe(self, listener: Listener, frame: Subscribe) -> None:
        topic = topic_of(frame.to, frame.id, profile_id=listener.profile_id)
        hub.unsubscribe(listener, topic)
        if len(listener.subscriptions) >= MAX_SUBSCRIPTIONS:
            listener.close(TOO_MANY)
            return
        if not await client_database.run(may_follow, listener.viewer, to=frame.to, id=frame.id):
            listener.push(text(type="refused", to=frame.to, id=frame.id))
            return
        if listener.is_closed:
            return
        position = hub.rooms[listener.viewer.site_id].position if frame.after is None else frame.after
        subscription = Subscription(listener, to=frame.to, id=frame.id, last=position)
        listener.push(text(type="subscribed", to=frame.to, id=frame.id, position=position))
        if frame.after is None or frame.to == "presence":
            hub.subscribe(subscription, topic)
        else:
            await Replay(hub, subscription, [topic]).run()

    def _send_whole(self, texts: tuple[str, ...]) -> Coroutine[Any, Any, None]:
        return self.base_send(frames_message(texts))

    async def _send_each(self, texts: tuple[str, ...]) -> None:
        for each in texts:
            await self.base_send({"type": "websocket.send", "text": each})

    async def _close(self, code: int) -> None:
        await self.base_send({"type": "websocket.close", "code": code})

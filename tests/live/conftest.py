"""Sockets and streams inside the process; every frame they say is checked against docs/api/asyncapi.json."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest_asyncio
from channels.testing import WebsocketCommunicator
from django.db import connections

from apps.core.queries import log_place
from apps.live import entrance
from apps.live.hub import hub
from microcosm.asgi import application
from tests.factories import Forum, Person, make_forum
from tests.live.frames import check_frame

PATIENCE = 30


async def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run database work in a thread that leaves no connection behind."""

    def work() -> Any:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return await asyncio.to_thread(work)


async def position(forum: Forum) -> int:
    """Where the log of a site ends."""
    return int((await call(log_place, site_id=forum.site.id)).head)


async def until(question: Callable[[], Awaitable[bool]]) -> None:
    """Until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not await question():
            await asyncio.sleep(0.02)


class Socket:
    """A connected socket whose frames are checked."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self.communicator = communicator

    async def say(self, **frame: Any) -> None:
        """Send a frame."""
        check_frame(frame, said=True)
        await self.communicator.send_json_to(frame)

    async def hear(self, *, past: tuple[str, ...] = ()) -> dict[str, Any]:
        """The next frame, passing over those of some types."""
        while True:
            frame: dict[str, Any] = await self.communicator.receive_json_from(timeout=PATIENCE)
            check_frame(frame)
            if frame["type"] not in past:
                return frame

    async def ask(self, **frame: Any) -> dict[str, Any]:
        """Send a frame and take the answer, passing over what is told meanwhile."""
        await self.say(**frame)
        return await self.hear(past=("counts", "presence", "access"))

    async def follow(self, to: str, id: int = 0, **more: Any) -> int:
        """Subscribe; the position where that begins."""
        answer = await self.ask(type="subscribe", to=to, **({"id": id} if id else {}), **more)
        assert answer["type"] == "subscribed", answer
        return int(answer["position"])

    async def changes(self, count: int) -> list[dict[str, Any]]:
        """The next changes, whose chain is checked for each subscription."""
        found: list[dict[str, Any]] = []
        last: dict[tuple[str, int], int] = {}
        while len(found) < count:
            frame = await self.hear(past=("counts", "presence", "access"))
            assert frame["type"] == "change", frame
            key = (frame["to"], frame["id"])
            assert frame["previous"] == last.get(key, frame["previous"])
            assert frame["previous"] < frame["position"]
            last[key] = frame["position"]
            found.append(frame)
        return found

    async def silence(self) -> None:
        """Nothing comes but what is told once a second: all that was said before a pong has been sent."""
        for _twice in range(2):
            await self.say(type="ping")
            assert (await self.hear(past=("counts", "presence")))["type"] == "pong"

    async def closing_code(self) -> int:
        """The code the server closes with, past frames it sends before."""
        while True:
            message = await self.communicator.receive_output(timeout=PATIENCE)
            if message["type"] == "websocket.close":
                code: int = message["code"]
                await self.communicator.disconnect()
                return code

    async def close(self) -> None:
        """Leave."""
        await self.communicator.disconnect()


async def open_socket(
    host: str, *, token: str = "", headers: dict[str, str] | None = None, path: str = "/live/v1"
) -> Socket:
    """A connected socket, signed in by the header if there is a token."""
    given = {"host": host, **({"authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
    communicator = WebsocketCommunicator(
        application, path, headers=[(name.encode(), value.encode()) for name, value in given.items()]
    )
    connected, _ = await communicator.connect(timeout=PATIENCE)
    assert connected
    return Socket(communicator)


async def open_for(forum: Forum, person: Person | None = None) -> Socket:
    """A socket of somebody, or of a guest, past the frame that says so."""
    socket = await open_socket(forum.host, token=person.token if person else "")
    if person:
        assert await socket.hear() == {"type": "signed_in", "profileId": person.id}
    return socket


@pytest_asyncio.fixture
async def forum(transactional_db: None) -> AsyncIterator[Forum]:
    """A forum whose rows other connections can see, and a hub that nobody else uses."""
    yield await call(make_forum, "alpha")
    for room in list(hub.rooms.values()):
        for listener in list(room.listeners):
            listener.gone()
            await hub.leave(listener)
    await hub.stop()
    entrance._addresses.clear()
    entrance._people.clear()

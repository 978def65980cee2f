"""The least a hub can do: on each notification the same text to every socket; no log, no rights, no queues."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from django import setup

setup()

from apps.core.wakes import address  # noqa: E402

Message = dict[str, Any]
FRAME = '{"type":"change","to":"conversation","id":1,"previous":1,"position":2,"kind":"conversation.edited","ids":{}}'
_sockets: set[Callable[[Message], Awaitable[None]]] = set()
_tasks: list[asyncio.Task[None]] = []


async def application(scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
    """Accept, say that it is subscribed, and stay."""
    if scope["type"] != "websocket":
        raise NotImplementedError
    if not _tasks:
        _tasks.append(asyncio.create_task(_follow()))
    await receive()
    await send({"type": "websocket.accept"})
    await receive()
    await send({"type": "websocket.send", "text": '{"type":"subscribed"}'})
    _sockets.add(send)
    while (await receive())["type"] != "websocket.disconnect":
        pass
    _sockets.discard(send)


async def _follow() -> None:
    async with await psycopg.AsyncConnection.connect(**address(), autocommit=True) as wakes:
        await wakes.execute("LISTEN bare")
        async for _note in wakes.notifies():
            for send in list(_sockets):
                await send({"type": "websocket.send", "text": FRAME})

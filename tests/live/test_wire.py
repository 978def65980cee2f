"""Sockets over TCP, as the server speaks them: what no text of JSON can be (W3), and clients that do not read (W6)."""

import asyncio
import contextlib
import re
import socket as sockets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from django.db import transaction
from uvicorn.protocols.utils import ClientDisconnected
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from apps.core.events import publish
from apps.live import entrance, protocol
from apps.live.hub import hub
from apps.live.listener import TOO_SLOW
from apps.live.protocol import EXTENSION, SocketProtocol, frames_message
from apps.sites.events import SiteEdited
from microcosm.asgi import application
from tests.factories import Forum
from tests.live.conftest import PATIENCE, call, position, until
from tests.live.test_socket import edit_site

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]

UNIT = Path(__file__).parents[2] / "deploy/microcosm-live.service"


def options() -> dict[str, Any]:
    """What the unit starts the server with."""
    command = re.search(r"^ExecStart=\S+/uvicorn (.*)$", UNIT.read_text(), re.MULTILINE)
    assert command
    words = command[1].replace("${LIVE_WORKERS}", "1").split()
    context = uvicorn.main.make_context("uvicorn", words)
    names = ("backlog", "http", "lifespan", "ws", "ws_max_size", "ws_per_message_deflate", "ws_ping_interval")
    return {name: context.params[name] for name in names}


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """The port of a server of this event loop."""
    config = uvicorn.Config(app, port=0, log_level="critical", **options())
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    # What the kernel keeps for a client that does not read is no part of this.
    listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 32 * 1024)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: asyncio.sleep(0, server.started))
    yield listener.getsockname()[1]
    server.should_exit = server.force_exit = True
    await task


@pytest_asyncio.fixture
async def port(forum: Forum) -> AsyncIterator[int]:
    """Where the sockets of the platform are."""
    async with serving(application) as port:
        yield port


def open_socket(port: int, host: str = "alpha.localhost", **more: Any) -> connect:
    """A socket of a guest."""
    return connect(f"ws://{host}:{port}/live/v1", host="127.0.0.1", port=port, **more)


async def bystander(port: int, forum: Forum) -> ClientConnection:
    """Somebody who follows the site and does nothing wrong."""
    client = await open_socket(port, forum.host)
    await client.send('{"type":"subscribe","to":"site"}')
    assert '"subscribed"' in str(await client.recv())
    return client


async def handshake(port: int, more: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An open socket to write bytes to; `more` is sent in one piece with the request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /live/v1 HTTP/1.1\r\nHost: alpha.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n" + more
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
    assert head.startswith(b"HTTP/1.1 101 ")
    # Nothing compressed is agreed on, so nothing small can become large.
    assert b"permessage-deflate" not in head.lower()
    return reader, writer


def frame(payload: bytes, *, opcode: int = Opcode.TEXT, bits: int = 0x80, is_masked: bool = True) -> bytes:
    """A frame of a client, right or wrong; `bits` are the first four, a mask of zeroes leaves the payload as it is."""
    length, mask = len(payload), 0x80 if is_masked else 0
    size = bytes([mask | length]) if length < 126 else bytes([mask | 126]) + length.to_bytes(2, "big")
    return bytes([bits | opcode]) + size + (b"\0" * 4 if is_masked else b"") + payload


async def next_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Opcode and payload of what the server says next."""
    async with asyncio.timeout(PATIENCE):
        first, length = await reader.readexactly(2)
        if length == 126:
            length = int.from_bytes(await reader.readexactly(2), "big")
        return first & 0x0F, await reader.readexactly(length)


async def closing_code(reader: asyncio.StreamReader) -> int:
    """The code of the frame that closes the connection, past others."""
    while True:
        opcode, payload = await next_frame(reader)
        if opcode == Opcode.CLOSE:
            return int.from_bytes(payload[:2], "big")


PING = b'{"type":"ping"}'
BROKEN: dict[str, tuple[bytes, int]] = {
    "binary": (frame(PING, opcode=Opcode.BINARY), 4400),
    "not UTF-8": (frame(b'{"type":"ping","x":"\xff\xfe"}'), 1007),
    "half a character": (frame(b'{"type":"ping","x":"\xe2\x82'), 1007),
    "compressed although that was not agreed": (frame(PING, bits=0xC0), 1002),
    "a reserved bit": (frame(PING, bits=0x90), 1002),
    "an unknown opcode": (frame(b"", opcode=3), 1002),
    "not masked": (frame(PING, is_masked=False), 1002),
    "the end of nothing": (frame(PING, opcode=Opcode.CONT), 1002),
    "a beginning within another": (frame(PING, bits=0) * 2, 1002),
    "a ping that is too long": (frame(b"x" * 126, opcode=Opcode.PING), 1002),
    "more than may be": (frame(b'{"type":"ping","x":"' + b"y" * 10_000 + b'"}'), 1009),
    "more than there is memory, only announced": (bytes([0x81, 0xFF]) + (2**62).to_bytes(8, "big") + b"\0" * 4, 1009),
    "more than may be, in pieces": (
        frame(b"x" * 1000, bits=0) + frame(b"x" * 1000, opcode=Opcode.CONT, bits=0) * 9,
        1009,
    ),
    "deep": (frame(b"[" * 4000), 4400),
    "no frame": (b"GET / HTTP/1.1\r\n\r\n", 1002),
}


async def test_w3_what_is_no_frame_closes_that_socket_alone(forum: Forum, port: int) -> None:
    other = await bystander(port, forum)
    for name, (data, code) in BROKEN.items():
        reader, writer = await handshake(port)
        writer.write(data)
        assert await closing_code(reader) == code, name
        writer.close()
    await call(edit_site, forum)
    assert '"change"' in str(await asyncio.wait_for(other.recv(), PATIENCE))
    await other.close()
    await until(lambda: asyncio.sleep(0, not hub.rooms))
    assert not entrance._addresses


async def test_w3_frames_before_the_handshake_is_answered_harm_nobody(forum: Forum, port: int) -> None:
    """No client may send any; those in one piece with the request are thrown away, as HTTP knows no such body."""
    other = await bystander(port, forum)
    for data in (frame(b"{"), frame(PING, bits=0xF0), b"\0" * 20_000):
        reader, writer = await handshake(port, data)
        writer.write(frame(PING))
        _opcode, payload = await next_frame(reader)
        assert b'"pong"' in payload
        writer.close()
    await call(edit_site, forum)
    assert '"change"' in str(await asyncio.wait_for(other.recv(), PATIENCE))
    await other.close()


def edit_often(forum: Forum, times: int) -> None:
    """Many changes that everybody hears of, in one transaction."""
    with transaction.atomic():
        for _ in range(times):
            publish(SiteEdited(site_id=forum.site.id, actor_id=forum.owner.id))


async def test_w6_a_client_that_stops_reading_is_let_go_and_can_resume(
    forum: Forum, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for it stays small, it is closed with a code if it reads again soon, and others hear everything."""
    slow_side = sockets.socket()
    slow_side.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 32 * 1024)
    slow_side.setblocking(False)
    await asyncio.get_running_loop().sock_connect(slow_side, ("127.0.0.1", port))
    slow = await connect(f"ws://{forum.host}/live/v1", sock=slow_side, max_queue=1, ping_interval=None)
    await slow.send('{"type":"subscribe","to":"site"}')
    begin = await position(forum)
    assert '"subscribed"' in str(await slow.recv())
    (stuck,) = hub.rooms[forum.site.id].listeners
    quick = await bystander(port, forum)
    slow.transport.pause_reading()
    written = 0
    while not stuck.is_closed:
        await call(edit_often, forum, 300)
        for _ in range(300):
            assert '"change"' in str(await asyncio.wait_for(quick.recv(), PATIENCE))
        written += 300
        assert stuck._characters <= 512 * 1024
        assert written < 100_000
    assert not stuck._queue
    slow.transport.resume_reading()
    async with asyncio.timeout(PATIENCE):
        read = [message async for message in heard(slow)]
    assert slow.close_code == TOO_SLOW
    last = int(re.findall(r'"position":(\d+)', read[-1])[0]) if read else begin
    again = await open_socket(port, forum.host)
    await again.send(f'{{"type":"subscribe","to":"site","after":{last}}}')
    assert '"subscribed"' in str(await again.recv())
    for _ in range(written - len(read)):
        assert '"change"' in str(await asyncio.wait_for(again.recv(), PATIENCE))
    for client in (quick, again):
        await client.close()


async def heard(client: ClientConnection) -> AsyncIterator[str]:
    """What comes until the connection is closed."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            yield str(await client.recv())


@pytest.mark.parametrize("how", ["closed", "leaves"])
async def test_w6_who_never_reads_again_does_not_keep_the_connection(how: str) -> None:
    """A transport that is closed would wait for ever until the client has read what was written before."""
    ended = asyncio.Event()

    async def flood(scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        assert EXTENSION in scope["extensions"]
        await receive()
        await send({"type": "websocket.accept"})
        message = frames_message(("x" * 100_000,))
        with contextlib.suppress(TimeoutError, ClientDisconnected):
            while True:
                await asyncio.wait_for(send(message), 0.2)
        if how == "closed":
            await send({"type": "websocket.close", "code": TOO_SLOW})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        with pytest.raises(ClientDisconnected):
            await send(message)
        ended.set()

    monkeypatch = pytest.MonkeyPatch()
    real = SocketProtocol.__init__

    def impatient(self: SocketProtocol, *args: Any, **options: Any) -> None:
        real(self, *args, **options)
        self.close_timeout = 0.1

    monkeypatch.setattr(protocol.SocketProtocol, "__init__", impatient)
    try:
        async with serving(flood) as port:
            _reader, writer = await handshake(port)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            if how == "leaves":
                writer.write(frame(b"\x03\xe8", opcode=Opcode.CLOSE))
            await asyncio.wait_for(ended.wait(), PATIENCE)
            writer.transport.abort()
    finally:
        monkeypatch.undo()


async def test_w6_who_never_reads_the_end_of_a_stream_does_not_keep_the_connection(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol.StreamProtocol, "close_timeout", 0.1)
    ended = asyncio.Event()

    async def noted(scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        await application(scope, receive, send)
        ended.set()

    async with serving(noted) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /api/v1/changes/stream HTTP/1.1\r\nHost: {forum.host}\r\n\r\n".encode())
        await asyncio.wait_for(reader.readuntil(b"event: open"), PATIENCE)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        (stuck,) = hub.rooms[forum.site.id].listeners
        while not stuck.is_closed:
            stuck.push('{"type":"change"}' * 1000)
            await asyncio.sleep(0)
        assert entrance._addresses
        await asyncio.wait_for(ended.wait(), PATIENCE)
        assert not entrance._addresses
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        with contextlib.suppress(ConnectionError):
            assert not (await asyncio.wait_for(reader.read(), PATIENCE)).endswith(b"0\r\n\r\n")
        writer.transport.abort()


async def test_frames_of_one_message_arrive_as_they_were_given() -> None:
    texts = ("", "a" * 125, "ä" * 100, "b" * 65_535, "c" * 65_536)

    async def tell(scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send(frames_message(texts))
        await send({"type": "websocket.send", "text": "the last"})
        await send({"type": "websocket.close", "code": 4000})

    async with serving(tell) as port, open_socket(port) as client:
        assert [await client.recv() for _ in range(6)] == [*texts, "the last"]
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4000
    assert frames_message(("", *texts[1:])) is frames_message(texts)

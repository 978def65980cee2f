"""uvicorn's sockets as production runs them: who sends what cannot be read is told so and let go (W1, W2)."""

import asyncio
import struct

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from apps.live.protocol import SocketProtocol

PATIENCE = 30
HANDSHAKE = (
    b"GET /live/v1 HTTP/1.1\r\nHost: forum\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
#: The start of a masked frame of text that says it has a gigabyte, and of one whose text is no UTF-8.
ENDLESS = b"\x81\xff" + struct.pack("!Q", 2**30) + b"mask"
BROKEN = b"\x81\x81\x00\x00\x00\x00\xff"


class Impatient(SocketProtocol):
    """Does not let a test wait for ten seconds."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.close_timeout = 0.1


async def application(scope: object, receive: object, send: object) -> None:
    """Accepts, and listens until the end."""
    await receive()  # type: ignore[operator]
    await send({"type": "websocket.accept"})  # type: ignore[operator]
    while (await receive())["type"] != "websocket.disconnect":  # type: ignore[operator]
        pass


async def send_for_ever(writer: asyncio.StreamWriter) -> None:
    """Send as fast as it is taken."""
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


@pytest.mark.asyncio
@pytest.mark.parametrize(("frame", "code"), [(ENDLESS, 1009), (BROKEN, 1007)])
async def test_who_never_stops_sending_is_told_why_and_let_go_in_the_end(frame: bytes, code: int) -> None:
    config = Config(application, ws_max_size=8192, lifespan="off")
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(lambda: Impatient(config, state, {}), "127.0.0.1", 0)
    async with server, asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(frame)
        closing = await reader.read()
        assert closing[0] == 0x88
        assert struct.unpack("!H", closing[2:4]) == (code,)
        # It has said the last it had to say, and still takes what comes - for a while.
        with pytest.raises(ConnectionError):
            await send_for_ever(writer)
        assert not state.connections
        await asyncio.gather(*state.tasks)
        writer.close()

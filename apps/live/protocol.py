"""uvicorn's protocols, changed in some ways (docs/decisions/0053 and 0080); named by `--ws` and `--http` of the server.

That of sockets takes whole frames: an application that finds `EXTENSION` in the scope's extensions may send messages of
that type, whose `data` is any number of frames, the same bytes for all who get them. A client that is refused learns
the code. One that does not read is let go, by that of HTTP when the application says so.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State

EXTENSION = "microcosm.frames"
#: Where the scope of HTTP has the function that lets go of a client that does not read the end of its answer.
CUT_OFF_LATER = "microcosm.cut_off_later"


@lru_cache(maxsize=256)
def frames_message(texts: tuple[str, ...]) -> Mapping[str, Any]:
    """The message that sends some texts, each as a frame; of those that many sockets get in a row there is one."""
    data = b"".join(Frame(Opcode.TEXT, text.encode()).serialize(mask=False, extensions=()) for text in texts)
    return {"type": EXTENSION, "data": data}


class SocketProtocol(WebSocketsSansIOProtocol):
    """One connection. Compression must be off: frames are written as they are.

    After a frame that cannot be read it says the code, then drops what still comes until the client hangs up. uvicorn
    closes at once, while the rest of the frame is on its way: the kernel then answers that with a reset, and whoever
    gets it, the client or nginx, may throw away the code with it.

    A transport that is closed waits until the client has read what was written before, which one that does not read
    never does. Here everybody has `close_timeout` seconds to hang up or to read, and is cut off then.
    """

    is_draining = False

    def handle_connect(self, event: Request) -> None:
        """Say in the scope that frames are taken."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            # The application begins only when this has returned.
            self.scope["extensions"][EXTENSION] = {}  # type: ignore[typeddict-unknown-key]

    async def send(self, message: Any) -> None:
        """Take a message of the application; waits while the client does not read."""
        if message["type"] == EXTENSION:
            if not self.writable.is_set():
                await self.writable.wait()
            if self.conn.state is not State.OPEN or self.disconnected or self.transport.is_closing():
                raise ClientDisconnected
            self.transport.write(message["data"])
        elif message["type"] == "websocket.close":
            await self._close(message)
        else:
            await super().send(message)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent, which may be the end."""
        if self.is_draining:
            return
        super().data_received(data)
        if self.transport.is_closing():
            self._abort_later()

    def handle_parser_exception(self) -> None:
        """End a socket whose frame is too large, or none."""
        self.is_draining = True
        self.stop_keepalive()
        said = self.conn.close_sent
        if said is not None:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": said.code, "reason": said.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.transport.can_write_eof():
            # What a client waits for after the code (RFC 6455, 7.1.7); it may go on sending.
            self.transport.write_eof()
        self._abort_later()

    def keepalive_timeout(self) -> None:
        """The client has not answered a ping."""
        super().keepalive_timeout()
        self._abort_later()

    async def _close(self, message: Any) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.writable.wait(), self.close_timeout)
        if self.writable.is_set():
            await super().send(message)
            self._abort_later()
        else:
            self.transport.abort()

    def _abort_later(self) -> None:
        if self.close_timer is not None:
            self.close_timer.cancel()
        if not self.disconnected:
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)


class StreamProtocol(H11Protocol):
    """One connection of HTTP, whose application can have it cut off `close_timeout` seconds later.

    The last piece of an answer, and a transport that is closed, wait until the client has read what was written before.
    """

    close_timeout = 10.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Say in the scope of each request how to cut it off."""
        super().connection_made(transport)
        cut_off_later = partial(self.loop.call_later, self.close_timeout, transport.abort)
        self.app = partial(_run, self.app, cut_off_later)


async def _run(app: Any, cut_off_later: Any, scope: Any, receive: Any, send: Any) -> None:
    await app({**scope, CUT_OFF_LATER: cut_off_later}, receive, send)

"""HTTP and sockets on one port: sockets stay in the event loop, HTTP goes to the WSGI application in a thread.

Whole requests in, whole answers out. Streaming through a queue, as a2wsgi does it, was slower and left a thread waiting
for ever for each client that went away (docs/decisions/0005). Development only.
"""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote_to_bytes

from microcosm.routing import Receive, Scope, Send

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
AsgiApplication = Callable[[Scope, Receive, Send], Awaitable[None]]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]

#: A body is held in memory: more than nginx lets through in production is not read.
LONGEST_BODY = 32 * 1024 * 1024
#: What nginx says of it in production.
TOO_LONG = (
    b'{"context":"","status":413,"data":{"siteId":0,"errorCode":4,"errorDetail":"The request is too large."},'
    b'"error":["The request is too large."]}'
)
TOO_LONG_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(TOO_LONG)).encode()),
    (b"cache-control", b"private, no-cache, max-age=0"),
    (b"access-control-allow-origin", b"*"),
    (b"connection", b"close"),
]
THREADS = 16
#: HTTP that is as long as a socket.
STREAM_PATH = "/api/v1/changes/stream"


def one_port(http: WsgiApplication, sockets: AsgiApplication) -> AsgiApplication:
    """An ASGI application that serves both."""
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="http")

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            socket = ClosableSocket(receive, send)
            await sockets(scope, socket.receive, socket.send)
            return
        if scope["path"] == STREAM_PATH:
            await sockets(scope, receive, send)
            return
        body = await read_body(receive)
        if body is None:
            status, headers, content = 413, TOO_LONG_HEADERS, TOO_LONG
        else:
            loop = asyncio.get_running_loop()
            status, headers, content = await loop.run_in_executor(threads, answer, http, scope, body)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return application


class ClosableSocket:
    """A socket of granian's, which cannot be closed while somebody waits to receive: their waiting is ended first."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._waiting: asyncio.Future[dict[str, Any]] | None = None
        self._is_closing = False
        self._closed = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        """The next message; a disconnect once it was closed from here."""
        if not self._is_closing:
            waiting = self._waiting = asyncio.ensure_future(self._receive())
            try:
                await asyncio.wait([waiting])
            except asyncio.CancelledError:
                waiting.cancel()
                raise
            if not waiting.cancelled():
                return waiting.result()
        # Who hears of the end may leave at once, and what is not sent by then never is.
        await self._closed.wait()
        return {"type": "websocket.disconnect", "code": 1005}

    async def send(self, message: dict[str, Any]) -> None:
        """Pass a message on."""
        if message["type"] != "websocket.close":
            await self._send(message)
            return
        self._is_closing = True
        try:
            if self._waiting is not None and not self._waiting.done():
                self._waiting.cancel()
                await asyncio.wait([self._waiting])
            await self._send(message)
        finally:
            self._closed.set()


async def read_body(receive: Receive) -> bytes | None:
    """The whole body, or None if it is too long or the client left."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or len(body) > LONGEST_BODY:
            return None
        if not message.get("more_body"):
            return bytes(body)


def answer(http: WsgiApplication, scope: Scope, body: bytes) -> Answer:
    """What the WSGI application answers; runs in a thread."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], None]:
        started[:] = [status, headers]
        return lambda _data: None

    chunks = http(environ(scope, body), start_response)
    try:
        content = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = started
    return (
        int(status[:3]),
        [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        content,
    )


def environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of an ASGI request."""
    host, port = scope["server"]
    result: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        # Bytes as the client sent them: `path` has lost those that are no UTF-8.
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope.get("client") else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
        result[key] = f"{result[key]},{value}" if key in result else value
    # A chunked body came without its length; Django reads nothing without it.
    result["CONTENT_LENGTH"] = str(len(body))
    result.pop("HTTP_TRANSFER_ENCODING", None)
    return result

"""One port for HTTP and sockets: what the WSGI application is told, and what comes back."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from microcosm.development.front import LONGEST_BODY, one_port
from microcosm.development.testing import free_port, listens

Messages = list[dict[str, Any]]


def scope(**changed: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": "/ä/b",
        "raw_path": b"/%C3%A4/b",
        "query_string": b"x=1&y=%20",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 5555),
        "headers": [(b"host", b"demo.localhost"), (b"content-type", b"text/plain"), (b"x-a", b"1"), (b"x-a", b"2")],
    } | changed


def ask(application: Any, messages: Messages, **changed: Any) -> Messages:
    sent: Messages = []
    incoming = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(application(scope(**changed), receive, send))
    return sent


async def no_sockets(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "websocket.close"})


def test_a_request_reaches_wsgi_whole_and_its_answer_comes_back() -> None:
    seen: dict[str, Any] = {}

    def http(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        seen.update(environ, body=environ["wsgi.input"].read())
        start_response("201 Created", [("X-Reply", "yes")])
        return [b"o", b"k"]

    chunks: Messages = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"c", "more_body": False},
    ]
    start, body = ask(one_port(http, no_sockets), chunks)
    assert (start["status"], start["headers"], body["body"]) == (201, [(b"x-reply", b"yes")], b"ok")
    assert seen["body"] == b"abc"
    expected = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/\xc3\xa4/b",
        "QUERY_STRING": "x=1&y=%20",
        "HTTP_HOST": "demo.localhost",
        "HTTP_X_A": "1,2",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
        "REMOTE_ADDR": "127.0.0.1",
    }
    assert {name: seen[name] for name in expected} == expected


def test_the_answer_is_closed_even_if_it_fails() -> None:
    closed: list[bool] = []

    class Failing:
        def __iter__(self) -> Any:
            raise RuntimeError

        def close(self) -> None:
            closed.append(True)

    def http(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [])
        return Failing()

    with pytest.raises(RuntimeError):
        ask(one_port(http, no_sockets), [{"type": "http.request", "body": b""}])
    assert closed == [True]


def test_a_body_beyond_all_limits_is_not_read() -> None:
    def http(_environ: dict[str, Any], _start_response: Callable[..., Any]) -> Iterable[bytes]:
        raise AssertionError

    endless: Messages = [{"type": "http.request", "body": b"x" * (LONGEST_BODY + 1), "more_body": True}]
    start, body = ask(one_port(http, no_sockets), endless)
    assert (start["status"], dict(start["headers"])[b"content-type"]) == (413, b"application/json")
    assert int(dict(start["headers"])[b"content-length"]) == len(body["body"])
    error = json.loads(body["body"])
    assert list(error) == ["context", "status", "data", "error"]
    assert (error["status"], error["data"]["errorCode"]) == (413, 4)
    assert error["error"] == [error["data"]["errorDetail"]]


def test_sockets_go_to_the_socket_application() -> None:
    def http(_environ: dict[str, Any], _start_response: Callable[..., Any]) -> Iterable[bytes]:
        raise AssertionError

    assert ask(one_port(http, no_sockets), [], type="websocket") == [{"type": "websocket.close"}]


def test_a_socket_is_closed_while_it_waits_for_its_client() -> None:
    async def talk() -> tuple[str, int]:
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def sockets(_scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            closing = asyncio.create_task(send({"type": "websocket.close", "code": 4401}))
            ended.set_result((await receive())["type"])
            # Who hears of the end leaves, and takes everything along.
            closing.cancel()

        port = free_port()
        application = one_port(no_http, sockets)
        server = Server(application, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, log_enabled=False)
        serving = asyncio.ensure_future(server.serve())
        while not await asyncio.to_thread(listens, port):
            assert not serving.done()
        async with asyncio.timeout(30), connect(f"ws://127.0.0.1:{port}/", ping_interval=None) as client:
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            heard = await ended
        server.stop()  # type: ignore[no-untyped-call]
        await serving
        assert closed.value.rcvd is not None
        return heard, closed.value.rcvd.code

    assert asyncio.run(talk()) == ("websocket.disconnect", 4401)


def no_http(_environ: dict[str, Any], _start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise AssertionError

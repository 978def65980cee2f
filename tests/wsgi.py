"""Requests to WSGI applications, without the test client, which stands behind everything that is in front of Django."""

import json as json_module
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from django.test import RequestFactory

from apps.core.handler import Handler


@dataclass
class Got:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Clock:
    """A clock that tests move."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def ask(
    application: Any,
    path: str = "/api/v1/conversations/1",
    *,
    method: str = "GET",
    host: str = "a.test",
    json: Any = None,
    **headers: str,
) -> Got:
    """One request; `x_y` is the header `X-Y`."""
    content = b"" if json is None else json_module.dumps(json).encode()
    environ: dict[str, Any] = RequestFactory().generic(method, path, content, "application/json").environ
    environ["HTTP_HOST"] = host
    del environ["HTTP_COOKIE"]
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    started: list[Any] = []

    def start_response(status: str, given: list[tuple[str, str]], exc_info: Any = None) -> None:
        started[:] = [int(status[:3]), dict(given)]

    chunks = application(environ, start_response)
    body = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    return Got(*started, body)


@contextmanager
def wsgi_application() -> Iterator[Any]:
    """Ours, without what stands in front of it; the end of a request leaves the connection of a test open."""
    with patch("apps.core.handler.close_old_connections"):
        yield Handler()

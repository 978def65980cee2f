"""Our WSGI handler: what Django's does by signals is still done, and answers are as they were."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import RequestFactory
from psycopg.pq import ConnStatus

from apps.core.handler import Handler
from tests.factories import Forum
from tests.wsgi import ask


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_is_replaced_for_the_next_request(forum: Forum) -> None:
    handler = Handler()
    assert ask(handler, "/api/v1/profiles", host=forum.host).status == 200
    broken = connection.connection
    connection.errors_occurred = True
    broken.close()
    assert ask(handler, "/api/v1/profiles", host=forum.host).status == 200
    assert connection.connection is not broken


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_old_is_closed_after_a_request(forum: Forum) -> None:
    handler = Handler()
    ask(handler, "/api/v1/profiles", host=forum.host)
    first = connection.connection
    connection.close_at = 0
    ask(handler, "/api/v1/profiles", host=forum.host)
    opened = connection.connection
    assert opened is not first
    assert opened.pgconn.status == ConnStatus.OK


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_what_django_would_answer(forum: Forum) -> None:
    from django.core.handlers.wsgi import WSGIHandler

    def everything(handler: Any, path: str) -> tuple[int, dict[str, str], bytes]:
        got = ask(handler, path, host=forum.host, x_request_id="a" * 32)
        return got.status, got.headers, got.body

    for path in ("/api/v1/site", "/api/v1/nothing", "/api/v1/conversations?limit=1", "/admin/", "/api/v1/openapi.json"):
        assert everything(Handler(), path) == everything(WSGIHandler(), path)


@pytest.mark.django_db
def test_a_streamed_answer_is_closed_by_the_server() -> None:
    closed, sent = [], []

    def stream() -> Iterator[bytes]:
        try:
            yield b"piece"
        finally:
            closed.append(True)

    handler = Handler()
    handler._middleware_chain = lambda request: StreamingHttpResponse(stream())
    answer: Any = handler(RequestFactory().get("/").environ, lambda status, headers: sent.append(status))
    assert next(iter(answer)) == b"piece"
    assert (sent, closed) == (["200 OK"], [])
    answer.close()
    assert closed == [True]

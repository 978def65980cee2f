"""Sockets and streams while the database does not answer: told to come back, not broken (R7)."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from tests.factories import Forum
from tests.live.conftest import call, open_for, open_socket, position
from tests.live.test_socket import edit_site, start
from tests.live.test_stream import get

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


@contextmanager
def no_database() -> Iterator[None]:
    """Nothing listens where the database is, and the connections there are end."""
    settings = connection.settings_dict
    before = {name: settings[name] for name in ("HOST", "PORT")}
    settings |= {"HOST": "127.0.0.1", "PORT": "9"}
    try:
        yield
    finally:
        settings |= before


def end_connections() -> None:
    """As a restart of the database does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_r7_a_socket_is_told_to_come_back(forum: Forum) -> None:
    with no_database():
        socket = await open_socket(forum.host, token=forum.owner.token)
        assert await socket.closing_code() == 1012
    again = await open_for(forum, forum.owner)
    await again.close()


async def test_r7_a_socket_that_asks_for_something_is_told_to_come_back_and_misses_nothing(forum: Forum) -> None:
    item_id = await call(start, forum)
    socket = await open_for(forum)
    begin = await socket.follow("conversation", item_id)
    await call(end_connections)
    with no_database():
        await socket.say(type="subscribe", to="conversation", id=item_id)
        assert await socket.closing_code() == 1012
    await call(edit_site, forum)
    again = await open_for(forum)
    await again.follow("site", after=begin)
    assert [frame["kind"] for frame in await again.changes(1)] == ["site.edited"]
    await again.close()


async def test_r7_a_stream_is_refused_with_a_time_to_come_back(forum: Forum) -> None:
    begin = await position(forum)
    with no_database():
        refused = await get(forum)
        assert (refused.status, refused.headers[b"retry-after"]) == (503, b"1")
        assert (await refused.body())["error"] == ["The database does not answer at the moment; try again soon."]
    opened = await get(forum, f"after={begin}")
    assert opened.status == 200
    await opened.close()

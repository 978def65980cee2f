"""Waking whoever follows the change log in another process, and telling it what is no change: presence and typing.

All of it are hints. The log is the truth, and its followers look there by themselves as well. They travel by
PostgreSQL, or by Redis where WAKES_URL names one (docs/decisions/0083).
"""

import contextlib
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, NamedTuple, Protocol

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.pq import Conninfo

#: Some sites have changes; a payload is the id of one.
CHANGES = "changes"
#: Who is where, and who is typing; payloads are small JSON objects.
PRESENCE = "presence"
#: Something may have been told that was not heard; without payload.
MISSED = "missed"


class Wake(NamedTuple):
    """What was heard: less than 8,000 bytes on a channel."""

    channel: str
    payload: str


#: Waits for something to be heard, some seconds at most: empty if nothing was.
Heard = Callable[[float], Awaitable[Sequence[Wake]]]


class Wakes(Protocol):
    """A way from process to process."""

    #: The channel that the statement which writes changes notifies, where that is how they are told.
    notified: str | None

    def tell(self, channel: str, payloads: Sequence[str]) -> None:
        """Tell all processes something, once the running transaction is committed if there is one."""

    def waiting(self, site_id: int) -> AbstractContextManager[Callable[[float], bool]]:
        """For a request that waits for changes of a site.

        What is given waits until there may be some; False when the time, by the monotonic clock, is over first.
        """

    def followed(self) -> AbstractAsyncContextManager[Heard]:
        """For a process that hears everything; the database may fail in it, as anywhere."""


class PostgresWakes:
    """By LISTEN and NOTIFY."""

    notified: str | None = CHANGES

    def tell(self, channel: str, payloads: Sequence[str]) -> None:
        """Tell all processes something on commit."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_notify(%s, told.payload) FROM unnest(%s::text[]) AS told (payload)",
                [channel, list(payloads)],
            )

    @contextlib.contextmanager
    def waiting(self, site_id: int) -> Iterator[Callable[[float], bool]]:
        """Hear of changes on the connection that the request has."""
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANGES}")

        wanted = str(site_id)

        def wake(deadline: float) -> bool:
            database: Any = connection.connection
            with connection.wrap_database_errors:
                # What came with the answer to a statement (sql.py) is in libpq's hands, where psycopg does not look
                # before something else comes.
                if wanted.encode() in {note.extra for note in iter(database.pgconn.notifies, None)}:
                    return True
                while (remaining := deadline - time.monotonic()) > 0:
                    for note in database.notifies(timeout=remaining, stop_after=1):
                        if note.payload == wanted:
                            return True
            return False

        try:
            yield wake
        finally:
            if connection.connection is not None and not connection.connection.closed:
                with connection.cursor() as cursor:
                    cursor.execute(f"UNLISTEN {CHANGES}")

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[Heard]:
        """Hear everything on a connection of its own."""
        async with await psycopg.AsyncConnection.connect(**address(), autocommit=True) as listening:
            for channel in (CHANGES, PRESENCE):
                await listening.execute(f"LISTEN {channel}")

            async def heard(seconds: float) -> list[Wake]:
                notes = listening.notifies(timeout=seconds, stop_after=1)
                return [Wake(note.channel, note.payload) async for note in notes]

            yield heard


@functools.cache
def wakes() -> Wakes:
    """The way of this process."""
    if not settings.WAKES_URL:
        return PostgresWakes()
    # Its client takes a tenth of a second to import.
    from apps.core.redis_wakes import RedisWakes

    place = filter(None, ("microcosm", settings.PLATFORM_DOMAIN, settings.PLATFORM_PORT))
    return RedisWakes(settings.WAKES_URL, prefix=":".join(place), secret=settings.SECRET_KEY)


def address() -> dict[str, Any]:
    """How to reach the database that Django uses, for a connection of one's own: all that libpq knows, but settings."""
    parameters = connection.get_connection_params()
    known = {option.keyword.decode() for option in Conninfo.get_defaults()} - {"options"}
    return {name: str(value) for name, value in parameters.items() if name in known and value}

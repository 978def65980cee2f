"""Rows of a site as they were at one moment, a few at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from psycopg import ServerCursor
from psycopg.rows import namedtuple_row

from apps.core.sql import Statement

#: Rows that are in memory at once.
_CHUNK = 500


@contextmanager
def snapshot() -> Iterator[None]:
    """A read-only transaction without time limits in which the database stands still.

    It must be the outermost one: isolation can only be chosen before the first statement.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # Writing files takes its time between two fetches, and a fetch of a large forum too.
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


def stream(statement: Statement, **parameters: Any) -> Iterator[Any]:
    """The rows of a statement as named tuples, through a cursor of the server; only inside `snapshot`."""
    name = f"export_{statement.name}"
    with ServerCursor(connection.connection, name, row_factory=namedtuple_row) as cursor:  # type: ignore[arg-type]
        cursor.itersize = _CHUNK
        cursor.execute(statement.text, parameters, binary=True)  # type: ignore[arg-type]
        yield from cursor

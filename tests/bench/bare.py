"""The statements of each page with no framework around them, under the same server as the application.

The statements are those that the application itself runs for a page, noted by `record`; the server runs them on a plain
psycopg connection, prepared and binary, and dumps their rows as they are.
"""

import functools
import os
import pickle
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from apps.core.wire import dump
from microcosm.settings.base import PLANNING

#: A statement and its parameters.
Noted = tuple[str, Any]
_local = threading.local()


def record(paths: Mapping[str, tuple[str, str, str]]) -> dict[str, list[Noted]]:
    """What the application asks the database for each page: name to host, path and token.

    Left out is what finds out who asks, which is not the page's, and what writes.
    """
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connection
    from django.test import RequestFactory

    handler, factory, noted = WSGIHandler(), RequestFactory(), {}
    for name, (host, path, token) in paths.items():
        statements: list[Noted] = []

        def note(run: Callable[..., Any], text: str, params: Any, many: bool, context: Any) -> Any:
            if _reads(text) and "accounts_accesstoken" not in text:
                statements.append((text, params))  # noqa: B023 - used in this turn of the loop
            return run(text, params, many, context)

        headers = {"HTTP_HOST": host, **({"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {})}
        with connection.execute_wrapper(note):
            response = handler.get_response(factory.get(path, **headers))
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}: {response.content[:300]!r}")
        noted[name] = statements
    return noted


def _reads(text: str) -> bool:
    """Whether a statement, which may begin with comments, writes nothing."""
    lines = (line.strip() for line in text.splitlines())
    first = next(line for line in lines if line and not line.startswith("--"))
    return first.split()[0].upper() in {"SELECT", "WITH"}


@functools.cache
def _pages() -> dict[str, list[Noted]]:
    """By path: `/` and the name's place in the record."""
    noted: dict[str, list[Noted]] = pickle.loads(Path(os.environ["BENCH_STATEMENTS"]).read_bytes())
    return {f"/{number}": statements for number, statements in enumerate(noted.values())}


def _connection() -> Any:
    """One connection a thread, as the application has."""
    if not hasattr(_local, "connection"):
        options = " ".join(f"-c {option}" for option in PLANNING)
        _local.connection = psycopg.connect(
            os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=2, options=options
        )
    return _local.connection


def statements(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """A WSGI application that runs the statements of a page and dumps their rows."""
    rows = []
    noted = _pages()[environ["PATH_INFO"]]
    connection = _connection()
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        if any("set_config" in text for text, _params in noted):
            with connection.transaction():
                for text, params in noted:
                    rows += cursor.execute(text, params, binary=True).fetchall()
        else:
            for text, params in noted:
                rows += cursor.execute(text, params, binary=True).fetchall()
    return _answer(dump(rows), start_response)


def _answer(body: bytes, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]

"""`manage.py` finds the private PostgreSQL of `make run` by itself, and starts it when nothing else has."""

import contextlib
import os
from collections.abc import Iterator

from microcosm.development.postgres import PrivatePostgres, create_database
from microcosm.development.server import DATABASE

#: What asks nothing of a database, or brings its own.
WITHOUT_DATABASE = {"check", "collectstatic", "diffsettings", "help", "makemigrations", "openapi", "test", "version"}


@contextlib.contextmanager
def database_of_commands(arguments: list[str]) -> Iterator[None]:
    """While a management command runs: its database is that of DATA_DIR, unless DATABASE_URL names one.

    The server is shared with a running `make run` and stopped by whoever leaves last.
    """
    command = arguments[1].lstrip("-") if len(arguments) > 1 else "help"
    if os.environ.get("DATABASE_URL") or command in WITHOUT_DATABASE or "--help" in arguments:
        yield
        return
    server = PrivatePostgres(os.environ.get("DATA_DIR") or ".data")
    server.start()
    try:
        create_database(server.database_url(), DATABASE)
        os.environ["DATABASE_URL"] = server.database_url(DATABASE)
        yield
    finally:
        server.stop()

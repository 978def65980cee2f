"""Where the data of the benchmark is kept: a cluster of its own, filled once for each scale and copied for each run."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from microcosm.development.postgres import PrivatePostgres, create_database

ROOT = Path(__file__).resolve().parents[2]
#: What the server of the measurements has beside the defaults of the private one.
SERVER_SETTINGS = {"shared_buffers": "1GB", "work_mem": "16MB", "max_wal_size": "4GB", "effective_cache_size": "4GB"}
#: Lists such as the trending one look at the last weeks: older data are built anew.
OLDEST = timedelta(days=10)
RUN = "run"


@dataclass(frozen=True)
class Built:
    """A database that is ready to be measured."""

    url: str
    pid: int
    #: The casts of the sites by key, as `data.Cast` has them.
    casts: dict[str, dict[str, Any]]
    #: The size of the data on disk.
    bytes: int


def fingerprint() -> str:
    """Changes when the data would: with what writes them and with the schema."""
    digest = hashlib.sha256()
    for path in sorted([Path(__file__).with_name("data.py"), *ROOT.glob("apps/*/migrations/*.py")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def measured_database(folder: Path, *, scale: str) -> Iterator[Built]:
    """A fresh copy of the data of a scale, on a server that keeps what it is told; both are built if need be."""
    note = folder / f"{scale}.json"
    name = f"{scale}_{fingerprint()}"
    _prepare_server(folder)
    if not _is_usable(note, name=name):
        note.unlink(missing_ok=True)
        _build(folder, scale=scale, name=name, note=note)
    server = PrivatePostgres(folder)
    server.start()
    try:
        _replace_database(server, RUN, template=name)
        with psycopg.connect(server.database_url(RUN), autocommit=True) as connection:
            size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        yield Built(
            url=server.database_url(RUN),
            pid=server.server_pid() or 0,
            casts=json.loads(note.read_text())["casts"],
            bytes=size[0] if size else 0,
        )
    finally:
        server.stop()


def _is_usable(note: Path, *, name: str) -> bool:
    if not note.exists():
        return False
    kept = json.loads(note.read_text())
    return kept["name"] == name and datetime.now(UTC) - datetime.fromisoformat(kept["built_at"]) < OLDEST


def _prepare_server(folder: Path) -> None:
    server = PrivatePostgres(folder)
    server.start()
    try:
        with psycopg.connect(server.database_url(), autocommit=True) as connection:
            for setting, value in SERVER_SETTINGS.items():
                connection.execute(
                    sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(setting), sql.Literal(value))
                )
    finally:
        server.stop()


def _build(folder: Path, *, scale: str, name: str, note: Path) -> None:
    """Fill a new database of that name on a server that writes nothing through, in a process of its own."""
    print(f"building the data ({scale}) in {folder}; it is kept there", file=sys.stderr)
    server = PrivatePostgres(folder, fast=True)
    server.start()
    try:
        with psycopg.connect(server.database_url(), autocommit=True) as connection:
            stale = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{scale}\\_%"])
            for (old,) in stale.fetchall():
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(old)))
        create_database(server.database_url(), name)
        environment = {
            **os.environ,
            "DATABASE_URL": server.database_url(name),
            "DATABASE_STATEMENT_TIMEOUT_MS": "0",
            "DJANGO_SETTINGS_MODULE": "microcosm.settings.dev",
            "LOG_LEVEL": "WARNING",
        }
        run = [sys.executable, "manage.py", "migrate", "-v", "0"]
        subprocess.run(run, check=True, cwd=ROOT, env=environment)
        run = [sys.executable, "-m", "tests.bench.build", scale, str(note), name]
        subprocess.run(run, check=True, cwd=ROOT, env=environment)
    finally:
        server.stop()
    # The server that filled it did not wait for the disk.
    os.sync()


def _replace_database(server: PrivatePostgres, name: str, *, template: str) -> None:
    with psycopg.connect(server.database_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )

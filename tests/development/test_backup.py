"""R5: a backup made and restored as docs/operations.md says is the same site, with its files."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from apps.transfer.exporter.exporting import ExportOptions, export_forum
from tests.files.pictures import png
from tests.transfer.exports import run_import, small_export

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
_CASTS = re.compile(r"::[a-z ]+(\[\])?|[()]")
#: What makes the schema what it is, beside the rows.
CATALOG = {
    "columns": "SELECT table_schema, table_name, column_name, data_type, is_nullable, column_default"
    " FROM information_schema.columns WHERE table_schema IN ('public', 'fn')",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace IN ('public'::regnamespace, 'fn'::regnamespace)",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "functions": "SELECT oid::regprocedure::text, pg_get_functiondef(oid) FROM pg_proc"
    " WHERE pronamespace IN ('public'::regnamespace, 'fn'::regnamespace) AND prokind = 'f'",
    "triggers": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "sequences": "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'",
}


def tool(name: str) -> str:
    """A program of PostgreSQL that is as new as the server; without one there is nothing to try."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    version = re.search(r"(\d+)\.", subprocess.run([path, "--version"], capture_output=True, text=True).stdout)
    server = connection.pg_version // 10_000
    if version is None or int(version[1]) < server:
        pytest.skip(f"{name} is older than the server, which is version {server}")
    return path


def address(name: str) -> str:
    """A database of the server of this test."""
    database = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        dbname=name, user=database["USER"], password=database["PASSWORD"], host=database["HOST"], port=database["PORT"]
    )


def url(name: str) -> str:
    """The same for DATABASE_URL."""
    database = connection.settings_dict
    return f"postgresql://{database['USER']}@/{name}?host={database['HOST']}&port={database['PORT'] or 5432}"


@pytest.fixture
def empty_database() -> Iterator[str]:
    """A new database, made as docs/operations.md says."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with psycopg.connect(address("postgres"), autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.execute(f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0")
        yield name
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def fingerprint(name: str) -> dict[str, Any]:
    """A digest of every table of a database, and everything in its catalog."""
    prints: dict[str, Any] = {}
    with psycopg.connect(address(name)) as database:
        tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            rows = database.execute(
                f"SELECT md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')), count(*) FROM \"{table}\" AS t"
            ).fetchone()
            prints[table] = str(rows)
        for part, query in CATALOG.items():
            found = database.execute(query).fetchall()  # type: ignore[arg-type]
            # A condition that was read back in is written with its casts in other places.
            prints[f"catalog {part}"] = sorted(_CASTS.sub("", str(row)) for row in found)
    return prints


def files(root: Path) -> dict[str, str]:
    """A digest of every file below a folder."""
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.mark.django_db(transaction=True)
def test_r5_a_restored_backup_is_the_same_site(tmp_path: Path, settings: Any, empty_database: str) -> None:
    dump, restore = tool("pg_dump"), tool("pg_restore")
    settings.MEDIA_ROOT = str(tmp_path / "microcosm/media")
    writer = small_export(tmp_path / "small")
    writer.bytes("photo.png", png())
    writer.attachment(1, contentUrl="photo.png", name="photo.png")
    assert run_import(writer.root, site="kept").error_count == 0
    name = connection.settings_dict["NAME"]
    for command in ("--format=custom", "pg_restore --exit-on-error", "--encoding UTF8 --locale C.UTF-8"):
        assert command in OPERATIONS, "the drill does what operators are told to do"

    subprocess.run([dump, "--format=custom", f"--file={tmp_path}/database.dump", address(name)], check=True)
    with tarfile.open(tmp_path / "media.tar.gz", "w:gz") as archive:
        archive.add(settings.MEDIA_ROOT, arcname="media")
    subprocess.run(
        [restore, "--exit-on-error", f"--dbname={address(empty_database)}", f"{tmp_path}/database.dump"], check=True
    )
    with tarfile.open(tmp_path / "media.tar.gz") as archive:
        archive.extractall(tmp_path / "restored", filter="data")

    assert fingerprint(empty_database) == fingerprint(name)
    assert files(tmp_path / "restored/media") == files(Path(settings.MEDIA_ROOT))
    export_forum(ExportOptions("kept", tmp_path / "before"))
    environment = {
        **os.environ, "DATABASE_URL": url(empty_database), "MEDIA_ROOT": str(tmp_path / "restored/media"),
    }  # fmt: skip
    for command in (["migrate", "--check"], ["export_forum", "kept", str(tmp_path / "after")]):
        done = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
    assert files(tmp_path / "after") == files(tmp_path / "before")
    assert len(files(tmp_path / "after")) > 30

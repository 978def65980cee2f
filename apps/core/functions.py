"""Replaceable SQL functions: every `apps/*/sql/functions/*.sql`, rebuilt as a whole in schema `fn`."""

import hashlib
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connections, transaction

# Any constant of ours; it only has to differ from other advisory locks.
LOCK_KEY = 7_461_001


def function_files() -> list[Path]:
    """All function files, in the order of INSTALLED_APPS and then of their names."""
    files: list[Path] = []
    for config in apps.get_app_configs():
        if config.name.startswith("apps."):
            files += sorted(Path(config.path, "sql", "functions").glob("*.sql"))
    return files


def rebuild_functions(using: str = "default", *, force: bool = False) -> bool:
    """Drop and build schema `fn` in one transaction if a file changed; returns whether it did.

    Takes an advisory lock, so that processes starting together do it once. Nothing stored may depend on `fn`.
    """
    files = function_files()
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
        cursor.execute("SELECT hash FROM core_functionversion WHERE id = 1")
        row = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'fn'")
        exists = cursor.fetchone()
        if not force and exists == (1,) and row == (digest,):
            return False
        cursor.execute("DROP SCHEMA IF EXISTS fn CASCADE")
        cursor.execute("CREATE SCHEMA fn")
        for file in files:
            cursor.execute(file.read_text())
        cursor.execute(
            "INSERT INTO core_functionversion (id, hash) VALUES (1, %s)"
            " ON CONFLICT (id) DO UPDATE SET hash = excluded.hash",
            [digest],
        )
    return True


def rebuild_after_migrate(sender: Any, using: str, plan: list[Any] | None = None, **_: Any) -> None:
    """Receiver of `post_migrate`: bring the functions in line with the files.

    Migrating an app back to nothing removes the tables the functions read, so then there is nothing to build.
    """
    from django.db.migrations.recorder import MigrationRecorder

    applied = {app for app, _name in MigrationRecorder(connections[using]).applied_migrations()}
    owners = {config.label for config in apps.get_app_configs() if config.name.startswith("apps.")}
    with_files = {
        label for label in owners if any(Path(apps.get_app_config(label).path, "sql", "functions").glob("*.sql"))
    }
    if with_files | {"core"} <= applied:
        rebuild_functions(using)

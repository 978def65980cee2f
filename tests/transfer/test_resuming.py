"""An import that ends anywhere and is started again comes to the same as one that was never disturbed."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from apps.comments.models import Comment
from apps.profiles.models import Profile
from apps.sites.models import Site
from apps.transfer.models import ImportedItem
from tests.transfer import fingerprints
from tests.transfer.exports import SAMPLE, run_import, small_export

ROOT = Path(__file__).parents[2]
SAMPLE_ROWS = 247 + 1 + 2 + 11 + 300 + 2188


class InterruptionError(Exception):
    """The process is gone at this statement."""


def start_import(*, site: str) -> "subprocess.Popen[bytes]":
    """The command in a process of its own, on the database of this test."""
    database = connection.settings_dict
    url = psycopg.conninfo.make_conninfo(
        dbname=database["NAME"], user=database["USER"], password=database["PASSWORD"], host=database["HOST"],
        port=database["PORT"],
    )  # fmt: skip
    command = [
        sys.executable,
        "manage.py",
        "import_forum",
        str(SAMPLE),
        "--site",
        site,
        "--description",
        "A forum.",
        "--batch-size",
        "40",
    ]
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def rows_imported(site: str) -> int:
    """How much of the old-id map other connections see."""
    return ImportedItem.objects.filter(origin__site__key=site).count()


@pytest.mark.django_db(transaction=True)
def test_killed_at_five_random_moments_the_result_is_the_same() -> None:
    moments = sorted(random.Random(2026).sample(range(1, SAMPLE_ROWS), 5))
    for moment in moments:
        process = start_import(site="killed")
        while rows_imported("killed") < moment:
            try:
                process.wait(timeout=0.005)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"ended by itself before {moment} rows: {process.communicate()[1].decode()[-2000:]}")
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
        assert process.stderr is not None
        process.stderr.close()
        assert moment <= rows_imported("killed") < SAMPLE_ROWS
    assert run_import(SAMPLE, site="killed", wait_seconds=10).error_count == 0
    run_import(SAMPLE, site="whole")
    assert rows_imported("killed") == SAMPLE_ROWS
    assert fingerprints.site("killed") == fingerprints.site("whole")


@pytest.mark.django_db(transaction=True)
def test_interrupted_at_any_statement_the_result_is_the_same(tmp_path: Path) -> None:
    small_export(tmp_path)
    # The first import of all makes what the platform has once, which takes statements of its own.
    run_import(tmp_path, site="first", batch_size=2)
    statements = 0

    def count(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(sql, params, many, context)

    # A first one asks what later ones remember.
    run_import(tmp_path, site="first", batch_size=2)
    with connection.execute_wrapper(count):
        run_import(tmp_path, site="whole", batch_size=2)
    whole = fingerprints.site("whole")
    for number in range(1, statements, 11):
        site = f"cut{number}"
        cut_short(tmp_path, site=site, at_statement=number)
        run_import(tmp_path, site=site, batch_size=2)
        assert fingerprints.site(site) == whole, f"interrupted at statement {number} of {statements}"


def cut_short(path: Path, *, site: str, at_statement: int) -> None:
    """Import until a statement, where everything ends without a chance to clean up."""
    left = at_statement

    def interrupt(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise InterruptionError
        return execute(sql, params, many, context)

    with pytest.raises(InterruptionError), connection.execute_wrapper(interrupt):
        run_import(path, site=site, batch_size=2)
    # What a killed process leaves behind: no connection, and so neither its lock nor its settings.
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_site_cannot_run_at_once(tmp_path: Path) -> None:
    small_export(tmp_path)
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('import_forum:old', 0))")
        with pytest.raises(CommandError, match="another import into the site old is running"):
            call_command("import_forum", str(tmp_path), site="old", wait=0)
        assert not Site.objects.exists()
        run_import(tmp_path, site="another")
    run_import(tmp_path, site="old")


@pytest.mark.django_db(transaction=True)
def test_the_connection_is_as_before_afterwards(tmp_path: Path) -> None:
    small_export(tmp_path)

    def state() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
            settings_ = cursor.fetchall()
            cursor.execute("SELECT current_setting('default_transaction_read_only')")
            read_only = cursor.fetchall()
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
            return [settings_, read_only, cursor.fetchall()]

    before = state()
    run_import(tmp_path, is_dry=True)
    run_import(tmp_path)
    assert state() == before


@pytest.mark.django_db
def test_a_file_added_later_is_imported_by_the_next_run(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    writer.comment(20, "Answers what is not there yet.", inReplyTo=21)
    first = run_import(tmp_path)
    assert [problem.message for problem in first.problems if "answers" in problem.message] == [
        "comment 21, which another one answers, is not imported or somewhere else"
    ]
    writer.comment(21, "There it is.")
    second = run_import(tmp_path)
    assert second.imported_count == 1
    answer = Comment.objects.get(revisions__markdown="Answers what is not there yet.")
    assert answer.in_reply_to is not None
    assert answer.in_reply_to.revisions.get().markdown == "There it is."
    assert (
        Profile.objects.get(name="person1").comment_count == Comment.objects.filter(created_by__name="person1").count()
    )

"""Tasks and a schedule for the processes of these tests.

What a task did is a row of `jobs_effect`, written in a transaction that can be killed while it sleeps in the database.
"""

import os
import time

from django.db import connection, transaction

from apps.jobs.registry import Report, task
from apps.jobs.schedule import Misfire, Scheduled
from apps.jobs.services import defer

SCHEDULE = (
    Scheduled("tests.each_minute", cron="0 * * * * *", what="belongs to its slot", misfire=Misfire.EVERY),
    Scheduled("tests.each_quarter", cron="0 */15 * * * *", what="belongs to its slot", misfire=Misfire.EVERY),
    Scheduled("tests.often", cron="*/30 * * * * *", what="about now", misfire=Misfire.LATEST),
)


@transaction.atomic
def leave_effect(name: str, *, seconds: float = 0.0) -> None:
    """One row, once the transaction commits after a while."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO jobs_effect (name) VALUES (%s)", [name])
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


@task("tests.each_minute")
def each_minute() -> Report:
    """A slot's work."""
    leave_effect("tests.each_minute", seconds=0.05)
    return {"by": os.getpid()}


@task("tests.each_quarter")
def each_quarter() -> Report:
    """A slot's work that takes longer."""
    leave_effect("tests.each_quarter", seconds=0.5)
    return None


@task("tests.often")
def often() -> Report:
    """Work about the state as it is."""
    leave_effect("tests.often", seconds=0.02)
    return None


@task("tests.sleep")
def sleep(seconds: float, name: str = "tests.sleep") -> None:
    """One long statement."""
    leave_effect(name, seconds=seconds)


@task("tests.sleep_in_slices")
def sleep_in_slices(seconds: float) -> None:
    """Many short statements in one transaction."""
    with transaction.atomic():
        leave_effect("tests.sleep_in_slices")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            leave_effect("tests.slice", seconds=0.05)


@task("tests.statement_over_limit", limit_seconds=1)
def statement_over_limit() -> None:
    """One statement that takes longer than the task may."""
    leave_effect("tests.statement_over_limit", seconds=60)


@task("tests.statements_over_limit", limit_seconds=1)
def statements_over_limit() -> None:
    """Statements that together take longer."""
    sleep_in_slices(60)


@task("tests.hang", limit_seconds=1)
def hang() -> None:
    """Neither a statement nor an end: a bug that the process has to die of."""
    while True:
        time.sleep(0.05)


@task("tests.defer_and_fail")
def defer_and_fail() -> None:
    """Queues work for a change that is rolled back."""
    with transaction.atomic():
        defer("tests.sleep", seconds=0, name="never")
        raise ValueError("after the job was queued")

"""Real schedulers and workers on the database of the test."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob
from psycopg.conninfo import make_conninfo

from microcosm.development.processes import die_with_parent
from microcosm.development.testing import wait_until
from tests.queue import empty_queue

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60.0


class Process:
    """One process of `tests.jobs.process`; its database sessions carry its name."""

    def __init__(self, kind: str, *, name: str, log: Path, environment: dict[str, str]) -> None:
        self.name, self.log = name, log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.jobs.process", kind],
                cwd=ROOT,
                env={**os.environ, **environment, "PGAPPNAME": name},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=die_with_parent,
            )

    def kill(self) -> None:
        """SIGKILL, as the kernel out of memory does."""
        self.process.kill()
        self.process.wait(SECONDS)

    def stop(self) -> int:
        """SIGTERM, as systemd does; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def sleeps_in_the_database(self) -> bool:
        """Whether a job of it is in the middle of its transaction."""
        return self._has_session("query LIKE 'SELECT pg_sleep%%' AND state = 'active'")

    def is_frozen_in_a_transaction(self) -> bool:
        """Freeze it; whether that was in the middle of a job. If not it goes on, to be tried again."""
        self.process.send_signal(signal.SIGSTOP)
        if self._has_session("query LIKE 'SELECT pg_sleep%%' AND state IN ('active', 'idle in transaction')"):
            return True
        self.process.send_signal(signal.SIGCONT)
        return False

    def waits_for_a_lock(self) -> bool:
        """Whether a job of it waits for an advisory lock."""
        return self._has_session("wait_event_type = 'Lock' AND wait_event = 'advisory'")

    def _has_session(self, condition: str) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND {condition}", [self.name]
            )
            return bool(cursor.fetchone()[0])


@pytest.fixture
def start(transactional_db: Any, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """A function that starts a process; a table of effects and an empty queue around all of them."""
    empty_queue()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE jobs_effect (name text NOT NULL)")
    url = make_conninfo(os.environ["DATABASE_URL"], dbname=connection.settings_dict["NAME"])
    started: list[Process] = []

    def start_one(kind: str, **environment: str) -> Process:
        name = f"{kind}-{len(started)}-{os.getpid()}"
        process = Process(kind, name=name, log=tmp_path / name, environment={"DATABASE_URL": url, **environment})
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.kill()
    with connection.cursor() as cursor:
        # What a killed process left to its session ends before the tables can go.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ANY(%s)",
            [[process.name for process in started]],
        )
        cursor.execute("DROP TABLE jobs_effect")
    empty_queue()


def effects(name: str) -> int:
    """How many rows a task has left."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM jobs_effect WHERE name = %s", [name])
        return int(cursor.fetchone()[0])


def statuses() -> list[tuple[str, str, int]]:
    """Task, status and tries of what is in the queue's table."""
    return list(ProcrastinateJob.objects.order_by("id").values_list("task_name", "status", "attempts"))


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Poll until something holds."""
    wait_until(condition, seconds=SECONDS, what=what)

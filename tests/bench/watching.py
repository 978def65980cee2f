"""What posting costs where very many watch, and whether each of them is told once though workers are killed."""

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from microcosm.development.testing import free_port, running, temporary_directory, wait_until
from tests.bench.machine import Processes

FEW = 3
#: Posts to one item before the other has its turn.
IN_A_ROW = 10
PATIENCE = 600.0


@dataclass(frozen=True)
class Cost:
    """What posting to one item costs: medians of what the client waits, and CPU of the server and the database."""

    milliseconds: float
    cpu_milliseconds: float


@dataclass(frozen=True)
class Found:
    """What came out."""

    watchers: int
    posts: int
    few: Cost
    many: Cost
    #: Workers that were killed while they told, people who were told, and those who were told twice.
    deaths: int
    told: int
    told_twice: int

    @property
    def ratio(self) -> float:
        """How much more posting costs where very many watch, by whichever measure says more."""
        return max(
            self.many.milliseconds / self.few.milliseconds, self.many.cpu_milliseconds / self.few.cpu_milliseconds
        )

    @property
    def is_each_told_once(self) -> bool:
        """Nobody is left out and nobody told twice."""
        return self.told == self.watchers and not self.told_twice


def measure(*, watchers: int, posts: int, deaths: int) -> Found:
    """Post in turns to an item that few and one that many watch, then have the many told by workers that are killed."""
    from tests.content import place_in, start
    from tests.crowds import add_watchers
    from tests.factories import make_forum
    from tests.queue import empty_queue

    forum = make_forum("watched")
    place = place_in(forum)
    items = {number: start(forum.owner, place) for number in (FEW, watchers)}
    for number, item in items.items():
        # Who starts something watches it.
        add_watchers(item, number - 1)
    another = forum.member("another")
    post = _Posts(host=forum.host, token=another.token)
    costs: dict[int, tuple[list[float], list[float]]] = {number: ([], []) for number in items}
    with _http_server() as (port, processes):
        for item in items.values():
            # Who says something watches from then on; caches and statements are warm after some.
            for _ in range(IN_A_ROW):
                post(port, item.id)
        for turn in range(2 * posts // IN_A_ROW):
            number = (FEW, watchers)[turn % 2]
            before = sum(process.cpu_seconds() for process in processes)
            costs[number][0].extend(post(port, items[number].id) for _ in range(IN_A_ROW))
            costs[number][1].append(sum(process.cpu_seconds() for process in processes) - before)
        empty_queue()
        post(port, items[watchers].id)
    told, told_twice = _tell(deaths=deaths)
    few, many = (
        Cost(milliseconds=1000 * statistics.median(seconds), cpu_milliseconds=1000 * sum(cpu) / len(cpu) / IN_A_ROW)
        for seconds, cpu in costs.values()
    )
    return Found(watchers=watchers, posts=posts, few=few, many=many, deaths=deaths, told=told, told_twice=told_twice)


class _Posts:
    """Somebody who says something new each time; a call answers how many seconds it took."""

    def __init__(self, *, host: str, token: str) -> None:
        self.headers = {"Host": host, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.number = 0

    def __call__(self, port: int, item_id: int) -> float:
        self.number += 1
        words = {"itemType": "conversation", "itemId": item_id, "markdown": f"Something *new*, number {self.number}."}
        client = HTTPConnection("127.0.0.1", port, timeout=60)
        begun = time.monotonic()
        client.request("POST", "/api/v1/comments", body=json.dumps(words), headers=self.headers)
        status = client.getresponse().status
        seconds = time.monotonic() - begun
        client.close()
        if status != 302:
            raise SystemExit(f"microcosm: a comment was answered with {status}")
        return seconds


@contextmanager
def _http_server() -> Iterator[tuple[int, list[Processes]]]:
    """The HTTP process as deploy/microcosm-http.service starts it, and whose CPU counts."""
    from django.db import connection

    from tests.units import unit_command

    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        postmaster = int(Path(cursor.fetchone()[0], "postmaster.pid").read_text().splitlines()[0])
    port = free_port()
    log = temporary_directory("microcosm-bench-") / "log"
    with running(unit_command("http", port=port), log=log, port=port, environment=dict(os.environ)) as process:
        yield port, [Processes(process.pid), Processes(postmaster)]


def _tell(*, deaths: int) -> tuple[int, int]:
    """Work off the one comment that waits; how many were told of it, and how many more than once."""
    from django.db.models import Count

    from apps.updates.models import Update
    from tests.jobs.conftest import Process, statuses

    folder = temporary_directory("microcosm-bench-")
    updates = Update.objects.order_by()

    def worker(number: int) -> Process:
        return Process("worker", name=f"worker-{number}", log=folder / f"worker-{number}", environment={})

    def until(condition: Callable[[], bool]) -> None:
        wait_until(condition, seconds=PATIENCE, what="telling those who watch")

    for number in range(deaths):
        told = updates.count()
        mortal = worker(number)
        until(lambda told=told: updates.count() > told or statuses() == [])  # type: ignore[misc]
        mortal.kill()
    last = worker(deaths)
    until(lambda: statuses() == [])
    last.kill()
    by_profile: Any = updates.values("profile").annotate(number=Count("id"))
    return by_profile.count(), by_profile.filter(number__gt=1).count()

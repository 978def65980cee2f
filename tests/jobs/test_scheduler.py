"""Two schedulers and two workers over simulated time, killed in the middle: every due slot runs exactly once."""

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue

import pytest
from django.db import connection, connections

from apps.jobs.models import Run, ScheduledJob
from apps.jobs.scheduler import LOCK_KEY, Scheduler
from tests.jobs import work
from tests.jobs.conftest import Process, effects, statuses, wait_for
from tests.queue import empty_queue

START = datetime(2030, 3, 31, 0, 30, tzinfo=UTC)
#: Simulated seconds in a second: a minute's slot comes each third of a second.
RATE = 180
EACH_MINUTE, EACH_QUARTER, OFTEN = work.SCHEDULE

Start = Callable[..., Process]


def elected() -> str:
    """The name of the process whose session holds the lock; blank while nobody does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT activity.application_name FROM pg_locks AS lock"
            " JOIN pg_stat_activity AS activity ON activity.pid = lock.pid"
            " WHERE lock.locktype = 'advisory' AND lock.objid = %s AND lock.granted"
            "   AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [LOCK_KEY],
        )
        row = cursor.fetchone()
    return row[0] if row else ""


def leader_of(processes: list[Process]) -> Process:
    """The elected one of these, as soon as there is one."""
    names = {process.name: process for process in processes}
    try:
        wait_for(lambda: elected() in names, "an elected scheduler")
    except AssertionError as error:
        logs = "\n".join(f"{name} ({of.process.poll()}): {of.log.read_text()[-2000:]}" for name, of in names.items())
        raise AssertionError(f"{error}; elected is {elected()!r}\n{logs}") from error
    return next(of for name, of in names.items() if name == elected())


def runs_of(name: str) -> int:
    return Run.objects.filter(name=name, outcome="succeeded").count()


def test_every_slot_runs_once_though_leaders_and_workers_are_killed(start: Start) -> None:
    for row in work.SCHEDULE:
        ScheduledJob.objects.create(name=row.task, covered_until=START)
    # Whoever was elected in an earlier test and still holds its session.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(lock.pid) FROM pg_locks AS lock WHERE lock.locktype = 'advisory'"
            " AND lock.objid = %s AND lock.pid <> pg_backend_pid()"
            " AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [LOCK_KEY],
        )
    simulation = {"SIMULATION": f"{START.isoformat()} {time.time() + 4} {RATE}"}
    schedulers = [start("scheduler", **simulation) for _ in range(2)]
    workers = [start("worker") for _ in range(2)]

    # Killed while a job that it queued is in the middle of its work, and so is the worker that has it.
    leader = leader_of(schedulers)
    wait_for(lambda: runs_of(EACH_MINUTE.task) >= 3, "some slots")
    victim = workers[0]
    wait_for(lambda: victim.is_frozen_in_a_transaction(), "a job in hand")
    leader.kill()
    victim.kill()
    schedulers = [process for process in schedulers if process is not leader] + [start("scheduler", **simulation)]
    workers.append(start("worker"))

    # The next loses its session and does not know it.
    leader = leader_of(schedulers)
    before = runs_of(EACH_MINUTE.task)
    wait_for(lambda: runs_of(EACH_MINUTE.task) > before + 3, "slots of the second leader")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [leader.name]
        )
    leader = leader_of(schedulers)
    before = runs_of(EACH_MINUTE.task)
    wait_for(lambda: runs_of(EACH_MINUTE.task) > before + 3, "slots after the lost session")

    # And one more is killed while nobody waits in its place: what passes meanwhile is caught up.
    for process in schedulers:
        process.kill()
    time.sleep(1)
    last = start("scheduler", **simulation)
    leader_of([last])
    until = START + timedelta(minutes=45)
    wait_for(
        lambda: all(row.covered_until >= until for row in ScheduledJob.objects.exclude(name=OFTEN.task)), "the end"
    )
    assert last.stop() == 0
    wait_for(lambda: statuses() == [], "the last jobs")

    for row in (EACH_MINUTE, EACH_QUARTER):
        covered = ScheduledJob.objects.get(name=row.task).covered_until
        due: list[datetime] = []
        while len(more := row.slots(after=due[-1] if due else START, until=covered)):
            due += more
        runs = Run.objects.filter(name=row.task).order_by("due_at")
        assert [run.due_at for run in runs] == due
        assert {run.outcome for run in runs} == {"succeeded"}
        assert effects(row.task) == len(due)
    often = Run.objects.filter(name=OFTEN.task)
    assert {run.outcome for run in often} == {"succeeded"}
    assert effects(OFTEN.task) == often.count() > 5
    assert Run.objects.filter(attempts__gt=1).exists()


@pytest.fixture
def lost_connections() -> Iterator[None]:
    """The test's connection is made anew afterwards."""
    yield
    connections["default"].close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("lost_connections")
def test_a_scheduler_that_loses_its_session_claims_nothing_before_it_is_elected_again() -> None:
    empty_queue()
    moment = START
    scheduler = Scheduler({EACH_MINUTE.task: EACH_MINUTE}, now=lambda: moment)
    scheduler.tick()
    assert scheduler.is_elected
    moment += timedelta(minutes=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other = connections.create_connection("default")
    with contextlib.closing(other), other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        scheduler.tick()
        assert not scheduler.is_elected
        scheduler.tick()
        assert not scheduler.is_elected
        assert not Run.objects.exists()
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
    scheduler.tick()
    assert scheduler.is_elected
    assert [run.due_at for run in Run.objects.all()] == [moment]
    empty_queue()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("lost_connections")
def test_a_scheduler_that_is_stopped_gives_the_lock_back() -> None:
    stop: SimpleQueue[None] = SimpleQueue()
    stop.put(None)
    Scheduler({EACH_MINUTE.task: EACH_MINUTE}).run(stop)
    assert elected() == ""

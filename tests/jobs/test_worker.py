"""Workers, as real processes: what becomes of a job when its worker is killed, stopped, or has it for too long."""

import signal
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.core import clock
from apps.jobs.models import Failure, Run, ScheduledJob
from apps.jobs.registry import MAX_ATTEMPTS, attempts_of
from apps.jobs.services import WORKER_DIED, claim_slots, defer, return_stalled_jobs
from tests.jobs import work
from tests.jobs.conftest import Process, effects, statuses, wait_for
from tests.queue import empty_queue

Start = Callable[..., Process]


def queue(name: str, **arguments: float | str) -> None:
    with transaction.atomic():
        defer(name, **arguments)  # type: ignore[arg-type]


def due_now() -> None:
    """Nobody waits for the next try."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")


def test_a_job_whose_worker_is_killed_is_done_by_another_once(start: Start) -> None:
    row = work.SCHEDULE[1]
    now = clock.now()
    ScheduledJob.objects.create(name=row.task, covered_until=now - timedelta(minutes=15))
    assert len(claim_slots(row, now=now)) == 1
    first = start("worker")
    wait_for(first.sleeps_in_the_database, "a job in hand")
    first.kill()
    assert statuses() == [("tests.each_quarter", "doing", 0)]
    assert effects("tests.each_quarter") == 0
    start("worker")
    wait_for(lambda: statuses() == [], "the end of the job")
    assert effects("tests.each_quarter") == 1
    run = Run.objects.get()
    assert (run.attempts, run.outcome, run.error) == (2, "succeeded", "")


def test_a_job_whose_end_cannot_be_written_down_is_done_again_by_the_same_worker(start: Start) -> None:
    """As when the database dies between the end of the work and that of the job: the worker lives on."""
    with connection.cursor() as cursor:
        cursor.execute(
            # A sequence counts what is rolled back, too.
            "CREATE SEQUENCE jobs_refused; CREATE FUNCTION jobs_refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM nextval('jobs_refused'); RAISE EXCEPTION 'the database is away'; END $$;"
            "CREATE TRIGGER jobs_refuse BEFORE DELETE ON procrastinate_jobs"
            " FOR EACH ROW EXECUTE FUNCTION jobs_refuse()"
        )
    try:
        start("worker")
        queue("tests.sleep", seconds=0.01)
        wait_for(was_refused, "the end that cannot be written down")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "DROP TRIGGER jobs_refuse ON procrastinate_jobs; DROP FUNCTION jobs_refuse; DROP SEQUENCE jobs_refused"
            )
    wait_for(lambda: statuses() == [], "the end of the job")
    assert effects("tests.sleep") == 2


def was_refused() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT is_called FROM jobs_refused")
        return bool(cursor.fetchone()[0])


def test_a_slow_worker_that_was_taken_for_dead_and_the_other_do_the_work_once(start: Start) -> None:
    row = work.SCHEDULE[1]
    now = clock.now()
    ScheduledJob.objects.create(name=row.task, covered_until=now - timedelta(minutes=15))
    assert len(claim_slots(row, now=now)) == 1
    first = start("worker")
    wait_for(first.sleeps_in_the_database, "a job in hand")
    # Frozen in the middle of its work: it lives, and says nothing.
    first.process.send_signal(signal.SIGSTOP)
    second = start("worker")
    wait_for(lambda: second.waits_for_a_lock(), "the second to have the job")
    first.process.send_signal(signal.SIGCONT)
    wait_for(lambda: statuses() == [] and not second.waits_for_a_lock(), "the end of the job")
    assert effects("tests.each_quarter") == 1
    run = Run.objects.get()
    assert (run.attempts, run.outcome) == (1, "succeeded")
    assert second.stop() == 0


def test_a_worker_that_is_stopped_finishes_what_it_has_in_hand(start: Start) -> None:
    queue("tests.sleep", seconds=0.4)
    worker = start("worker")
    wait_for(worker.sleeps_in_the_database, "a job in hand")
    assert worker.stop() == 0
    assert statuses() == []
    assert effects("tests.sleep") == 1


def test_a_worker_that_is_stopped_gives_back_what_it_cannot_finish(start: Start) -> None:
    queue("tests.sleep_in_slices", seconds=300)
    worker = start("worker")
    wait_for(worker.sleeps_in_the_database, "a job in hand")
    assert worker.stop() == 0
    assert statuses() == [("tests.sleep_in_slices", "todo", 1)]
    assert effects("tests.slice") == effects("tests.sleep_in_slices") == 0
    assert not Failure.objects.exists()


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("tests.statement_over_limit", "OperationalError: canceling statement due to statement timeout"),
        ("tests.statements_over_limit", "TimeLimitExceeded: longer than 1 seconds"),
    ],
)
def test_a_task_over_its_limit_is_rolled_back_and_tried_again_later(start: Start, task: str, reason: str) -> None:
    queue(task)
    start("worker")
    wait_for(lambda: statuses() == [(task, "todo", 1)], "the end of the first try")
    failure = Failure.objects.get()
    assert failure.reason == reason
    assert "tests/jobs/work.py" in failure.traceback
    job = ProcrastinateJob.objects.get()
    assert job.scheduled_at > clock.now()
    assert effects(task) == effects("tests.slice") == 0


def test_a_task_that_cannot_be_ended_ends_its_process_and_no_other_job(start: Start) -> None:
    queue("tests.hang")
    # Takes longer than the first has until it is given up, and ends within the time that is left then.
    queue("tests.sleep", seconds=2.5)
    worker = start("worker", GRACEFUL_SECONDS="4")
    wait_for(lambda: worker.process.poll() is not None, "the end of the process")
    assert worker.process.returncode == 1
    assert "far over its time limit" in worker.log.read_text()
    assert effects("tests.sleep") == 1
    assert statuses() == [("tests.hang", "doing", 0)]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    assert return_stalled_jobs(silent_seconds=30, attempts_of=attempts_of) == 1
    assert statuses() == [("tests.hang", "todo", 1)]


def test_what_a_task_queues_is_gone_with_its_transaction(start: Start) -> None:
    queue("tests.defer_and_fail")
    start("worker")
    wait_for(lambda: statuses() == [("tests.defer_and_fail", "todo", 1)], "the end of the first try")
    assert effects("never") == 0
    assert Failure.objects.get().reason == "ValueError: after the job was queued"


def test_a_reason_is_kept_until_the_job_succeeds(start: Start) -> None:
    # The table that the task writes is missing at the first try.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE jobs_effect RENAME TO away")
    queue("tests.sleep", seconds=0)
    start("worker")
    wait_for(lambda: statuses() == [("tests.sleep", "todo", 1)], "the end of the first try")
    assert Failure.objects.get().reason.startswith('ProgrammingError: relation "jobs_effect" does not exist')
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE away RENAME TO jobs_effect")
    due_now()
    wait_for(lambda: statuses() == [], "the second try")
    assert not Failure.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_jobs_of_workers_that_live_are_left_alone_and_those_of_dead_ones_fail_at_last() -> None:
    empty_queue()
    queue("tests.hang")
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_id FROM procrastinate_register_worker_v1()")
        worker_id = cursor.fetchone()[0]
        take = "SELECT id FROM procrastinate_fetch_job_v2(NULL, %s)"
        for attempt in range(1, MAX_ATTEMPTS + 1):
            due_now()
            cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = %s", [worker_id])
            cursor.execute(take, [worker_id])
            assert return_stalled_jobs(silent_seconds=30, attempts_of=attempts_of) == 0
            cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'")
            assert return_stalled_jobs(silent_seconds=30, attempts_of=attempts_of) == 1
            assert return_stalled_jobs(silent_seconds=30, attempts_of=attempts_of) == 0
            status = "todo" if attempt < MAX_ATTEMPTS else "failed"
            assert statuses() == [("tests.hang", status, attempt)]
    assert Failure.objects.get().reason == WORKER_DIED
    empty_queue()
    assert not Failure.objects.exists()

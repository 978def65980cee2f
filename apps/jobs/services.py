"""Putting work off: a job is a row written in the transaction that needs it, so neither exists without the other."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from procrastinate import sql
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob
from procrastinate.exceptions import TaskNotFound
from procrastinate.manager import JobManager
from psycopg.types.json import Jsonb

from apps.core import clock
from apps.jobs.models import FailedJob, Failure, Run, ScheduledJob
from apps.jobs.queries import statements

if TYPE_CHECKING:
    from apps.jobs.schedule import Scheduled

#: What a task may return: what a scheduled job found, kept with its run. A sentence, or plain JSON.
Report = Mapping[str, Any] | str | None
#: Stands before the task's name in the lock of a slot's job: slots of one task run one after the other.
SLOT_LOCK = "scheduled:"
#: Jobs of dead workers that one transaction gives back.
STALLED_AT_ONCE = 100
#: Why a job failed whose workers died at every try.
WORKER_DIED = "WorkerDied: the worker was killed or hung each time it had this job"

# A worker replaces the connector of procrastinate's own app with one that has connections of its own. What tasks
# queue has to share the transaction of the task all the same.
_connector = DjangoConnector()
_manager = JobManager(connector=_connector)


def defer(task_name: str, **arguments: int | str) -> None:
    """Queue the task called `task_name`; the job exists once the current transaction commits.

    Arguments are ids and short texts. Raises procrastinate's TaskNotFound for a name no `tasks.py` registers.
    """
    defer_all(task_name, [arguments])


def defer_all(task_name: str, arguments: Sequence[Mapping[str, int | str]]) -> None:
    """Queue the task once for each of some arguments, in one statement; the same holds as for one."""
    if arguments:
        require_task(task_name)
        statements.queue_jobs.send(
            task=task_name, priority=_priority_of(task_name), lock=None, arguments=Jsonb(arguments)
        )


def require_task(task_name: str) -> None:
    """Raise TaskNotFound for a name no `tasks.py` registers, and RuntimeError outside a transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError(f"{task_name} was queued outside a transaction")
    app.perform_import_paths()  # type: ignore[no-untyped-call]
    if task_name not in app.tasks:
        raise TaskNotFound(f"no task is called {task_name}")


def _queue_slot(task_name: str) -> int:
    """Queue the job of a slot; returns its id."""
    require_task(task_name)
    job_id: int = statements.queue_jobs.value(
        task=task_name,
        priority=_priority_of(task_name),
        lock=f"{SLOT_LOCK}{task_name}",
        arguments=Jsonb([{}]),
    )
    return job_id


def _priority_of(task_name: str) -> int:
    priority: int = app.tasks[task_name].priority
    return priority


# --- Slots ----------------------------------------------------------------------------------------


def watch_slots(names: Iterable[str], *, now: datetime) -> None:
    """From now on the slots of these scheduled jobs count; those already watched stay as they are."""
    ScheduledJob.objects.bulk_create(
        [ScheduledJob(name=name, covered_until=now) for name in names], ignore_conflicts=True
    )


@transaction.atomic
def claim_slots(scheduled: "Scheduled", *, now: datetime) -> list[datetime]:
    """Queue what is due of one scheduled job; returns the slots that are claimed by this call.

    Locks the job's row, so that of two schedulers one finds nothing left to do. A slot has a run and a job in the queue
    or neither.
    """
    watched = ScheduledJob.objects.select_for_update(no_key=True).get(name=scheduled.task)
    if watched.covered_until > now:
        # The clock was set back. Slots it had passed come again, and those that were claimed have their rows.
        watched.covered_until = now
        watched.save(update_fields=["covered_until"])
        return []
    due = scheduled.slots(after=watched.covered_until, until=now)
    if not due:
        return []
    if scheduled.misfire.value == "latest":
        if _waits(scheduled.task):
            return []
        while more := scheduled.slots(after=due[-1], until=now):
            due = more
        due = due[-1:]
    watched.covered_until = due[-1]
    watched.save(update_fields=["covered_until"])
    claimed = set(Run.objects.filter(name=scheduled.task, due_at__in=due).values_list("due_at", flat=True))
    due = [slot for slot in due if slot not in claimed]
    Run.objects.bulk_create(
        [Run(name=scheduled.task, due_at=slot, claimed_at=now, job_id=_queue_slot(scheduled.task)) for slot in due]
    )
    return due


def _waits(name: str) -> bool:
    """Whether a slot's job waits or runs."""
    return ProcrastinateJob.objects.filter(lock=f"{SLOT_LOCK}{name}", status__in=("todo", "doing")).exists()


def is_slot(lock: str | None) -> bool:
    """Whether a job that has this lock was queued for a slot."""
    return (lock or "").startswith(SLOT_LOCK)


@contextmanager
def started_run(*, job_id: int) -> Iterator[bool]:
    """A try of a slot's job begins, and ends with the block; False if the slot's work was done meanwhile.

    Waits for a worker that is slow and was taken for dead: it still holds the run's advisory lock, a dead one does not.
    """
    key = f"jobs.run:{job_id}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
    try:
        yield bool(
            Run.objects.filter(job_id=job_id)
            .exclude(outcome=Run.Outcome.SUCCEEDED)
            .update(started_at=clock.now(), attempts=F("attempts") + 1, outcome="", finished_at=None)
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])


def finish_run(*, job_id: int, report: Report) -> None:
    """A slot's job has done its work."""
    Run.objects.filter(job_id=job_id).update(
        finished_at=clock.now(), outcome=Run.Outcome.SUCCEEDED, report=report, error=""
    )


def start_run_by_hand(*, name: str) -> int:
    """An operator runs a scheduled job; returns the run's id."""
    now = clock.now()
    return Run.objects.create(name=name, claimed_at=now, started_at=now, attempts=1).id


def end_run_by_hand(*, run_id: int, report: Report, error: str) -> None:
    """That run has ended, well unless there is an error."""
    outcome = Run.Outcome.FAILED if error else Run.Outcome.SUCCEEDED
    Run.objects.filter(id=run_id).update(finished_at=clock.now(), outcome=outcome, report=report, error=error)


def forget_runs(*, before: datetime) -> int:
    """Delete the records of runs that were claimed before a moment and have ended well; returns how many."""
    return Run.objects.filter(claimed_at__lt=before, outcome=Run.Outcome.SUCCEEDED).delete()[0]


# --- Failures -------------------------------------------------------------------------------------


@transaction.atomic
def note_failure(*, job_id: int, is_last: bool, reason: str, traceback: str = "") -> None:
    """Keep why a try of a job failed, and with its run if it is a slot's."""
    now = clock.now()
    Failure.objects.update_or_create(
        job_id=job_id, defaults={"failed_at": now, "reason": reason, "traceback": traceback}
    )
    run = Run.objects.filter(job_id=job_id)
    if is_last:
        run.update(error=reason, finished_at=now, outcome=Run.Outcome.FAILED)
    else:
        run.update(error=reason)


@transaction.atomic
def return_stalled_jobs(
    *,
    silent_seconds: float,
    attempts_of: Callable[[str], int],
    own_id: int | None = None,
    in_hand: Collection[int] = (),
) -> int:
    """Give back to the queue what workers have that have been silent for a while; returns how many.

    Of what `own_id`, which asks, has taken: what it began as long ago and does not have `in_hand`. Its end could not be
    written down, because the database was away. The time since is the database's. A job that has used up its tries this
    way fails for good; `attempts_of` says how many a task has.
    """
    then = Now() - timedelta(seconds=silent_seconds)
    is_dead = Q(worker=None) | Q(worker__last_heartbeat__lt=then)
    is_lost = Q()
    if own_id:
        began = ProcrastinateEvent.objects.filter(job=OuterRef("pk"), type="started", at__gte=then)
        is_dead, is_lost = is_dead & ~Q(worker=own_id), Q(~Exists(began), ~Q(pk__in=in_hand), worker=own_id)
    stalled = (
        ProcrastinateJob.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(is_dead | is_lost, status="doing")
        .order_by("id")[:STALLED_AT_ONCE]
    )
    jobs = list(stalled)
    for job in jobs:
        if job.attempts + 1 < attempts_of(job.task_name):
            _manager.retry_job_by_id(job.id, retry_at=clock.now())
        else:
            _connector.execute_query(sql.queries["finish_job"], job_id=job.id, status="failed", delete_job=False)
            note_failure(job_id=job.id, is_last=True, reason=WORKER_DIED)
    return len(jobs)


@transaction.atomic
def retry_failed_jobs(job_ids: Iterable[int]) -> list[int]:
    """Give failed jobs another try now; returns the ids of those that had failed."""
    ids = _lock_failed(job_ids)
    for job_id in ids:
        _manager.retry_job_by_id(job_id, retry_at=clock.now())
    return ids


@transaction.atomic
def drop_failed_jobs(job_ids: Iterable[int]) -> list[int]:
    """Delete failed jobs with their reasons; returns the ids of those that had failed."""
    ids = _lock_failed(job_ids)
    for job_id in ids:
        # Only what waits can be deleted.
        _manager.retry_job_by_id(job_id, retry_at=clock.now())
        _manager.cancel_job_by_id(job_id, delete_job=True)
    return ids


def _lock_failed(job_ids: Iterable[int]) -> list[int]:
    failed = FailedJob.objects.select_for_update().filter(id__in=list(job_ids))
    return list(failed.order_by("id").values_list("id", flat=True))

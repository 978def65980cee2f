"""What an app's `tasks.py` uses to register its tasks; the worker finds those modules by their name."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import TypeVar

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.exceptions import JobAborted
from procrastinate.jobs import Job

from apps.jobs import services
from apps.jobs.execution import carry_out

Report = services.Report
Function = TypeVar("Function", bound=Callable[..., Report])

#: Tries of one job. Waits of 4, 16, 64, 256 and 1024 seconds lie between them: 23 minutes in all.
MAX_ATTEMPTS = 6
#: Of jobs that need the server of somebody else, which may be away for a while: six hours in all.
PATIENT_ATTEMPTS = 8
#: How long one try may take where a task does not say; far more than telling people or sending a mail needs.
LIMIT_SECONDS = 120


class Priority(IntEnum):
    """Which of the jobs that wait is next; of those with the same priority it is the oldest."""

    #: Somebody sits before a screen until it is done.
    URGENT = 10
    USUAL = 0
    #: There may be very many of it at once, and nothing else may have to wait until all is done.
    BULK = -10


@dataclass(frozen=True)
class BackOff(BaseRetryStrategy):
    """Waits four times as long after each failure; a job that a stopping worker gave back goes on at once."""

    attempts: int

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again; None for never."""
        if isinstance(exception, JobAborted):
            return RetryDecision(retry_in={"seconds": 0})
        if job.attempts + 1 >= self.attempts:
            return None
        return RetryDecision(retry_in={"seconds": 4 ** (job.attempts + 1)})


@dataclass(frozen=True)
class Task:
    """A registered task."""

    name: str
    function: Callable[..., Report]
    limit_seconds: int
    attempts: int


#: Every registered task by its name.
TASKS: dict[str, Task] = {}


def attempts_of(name: str) -> int:
    """How often a job of a task is tried."""
    return TASKS[name].attempts if name in TASKS else MAX_ATTEMPTS


def task(
    name: str,
    *,
    limit_seconds: int = LIMIT_SECONDS,
    attempts: int = MAX_ATTEMPTS,
    priority: Priority = Priority.USUAL,
) -> Callable[[Function], Function]:
    """Register a function as the task `name`; it may run more than once for one job, so it must be idempotent.

    One try ends after `limit_seconds` (docs/decisions/0018). What still fails at the last try stays in the queue's
    table as failed, for the operator to see. A task without arguments can be scheduled (microcosm/schedule.py); what it
    returns is kept with the run.
    """

    def register(function: Function) -> Function:
        TASKS[name] = Task(name=name, function=function, limit_seconds=limit_seconds, attempts=attempts)
        execute = partial(carry_out, limit_seconds=limit_seconds, max_attempts=attempts)
        app.task(name=name, retry=BackOff(attempts), priority=int(priority), task_middleware=[execute])(function)
        return function

    return register

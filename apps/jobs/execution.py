"""What happens around each try of a job: its time limit, and the notes of what came out (docs/decisions/0018)."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connection
from procrastinate import JobContext
from procrastinate.exceptions import JobAborted

from apps.core.logs import hide_tokens
from apps.jobs import services

MAX_REASON_LENGTH = 1000
MAX_TRACEBACK_LENGTH = 10_000


class TimeLimitExceeded(Exception):
    """The task took longer than it may."""


def carry_out(
    call_next: Callable[[], Any], context: JobContext, worker: Any, *, limit_seconds: int, max_attempts: int
) -> Any:
    """Run one try of a job in the worker's thread; how it ended is noted where it is a slot's or fails."""
    job_id, is_slot = context.job.id or 0, services.is_slot(context.job.lock)
    with ExitStack() as stack:
        try:
            with limited(limit_seconds, is_aborted=context.should_abort):
                if is_slot and not stack.enter_context(services.started_run(job_id=job_id)):
                    return None
                report = call_next()
        except JobAborted:
            # Given back by a worker that stops, or ended by an operator: no failure.
            raise
        except Exception as error:
            _mend_connection()
            is_last = context.job.attempts + 1 >= max_attempts
            services.note_failure(
                job_id=job_id, is_last=is_last, reason=reason_of(error), traceback=traceback_of(error)
            )
            raise
        if is_slot:
            services.finish_run(job_id=job_id, report=report)
        return report


def run_by_hand(name: str, function: Callable[[], services.Report], *, limit_seconds: int) -> services.Report:
    """Run a scheduled job here and now, and record it; returns what it reported."""
    run_id = services.start_run_by_hand(name=name)
    try:
        with limited(limit_seconds):
            report = function()
    # Ctrl-C as well: the run has ended.
    except BaseException as error:
        _mend_connection()
        services.end_run_by_hand(run_id=run_id, report=None, error=reason_of(error))
        raise
    services.end_run_by_hand(run_id=run_id, report=report, error="")
    return report


@contextmanager
def limited(seconds: float, *, is_aborted: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """End what runs inside at its first statement after `seconds`, or after somebody wants it aborted.

    One statement may take as long as all of it, so that statements of large jobs are not ended by the limit of pages.
    """
    deadline = time.monotonic() + seconds

    def check(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if is_aborted():
            raise JobAborted
        if time.monotonic() > deadline:
            raise TimeLimitExceeded(f"longer than {seconds:g} seconds")
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:
        # For the session: it serves jobs only, and each sets its own.
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [f"{int(seconds * 1000)}ms"])
    with connection.execute_wrapper(check):
        yield


def reason_of(error: BaseException) -> str:
    """Kind and text of an exception, fit to be stored."""
    return _storable(f"{type(error).__name__}: {error}".removesuffix(": "))[:MAX_REASON_LENGTH]


def traceback_of(error: BaseException) -> str:
    """Where it was raised, the end of it if it is long."""
    return _storable("".join(traceback.format_exception(error)))[-MAX_TRACEBACK_LENGTH:]


def _mend_connection() -> None:
    """The connection may be what failed: what is noted next gets a new one then."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def _storable(text: str) -> str:
    return hide_tokens(text).replace("\x00", "")

"""The worker: runs the jobs of the queue, and takes over those of workers that died (docs/decisions/0018)."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.worker import Worker

from apps.jobs.registry import LIMIT_SECONDS, TASKS, attempts_of
from apps.jobs.services import return_stalled_jobs

log = logging.getLogger(__name__)

CONCURRENCY = 4
#: How often a worker looks for jobs that nothing announces: those that are due again, and those another one held back.
POLL_SECONDS = 1.0
#: How often a worker says that it lives, and looks for jobs of those that do not.
HEARTBEAT_SECONDS = 5.0
#: How long a worker may be silent before its jobs are taken for stalled.
SILENT_SECONDS = 30.0
#: How long a worker that is to stop waits for its jobs before it wants them to give up at their next statement.
GRACEFUL_SECONDS = 30.0
#: How much longer than its limit a task may take that runs no statement, before its process ends itself.
OVERDUE_SECONDS = 30.0


async def work(
    *,
    concurrency: int = CONCURRENCY,
    poll_seconds: float = POLL_SECONDS,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    silent_seconds: float = SILENT_SECONDS,
    graceful_seconds: float = GRACEFUL_SECONDS,
    overdue_seconds: float = OVERDUE_SECONDS,
) -> None:
    """Run jobs until SIGTERM or SIGINT; ends with the error when the database cannot be reached."""

    async def watch(call_next: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:
        known = TASKS.get(context.job.task_name)
        limit = (known.limit_seconds if known else LIMIT_SECONDS) + overdue_seconds
        running = asyncio.ensure_future(call_next())
        done, _ = await asyncio.wait({running}, timeout=limit)
        if not done:
            await _give_up(running, context=context, worker=worker, graceful_seconds=graceful_seconds)
        return await running

    connector: Any = app.connector
    with app.replace_connector(connector.get_worker_connector()) as worker_app:
        async with worker_app.open_async():
            options: dict[str, Any] = {
                **worker_app.worker_defaults,
                "concurrency": concurrency,
                "fetch_job_polling_interval": poll_seconds,
                "shutdown_graceful_timeout": graceful_seconds,
                "update_heartbeat_interval": heartbeat_seconds,
                "stalled_worker_timeout": silent_seconds,
                "worker_middleware": [watch],
            }
            worker = Worker(worker_app, **options)
            await _run(worker, heartbeat_seconds=heartbeat_seconds, silent_seconds=silent_seconds)


async def _run(worker: Worker, *, heartbeat_seconds: float, silent_seconds: float) -> None:
    running = asyncio.ensure_future(worker.run())  # type: ignore[no-untyped-call]
    beside = asyncio.ensure_future(_look_after(worker, seconds=heartbeat_seconds, silent_seconds=silent_seconds))
    done, _ = await asyncio.wait({running, beside}, return_when=asyncio.FIRST_COMPLETED)
    worker.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait({running})
    beside.cancel()
    for task in (*done, running):
        task.result()


async def _look_after(worker: Worker, *, seconds: float, silent_seconds: float) -> None:
    """Say that the worker lives, and take over from those that do not, and what it has lost itself.

    procrastinate's own heartbeat ends when a worker is to stop, while its last jobs still run.
    """
    last_at = time.monotonic()
    while True:
        await asyncio.sleep(seconds)
        if worker.worker_id is None:
            continue
        await worker.app.job_manager.update_heartbeat(worker.worker_id)
        # What has held us up (a machine that slept, a database that was away) may have silenced the others, too.
        was_held_up = time.monotonic() - last_at > silent_seconds / 2
        last_at = time.monotonic()
        if not was_held_up:
            # Until their end is written down, which procrastinate tries once.
            in_hand = {context.job.id for context in worker._running_jobs.values() if context.job.id}
            count = await sync_to_async(_return_stalled_jobs, thread_sensitive=False)(
                silent_seconds, worker.worker_id, in_hand
            )
            if count:
                log.warning("gave %d jobs that nobody does any more back to the queue", count)


def _return_stalled_jobs(silent_seconds: float, own_id: int, in_hand: Collection[int]) -> int:
    close_old_connections()
    try:
        return return_stalled_jobs(
            silent_seconds=silent_seconds, attempts_of=attempts_of, own_id=own_id, in_hand=in_hand
        )
    finally:
        close_old_connections()


async def _give_up(
    running: "asyncio.Future[Any]", *, context: JobContext, worker: Worker, graceful_seconds: float
) -> None:
    """Nothing can end a thread: the other jobs may finish, then the process ends, and another takes the job over."""
    log.error("job %s is far over its time limit; this worker ends", context.job.call_string)
    worker.stop()  # type: ignore[no-untyped-call]
    done, _ = await asyncio.wait({running}, timeout=graceful_seconds)
    if not done:
        logging.shutdown()
        os._exit(1)

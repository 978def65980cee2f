"""`python -m tests.jobs.process scheduler|worker`: the real processes, over simulated time and with short patience.

SIMULATION is "<start of simulated time> <seconds since 1970 when it began> <how many times faster it goes>".
"""

import asyncio
import os
import sys
import time
from datetime import datetime, timedelta
from queue import SimpleQueue
from signal import SIGTERM, signal

import django


def simulated_now() -> datetime:
    """The moment that every process of one simulation agrees on; it stands still until the simulation begins."""
    start, began, rate = os.environ["SIMULATION"].split()
    return datetime.fromisoformat(start) + timedelta(seconds=max(0.0, time.time() - float(began)) * float(rate))


def main(kind: str) -> None:
    """Run one process until SIGTERM."""
    django.setup()
    from apps.jobs.scheduler import Scheduler
    from apps.jobs.worker import work
    from tests.jobs.work import SCHEDULE

    if kind == "worker":
        asyncio.run(
            work(
                concurrency=3,
                poll_seconds=0.05,
                heartbeat_seconds=0.2,
                silent_seconds=3,
                graceful_seconds=float(os.environ.get("GRACEFUL_SECONDS", "0.5")),
                overdue_seconds=0.5,
            )
        )
        return
    stop: SimpleQueue[None] = SimpleQueue()
    signal(SIGTERM, lambda *_: stop.put(None))
    Scheduler({row.task: row for row in SCHEDULE}, now=simulated_now, poll_seconds=0.02).run(stop)


if __name__ == "__main__":
    main(sys.argv[1])

"""`python -m tests.jobs.mortal`: workers that end themselves by SIGKILL at a step they are told.

Each line of the input is a step, `module.function before` or `module.function after 2` for the second call, or `-` for
a worker that lives on. For each a worker is forked, its pid is written, and when it has ended the signal that ended it.
`scheduler` forks a scheduler of the sweep that finds deliveries of dead senders, and goes on at once.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from queue import SimpleQueue
from signal import SIGKILL, SIGTERM, signal
from typing import Any

import django

from microcosm.development.processes import die_with_parent

#: People that one slice tells here.
SLICE = 3
#: How long after the beginning of a delivery its sender is taken for dead here.
LEASE = timedelta(seconds=1)


def main() -> None:
    """Fork what the lines say."""
    django.setup()
    from django.conf import settings

    from apps.jobs import worker
    from apps.updates import telling
    from apps.webhooks import sending

    telling.WATCHERS_AT_ONCE = SLICE
    # The oldest job dies with most of the workers here: more often than a job may that is not meant to.
    worker.attempts_of = lambda _name: 1000
    sending.GRACE = LEASE - timedelta(seconds=settings.WEBHOOK_TIMEOUT_SECONDS)
    for line in sys.stdin:
        if line.strip() == "scheduler":
            _fork(_schedule)
            continue
        pid = _fork(_work, *line.split())
        _say(pid)
        _pid, status = os.waitpid(pid, 0)
        _say(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _fork(run: Callable[..., None], *arguments: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    die_with_parent()
    run(*arguments)
    os._exit(0)


def _work(name: str, when: str = "", number: str = "1") -> None:
    from apps.jobs.worker import work

    if when:
        _doom(name, is_after=when == "after", number=int(number))
    # One job in hand, so that it is known what dies with it.
    asyncio.run(work(concurrency=1, poll_seconds=0.05, heartbeat_seconds=0.2, silent_seconds=1))


def _doom(name: str, *, is_after: bool, number: int) -> None:
    """Whoever calls the function for that time is no more, before or after what it does."""
    place, _, function = name.rpartition(".")
    module = import_module(place)
    real, calls = getattr(module, function), 0

    def last(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and not is_after:
            os.kill(os.getpid(), SIGKILL)
        result = real(*args, **kwargs)
        if calls == number:
            os.kill(os.getpid(), SIGKILL)
        return result

    setattr(module, function, last)


def _schedule() -> None:
    from apps.jobs.schedule import Scheduled
    from apps.jobs.scheduler import Scheduler

    stop: SimpleQueue[None] = SimpleQueue()
    signal(SIGTERM, lambda *_: stop.put(None))
    sweep = Scheduled("webhooks.sweep", cron="* * * * * *", what="each second here")
    Scheduler({sweep.task: sweep}, poll_seconds=0.1).run(stop)


if __name__ == "__main__":
    main()

"""Database work of the socket process: a few threads, each with its connection, beside the event loop."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections, connections

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Database:
    """Threads that ask the database; they exist while there is work."""

    def __init__(self, *, threads: int, name: str) -> None:
        self._threads, self._name = threads, name
        self._pool: ThreadPoolExecutor | None = None

    async def run(
        self, function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """What a function that asks the database answers."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=self._name)
        work = functools.partial(_run, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def close(self) -> None:
        """End the threads and their connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_close, pool, self._threads)


def _run(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    close_old_connections()
    return function(*args, **kwargs)


def _close(pool: ThreadPoolExecutor, threads: int) -> None:
    # Each thread takes one: none is free for a second before all have begun.
    import threading

    barrier = threading.Barrier(threads)

    def end() -> None:
        barrier.wait(10)
        connections.close_all()

    for future in [pool.submit(end) for _ in range(threads)]:
        future.result()
    pool.shutdown()


#: The follower of the log waits for nobody else; clients share the others.
log_database = Database(threads=1, name="live-log")
client_database = Database(threads=settings.LIVE_DATABASE_THREADS, name="live-client")

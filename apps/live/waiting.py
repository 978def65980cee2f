"""Waiting for a change in an HTTP request: bounded, and woken by PostgreSQL on the connection the request has."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.db import connection

from apps.core.events import CHANNEL
from apps.live.queries import FeedPage

#: A thread that waits answers nobody else, so only some may.
_seats = threading.BoundedSemaphore(max(1, settings.FEED_WAITERS))


def wait_for_page(read: Callable[[int], FeedPage], *, site_id: int, after: int, seconds: float) -> FeedPage:
    """The first page behind a position that holds anything, or an empty one after some seconds.

    `read` is asked again whenever something changed on the site. Answers at once what there is when too many wait.
    """
    if not _seats.acquire(blocking=False):
        return read(after)
    try:
        with _listening() as wake:
            deadline = time.monotonic() + seconds
            page = read(after)
            while not page.rows and (page.has_more or wake(site_id, deadline)):
                page = read(page.position)
            return page
    finally:
        _seats.release()


@contextlib.contextmanager
def _listening() -> Iterator[Callable[[int, float], bool]]:
    """Hear of changes while inside; what is given waits for one of a site, False when the time is over first."""
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")

    def wake(site_id: int, deadline: float) -> bool:
        database: Any = connection.connection
        while (remaining := deadline - time.monotonic()) > 0:
            for note in database.notifies(timeout=remaining, stop_after=1):
                if note.payload == str(site_id):
                    return True
        return False

    try:
        yield wake
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute(f"UNLISTEN {CHANNEL}")

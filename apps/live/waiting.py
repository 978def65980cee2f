"""Waiting for a change in an HTTP request: bounded in time and number."""

import threading
import time
from collections.abc import Callable

from django.conf import settings

from apps.core.wakes import wakes
from apps.live.queries import FeedPage

#: A thread that waits answers nobody else, so only some may.
_seats = threading.BoundedSemaphore(max(1, settings.FEED_WAITERS))


def wait_for_page(read: Callable[[int], FeedPage], *, site_id: int, after: int, seconds: float) -> FeedPage:
    """The first page behind a position that holds anything, or an empty one after some seconds.

    `read` is asked again while there is more, and whenever something changed on the site. Answers at once what there is
    when too many wait.
    """
    if not _seats.acquire(blocking=False):
        return read(after)
    try:
        with wakes().waiting(site_id) as wake:
            deadline = time.monotonic() + seconds
            page = read(after)
            # Whoever may see little of a long log would look through all of it.
            while not page.rows and time.monotonic() < deadline and (page.has_more or wake(deadline)):
                page = read(page.position)
            return page
    finally:
        _seats.release()

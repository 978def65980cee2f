"""Counting what happens far more often than it is written down (docs/decisions/0019).

A count is a number in the memory of the process that answers, and costs no statement. Seconds later a thread stores
what has come together. A process that is stopped stores what it has; one that is killed takes those counts along.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from multiprocessing.util import Finalize

from django.conf import settings
from django.db import DatabaseError, connection

log = logging.getLogger(__name__)

#: How often each thing was counted, by its site and id.
Counts = Mapping[tuple[int, int], int]


class Tally:
    """What this process has counted of one kind and not stored yet; `store` writes counts down, once."""

    def __init__(self, name: str, store: Callable[[Counts], None]) -> None:
        self._name, self._store = name, store
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, int]] = Counter()
        self._timer: threading.Timer | None = None
        self._stores_at_exit = False

    def note(self, *, site_id: int, id: int) -> None:
        """Count one."""
        with self._lock:
            self._counts[site_id, id] += 1
            self._start_clock()

    def take(self) -> Counts:
        """Everything counted by now; nothing is left after it."""
        with self._lock:
            counts, self._counts, self._timer = self._counts, Counter(), None
        return counts

    def store(self) -> None:
        """Store everything counted by now; raises DatabaseError and keeps it when the database does not take it."""
        counts = self.take()
        if not counts:
            return
        try:
            self._store(counts)
        except DatabaseError:
            with self._lock:
                self._counts.update(counts)
            raise

    def _start_clock(self) -> None:
        # A process that was forked has the timer of its parent, but not the thread.
        if settings.TALLY_STORE_SECONDS <= 0 or (self._timer is not None and self._timer.is_alive()):
            return
        if not self._stores_at_exit:
            # Server workers are children of `multiprocessing`, which leave without running what `atexit` knows.
            Finalize(None, self._store_at_exit, exitpriority=0)
            self._stores_at_exit = True
        self._timer = threading.Timer(settings.TALLY_STORE_SECONDS, self._store_in_time)
        self._timer.daemon = True
        self._timer.start()

    def _store_in_time(self) -> None:
        try:
            self.store()
        except DatabaseError:
            log.warning("%s cannot be stored now and are kept", self._name, exc_info=True)
            with self._lock:
                self._start_clock()
        finally:
            connection.close()

    def _store_at_exit(self) -> None:
        try:
            self.store()
        except DatabaseError:
            log.warning("the last %s of this process are lost", self._name, exc_info=True)

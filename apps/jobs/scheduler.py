"""The scheduler: one of any number of processes queues what is due (docs/decisions/0017)."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from queue import Empty, SimpleQueue

from django.db import InterfaceError, OperationalError, connection

from apps.core import clock
from apps.jobs.models import ScheduledJob
from apps.jobs.schedule import Scheduled
from apps.jobs.services import claim_slots, watch_slots

log = logging.getLogger(__name__)

#: The advisory lock of the elected process; any constant of ours that no other lock has.
LOCK_KEY = 7_461_003
#: How often the elected process looks for due slots, and the others whether it is gone.
POLL_SECONDS = 1.0


class Scheduler:
    """Waits to be elected, then queues what is due until it is stopped.

    The election is a lock of the session in which slots are claimed, Django's connection, which serves nothing else
    here: a process that loses the session has lost the lock, and can claim nothing before it is elected again.
    """

    def __init__(
        self,
        schedule: Mapping[str, Scheduled],
        *,
        now: Callable[[], datetime] = clock.now,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self.schedule = schedule
        self.now = now
        self.poll_seconds = poll_seconds
        self.is_elected = False

    def run(self, stop: "SimpleQueue[None]") -> None:
        """Until something is put into `stop`, which signal handlers may do at any moment, unlike setting an Event."""
        try:
            while True:
                self.tick()
                with suppress(Empty):
                    stop.get(timeout=self.poll_seconds)
                    return
        finally:
            # With the session goes the lock.
            connection.close()

    def tick(self) -> None:
        """Look once; without a database nothing happens, and the next look connects anew."""
        try:
            if not self.is_elected:
                self._stand()
            if self.is_elected:
                self._claim()
        except (OperationalError, InterfaceError) as error:
            log.warning("the scheduler has lost its database: %s", error)
            self.is_elected = False
            connection.close()

    def _stand(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY])
            self.is_elected = cursor.fetchone()[0]
        if self.is_elected:
            log.info("this scheduler is elected")
            watch_slots(self.schedule, now=self.now())

    def _claim(self) -> None:
        covered = dict(ScheduledJob.objects.filter(name__in=self.schedule).values_list("name", "covered_until"))
        now = self.now()
        for name, scheduled in self.schedule.items():
            next_slot = scheduled.next_slot(after=covered[name])
            if covered[name] > now or (next_slot is not None and next_slot <= now):
                for slot in claim_slots(scheduled, now=now):
                    log.info("queued %s of %s", name, slot.isoformat())

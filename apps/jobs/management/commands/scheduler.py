"""`manage.py scheduler`: queue the scheduled jobs when they are due."""

import signal
from queue import SimpleQueue
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from apps.jobs.schedule import load_schedule
from apps.jobs.scheduler import Scheduler


class Command(BaseCommand):
    """Any number of these may run: one is elected, the others wait for its end."""

    help = "Queue the scheduled jobs when they are due, until SIGTERM or Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a signal comes."""
        try:
            schedule = load_schedule()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        stop: SimpleQueue[None] = SimpleQueue()
        for kind in (signal.SIGINT, signal.SIGTERM):
            signal.signal(kind, lambda *_: stop.put(None))
        Scheduler(schedule).run(stop)

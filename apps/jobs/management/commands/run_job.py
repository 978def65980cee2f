"""`manage.py run_job`: run a scheduled job by hand."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from apps.jobs.execution import reason_of, run_by_hand
from apps.jobs.registry import TASKS
from apps.jobs.schedule import load_schedule


class Command(BaseCommand):
    """Runs a job here and now, whatever the scheduler does, and records the run."""

    help = "Run a scheduled job in the foreground and print what it reports."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the command understands."""
        parser.add_argument("name", nargs="?", help="which job; --list names them")
        parser.add_argument("--list", action="store_true", help="show all scheduled jobs and when they run")

    def handle(self, *args: Any, name: str | None, list: bool, **options: Any) -> None:
        """Run one, or list all."""
        try:
            schedule = load_schedule()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        if list:
            for row in schedule.values():
                self.stdout.write(f"{row.task:26} {row.cron:18} {row.what}")
            return
        if name is None:
            raise CommandError("name a job, or use --list")
        if name not in schedule:
            raise CommandError(f"no scheduled job is called {name}: --list names them")
        task = TASKS[name]
        try:
            report = run_by_hand(name, task.function, limit_seconds=task.limit_seconds)
        except Exception as error:
            # Whatever the job raises: the operator sees the line, --traceback the rest.
            raise CommandError(f"{name} failed: {reason_of(error)}") from error
        if report is None or isinstance(report, str):
            self.stdout.write(report or "done")
        else:
            self.stdout.write(json.dumps(report, indent=2))

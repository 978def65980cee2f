"""`manage.py rerender`: bring stored HTML up to date with the renderer."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from apps.comments.services import rerender_batch
from apps.comments.tasks import RERENDER
from apps.jobs.services import defer


class Command(BaseCommand):
    """Renders what an older renderer made, here and now or as a job."""

    help = "Render comments again that an older version of the renderer made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the command understands."""
        parser.add_argument("--queue", action="store_true", help="leave it to the worker, batch by batch")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until nothing is left; stopped at any moment, it goes on from there the next time."""
        if options["queue"]:
            with transaction.atomic():
                defer(RERENDER)
            self.stdout.write("queued")
            return
        total = 0
        while count := rerender_batch():
            total += count
            self.stdout.write(f"{total} rendered")
        self.stdout.write(f"done, {total} in all")

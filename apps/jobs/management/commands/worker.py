"""`manage.py worker`: run background jobs."""

import asyncio
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand

from apps.jobs import worker


def positive(text: str) -> int:
    """A number from 1 on; what else is given is one clear line."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


class Command(BaseCommand):
    """Any number of these may run."""

    help = "Run background jobs until SIGTERM or Ctrl-C; jobs in hand are finished or given back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the command understands."""
        parser.add_argument("--concurrency", type=positive, default=worker.CONCURRENCY, help="jobs in hand at once")

    def handle(self, *args: Any, concurrency: int, **options: Any) -> None:
        """Run until a signal comes."""
        asyncio.run(worker.work(concurrency=concurrency))

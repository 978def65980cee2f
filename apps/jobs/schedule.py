"""What runs when: the rows of the project's table of scheduled jobs, and the slots that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property

from apscheduler.triggers.cron import CronTrigger
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from apps.jobs.registry import TASKS

#: Slots that one transaction claims or passes over.
SLOTS_AT_ONCE = 500
_FIELDS = ("second", "minute", "hour", "day", "month", "day_of_week")


class Misfire(Enum):
    """What becomes of slots that nobody was there for, or that fell due while an earlier one still ran."""

    #: Each runs, one after the other: the work belongs to its slot.
    EVERY = "every"
    #: Only the newest runs: the work is about the state as it is now.
    LATEST = "latest"


@dataclass(frozen=True)
class Scheduled:
    """A task that takes no arguments and when it runs.

    `cron` is "second minute hour day month weekday" in UTC, weekdays by name (mon, tue, ...).
    """

    task: str
    cron: str
    what: str
    misfire: Misfire = Misfire.LATEST

    @cached_property
    def trigger(self) -> CronTrigger:
        """APScheduler's trigger; ValueError if `cron` cannot be read."""
        values = self.cron.split()
        if len(values) != len(_FIELDS):
            raise ValueError(f"{self.cron!r} has not six fields")
        if any(character.isdigit() for character in values[-1]):
            # Sunday is 0 for cron and 6 for APScheduler.
            raise ValueError(f"{self.cron!r} does not name the weekday")
        return CronTrigger(**dict(zip(_FIELDS, values, strict=True)), timezone=UTC)

    def slots(self, *, after: datetime, until: datetime) -> list[datetime]:
        """The first slots later than `after` and not later than `until`, at most SLOTS_AT_ONCE of them."""
        found: list[datetime] = []
        slot = self.next_slot(after=after)
        while slot is not None and slot <= until and len(found) < SLOTS_AT_ONCE:
            found.append(slot)
            slot = self.next_slot(after=slot)
        return found

    def next_slot(self, *, after: datetime) -> datetime | None:
        """The first slot later than a moment."""
        slot: datetime | None = self.trigger.get_next_fire_time(after, after)
        return slot


def load_schedule() -> dict[str, Scheduled]:
    """The project's table by task; ImproperlyConfigured names the row that cannot be used."""
    rows: Sequence[Scheduled] = import_string(settings.SCHEDULE)
    schedule: dict[str, Scheduled] = {}
    for row in rows:
        if row.task not in TASKS:
            raise ImproperlyConfigured(f"{settings.SCHEDULE}: no task is called {row.task}")
        if row.task in schedule:
            raise ImproperlyConfigured(f"{settings.SCHEDULE}: {row.task} is there twice")
        try:
            row.trigger  # noqa: B018 - reads the cron text
        except ValueError as error:
            raise ImproperlyConfigured(f"{settings.SCHEDULE}: {row.task}: {error}") from error
        schedule[row.task] = row
    return schedule

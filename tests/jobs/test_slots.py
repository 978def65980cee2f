"""Slots: which there are, and that each is claimed once (R6), whatever the clock does."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.jobs.models import Run, ScheduledJob
from apps.jobs.registry import TASKS
from apps.jobs.schedule import SLOTS_AT_ONCE, Misfire, Scheduled, load_schedule
from apps.jobs.services import claim_slots, watch_slots
from tests.queue import empty_queue

TASK = "jobs.forget_runs"
HOURLY = Scheduled(TASK, cron="0 0 * * * *", what="", misfire=Misfire.EVERY)
LATEST = Scheduled(TASK, cron="0 0 * * * *", what="", misfire=Misfire.LATEST)


def at(hour: int, minute: int = 0, second: int = 0, *, day: int = 1) -> datetime:
    return datetime(2030, 1, day, hour, minute, second, tzinfo=UTC)


def watch_from(moment: datetime) -> None:
    ScheduledJob.objects.create(name=TASK, covered_until=moment)


def queued() -> list[tuple[str, str | None]]:
    return list(ProcrastinateJob.objects.order_by("id").values_list("task_name", "lock"))


def finish_everything() -> None:
    empty_queue()


# --- The table ------------------------------------------------------------------------------------


def test_the_table_of_the_platform_can_be_used() -> None:
    schedule = load_schedule()
    assert {"microcosms.recount", "profiles.recount", "huddles.delete_orphaned"} <= set(schedule)
    for row in schedule.values():
        assert row.next_slot(after=at(0)) is not None, row.task
        assert row.what
        assert TASKS[row.task].function.__doc__


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([Scheduled("nobody.does_this", cron="0 * * * * *", what="")], "no task is called nobody.does_this"),
        ([HOURLY, LATEST], f"{TASK} is there twice"),
        ([Scheduled(TASK, cron="0 * * * *", what="")], "'0 \\* \\* \\* \\*' has not six fields"),
        ([Scheduled(TASK, cron="0 0 5 * * 0", what="")], "does not name the weekday"),
        ([Scheduled(TASK, cron="0 61 * * * *", what="")], TASK),
    ],
)
def test_a_row_that_cannot_be_used_is_named(rows: list[Scheduled], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("microcosm.schedule.SCHEDULE", rows)
    with pytest.raises(ImproperlyConfigured, match=said):
        load_schedule()


@pytest.mark.parametrize(
    ("cron", "after", "slots"),
    [
        ("30 * * * * *", at(0, 0, 30), [at(0, 1, 30), at(0, 2, 30)]),
        ("0 30 * * * *", at(0), [at(0, 30), at(1, 30)]),
        ("0 0 */4 * * *", at(0), [at(4), at(8)]),
        ("0 5 5 * * sun", at(0), [at(5, 5, day=6), at(5, 5, day=13)]),
        # Where clocks are set forward in spring there is an hour without a slot at 02:30; not in UTC.
        ("0 30 2 * * *", at(0) + timedelta(days=88), [at(2, 30) + timedelta(days=n) for n in (88, 89)]),
    ],
)
def test_slots_follow_one_another(cron: str, after: datetime, slots: list[datetime]) -> None:
    row = Scheduled(TASK, cron=cron, what="")
    assert row.slots(after=after, until=slots[-1]) == slots
    assert row.slots(after=after, until=slots[-1] - timedelta(microseconds=1)) == slots[:-1]


# --- Claims ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_slot_is_a_run_and_a_job_once() -> None:
    watch_from(at(0))
    assert claim_slots(HOURLY, now=at(0, 59, 59)) == []
    assert claim_slots(HOURLY, now=at(1)) == [at(1)]
    assert claim_slots(HOURLY, now=at(1, 0, 1)) == []
    run = Run.objects.get()
    assert (run.name, run.due_at, run.claimed_at, run.attempts, run.outcome) == (TASK, at(1), at(1), 0, "")
    assert run.job_id == ProcrastinateJob.objects.get().id
    assert queued() == [(TASK, f"scheduled:{TASK}")]


@pytest.mark.django_db
def test_watching_begins_now_and_goes_on_where_it_was() -> None:
    watch_slots([TASK], now=at(0, 30))
    watch_slots([TASK], now=at(0, 45))
    assert ScheduledJob.objects.get().covered_until == at(0, 30)
    assert claim_slots(HOURLY, now=at(1)) == [at(1)]


@pytest.mark.django_db
def test_after_downtime_every_slot_comes_or_only_the_latest() -> None:
    watch_from(at(0))
    assert claim_slots(HOURLY, now=at(3, 30)) == [at(1), at(2), at(3)]
    Run.objects.all().delete()
    ScheduledJob.objects.update(covered_until=at(0))
    finish_everything()
    assert claim_slots(LATEST, now=at(3, 30)) == [at(3)]
    assert claim_slots(LATEST, now=at(3, 31)) == []
    finish_everything()
    assert claim_slots(LATEST, now=at(4)) == [at(4)]


@pytest.mark.django_db
def test_long_downtime_comes_in_portions() -> None:
    watch_from(at(0))
    late = at(0) + timedelta(hours=SLOTS_AT_ONCE + 10)
    assert len(claim_slots(HOURLY, now=late)) == SLOTS_AT_ONCE
    assert len(claim_slots(HOURLY, now=late)) == 10
    assert claim_slots(HOURLY, now=late) == []
    ScheduledJob.objects.update(covered_until=at(0))
    Run.objects.all().delete()
    finish_everything()
    assert claim_slots(LATEST, now=late) == [late]


@pytest.mark.django_db
def test_the_latest_waits_for_the_one_before_and_stands_for_what_fell_due_meanwhile() -> None:
    watch_from(at(0))
    assert claim_slots(LATEST, now=at(1)) == [at(1)]
    assert claim_slots(LATEST, now=at(2)) == []
    assert claim_slots(LATEST, now=at(3)) == []
    finish_everything()
    assert claim_slots(LATEST, now=at(3, 1)) == [at(3)]


@pytest.mark.django_db
def test_r6_a_clock_that_is_set_back_repeats_nothing_and_stops_nothing() -> None:
    watch_from(at(0))
    assert claim_slots(HOURLY, now=at(2)) == [at(1), at(2)]
    # Back by an hour and a half: 01:00 and 02:00 have run.
    assert claim_slots(HOURLY, now=at(0, 30)) == []
    assert claim_slots(HOURLY, now=at(1)) == []
    assert claim_slots(HOURLY, now=at(2)) == []
    assert claim_slots(HOURLY, now=at(3)) == [at(3)]
    # A year ahead by mistake, and back: the next hour comes as it should.
    finish_everything()
    assert claim_slots(LATEST, now=at(0) + timedelta(days=365)) != []
    finish_everything()
    assert claim_slots(LATEST, now=at(3, 30)) == []
    assert claim_slots(LATEST, now=at(4)) == [at(4)]


@pytest.mark.django_db(transaction=True)
def test_of_many_that_believe_they_lead_one_claims_a_slot() -> None:
    empty_queue()
    watch_from(at(0))
    barrier = threading.Barrier(6)
    claimed: list[Any] = []

    def claim() -> None:
        try:
            barrier.wait(timeout=10)
            claimed.append(claim_slots(HOURLY, now=at(2)))
        finally:
            connection.close()

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [[], [], [], [], [], [at(1), at(2)]]
    assert len(queued()) == Run.objects.count() == 2
    empty_queue()

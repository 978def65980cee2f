"""Positions of the change log, which follow the order of commits whoever writes at once, and the days it is kept in."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from django.db import connection, connections, transaction

from apps.accounts.models import User
from apps.core.clock import now, set_clock
from apps.core.events import Event, publish
from apps.core.models import Change
from apps.core.partitions import DAYS_AHEAD, forget_changes, prepare_days
from apps.core.queries import changes_after, log_place
from apps.live.tasks import keep_log
from apps.profiles.models import Profile
from microcosm.development.testing import wait_until
from tests.factories import Forum, make_forum, make_user

PATIENCE = 30


@dataclass(frozen=True, kw_only=True)
class SomethingHappened(Event):
    """A change that nobody but these tests knows."""

    kind: ClassVar[str] = "test.happened"
    number: int = 0


def happen(site_id: int, number: int = 0) -> None:
    """Write one change."""
    with transaction.atomic():
        publish(SomethingHappened(site_id=site_id, actor_id=None, number=number))


def numbers_after(site_id: int, position: int) -> list[int]:
    """What follows a position, in order."""
    return [row.ids["number"] for row in changes_after({site_id: position}, limit=100_000)]


@pytest.fixture
def threads(transactional_db: None) -> Iterator[ThreadPoolExecutor]:
    """Writers with a connection each."""
    with ThreadPoolExecutor(16, thread_name_prefix="writer") as pool:
        yield pool
        barrier = threading.Barrier(16)
        for _ in range(16):
            pool.submit(lambda: (barrier.wait(PATIENCE), connections.close_all()))


def test_a_change_that_is_made_first_and_commits_last_comes_last(threads: ThreadPoolExecutor) -> None:
    forum = make_forum("alpha")
    start = log_place(site_id=forum.site.id).head
    is_made, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            publish(SomethingHappened(site_id=forum.site.id, actor_id=None, number=1))
            is_made.set()
            assert may_end.wait(PATIENCE)

    writer = threads.submit(slow)
    assert is_made.wait(PATIENCE)
    happen(forum.site.id, 2)
    # Nothing is held back by a transaction that is still running.
    assert numbers_after(forum.site.id, start) == [2]
    place = log_place(site_id=forum.site.id).head
    may_end.set()
    writer.result(PATIENCE)
    assert numbers_after(forum.site.id, place) == [1]
    assert numbers_after(forum.site.id, start) == [2, 1]


def test_a_follower_sees_every_commit_once_and_in_order_under_concurrent_writers(threads: ThreadPoolExecutor) -> None:
    sites = [make_forum(key).site.id for key in ("alpha", "beta")]
    places = {site_id: log_place(site_id=site_id).head for site_id in sites}
    seen: dict[int, list[tuple[int, int]]] = {site_id: [] for site_id in sites}
    is_over = threading.Event()
    committed: dict[int, list[list[int]]] = {site_id: [] for site_id in sites}

    def write(writer: int) -> None:
        rng = random.Random(writer)
        for turn in range(40):
            site_id = rng.choice(sites)
            first = (writer * 1000 + turn) * 10
            mine = list(range(first, first + rng.randint(1, 3)))
            try:
                with transaction.atomic():
                    for number in mine:
                        publish(SomethingHappened(site_id=site_id, actor_id=None, number=number))
                        time.sleep(rng.random() / 500)
                    if rng.random() < 0.2:
                        raise InterruptedError
            except InterruptedError:
                continue
            committed[site_id].append(mine)

    def follow() -> None:
        positions = dict(places)
        while True:
            is_last = is_over.is_set()
            for row in changes_after(positions, limit=5):
                seen[row.site_id].append((row.position, row.ids["number"]))
                positions[row.site_id] = row.position
            if is_last and not changes_after(positions, limit=1):
                return

    follower = threads.submit(follow)
    for writer in [threads.submit(write, number) for number in range(8)]:
        writer.result(PATIENCE)
    is_over.set()
    follower.result(PATIENCE)
    for site_id in sites:
        positions = [position for position, _number in seen[site_id]]
        assert positions == sorted(set(positions))
        numbers = [number for _position, number in seen[site_id]]
        assert sorted(numbers) == sorted(number for transaction_ in committed[site_id] for number in transaction_)
        # What one transaction wrote stays together and in its order.
        for mine in committed[site_id]:
            at = numbers.index(mine[0])
            assert numbers[at : at + len(mine)] == mine


def test_the_lock_of_the_log_is_not_held_while_foreign_keys_wait(threads: ThreadPoolExecutor) -> None:
    """One holds a user's row and then commits a change; the other has inserted a row that refers to that user."""
    forum = make_forum("alpha")
    user = make_user()
    is_locked, has_inserted, may_go = threading.Event(), threading.Event(), threading.Event()

    def holds_the_user() -> None:
        with transaction.atomic():
            User.objects.select_for_update().get(id=user.id)
            is_locked.set()
            assert has_inserted.wait(PATIENCE)
            # The other is in its commit now, at the foreign key; it must not have the lock of the log yet.
            _until_somebody_waits()
            publish(SomethingHappened(site_id=forum.site.id, actor_id=None, number=1))

    def refers_to_the_user() -> None:
        assert is_locked.wait(PATIENCE)
        with transaction.atomic():
            publish(SomethingHappened(site_id=forum.site.id, actor_id=None, number=2))
            with connection.cursor() as cursor:
                # Without the check at once that Django's own insert would wait for.
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            Profile.objects.create(site=forum.site, user=user, name="late")
            has_inserted.set()

    start = log_place(site_id=forum.site.id).head
    first, second = threads.submit(holds_the_user), threads.submit(refers_to_the_user)
    first.result(PATIENCE)
    second.result(PATIENCE)
    may_go.set()
    assert numbers_after(forum.site.id, start) == [1, 2]


def _until_somebody_waits() -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


# --- Days -----------------------------------------------------------------------------------------


def days() -> list[str]:
    """The partitions of the log."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid"
            " WHERE inhparent = 'core_change'::regclass ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def place_of(number: int) -> str:
    """The partition that a change is in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM core_change WHERE ids @> %s", [f'{{"number": {number}}}'])
        (name,) = cursor.fetchone()
    return str(name)


@pytest.fixture
def dropped_days(transactional_db: None) -> Iterator[None]:
    """Leaves no partitions behind."""
    yield
    set_clock()
    with connection.cursor() as cursor:
        for name in days():
            if name != "core_change_other":
                cursor.execute(f"DROP TABLE {name}")


def test_days_are_prepared_used_and_forgotten(dropped_days: None) -> None:
    today = datetime(2031, 5, 1, 12, tzinfo=UTC)
    set_clock(frozen=today)
    forum: Forum = make_forum("alpha")
    site_id = forum.site.id
    happen(site_id, 1)
    assert place_of(1) == "core_change_other"
    before = log_place(site_id=site_id).head
    made = prepare_days()
    assert made == [f"core_change_2031050{day}" for day in range(1, 2 + DAYS_AHEAD)]
    assert prepare_days() == []
    # What was there already has moved, and nothing has another position.
    assert place_of(1) == "core_change_20310501"
    assert log_place(site_id=site_id).head == before
    set_clock(frozen=today + timedelta(days=3))
    happen(site_id, 4)
    assert place_of(4) == "core_change_20310504"
    assert numbers_after(site_id, before) == [4]
    assert forget_changes(before=today) == 0
    assert forget_changes(before=today + timedelta(days=1)) >= 1
    assert "core_change_20310501" not in days()
    place = log_place(site_id=site_id)
    assert place.forgotten == before
    assert place.holds(before)
    assert not place.holds(before - 1)
    assert place.holds(place.head)
    assert not place.holds(place.newest + 1)


def test_a_writer_that_comes_while_a_day_is_prepared_is_not_refused(
    dropped_days: None, threads: ThreadPoolExecutor
) -> None:
    """It has to wait before it chooses where its row goes, which is the day as soon as there is one."""
    set_clock(frozen=datetime(2031, 5, 1, 12, tzinfo=UTC))
    forum = make_forum("alpha")
    happen(forum.site.id, 1)
    with transaction.atomic():
        prepare_days()
        writing = threads.submit(happen, forum.site.id, 2)
        wait_until(waits_for_a_lock, seconds=PATIENCE, what="the writer to wait")
    writing.result(PATIENCE)
    assert place_of(2) == "core_change_20310501"


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IN ('core_change'::regclass,"
            " 'core_change_other'::regclass)"
        )
        return bool(cursor.fetchone()[0])


def test_the_job_keeps_the_days_that_the_setting_says(dropped_days: None, settings: object) -> None:
    settings.CHANGE_LOG_DAYS = 2  # type: ignore[attr-defined]
    forum: Forum = make_forum("alpha")
    today = datetime(2031, 5, 10, 12, tzinfo=UTC)
    for age in (5, 3, 2, 1, 0):
        set_clock(frozen=today - timedelta(days=age))
        happen(forum.site.id, age)
    set_clock(frozen=today + timedelta(seconds=1))
    keep_log()
    left = Change.objects.filter(kind="test.happened").values_list("ids", flat=True)
    assert sorted(ids["number"] for ids in left) == [0, 1]
    keep_log()
    happen(forum.site.id, 7)
    assert place_of(7) == "core_change_20310510"
    assert now().year == 2031


def test_an_uncommitted_change_has_no_position(forum: Forum) -> None:
    publish(SomethingHappened(site_id=forum.site.id, actor_id=None, number=9))
    assert Change.objects.get(kind="test.happened").position is None

"""Telling many: posting costs the same for 3 and for 50,000 watchers, and each of them is told once, come what may."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.items.models import Item
from apps.updates import tasks, telling
from apps.updates.models import Update, Watcher
from apps.updates.telling import TELL_OF_COMMENT, TELL_WATCHERS
from tests.changes import settle
from tests.client import ApiClient
from tests.content import place_in, say
from tests.content import start as start_item
from tests.crowds import add_watchers
from tests.factories import Forum
from tests.jobs.conftest import Process, statuses, wait_for
from tests.queries import count_statements
from tests.queue import empty_queue

#: Of the issue's acceptance.
MANY = 50_000
_numbers = count(1)


def touched() -> dict[str, tuple[int, ...]]:
    """By table what this transaction has written, and for watchers and updates what it has read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del, CASE WHEN relname LIKE 'updates%%'"
            " THEN coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) ELSE 0 END"
            " FROM pg_stat_xact_user_tables"
        )
        return {row[0]: row[1:] for row in cursor.fetchall()}


def pages() -> int:
    """How many pages of tables and indexes this transaction has looked at."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_stat_get_xact_blocks_fetched(oid)) FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i', 't')"
        )
        return int(cursor.fetchone()[0])


def cost_of_posting(api: ApiClient, item: Item) -> tuple[list[str], dict[str, tuple[int, ...]], int]:
    """The statements of a request that posts a comment, the rows it touches by table, and the pages it looks at."""
    before, pages_before = touched(), pages()
    with count_statements() as statements:
        post(api, item)
        settle()
    after, pages_after = touched(), pages()
    rows = {table: tuple(b - a for a, b in zip(before[table], after[table], strict=True)) for table in after}
    return (
        list(statements),
        {table: counts for table, counts in rows.items() if any(counts)},
        pages_after - pages_before,
    )


def post(api: ApiClient, item: Item) -> None:
    """Say something over HTTP."""
    body = {"itemType": "conversation", "itemId": item.id, "markdown": f"Is *that* so on {item.id}, {next(_numbers)}?"}
    assert api.post("comments", body).status == 302


@pytest.mark.django_db
def test_posting_costs_the_same_for_3_and_for_50000_watchers(forum: Forum, api: ApiClient) -> None:
    few, many = (start_item(forum.owner, place_in(forum)) for _ in range(2))
    add_watchers(few, 2)
    add_watchers(many, MANY - 1)
    assert [Watcher.objects.filter(item=item).count() for item in (few, many)] == [3, MANY]
    # Whoever speaks first watches from then on, and statements are prepared once.
    owner = api.as_(forum.owner)
    for item in (few, many):
        post(owner, item)
    settle()
    empty_queue()
    statements, rows, looked_at = cost_of_posting(owner, few)
    their_statements, their_rows, they_looked_at = cost_of_posting(owner, many)
    assert (their_statements, their_rows) == (statements, rows)
    assert they_looked_at <= 1.2 * looked_at
    assert rows["comments_comment"][0] == rows["procrastinate_jobs"][0] == 1
    assert "updates_update" not in rows
    assert list(ProcrastinateJob.objects.values_list("task_name", flat=True)) == [TELL_OF_COMMENT] * 2


def told_of(comment_id: int) -> tuple[int, int]:
    """How many updates there are of a comment, and how many people have more than one."""
    updates = Update.objects.filter(comment_id=comment_id)
    twice = updates.values("profile").annotate(count=Count("id")).filter(count__gt=1)
    return updates.count(), twice.count()


@pytest.mark.django_db(transaction=True)
def test_each_of_50000_watchers_is_told_once_though_workers_are_killed(
    start: Callable[..., Process], forum: Forum
) -> None:
    item = start_item(forum.owner, place_in(forum))
    add_watchers(item, MANY)
    empty_queue()
    comment = say(forum.owner, item)
    for share in (0, 10_000, 20_000):
        worker = start("worker")
        wait_for(lambda share=share: Update.objects.count() > share, "some that are told")  # type: ignore[misc]
        worker.kill()
    assert 20_000 < Update.objects.count() < MANY
    start("worker")
    wait_for(lambda: statuses() == [], "the end of the jobs")
    assert told_of(comment.id) == (MANY, 0)
    assert not Update.objects.filter(profile=forum.owner.profile).exists()


class Crash(Exception):
    """The worker dies."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["before the slice", "after the slice", "after the next is queued"])
def test_a_crash_at_any_step_loses_and_doubles_nothing(
    forum: Forum, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Each slice crashes once at the step, and is tried again as the worker would."""
    empty_queue()
    item = start_item(forum.owner, place_in(forum))
    add_watchers(item, 10)
    empty_queue()
    comment = say(forum.owner, item)
    monkeypatch.setattr(telling, "WATCHERS_AT_ONCE", 3)
    crashes = [0]

    def crash() -> None:
        crashes[0] += 1
        if crashes[0] % 2:
            raise Crash

    defer, execute = telling.defer, telling.statements.tell_watchers

    class Slice:
        def row(self, **parameters: Any) -> Any:
            if step == "before the slice":
                crash()
            row = execute.row(**parameters)
            if step == "after the slice":
                crash()
            return row

    def defer_and_crash(*args: Any, **kwargs: Any) -> None:
        defer(*args, **kwargs)
        if step == "after the next is queued":
            crash()

    monkeypatch.setattr(telling, "defer", defer_and_crash)
    monkeypatch.setitem(telling.statements._statements, "tell_watchers", Slice())
    tries = run_all()
    assert told_of(comment.id) == (10, 0)
    assert tries == (4, crashes[0] // 2 + crashes[0] % 2)
    assert crashes[0] > 0


def run_all() -> tuple[int, int]:
    """Run the jobs of the queue until none is left; returns how many ended well and how many crashed."""
    run: dict[str, Callable[..., None]] = {
        TELL_OF_COMMENT: tasks.tell_of_comment,
        TELL_WATCHERS: tasks.tell_watchers,
    }
    ended, crashed = 0, 0
    while job := ProcrastinateJob.objects.order_by("id").first():
        try:
            run[job.task_name](**job.args)
        except Crash:
            crashed += 1
            continue
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [job.id])
        ended += 1
    return ended, crashed

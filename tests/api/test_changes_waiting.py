"""The feed's long poll: woken by a commit, bounded in time and number, with rights asked again (A5)."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, connections

from apps.accounts.services import revoke_token
from apps.core.queries import log_place
from apps.items.services import create_conversation
from apps.live import waiting
from apps.live.queries import FeedPage, Filter, feed_page
from apps.permissions.models import Role
from apps.profiles.viewer import Viewer
from apps.sites.hosts import site_at
from tests.client import ApiClient
from tests.factories import Forum, make_forum

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 30


@pytest.fixture
def forum(transactional_db: None) -> Forum:
    """A forum whose rows other connections can see."""
    return make_forum("alpha")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads as the server has them, with a connection each."""
    with ThreadPoolExecutor(4) as threads:
        yield threads
        barrier = threading.Barrier(4)
        for _ in range(4):
            threads.submit(lambda: (barrier.wait(PATIENCE), connections.close_all()))


def start(forum: Forum) -> int:
    """A new conversation, committed."""
    return create_conversation(
        site_id=forum.site.id,
        author_id=forum.owner.id,
        microcosm_id=forum.root.id,
        title=f"A title {time.monotonic_ns()}",
        flags={},
        by_moderator=True,
    )


def server_time() -> datetime:
    """Now, by the clock of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def until_waiting(count: int, *, since: datetime) -> None:
    """Until so many connections have asked, at or after a moment, and are idle."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND state = 'idle' AND query NOT LIKE %s AND query LIKE %s AND query_start >= %s",
                ["%UNLISTEN%", "%scanned AS MATERIALIZED%", since],
            )
            if cursor.fetchone()[0] >= count:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def ask(forum: Forum, after: int, token: str = "") -> Any:
    """A request that waits for as long as it may."""
    return ApiClient(host=forum.host, token=token).get(f"changes?after={after}&wait=25")


def test_a_commit_wakes_who_waits(forum: Forum, pool: ThreadPoolExecutor) -> None:
    after = log_place(site_id=forum.site.id).head
    began = server_time()
    waiting_request = pool.submit(ask, forum, after)
    until_waiting(1, since=began)
    item_id = start(forum)
    reply = waiting_request.result(PATIENCE)
    assert [change["ids"]["itemId"] for change in reply.data["changes"]] == [item_id]


def test_what_is_there_already_is_answered_at_once_and_nothing_after_the_time(forum: Forum) -> None:
    client = ApiClient(host=forum.host)
    after = log_place(site_id=forum.site.id).head
    item_id = start(forum)
    assert [c["ids"]["itemId"] for c in client.get(f"changes?after={after}&wait=25").data["changes"]] == [item_id]
    now = log_place(site_id=forum.site.id).head
    assert client.get(f"changes?after={now}&wait=1").data == {
        "changes": [],
        "position": now,
        "more": False,
        "gap": False,
    }


def test_too_many_do_not_wait(forum: Forum, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_seats", threading.BoundedSemaphore(1))
    after = log_place(site_id=forum.site.id).head
    began = server_time()
    first = pool.submit(ask, forum, after)
    until_waiting(1, since=began)
    second = pool.submit(ask, forum, after)
    assert second.result(PATIENCE).data["changes"] == []
    assert not first.done()
    start(forum)
    assert len(first.result(PATIENCE).data["changes"]) == 1
    # The seat is free again.
    assert len(ask(forum, after).data["changes"]) == 1


@pytest.mark.parametrize("how", ["token", "role"])
def test_a5_rights_lost_while_waiting_count(forum: Forum, pool: ThreadPoolExecutor, how: str) -> None:
    member = forum.member()
    after = log_place(site_id=forum.site.id).head
    began = server_time()
    waiting_request = pool.submit(ask, forum, after, member.token)
    until_waiting(1, since=began)
    if how == "token":
        revoke_token(token=member.token)
        assert waiting_request.result(PATIENCE).status == 401
        return
    Role.objects.filter(microcosm=forum.root).update(can_read=False)
    hidden_at = server_time()
    start(forum)
    until_waiting(1, since=hidden_at)
    Role.objects.filter(microcosm=forum.root).update(can_read=True)
    item_id = start(forum)
    # What was hidden when it came is behind the position already.
    assert [c["ids"]["itemId"] for c in waiting_request.result(PATIENCE).data["changes"]] == [item_id]


def test_a_long_log_with_nothing_for_the_caller_is_looked_through_until_the_time_is_over(forum: Forum) -> None:
    began = time.monotonic()

    def read(position: int) -> FeedPage:
        assert time.monotonic() - began < PATIENCE
        return FeedPage(rows=[], position=position + 1000, has_more=True)

    page = waiting.wait_for_page(read, site_id=forum.site.id, after=0, seconds=0.1)
    assert (page.rows, page.has_more) == ([], True)
    assert page.position >= 1000


def test_what_comes_while_the_log_is_read_wakes_who_waits(forum: Forum, pool: ThreadPoolExecutor) -> None:
    site = site_at(forum.host)
    assert site is not None
    item_ids: list[int] = []

    def read(position: int) -> FeedPage:
        page = feed_page(Viewer(site=site), after=position, limit=1, wanted=Filter())
        if not item_ids:
            item_ids.append(pool.submit(start, forum).result(PATIENCE))
            # The server tells of it with the answer to this.
            log_place(site_id=forum.site.id)
        return page

    after = log_place(site_id=forum.site.id).head
    page = waiting.wait_for_page(read, site_id=forum.site.id, after=after, seconds=3)
    assert [row.item_id for row in page.rows] == item_ids


def test_r7_a_database_that_goes_away_meanwhile_is_503(forum: Forum, pool: ThreadPoolExecutor) -> None:
    after = log_place(site_id=forum.site.id).head
    began = server_time()
    client = ApiClient(host=forum.host, checked=False)
    waiting_request = pool.submit(client.get, f"changes?after={after}&wait=25")
    until_waiting(1, since=began)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    reply = waiting_request.result(PATIENCE)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "1")

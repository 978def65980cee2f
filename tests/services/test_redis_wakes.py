"""Waking by Redis: told after the commit, heard by ours alone, never in the way of a write (docs/decisions/0083)."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections, transaction
from redis import Redis

from apps.core import redis_wakes
from apps.core.events import publish, publish_all
from apps.core.queries import changes_after, log_place
from apps.core.redis_wakes import RedisWakes
from apps.core.wakes import CHANGES, MISSED, PRESENCE, Heard, Wake, wakes
from apps.sites.events import SiteEdited
from microcosm.development.testing import RedisServer, free_port, wait_until
from tests.api.test_changes_waiting import PATIENCE, ask, server_time, until_waiting
from tests.factories import Forum, make_forum

pytestmark = pytest.mark.django_db(transaction=True)
CHANGES_NAME = "microcosm:localhost:changes"


@pytest.fixture
def forum(transactional_db: None) -> Forum:
    """A forum whose rows other connections can see."""
    return make_forum("alpha")


def edited(forum: Forum) -> SiteEdited:
    """A change that everybody on the site hears of."""
    return SiteEdited(site_id=forum.site.id, actor_id=forum.owner.id)


def edit(forum: Forum) -> None:
    """Make it."""
    with transaction.atomic():
        publish(edited(forum))


@contextlib.contextmanager
def connected(redis: RedisServer) -> Iterator[Any]:
    """A client of the test's own."""
    client: Any = Redis.from_url(redis.url)
    with client:
        yield client


def follower_count(redis: RedisServer) -> int:
    """How many are subscribed to changes."""
    with connected(redis) as client:
        ((_name, count),) = client.pubsub_numsub(CHANGES_NAME)
    return int(count)


async def hear(heard: Heard, count: int) -> list[Wake]:
    """The next things that are heard."""
    found: list[Wake] = []
    while len(found) < count:
        found += await heard(PATIENCE)
    return found


# --- Telling ----------------------------------------------------------------------------------------


def test_what_is_told_leaves_after_the_commit_and_never_when_it_is_undone(forum: Forum, redis: RedisServer) -> None:
    with connected(redis) as client, client.pubsub(ignore_subscribe_messages=True) as everything:
        everything.psubscribe("*")
        assert everything.get_message(timeout=PATIENCE) is None
        with transaction.atomic():
            publish_all([edited(forum), edited(forum)])
            client.publish("before", "")
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            publish(edited(forum))
            raise ZeroDivisionError
        client.publish("after", "")
        heard = [everything.get_message(timeout=PATIENCE)["channel"].decode() for _ in range(3)]
    assert heard == ["before", CHANGES_NAME, "after"]


def test_a_redis_that_does_not_answer_is_left_alone_and_nothing_is_lost(
    forum: Forum, redis: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(redis_wakes, "PAUSE_SECONDS", 3600.0)
    edit(forum)
    begin = log_place(site_id=forum.site.id).head
    with connected(redis) as client:
        before = client.info("stats")["total_connections_received"]
        redis.hold_up()
        for _ in range(20):
            edit(forum)
        redis.let_go_on()
        # The one write that waited for it had a connection already; another would have made one.
        assert client.info("stats")["total_connections_received"] == before
    (message,) = caplog.messages
    assert message.startswith("no wake-ups are told, the log is polled: TimeoutError ")
    assert len(changes_after({forum.site.id: begin}, limit=100)) == 20


@pytest.mark.parametrize("answer", ["nobody", "garbage"])
def test_whatever_is_there_a_write_succeeds(forum: Forum, answer: str, settings: Any, request: Any) -> None:
    address = f"127.0.0.1:{free_port()}" if answer == "nobody" else request.getfixturevalue("memcached")
    settings.WAKES_URL = f"redis://user:secret@{address}/1"
    wakes.cache_clear()
    begin = log_place(site_id=forum.site.id).head
    edit(forum)
    wakes.cache_clear()
    assert len(changes_after({forum.site.id: begin}, limit=100)) == 1


def test_one_in_a_while_finds_out_whether_it_is_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 1000.0
    monkeypatch.setattr(redis_wakes.time, "monotonic", lambda: now)
    link = redis_wakes._Link("told")
    assert [link.may_be_tried() for _ in range(3)] == [True, True, True]
    for _ in range(2):
        link.failed(OSError("away"))
        assert [link.may_be_tried() for _ in range(3)] == [False, False, False]
        now += redis_wakes.PAUSE_SECONDS
        assert [link.may_be_tried() for _ in range(3)] == [True, False, False]
    for _ in range(2):
        link.worked()
    assert [link.may_be_tried() for _ in range(3)] == [True, True, True]
    assert caplog.messages == [
        "no wake-ups are told, the log is polled: OSError away",
        "wake-ups are told by Redis again",
    ]


# --- Hearing ----------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_messages_of_others_are_passed_over(redis_server: RedisServer) -> None:
    ours = RedisWakes(redis_server.url, prefix="one", secret="a secret")
    namesake = RedisWakes(redis_server.url, prefix="one", secret="another secret")
    neighbour = RedisWakes(redis_server.url, prefix="two", secret="a secret")
    async with ours.followed() as heard:
        assert await hear(heard, 3) == [Wake(MISSED, "")] * 3
        for stranger in (namesake, neighbour):
            stranger._send([Wake(CHANGES, "5")])
        with connected(redis_server) as client:
            for nonsense in (b"", b"\xff\xfe", b"x" * 100):
                client.publish("one:changes", nonsense)
        ours._send([Wake(PRESENCE, '{"site":5}'), Wake(CHANGES, "5")])
        assert await hear(heard, 2) == [Wake(PRESENCE, '{"site":5}'), Wake(CHANGES, "5")]


@pytest.mark.asyncio
async def test_who_can_tell_again_says_that_something_was_missed(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_wakes, "PAUSE_SECONDS", 0.0)
    ours = RedisWakes(redis_server.url, prefix="one", secret="a secret")
    async with ours.followed() as heard:
        await hear(heard, 3)
        ours._telling.failed(OSError("away"))
        for _ in range(2):
            ours._send([Wake(CHANGES, "5")])
        assert await hear(heard, 3) == [Wake(CHANGES, "5"), Wake(MISSED, ""), Wake(CHANGES, "5")]


@pytest.mark.asyncio
async def test_nothing_is_heard_where_nobody_is() -> None:
    nowhere = RedisWakes(f"redis://127.0.0.1:{free_port()}", prefix="one", secret="a secret")
    async with nowhere.followed() as heard:
        assert list(await heard(0.0)) == []


# --- Requests that wait -----------------------------------------------------------------------------


def test_a_request_that_waits_is_woken(forum: Forum, redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_wakes, "POLL_SECONDS", 3600.0)
    after = log_place(site_id=forum.site.id).head
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(ask, forum, after)
        wait_until(lambda: follower_count(redis) == 1, seconds=PATIENCE, what="a request that waits")
        with transaction.atomic():
            publish(edited(make_forum("beta")))
        edit(forum)
        assert [change["kind"] for change in waiting.result(PATIENCE).data["changes"]] == ["site.edited"]
        thread.submit(connections.close_all)
    wait_until(lambda: follower_count(redis) == 0, seconds=PATIENCE, what="the end of its subscription")


def test_a_request_that_waits_without_redis_looks_by_itself(forum: Forum, redis: RedisServer) -> None:
    redis.kill()
    after, began = log_place(site_id=forum.site.id).head, server_time()
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(ask, forum, after)
        until_waiting(1, since=began)
        edit(forum)
        assert [change["kind"] for change in waiting.result(PATIENCE).data["changes"]] == ["site.edited"]
        thread.submit(connections.close_all)

"""Sockets that are woken by Redis: as soon as by PostgreSQL, from process to process, and without it by polling."""

from typing import Any

import psycopg
import pytest
from redis import Redis

from apps.core import redis_wakes
from apps.core.wakes import CHANGES, PRESENCE, address
from apps.live import entrance, services
from apps.live import hub as following
from apps.live.frames import text
from apps.live.hub import Hub, hub
from apps.live.listener import Listener, Subscription, Way
from apps.sites.hosts import site_at
from microcosm.development.testing import RedisServer
from tests.factories import Forum, Person
from tests.live.conftest import PATIENCE, Socket, call, open_for, position, until
from tests.live.test_counts_and_presence import people
from tests.live.test_socket import edit_site, say, start

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_wakes, "PAUSE_SECONDS", 0.02)


async def until_followed(redis: RedisServer) -> None:
    """Until the hub hears what is told."""

    async def is_followed() -> bool:
        client: Any = Redis.from_url(redis.url)
        with client:
            ((_name, count),) = client.pubsub_numsub("microcosm:localhost:missed")
        return bool(count)

    await until(is_followed)


async def hears_at_once(socket: Socket, forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two changes: the second one by a wake-up, as nobody polls for a second time."""
    monkeypatch.setattr(following, "POLL_SECONDS", 3600.0)
    for _ in range(2):
        await call(edit_site, forum)
        await socket.changes(1)


class Other:
    """Somebody who listens in another process: a hub of its own."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.frames = hub, list[str]()

    async def come(self, forum: Forum, person: Person, item_id: int) -> None:
        """Be present at an item."""
        site = await call(site_at, forum.host)
        viewer = await call(entrance.current_viewer, site=site, token=person.token)
        self.listener = Listener(viewer, Way(send=self._take, close=self._end))
        await self.hub.enter(self.listener)
        last = self.hub.rooms[viewer.site_id].position
        self.hub.subscribe(Subscription(self.listener, to="presence", id=item_id, last=last), ("presence", item_id))

    async def _take(self, texts: tuple[str, ...]) -> None:
        self.frames.extend(texts)

    async def _end(self, code: int) -> None:
        self.frames.append(str(code))


async def test_a_change_is_told_at_once_and_nothing_is_notified(
    forum: Forum, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "POLL_SECONDS", 3600.0)
    item_id = await call(start, forum)
    async with await psycopg.AsyncConnection.connect(**address(), autocommit=True) as listening:
        for channel in (CHANGES, PRESENCE):
            await listening.execute(f"LISTEN {channel}")
        socket = await open_for(forum)
        await socket.follow("conversation", item_id)
        comment_ids = []
        for number in range(3):
            comment_ids.append(await call(say, forum.owner, item_id, f"{number}."))
            (frame,) = await socket.changes(1)
            assert frame["ids"]["commentId"] == comment_ids[-1]
        await call(services.tell_presence, {"site": forum.site.id, "item": item_id})
        await listening.execute(f"NOTIFY {CHANGES}, 'the end'")
        notes = [note.payload async for note in listening.notifies(timeout=PATIENCE, stop_after=1)]
    assert notes == ["the end"]
    await socket.close()


async def test_presence_and_typing_go_from_process_to_process(forum: Forum, redis: RedisServer) -> None:
    item_id = await call(start, forum)
    one, two = await call(forum.member), await call(forum.member)
    first = await open_for(forum, one)
    await first.follow("presence", item_id)
    await people(first, memberCount=1)
    await until_followed(redis)
    second = Other(Hub())
    await second.come(forum, two, item_id)
    assert (await people(first, memberCount=2))["profileIds"] == sorted([one.id, two.id])
    await second.hub.presence.type(second.listener, item_id)
    frame = await first.hear(past=("presence",))
    assert frame == {"type": "typing", "to": "presence", "id": item_id, "profileId": two.id}
    await first.say(type="typing", id=item_id)

    async def is_told() -> bool:
        return text(type="typing", to="presence", id=item_id, profileId=one.id) in second.frames

    await until(is_told)
    await second.hub.leave(second.listener)
    await first.close()


async def test_without_redis_followers_poll_and_with_it_they_are_woken_again(
    forum: Forum, redis: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    socket = await open_for(forum)
    await socket.follow("site")
    await until_followed(redis)
    redis.kill()
    for _ in range(3):
        await call(edit_site, forum)
        await socket.changes(1)
    assert await position(forum) == hub.rooms[forum.site.id].told
    redis.start()
    await until_followed(redis)
    await hears_at_once(socket, forum, monkeypatch)
    await socket.close()
    for what in ("told", "heard"):
        mine = [message for message in caplog.messages if what in message]
        assert len(mine) == 2
        assert mine[0].startswith(f"no wake-ups are {what}, the log is polled: ConnectionError ")
        assert mine[1] == f"wake-ups are {what} by Redis again"


async def test_who_came_while_redis_was_away_is_seen_when_it_is_back(forum: Forum, redis: RedisServer) -> None:
    item_id = await call(start, forum)
    one, two = await call(forum.member), await call(forum.member)
    socket = await open_for(forum, one)
    await socket.follow("presence", item_id)
    await people(socket, memberCount=1)
    await until_followed(redis)
    redis.kill()
    # What was heard before is told once more, and would tell this too.
    await until(_nothing_is_to_be_told)
    await call(services.save_presence, process="other", counts=[(forum.site.id, item_id, two.id, 1)])
    redis.start()
    assert (await people(socket, memberCount=2))["profileIds"] == sorted([one.id, two.id])
    await socket.close()


async def _nothing_is_to_be_told() -> bool:
    return not hub.presence._stale and not hub.presence._doubtful

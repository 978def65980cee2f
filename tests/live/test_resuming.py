"""Going on from a position: nothing missed, nothing twice, an explicit gap, and survival of the database (W5)."""

import asyncio
import random
from typing import Any

import psycopg
import pytest
from django.db import connection

from apps.core.models import ChangeHorizon
from apps.core.wakes import address
from apps.items.polls import cast_vote, withdraw_vote
from apps.live import replay
from apps.live.hub import hub
from apps.permissions.models import Role
from tests.factories import Forum
from tests.live.conftest import PATIENCE, Socket, call, open_for, position, until
from tests.live.test_socket import edit_site, say, start
from tests.trees import make_item, make_microcosm, make_private

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


async def test_what_was_missed_comes_first_and_the_chain_goes_on(forum: Forum) -> None:
    item_id = await call(start, forum)
    socket = await open_for(forum)
    begin = await socket.follow("conversation", item_id)
    await call(say, forum.owner, item_id, "One.")
    (first,) = await socket.changes(1)
    await socket.close()
    for number in range(3):
        await call(say, forum.owner, item_id, f"Missed {number}.")
        await call(edit_site, forum)
    again = await open_for(forum)
    assert await again.follow("conversation", item_id, after=first["position"]) == first["position"]
    await call(say, forum.owner, item_id, "Live.")
    frames = await again.changes(4)
    assert frames[0]["previous"] == first["position"]
    assert first["previous"] == begin
    await again.silence()
    await again.close()


async def test_a_pong_says_from_where_all_may_go_on(forum: Forum) -> None:
    item_id = await call(start, forum)
    socket = await open_for(forum)
    await socket.follow("conversation", item_id)
    await call(edit_site, forum)
    await until(lambda: _is_told(forum))
    place = (await socket.ask(type="ping"))["position"]
    assert place == await position(forum)
    await socket.follow("conversation", item_id, after=place)
    await socket.silence()
    await socket.close()


async def _is_told(forum: Forum) -> bool:
    return hub.rooms[forum.site.id].position == await position(forum)


async def test_a_replay_asks_for_rights_now(forum: Forum) -> None:
    begin = await position(forum)
    hidden = await call(make_microcosm, forum)
    await call(start, forum, hidden.id, "Secret")
    item_id = await call(start, forum)
    await call(make_private, hidden)
    socket = await open_for(forum)
    await socket.follow("site", after=begin)
    (frame,) = await socket.changes(1)
    assert frame["ids"]["itemId"] == item_id
    await socket.silence()
    await socket.close()


async def test_a_position_the_log_does_not_hold_is_a_gap(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = await position(forum)
    await call(edit_site, forum)
    now = await position(forum)
    await call(ChangeHorizon.objects.create, position=begin)
    socket = await open_for(forum)
    for after in (begin - 1, 2**60):
        await socket.follow("site", after=after)
        assert await socket.hear() == {"type": "gap", "to": "site", "id": 0, "position": now}
    monkeypatch.setattr(replay, "MAX_REPLAYED", 0)
    await socket.follow("site", after=begin)
    assert (await socket.hear())["type"] == "gap"
    await call(edit_site, forum)
    (frame,) = await socket.changes(1)
    assert frame["previous"] == now
    await socket.close()


async def test_a_replay_that_reaches_the_end_with_its_last_look_is_no_gap(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = await position(forum)
    await call(edit_site, forum)
    monkeypatch.setattr(replay, "MAX_REPLAYED", 1)
    socket = await open_for(forum)
    await socket.follow("site", after=begin)
    (missed,) = await socket.changes(1)
    await call(edit_site, forum)
    (frame,) = await socket.changes(1)
    assert (missed["previous"], frame["previous"]) == (begin, missed["position"])
    await socket.close()


async def test_votes_are_not_replayed_one_by_one(forum: Forum) -> None:
    item = await call(make_item, forum.root, forum.owner, kind=7)
    begin = await position(forum)
    choice_id = (await call(lambda: list(item.poll.choices.values_list("id", flat=True))))[0]
    member = await call(forum.member)
    who = {"site_id": forum.site.id, "profile_id": member.id, "item_id": item.id, "by_moderator": False}
    await call(cast_vote, **who, choice_ids=[choice_id])
    await call(withdraw_vote, **who)
    await call(cast_vote, **who, choice_ids=[choice_id])
    socket = await open_for(forum)
    await socket.follow("poll", item.id, after=begin)
    await socket.silence()
    await socket.close()


@pytest.mark.parametrize("seed", range(3))
async def test_w5_clients_that_come_and_go_get_every_change_once_and_in_order(forum: Forum, seed: int) -> None:
    """Writers, a database that drops connections, and clients that reconnect where they were: a model of each feed."""
    rng = random.Random(seed)
    open_item = await call(start, forum)
    member = await call(forum.member)
    private = await call(make_microcosm, forum)
    await call(make_private, private, member)
    secret_item = await call(start, forum, private.id, "Secret")
    begin = await position(forum)
    is_over = asyncio.Event()
    heard: dict[str, list[int]] = {"guest": [], "member": []}

    async def listen(name: str, person: Any) -> None:
        last = begin
        client_rng = random.Random(f"{seed}{name}")
        while True:
            socket = await open_for(forum, person)
            await socket.follow("site", after=last)
            for _ in range(client_rng.randint(3, 12)):
                await socket.say(type="ping")
                frame = await socket.hear(past=("counts", "access"))
                if frame["type"] == "pong":
                    if is_over.is_set() and frame["position"] >= await position(forum):
                        await socket.close()
                        return
                    await asyncio.sleep(0.05)
                else:
                    assert frame["type"] == "change"
                    assert frame["previous"] == last
                    last = frame["position"]
                    heard[name].append(frame["ids"]["commentId"])
            await socket.close()

    clients = [asyncio.create_task(listen("guest", None)), asyncio.create_task(listen("member", member))]
    said: dict[int, list[int]] = {open_item: [], secret_item: []}

    async def write(writer: int) -> None:
        for number in range(8):
            item_id = rng.choice([open_item, secret_item])
            said[item_id].append(await call(say, forum.owner, item_id, f"{writer} {number}"))

    async def cut() -> None:
        for _ in range(3):
            await asyncio.sleep(0.2)
            await call(_cut_connections)

    await asyncio.gather(cut(), *(write(writer) for writer in range(3)))
    is_over.set()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*clients)
    assert sorted(heard["guest"]) == sorted(said[open_item])
    assert sorted(heard["member"]) == sorted(said[open_item] + said[secret_item])


def _cut_connections() -> None:
    """End the connection that listens for notifications, as a restart of the database would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
        )


async def test_the_hub_goes_on_after_all_its_connections_are_lost(forum: Forum) -> None:
    socket: Socket = await open_for(forum)
    await socket.follow("site")
    await call(edit_site, forum)
    await socket.changes(1)
    async with await psycopg.AsyncConnection.connect(**address(), autocommit=True) as other:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    await call(edit_site, forum)
    await socket.changes(1)
    await socket.close()


async def test_rights_lost_between_two_positions_hold_for_the_replay_too(forum: Forum) -> None:
    item_id = await call(start, forum)
    socket = await open_for(forum)
    begin = await socket.follow("conversation", item_id)
    await socket.close()
    await call(say, forum.owner, item_id, "One.")
    await call(Role.objects.filter(microcosm=forum.root, title="Guests").update, can_read=False)
    again = await open_for(forum)
    answer = await again.ask(type="subscribe", to="conversation", id=item_id, after=begin)
    assert answer["type"] == "refused"
    await again.close()

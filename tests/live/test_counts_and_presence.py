"""Numbers and people that move: at most once a second, across processes, and only for those who may know."""

from typing import Any

import pytest
from django.db import OperationalError

from apps.items.happenings import Answer, answer_event
from apps.items.models import Attendee, Poll
from apps.items.polls import cast_vote
from apps.live import presence, queries, services
from apps.live.hub import hub
from apps.live.models import Presence
from apps.live.tasks import keep_log
from apps.permissions.models import Role
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from tests.factories import Forum, Person
from tests.live.conftest import Socket, call, open_for, until
from tests.live.test_socket import say, start
from tests.live.test_without_database import end_connections
from tests.trees import make_item, make_microcosm, make_private

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


def vote(forum: Forum, person: Person, item_id: int, choice_id: int) -> None:
    """Somebody's vote."""
    cast_vote(site_id=forum.site.id, profile_id=person.id, item_id=item_id, choice_ids=[choice_id], by_moderator=False)


async def next_counts(socket: Socket) -> dict[str, Any]:
    """The next frame of counts."""
    while (frame := await socket.hear())["type"] != "counts":
        pass
    return frame


async def settled_counts(socket: Socket, **wanted: Any) -> list[dict[str, Any]]:
    """All frames of counts until one says this."""
    found = []
    while True:
        found.append(await next_counts(socket))
        if found[-1] | wanted == found[-1]:
            return found


async def test_many_votes_are_few_frames(forum: Forum) -> None:
    item = await call(make_item, forum.root, forum.owner, kind=ItemType.POLL)
    choices = await call(lambda: list(item.poll.choices.order_by("position").values_list("id", flat=True)))
    members = [await call(forum.member) for _ in range(6)]
    socket = await open_for(forum)
    await socket.follow("poll", item.id)
    for member in members:
        await call(vote, forum, member, item.id, choices[0])
    frames = await settled_counts(socket, voters=6)
    assert frames[-1] == {
        "type": "counts",
        "to": "poll",
        "id": item.id,
        "comments": 0,
        "voters": 6,
        "choices": [{"id": choices[0], "votes": 6}, {"id": choices[1], "votes": 0}],
    }
    await socket.close()


async def test_votes_that_are_hidden_are_not_told(forum: Forum) -> None:
    item = await call(make_item, forum.root, forum.owner, kind=ItemType.POLL)
    await call(Poll.objects.filter(item=item).update, results=Poll.Results.CLOSED)
    choice_id = (await call(lambda: list(item.poll.choices.values_list("id", flat=True))))[0]
    socket = await open_for(forum)
    await socket.follow("poll", item.id)
    member = await call(forum.member)
    await call(vote, forum, member, item.id, choice_id)
    assert "choices" not in (await settled_counts(socket, voters=1))[-1]
    await socket.close()


async def test_comments_and_attendees_are_counted(forum: Forum) -> None:
    item = await call(make_item, forum.root, forum.owner, kind=ItemType.EVENT)
    socket = await open_for(forum)
    await socket.follow("event", item.id)
    await call(say, forum.owner, item.id, "One.")
    await call(
        answer_event,
        [Answer(profile_id=forum.owner.id, rsvp=Attendee.Rsvp.YES, waits=False)],
        site_id=forum.site.id,
        actor_id=forum.owner.id,
        item_id=item.id,
        by_moderator=True,
    )
    assert await settled_counts(socket, comments=1, attending=1)
    await socket.close()


async def test_what_the_database_could_not_say_is_told_later(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    item_id = await call(start, forum)
    socket = await open_for(forum)
    await socket.follow("conversation", item_id)
    await socket.follow("presence", item_id)
    await people(socket, guestCount=1)
    failures = {"item_counts": 1, "people_present": 1}

    def failing(name: str) -> Any:
        real = getattr(queries, name)

        def ask(**wanted: Any) -> Any:
            if failures[name]:
                failures[name] -= 1
                raise OperationalError("away")
            return real(**wanted)

        return ask

    for name in failures:
        monkeypatch.setattr(queries, name, failing(name))
    await call(say, forum.owner, item_id, "One.")
    another = await open_for(forum)
    await another.follow("presence", item_id)
    said: dict[str, dict[str, Any]] = {}
    while said.get("counts", {}).get("comments") != 1 or said.get("presence", {}).get("guestCount") != 2:
        frame = await socket.hear()
        said[frame["type"]] = frame
    assert failures == {"item_counts": 0, "people_present": 0}
    for one in (socket, another):
        await one.close()


async def test_a1_counts_are_for_those_who_may_read(forum: Forum) -> None:
    item_id = await call(start, forum)
    guest, owner = await open_for(forum), await open_for(forum, forum.owner)
    for socket in (guest, owner):
        await socket.follow("conversation", item_id)
    await call(Role.objects.filter(microcosm=forum.root, title="Guests").update, can_read=False)
    await call(say, forum.owner, item_id, "One.")
    assert await settled_counts(owner, comments=1)
    await guest.say(type="ping")
    assert (await guest.hear())["type"] == "pong"
    for socket in (guest, owner):
        await socket.close()


async def people(socket: Socket, **wanted: int) -> dict[str, Any]:
    """The first frame of presence with these numbers."""
    while True:
        frame = await socket.hear()
        if frame["type"] == "presence" and frame | wanted == frame:
            return frame


async def test_who_comes_and_goes_is_seen_by_those_who_are_there(forum: Forum) -> None:
    item_id = await call(start, forum)
    one, two = await call(forum.member), await call(forum.member)
    first = await open_for(forum, one)
    await first.follow("presence", item_id)
    assert (await people(first, memberCount=1))["profileIds"] == [one.id]
    second, guest = await open_for(forum, two), await open_for(forum)
    for socket in (second, guest):
        await socket.follow("presence", item_id)
    assert (await people(first, memberCount=2, guestCount=1))["profileIds"] == sorted([one.id, two.id])
    await second.say(type="typing", id=item_id)
    frame = await first.hear(past=("presence",))
    assert frame == {"type": "typing", "to": "presence", "id": item_id, "profileId": two.id}
    await second.close()
    assert (await people(first, memberCount=1))["profileIds"] == [one.id]
    # Another process says who is there through it; one that is dead for a minute does not count.
    await call(
        services.save_presence,
        process="other",
        counts=[(forum.site.id, item_id, two.id, 1), (forum.site.id, item_id, 0, 5)],
    )
    assert (await people(first, memberCount=2, guestCount=6))["profileIds"] == sorted([one.id, two.id])
    await call(lambda: Presence.objects.filter(process="other").update(seen_at="2020-01-01T00:00:00Z"))
    await guest.close()
    assert await people(first, memberCount=1, guestCount=0)
    await call(keep_log)
    assert not await call(Presence.objects.filter(process="other").exists)
    await first.close()
    await until(_nobody_is_here)


async def _nobody_is_here() -> bool:
    return not await call(Presence.objects.exists)


async def test_who_hides_is_not_here(forum: Forum) -> None:
    hidden = await call(forum.member)
    await call(Profile.objects.filter(id=hidden.id).update, is_visible=False)
    socket, guest = await open_for(forum, hidden), await open_for(forum)
    for one in (socket, guest):
        await one.follow("presence")
    assert (await people(guest, guestCount=1))["profileIds"] == []
    for one in (socket, guest):
        await one.close()


async def test_a1_who_hides_is_not_typing(forum: Forum) -> None:
    item_id = await call(start, forum)
    hidden, seen = await call(forum.member), await call(forum.member)
    await call(Profile.objects.filter(id=hidden.id).update, is_visible=False)
    guest, one, two = await open_for(forum), await open_for(forum, hidden), await open_for(forum, seen)
    for socket in (guest, one, two):
        await socket.follow("presence", item_id)
    await one.say(type="typing", id=item_id)
    assert (await one.ask(type="ping"))["type"] == "pong"
    await two.say(type="typing", id=item_id)
    frame = await guest.hear(past=("presence",))
    assert frame == {"type": "typing", "to": "presence", "id": item_id, "profileId": seen.id}
    for socket in (guest, one, two):
        await socket.close()


@pytest.mark.parametrize("how", ["a crash", "a long silence"])
async def test_r7_who_was_forgotten_is_present_again(forum: Forum, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "a long silence":
        monkeypatch.setattr(presence, "ALIVE_SECONDS", 0.1)
    item_id = await call(start, forum)
    member = await call(forum.member)
    socket = await open_for(forum, member)
    await socket.follow("presence", item_id)
    await people(socket, memberCount=1)
    # The table is not logged, and who was not seen for a minute is deleted.
    await call(Presence.objects.all().delete)
    if how == "a crash":
        await call(end_connections)
    await until(_somebody_is_here)
    guest = await open_for(forum)
    await guest.follow("presence", item_id)
    assert (await people(guest, guestCount=1))["profileIds"] == [member.id]
    for one in (socket, guest):
        await one.close()


async def _somebody_is_here() -> bool:
    return bool(await call(Presence.objects.filter(connection_count=1).exists))


async def test_nothing_is_kept_of_a_place_that_is_empty(forum: Forum) -> None:
    item_id = await call(start, forum)
    socket = await open_for(forum)
    await socket.follow("presence", item_id)
    await people(socket, guestCount=1)
    place = (forum.site.id, item_id)
    assert place in hub.presence._told_at
    await socket.ask(type="unsubscribe", to="presence", id=item_id)
    assert place not in hub.presence._told_at
    await socket.close()


async def test_a1_presence_is_for_those_who_may_read(forum: Forum) -> None:
    member = await call(forum.member)
    place = await call(make_microcosm, forum)
    item_id = await call(start, forum, place.id)
    outside, inside = await open_for(forum), await open_for(forum, member)
    for socket in (outside, inside):
        await socket.follow("presence", item_id)
    await people(inside, memberCount=1, guestCount=1)
    await people(outside, memberCount=1, guestCount=1)
    await call(make_private, place, member)
    await inside.say(type="typing", id=item_id)
    third = await open_for(forum, forum.owner)
    await third.follow("presence", item_id)
    await people(inside, memberCount=2)
    await outside.say(type="ping")
    assert (await outside.hear())["type"] == "pong"
    for socket in (outside, inside, third):
        await socket.close()

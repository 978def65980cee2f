"""Cursors: pages of lists that stay right while rows come, go and move (docs/api/paging.md)."""

import base64
import itertools
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from apps.comments.services import flag_comment
from apps.core import clock, cursors
from apps.core.cursors import Cursors
from apps.core.openapi import document
from apps.huddles.models import Participant
from apps.huddles.services import create_huddle
from apps.items.models import Attendee, Item
from apps.items.services import flag_item
from apps.microcosms.models import Microcosm
from apps.permissions.models import Ban
from apps.permissions.services import add_profiles, ban_user, end_ban, remove_profiles
from apps.profiles.models import Profile
from apps.sites.models import Site
from apps.sites.types import ItemType
from apps.updates.models import Ignore, Update, Watcher
from apps.updates.services import ignore
from apps.updates.types import UpdateType
from apps.webhooks.models import Delivery, Webhook
from tests.client import ApiClient, Reply
from tests.content import place_in, say, start
from tests.factories import Forum, Person, make_forum, make_member
from tests.trees import make_item, make_microcosm, make_role
from tests.walks import collection_in, cursor_in, items_of, links_of, walk, with_query

pytestmark = pytest.mark.django_db


@dataclass
class List:
    """A list with something in it: who reads it where, what tells an entry, and something that happens to it."""

    reader: Person | None
    path: str
    #: The id of an entry.
    key: Callable[[Any], Any]
    #: Changes something by chance; the ids of what was there and is gone or stands somewhere else now.
    happen: Callable[[random.Random], set[Any]]
    host: str = ""


def _id(entry: Any) -> Any:
    return entry["id"]


def _some_time(chance: random.Random) -> Any:
    return clock.now() - timedelta(minutes=chance.randrange(10_000))


def _items(forum: Forum, kind: ItemType, *, path: str, reader: Person | None = None) -> List:
    place, chance = place_in(forum), random.Random(3)
    for number in range(14):
        make_item(place, forum.owner, at=_some_time(chance), kind=kind, is_sticky=number % 5 == 0)

    def happen(chance: random.Random) -> set[int]:
        ids = list(Item.objects.filter(kind=kind, is_deleted=False).values_list("id", flat=True))
        if chance.random() < 0.4:
            make_item(place, forum.owner, at=_some_time(chance), kind=kind, is_sticky=chance.random() < 0.2)
            return set()
        one = chance.choice(ids)
        if chance.random() < 0.5:
            say(forum.owner, Item.objects.get(id=one))
        else:
            flag = chance.choice(("is_deleted", "is_moderated", "is_sticky"))
            flag_item(site_id=forum.site.id, actor_id=forum.owner.id, item_id=one, flags={flag: True})
        return {one}

    return List(reader, path, _id, happen)


def conversations(forum: Forum) -> List:
    return _items(forum, ItemType.CONVERSATION, path="conversations")


def events(forum: Forum) -> List:
    return _items(forum, ItemType.EVENT, path="events", reader=forum.member())


def polls(forum: Forum) -> List:
    return _items(forum, ItemType.POLL, path="polls")


def attended_events(forum: Forum) -> List:
    reader = forum.member()
    found = _items(forum, ItemType.EVENT, path="events?isAttending=true", reader=reader)
    for item in Item.objects.filter(kind=ItemType.EVENT):
        Attendee.objects.create(event_id=item.id, profile=reader.profile, rsvp=1, created_by=reader.profile)
    return found


def attendees(forum: Forum) -> List:
    event, people, random_one = (
        make_item(place_in(forum), forum.owner, kind=ItemType.EVENT),
        [forum.member() for _ in range(20)],
        random.Random(4),
    )

    def answer(person: Person, chance: random.Random) -> None:
        Attendee.objects.create(
            event_id=event.id,
            profile=person.profile,
            rsvp=chance.randrange(1, 5),
            rsvp_at=_some_time(chance),
            created_by=person.profile,
        )

    for person in people[:14]:
        answer(person, random_one)

    def happen(chance: random.Random) -> set[int]:
        person = chance.choice(people)
        gone, _models = Attendee.objects.filter(event_id=event.id, profile=person.profile).delete()
        if not gone or chance.random() < 0.5:
            answer(person, chance)
        return {person.id} if gone else set()

    return List(None, f"events/{event.id}/attendees", lambda entry: entry["profileId"], happen)


def _comments(forum: Forum, item: Item, *, path: str, reader: Person | None, people: list[Person]) -> List:
    for number in range(18):
        say(people[number % len(people)], item)

    def happen(chance: random.Random) -> set[int]:
        if chance.random() < 0.5:
            say(chance.choice(people), item)
            return set()
        one = chance.choice(list(item.comments.values_list("id", flat=True)))
        flags = {"is_deleted": chance.random() < 0.7}
        flag_comment(site_id=forum.site.id, actor_id=forum.owner.id, comment_id=one, flags=flags)
        return {one}

    return List(reader, path, _id, happen)


def comments(forum: Forum) -> List:
    item = start(forum.owner, place_in(forum))
    return _comments(forum, item, path=f"conversations/{item.id}", reader=None, people=[forum.owner])


def comments_without_the_ignored(forum: Forum) -> List:
    item, reader, loud = start(forum.owner, place_in(forum)), forum.member(), forum.member()
    ignore(site_id=forum.site.id, profile_id=reader.id, kind=ItemType.PROFILE, target_id=loud.id)
    people = [loud, forum.owner, forum.owner]
    return _comments(forum, item, path=f"conversations/{item.id}", reader=reader, people=people)


def _huddle(forum: Forum, people: list[Person]) -> Item:
    ids = {person.id for person in people[1:]}
    made = create_huddle(
        site_id=forum.site.id,
        author_id=people[0].id,
        title=f"Huddle {Item.objects.count()}",
        is_confidential=False,
        invited_ids=ids,
    )
    return Item.objects.get(id=made)


def comments_of_a_huddle(forum: Forum) -> List:
    people = [forum.member(), forum.member()]
    item = _huddle(forum, people)
    return _comments(forum, item, path=f"huddles/{item.id}", reader=people[0], people=people)


def huddles(forum: Forum) -> List:
    people = [forum.member(), forum.member()]
    for _ in range(12):
        _huddle(forum, people)

    def happen(chance: random.Random) -> set[int]:
        if chance.random() < 0.4:
            _huddle(forum, people)
            return set()
        one = chance.choice(list(Item.objects.filter(kind=ItemType.HUDDLE)))
        if chance.random() < 0.5:
            say(people[1], one)
        else:
            Participant.objects.filter(huddle_id=one.id, profile=people[0].profile).delete()
        return {one.id}

    return List(people[0], "huddles", _id, happen)


def participants(forum: Forum) -> List:
    people = [forum.member() for _ in range(20)]
    item = _huddle(forum, people[:14])

    def happen(chance: random.Random) -> set[int]:
        person = chance.choice(people[1:])
        gone, _models = Participant.objects.filter(huddle_id=item.id, profile=person.profile).delete()
        if not gone:
            Participant.objects.create(huddle_id=item.id, profile=person.profile)
        return {person.id} if gone else set()

    return List(people[0], f"huddles/{item.id}/participants", _id, happen)


def watchers(forum: Forum) -> List:
    reader, place, chance = forum.member(), place_in(forum), random.Random(5)

    def watch(chance: random.Random) -> None:
        item = make_item(place, forum.owner)
        notified = _some_time(chance) if chance.random() < 0.6 else None
        Watcher.objects.create(profile=reader.profile, kind=item.kind, item=item, last_notified_at=notified)

    for _ in range(13):
        watch(chance)

    def happen(chance: random.Random) -> set[int]:
        if chance.random() < 0.4:
            watch(chance)
            return set()
        one = chance.choice(list(Watcher.objects.filter(profile=reader.profile)))
        id = one.id
        if chance.random() < 0.5:
            Watcher.objects.filter(id=id).update(last_notified_at=clock.now())
        else:
            one.delete()
        return {id}

    return List(reader, "watchers", _id, happen)


def ignored(forum: Forum) -> List:
    reader, place, chance = forum.member(), place_in(forum), random.Random(6)

    def ignore_something(chance: random.Random) -> None:
        if chance.random() < 0.3:
            Ignore.objects.create(profile=reader.profile, kind=ItemType.PROFILE, target_profile=forum.member().profile)
        else:
            item = make_item(place, forum.owner, title=f"{chance.choice('aäB')} title {chance.randrange(4)}")
            Ignore.objects.create(profile=reader.profile, kind=item.kind, item=item)

    for _ in range(13):
        ignore_something(chance)

    def happen(chance: random.Random) -> set[int]:
        if chance.random() < 0.5:
            ignore_something(chance)
            return set()
        one = chance.choice(list(Ignore.objects.filter(profile=reader.profile)))
        one.delete()
        return {one.item_id or one.target_profile_id}

    return List(reader, "ignored", lambda entry: entry["itemId"], happen)


def bans(forum: Forum) -> List:
    def shut_out() -> None:
        ban_user(
            actor_id=forum.owner.id, site_id=forum.site.id, profile_id=forum.member().id, reason="", expires_at=None
        )

    for _ in range(13):
        shut_out()

    def happen(chance: random.Random) -> set[int]:
        if chance.random() < 0.5:
            shut_out()
            return set()
        one = chance.choice(list(Ban.objects.all()))
        profile_id = forum.site.profiles.get(user_id=one.user_id).id
        end_ban(actor_id=forum.owner.id, ban=one)
        return {profile_id}

    return List(forum.owner, "bans", lambda entry: entry["profile"]["id"], happen)


def _role(forum: Forum, *, path: str, **rules: bool) -> List:
    people = [forum.member() for _ in range(20)]
    role = make_role(forum.root, *people[:14], can_read=True, **rules)

    def happen(chance: random.Random) -> set[int]:
        if rules:
            forum.member()
            return set()
        person = chance.choice(people)
        change = {"actor_id": forum.owner.id, "site_id": forum.site.id, "role_id": role.id}
        if role.role_profiles.filter(profile_id=person.id).exists():
            remove_profiles(**change, profile_ids=[person.id])
            return {person.id}
        add_profiles(**change, profile_ids=[person.id])
        return set()

    return List(forum.owner, f"microcosms/{forum.root.id}/roles/{role.id}/{path}", _id, happen)


def people_named_in_a_role(forum: Forum) -> List:
    return _role(forum, path="profiles")


def people_in_a_role(forum: Forum) -> List:
    return _role(forum, path="members")


def everybody_in_a_role(forum: Forum) -> List:
    return _role(forum, path="members", include_users=True)


def sites(forum: Forum) -> List:
    root = make_forum("root", is_root=True)
    made = [make_forum(f"one{number}").site for number in range(12)]

    def happen(chance: random.Random) -> set[int]:
        if chance.random() < 0.5:
            make_forum(f"more{Site.objects.count()}")
            return set()
        one = chance.choice(made)
        Site.objects.filter(id=one.id).update(is_deleted=True)
        return {one.id}

    return List(None, "sites", lambda entry: entry["siteId"], happen, host=root.host)


def deliveries(forum: Forum) -> List:
    webhook = Webhook.objects.create(
        site=forum.site, profile=forum.owner.profile, url="https://example.org/", secret_nonce="0" * 64, position=0
    )
    positions = itertools.count(1)

    def deliver() -> None:
        Delivery.objects.create(
            site=forum.site, webhook=webhook, position=next(positions), kind="comment.created", subject="comment 1"
        )

    for _ in range(13):
        deliver()

    def happen(chance: random.Random) -> set[str]:
        if chance.random() < 0.5:
            deliver()
            return set()
        one = chance.choice(list(Delivery.objects.all()))
        gone = one.public_id
        one.delete()
        return {gone}

    return List(forum.owner, f"webhooks/{webhook.id}/deliveries", _id, happen)


def attributes(forum: Forum) -> List:
    client = ApiClient(host=forum.host).as_(forum.owner)
    path = f"microcosms/{forum.root.id}/attributes"
    names = [f"key{number}" for number in range(30)]

    def write(name: str) -> None:
        assert client.put(f"{path}/{name}", {"value": 1}).status in (200, 302)

    for name in names[::2]:
        write(name)

    def happen(chance: random.Random) -> set[str]:
        name = chance.choice(names)
        if client.get(f"{path}/{name}").status == 404:
            write(name)
            return set()
        assert client.delete(f"{path}/{name}").status == 200
        return {name}

    return List(forum.owner, path, lambda entry: entry["key"], happen)


def _people(forum: Forum, *, query: str = "", names: str = "abcdefgh") -> List:
    reader, chance, numbers = forum.member("zzz reader".replace(" ", "")), random.Random(7), itertools.count()
    # So few that a site of this size has several stretches.
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION profiles_peopleblock_size() RETURNS integer LANGUAGE sql AS 'SELECT 3'"
        )

    def come(chance: random.Random) -> None:
        person = forum.member(f"{chance.choice(names)}{chance.choice('Bcd')}{next(numbers)}").profile
        Profile.objects.filter(id=person.id).update(comment_count=chance.choice((0, 0, 1, 2)))
        Watcher.objects.create(profile=reader.profile, kind=ItemType.PROFILE, target_profile=person)

    for _ in range(16):
        come(chance)

    def happen(chance: random.Random) -> set[int]:
        if chance.random() < 0.4:
            come(chance)
            return set()
        one = chance.choice(list(Profile.objects.exclude(id__in=(reader.id, forum.owner.id))))
        event = chance.randrange(3)
        if event == 0:
            Profile.objects.filter(id=one.id).update(name=f"{chance.choice('aBxyz')}x{next(numbers)}")
        elif event == 1:
            Profile.objects.filter(id=one.id).update(comment_count=one.comment_count + 1)
        else:
            ignore(site_id=forum.site.id, profile_id=reader.id, kind=ItemType.PROFILE, target_id=one.id)
        return {one.id}

    return List(reader, f"profiles{query}", _id, happen)


def people(forum: Forum) -> List:
    return _people(forum)


def people_who_comment_most(forum: Forum) -> List:
    return _people(forum, query="?top=true")


def people_whose_name_begins_so(forum: Forum) -> List:
    return _people(forum, query="?q=a", names="aA")


def people_found_who_comment_most(forum: Forum) -> List:
    return _people(forum, query="?q=a&top=true", names="aA")


def people_who_are_here(forum: Forum) -> List:
    return _people(forum, query="?online=true&top=true")


def people_somebody_follows(forum: Forum) -> List:
    return _people(forum, query="?following=true")


def _in_a_microcosm(forum: Forum, *, place: Microcosm, path: str, reader: Person | None = None) -> List:
    chance, sequence = random.Random(8), itertools.cycle((1, 2, 2, 3))

    def add_place() -> None:
        make_microcosm(forum, place, sequence=next(sequence), is_sticky=chance.random() < 0.4)

    def add_item(chance: random.Random) -> None:
        kind = chance.choice((ItemType.CONVERSATION, ItemType.EVENT, ItemType.POLL))
        make_item(place, forum.owner, at=_some_time(chance), kind=kind, is_sticky=chance.random() < 0.3)

    for _ in range(7):
        add_place()
        add_item(chance)
        add_item(chance)

    def key(entry: Any) -> tuple[bool, int]:
        return entry["itemType"] == "microcosm", entry["item"]["id"]

    def happen(chance: random.Random) -> set[tuple[bool, int]]:
        event = chance.randrange(5)
        if event == 0:
            add_place()
            return set()
        if event == 1:
            add_item(chance)
            return set()
        if event == 2:
            child = chance.choice(list(place.children.all()))
            change = chance.choice(({"is_live": False}, {"is_sticky": not child.is_sticky}, {"sequence": 0}))
            Microcosm.objects.filter(id=child.id).update(**change)
            return {(True, child.id)}
        item = chance.choice(list(place.items.filter(is_deleted=False, is_moderated=False)))
        if event == 3:
            say(forum.owner, item)
        else:
            flag = {"is_deleted": True} if chance.random() < 0.5 else {"is_sticky": not item.is_sticky}
            flag_item(site_id=forum.site.id, actor_id=forum.owner.id, item_id=item.id, flags=flag)
        return {(False, item.id)}

    return List(reader, path, key, happen)


def front_page(forum: Forum) -> List:
    return _in_a_microcosm(forum, place=forum.root, path="microcosms")


def microcosm(forum: Forum) -> List:
    place = make_microcosm(forum)
    reader = forum.member()
    hidden = make_item(place, forum.owner)
    ignore(site_id=forum.site.id, profile_id=reader.id, kind=ItemType.CONVERSATION, target_id=hidden.id)
    return _in_a_microcosm(forum, place=place, path=f"microcosms/{place.id}", reader=reader)


def updates(forum: Forum) -> List:
    reader, place = forum.member(), place_in(forum)
    items = [start(forum.owner, place) for _ in range(5)]

    def tell(chance: random.Random) -> None:
        item = chance.choice(items)
        Update.objects.create(
            profile=reader.profile,
            type=UpdateType.REPLY_TO_COMMENT,
            item=item,
            comment_id=say(forum.owner, item).id,
            created_at=_some_time(chance),
            created_by=forum.owner.profile,
        )

    for number in range(14):
        tell(random.Random(number))

    def happen(chance: random.Random) -> set[int]:
        if chance.random() < 0.5:
            tell(chance)
            return set()
        one = chance.choice(list(Update.objects.filter(profile=reader.profile)))
        id = one.id
        if chance.random() < 0.5 and one.comment_id:
            change = {"site_id": forum.site.id, "actor_id": forum.owner.id, "comment_id": one.comment_id}
            flag_comment(**change, flags={"is_deleted": True})
        else:
            one.delete()
        return {id}

    return List(reader, "updates", _id, happen)


LISTS: dict[str, Callable[[Forum], List]] = {
    made.__name__: made
    for made in (
        conversations, events, polls, attended_events, attendees, comments, comments_without_the_ignored,
        comments_of_a_huddle, huddles, participants, watchers, ignored, bans, people_named_in_a_role,
        people_in_a_role, everybody_in_a_role, sites, deliveries, attributes, people, people_who_comment_most,
        people_whose_name_begins_so, people_found_who_comment_most, people_who_are_here, people_somebody_follows,
        front_page, microcosm, updates,
    )
}  # fmt: skip


def reading(forum: Forum, found: List) -> ApiClient:
    """Who reads the list."""
    return ApiClient(host=found.host or forum.host).as_(found.reader)


def all_ids(client: ApiClient, found: List) -> list[Any]:
    """The list as one page by offset has it."""
    return [found.key(entry) for entry in items_of(client.get(with_query(found.path, "limit=250")))]


def by_offset(client: ApiClient, found: List) -> list[list[Any]]:
    """All pages, each asked for by its offset."""
    last = collection_in(client.get(with_query(found.path, "limit=5")).data)["maxOffset"]
    return [items_of(client.get(with_query(found.path, f"limit=5&offset={n}"))) for n in range(0, last + 1, 5)]


def joined(pages: list[list[Any]], found: List, *, rel: str) -> list[Any]:
    """The ids on some pages, in the order of the list."""
    pages = pages if rel == "next" else pages[::-1]
    return [found.key(entry) for page in pages for entry in page]


@pytest.mark.parametrize("name", LISTS)
def test_pages_by_cursors_are_the_list(forum: Forum, name: str) -> None:
    found = LISTS[name](forum)
    client = reading(forum, found)
    for rel in ("next", "prev"):
        pages = list(walk(client, found.path, rel=rel))
        assert joined(pages, found, rel=rel) == all_ids(client, found)
        assert joined(by_offset(client, found), found, rel="next") == all_ids(client, found)
        assert len(pages) > 2
        # Only the page at an end may be short, and none is empty.
        assert all(len(page) == 5 for page in pages[1:-1])
        assert all(pages)
    foreign = Cursors(forum.site.id, ("something", "else")).write((clock.now(), 1))
    for query in ("after=x", "before=x", f"after={foreign}", f"before={foreign}"):
        assert refused(client.get(with_query(found.path, query)), "not given out for this list")


@pytest.mark.parametrize("name", LISTS)
def test_what_stays_in_its_place_is_met_once_whatever_happens_meanwhile(forum: Forum, name: str) -> None:
    found, chance = LISTS[name](forum), random.Random(name)
    client = reading(forum, found)
    for rel in ("next", "prev"):
        before, moved = all_ids(client, found), set()

        def between(moved: set[Any] = moved) -> None:
            for _ in range(chance.randrange(4)):
                moved.update(found.happen(chance))

        met = joined(list(walk(client, found.path, rel=rel, between=between)), found, rel=rel)
        staying = [id for id in before if id not in moved]
        assert [id for id in met if id in set(staying)] == staying
        once = [id for id in met if id not in moved]
        assert len(once) == len(set(once))


def full(forum: Forum, *, count: int = 12) -> str:
    """The path of a conversation with comments."""
    item = start(forum.owner, place_in(forum))
    for _ in range(count):
        say(forum.owner, item)
    return f"conversations/{item.id}"


def cursor_of(client: ApiClient, path: str) -> str:
    """The cursor at the end of the first page of a list."""
    return cursor_in(links_of(client.get(with_query(path, "limit=5")))["next"])


def refused(reply: Reply, detail: str = "") -> bool:
    """Whether a cursor was refused with the contract's coded error."""
    return reply.status == 400 and reply.code == 4 and detail in reply.data["errorDetail"]


def test_a_page_that_a_cursor_led_to_has_no_number(forum: Forum, api: ApiClient) -> None:
    path = full(forum)
    second = api.get(links_of(api.get(f"{path}?limit=5"))["next"])
    page = second.data["comments"]
    after, before = cursor_of(api, path), cursor_in(links_of(second)["prev"])
    following = cursor_in(links_of(second)["next"])
    href = f"/api/v1/{path}"
    assert page["links"] == [
        {"rel": "first", "href": f"{href}?limit=5"},
        {"rel": "prev", "href": f"{href}?before={before}&limit=5"},
        {"rel": "self", "href": f"{href}?after={after}&limit=5"},
        {"rel": "next", "href": f"{href}?after={following}&limit=5"},
    ]
    assert (page["total"], page["limit"], page["maxOffset"], page["totalPages"]) == (12, 5, 10, 3)
    assert "offset" not in page
    assert "page" not in page


def test_pages_by_offset_stay_as_they_are(forum: Forum, api: ApiClient) -> None:
    path = full(forum)
    reply = api.get(f"{path}?limit=5&offset=5")
    page = reply.data["comments"]
    assert [link["rel"] for link in page["links"]] == ["prev", "self", "next"]
    assert [link["href"] for link in page["links"]] == [
        f"/api/v1/{path}?limit=5",
        f"/api/v1/{path}?limit=5&offset=5",
        f"/api/v1/{path}?limit=5&offset=10",
    ]
    assert (page["offset"], page["page"]) == (5, 2)
    assert set(links_of(reply)) == {"prev", "next"}


def test_the_ends_of_a_list_have_no_link_beyond_them(forum: Forum, api: ApiClient) -> None:
    path = full(forum)
    assert set(links_of(api.get(f"{path}?limit=5"))) == {"next"}
    assert set(links_of(api.get(f"{path}?limit=5&offset=10"))) == {"prev"}
    assert "Link" not in api.get(f"{path}?limit=25").headers
    assert "Link" not in api.get(full(forum, count=0)).headers
    *_, last = walk(api, path, rel="next")
    assert len(last) == 2


def test_a_cursor_at_the_end_of_a_list_waits_for_more(forum: Forum, api: ApiClient) -> None:
    path = full(forum, count=7)
    href = links_of(api.get(f"{path}?limit=5"))["next"]
    for _ in range(2):
        flag_comment(
            site_id=forum.site.id,
            actor_id=forum.owner.id,
            comment_id=items_of(api.get(href))[0]["id"],
            flags={"is_deleted": True},
        )
    nothing = api.get(href)
    assert (items_of(nothing), "Link" in nothing.headers) == ([], False)
    assert [link["rel"] for link in nothing.data["comments"]["links"]] == ["first", "self"]
    new = say(forum.owner, Item.objects.get(id=int(path.rpartition("/")[2])))
    assert [entry["id"] for entry in items_of(api.get(href))] == [new.id]


def test_another_limit_may_be_asked_for(forum: Forum, api: ApiClient) -> None:
    path = full(forum)
    every = [entry["id"] for entry in items_of(api.get(path))]
    after = cursor_of(api, path)
    assert [entry["id"] for entry in items_of(api.get(f"{path}?after={after}"))] == every[5:]
    before = cursor_in(links_of(api.get(f"{path}?limit=5&offset=10"))["prev"])
    assert [entry["id"] for entry in items_of(api.get(f"{path}?before={before}&limit=10"))] == every[:10]


def test_links_keep_what_else_was_asked_for_and_no_token(forum: Forum, api: ApiClient) -> None:
    path, member = full(forum), forum.member()
    reply = api.get(f"{path}?limit=5&comment_id=7&access_token={member.token}")
    href = links_of(reply)["next"]
    assert href == f"/api/v1/{path}?after={cursor_in(href)}&comment_id=7&limit=5"
    own = collection_in(api.get(f"{href}&access_token={member.token}").data)["links"]
    assert next(link["href"] for link in own if link["rel"] == "self") == href


def test_a_link_header_that_proxies_would_refuse_is_left_out(forum: Forum, api: ApiClient) -> None:
    path = full(forum)
    assert "Link" in api.get(f"{path}?limit=5&context={'x' * 5_000}").headers
    assert "Link" not in api.get(f"{path}?limit=5&context={'x' * 8_000}").headers


def test_only_one_place_can_be_asked_for(forum: Forum, api: ApiClient) -> None:
    path = full(forum)
    after = cursor_of(api, path)
    for query in (f"after={after}&offset=5&limit=5", f"after={after}&offset=0", f"after={after}&before={after}"):
        assert refused(api.get(f"{path}?{query}"), "only one")
    # Empty values count as absent, as they do for limit and offset.
    assert items_of(api.get(f"{path}?after=&before=&offset=5&limit=5")) == items_of(api.get(f"{path}?offset=5&limit=5"))


def test_a_list_without_cursors_takes_none(forum: Forum, api: ApiClient) -> None:
    assert refused(api.get("trending?after=x"), "no cursors")
    assert refused(api.as_(forum.owner).get("roles?before=x"), "no cursors")


def test_what_is_no_cursor_of_ours_is_refused(forum: Forum, api: ApiClient) -> None:
    path = full(forum)
    cursor = cursor_of(api, path)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed = [cursor[:n] + letters[letters.index(cursor[n]) ^ 1] + cursor[n + 1 :] for n in range(len(cursor))]
    cut = [cursor[:n] for n in range(1, len(cursor))]
    others = [
        "x",
        "%00",
        "0",
        "-1",
        "25",
        "null",
        "%F0%9F%98%80",
        f"{cursor}%3D",
        f"{cursor}A",
        f"%20{cursor}",
        "A" * 7_000,
    ]
    others.append(base64.urlsafe_b64encode(b"\0" * 16 + b"[[1],2]").decode().rstrip("="))
    for wrong in (*changed, *cut, *others):
        assert api.get(f"{path}?after={wrong}").status == 400, wrong
    for wrong in (changed[3], cut[9], "x"):
        assert refused(api.get(f"{path}?before={wrong}"), "not given out for this list")


def test_cursors_of_another_form_or_key_are_refused(
    forum: Forum, api: ApiClient, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    path = full(forum)
    cursor = cursor_of(api, path)
    assert api.get(f"{path}?after={cursor}").status == 200
    with monkeypatch.context() as patch:
        patch.setattr(cursors, "_FORM", cursors._FORM + 1)
        assert refused(api.get(f"{path}?after={cursor}"))
    settings.SECRET_KEY = "another" * 10
    assert refused(api.get(f"{path}?after={cursor}"))


def test_t1_a_cursor_of_another_site_is_refused(forum: Forum, other_forum: Forum, api: ApiClient) -> None:
    for site in (forum, other_forum):
        for _ in range(6):
            start(site.owner, place_in(site))
    cursor = cursor_of(api, "conversations")
    there = api.at(other_forum.host)
    assert there.get("conversations?limit=5").data["conversations"]["total"] == 6
    assert refused(there.get(f"conversations?limit=5&after={cursor}"))
    assert api.get(f"conversations?limit=5&after={cursor}").status == 200


def test_a_cursor_of_another_list_is_refused(forum: Forum, api: ApiClient) -> None:
    first, second = full(forum), full(forum)
    for _ in range(4):
        start(forum.owner, place_in(forum))
    for path in (first, second, "conversations"):
        for other in (first, second, "conversations", "events", "polls"):
            reply = api.get(f"{other}?after={cursor_of(api, path)}")
            assert (reply.status == 200) if path == other else refused(reply)


def test_a_cursor_of_another_filter_is_refused(forum: Forum, api: ApiClient) -> None:
    member = api.as_(forum.member())
    event = make_item(place_in(forum), forum.owner, kind=ItemType.EVENT)
    for _ in range(6):
        person = forum.member()
        Attendee.objects.create(event_id=event.id, profile=person.profile, rsvp=1, created_by=person.profile)
    every, coming = f"events/{event.id}/attendees", f"events/{event.id}/attendees?status=attending"
    assert refused(member.get(with_query(coming, f"after={cursor_of(member, every)}")))
    assert refused(member.get(with_query(every, f"after={cursor_of(member, coming)}")))
    assert member.get(with_query(coming, f"after={cursor_of(member, coming)}")).status == 200


def test_what_is_somebodys_own_list_is_another_list_for_others(forum: Forum, api: ApiClient) -> None:
    one, other = forum.member(), forum.member()
    for _ in range(6):
        _huddle(forum, [one, other])
    cursor = cursor_of(api.as_(one), "huddles")
    assert api.as_(one).get(f"huddles?after={cursor}").status == 200
    assert refused(api.as_(other).get(f"huddles?after={cursor}"))
    assert refused(api.get(f"huddles?after={cursor}"))


def test_a_public_list_has_the_same_cursors_for_everybody(forum: Forum, api: ApiClient) -> None:
    path = full(forum)
    cursor = cursor_of(api, path)
    member = api.as_(make_member(forum.site))
    assert cursor_of(member, path) == cursor
    assert (
        items_of(member.get(f"{path}?after={cursor}&limit=5"))[0]["id"]
        == items_of(api.get(f"{path}?after={cursor}&limit=5"))[0]["id"]
    )


def test_a_cursor_opens_nothing(forum: Forum, api: ApiClient) -> None:
    path = full(forum)
    cursor = cursor_of(api, path)
    flag_item(
        site_id=forum.site.id,
        actor_id=forum.owner.id,
        item_id=int(path.rpartition("/")[2]),
        flags={"is_deleted": True},
    )
    assert api.get(f"{path}?after={cursor}").status == 404


def test_errors_of_a_cursor_come_whoever_asks(forum: Forum, api: ApiClient) -> None:
    # Those who may not read the list at all learn that, as without a cursor.
    assert api.get("watchers?after=x").status == 403
    assert api.get("conversations/999999?after=x").status in (400, 404)


def test_heads_and_304s_have_the_links_too(forum: Forum, api: ApiClient) -> None:
    for path in (full(forum), "conversations?limit=5"):
        for _ in range(6):
            start(forum.owner, place_in(forum))
        path = with_query(path, "limit=5")
        for client in (api, api.as_(forum.member())):
            client.get(path)
            whole = client.get(path)
            assert client.head(path).headers["Link"] == whole.headers["Link"]
            held = client.get(path, headers={"If-None-Match": whole.headers["ETag"]})
            assert (held.status, held.headers["Link"]) == (304, whole.headers["Link"])
            further = links_of(whole)["next"]
            client.get(further)
            again = client.get(further)
            assert client.get(further, headers={"If-None-Match": again.headers["ETag"]}).status == 304
            assert again.headers["ETag"] != whole.headers["ETag"]


def test_browsers_may_read_the_links(api: ApiClient) -> None:
    assert "Link" in api.get("site").headers["Access-Control-Expose-Headers"].split(", ")


@pytest.mark.parametrize("kind", ["conversation", "huddle"])
def test_reading_by_cursors_moves_the_mark_as_reading_by_offset_does(forum: Forum, api: ApiClient, kind: str) -> None:
    reader = forum.member()
    item = start(forum.owner, place_in(forum)) if kind == "conversation" else _huddle(forum, [forum.owner, reader])
    for _ in range(13):
        say(forum.owner, item)
    owner, client, path = api.as_(forum.owner), api.as_(reader), f"{kind}s/{item.id}"
    second = links_of(owner.get(f"{path}?limit=5"))["next"]
    before_second = cursor_in(links_of(owner.get(second))["prev"])
    before_all = owner.get(f"{path}?limit=5&before={before_second}")

    def unread_on(href: str) -> list[bool]:
        """Which comments of a page are new to the reader, who then has seen them."""
        return [entry["meta"]["flags"]["unread"] for entry in items_of(client.get(href))]

    # Up to the last comment of the page, although nothing stands before it.
    assert unread_on(f"{path}?limit=5&before={before_second}") == [True] * 5
    assert "prev" not in links_of(before_all)
    assert unread_on(second) == [True] * 5
    # The last page: everything.
    assert unread_on(links_of(client.get(second))["next"]) == [True] * 3
    assert unread_on(f"{path}?limit=25") == [False] * 13


def test_jumps_forget_where_the_client_was(forum: Forum, api: ApiClient) -> None:
    path = full(forum)
    cursor = cursor_of(api, path)
    reply = replace(api, checked=False).get(f"{path}/lastcomment?limit=5&after={cursor}&context=x")
    assert reply.status == 307
    assert "after" not in reply.headers["Location"]
    assert api.get(reply.headers["Location"]).status == 200


def test_the_documentation_says_of_every_list_whether_it_has_cursors() -> None:
    text = (Path(__file__).parents[2] / "docs" / "api" / "paging.md").read_text()
    rows = [line.split("|")[1:3] for line in text.split("## The lists")[1].splitlines() if line.startswith("| ")][1:]
    said = {
        pattern: {"yes": True, "no": False}[has_cursors.strip()]
        for patterns, has_cursors in rows
        for pattern in re.findall("`([^`]+)`", patterns)
    }
    unused = set(said)
    for path, operations in document()["paths"].items():
        names = {parameter.get("name") for parameter in operations.get("get", {}).get("parameters", [])}
        if not {"limit", "offset"} <= names:
            continue
        path = re.sub(r"{\w+}", "{id}", path.removeprefix("/api/v1"))
        matching = {p for p in said if p == path or (p.startswith("…") and path.endswith(p.removeprefix("…")))}
        assert {said[pattern] for pattern in matching} == {{"after", "before"} <= names}, path
        unused -= matching
    assert unused == set()

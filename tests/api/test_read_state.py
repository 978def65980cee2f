"""Marking things as read, and what is unread then (contract B 12, A 34.4)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from apps.comments.models import Comment
from apps.core import clock
from apps.huddles.models import AllHuddlesReadMark, Huddle, Participant
from apps.items.models import Item, ItemReadMark, MicrocosmReadMark
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.sites.types import ITEM_TYPES, ItemType
from apps.updates.models import Ignore
from tests.api.test_watchers import huddle_of
from tests.client import ApiClient
from tests.content import say, start
from tests.factories import Forum, Person, ban
from tests.fingerprint import fingerprint
from tests.trees import make_item, make_microcosm, make_private

pytestmark = pytest.mark.django_db

NOW = clock.now()


def hours(number: float) -> datetime:
    """A moment some hours after the tests began."""
    return NOW + timedelta(hours=number)


@pytest.fixture(autouse=True)
def _later() -> None:
    """Everything is marked ten hours after members joined."""
    clock.set_clock(frozen=hours(10))


@pytest.fixture
def reader(forum: Forum) -> Person:
    """A member who joined at hour 0."""
    person = forum.member()
    Profile.objects.filter(id=person.id).update(read_all_at=hours(0))
    return person


def mark(api: ApiClient, item_type: str, item_id: int | None = None) -> None:
    """Mark something as read."""
    body: dict[str, Any] = {"itemType": item_type} | ({} if item_id is None else {"itemId": item_id})
    reply = api.put("profiles/read", body)
    assert (reply.status, reply.data) == (200, None), reply


def unread(api: ApiClient, place: Microcosm) -> dict[str, Any]:
    """The unread flags of a microcosm's page: its own under "self", those of its entries under their ids."""
    data = api.get(f"microcosms/{place.id}").data
    flags = {
        (entry["itemType"], entry["item"]["id"]): entry["item"]["meta"]["flags"]["unread"]
        for entry in data["items"]["items"]
    }
    return {"self": data["meta"]["flags"]["unread"]} | flags


def make_huddle(forum: Forum, *people: Person, said_at: datetime, by: Person) -> Item:
    """A huddle with one comment."""
    item = Item.objects.create(
        site=forum.site,
        kind=ItemType.HUDDLE,
        title="Psst",
        created_by=by.profile,
        created_at=said_at,
        last_activity_at=said_at,
    )
    Huddle.objects.create(item=item)
    for person in people:
        Participant.objects.create(huddle_id=item.id, profile=person.profile)
    Comment.objects.create(site=forum.site, item=item, created_by=by.profile, created_at=said_at)
    return item


def unread_huddles(person: Person) -> int:
    """The counter on the profile."""
    return Profile.objects.get(id=person.id).unread_huddle_count


# --- What reading a page does ------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["conversations", "huddles"])
def test_R2_what_is_written_while_a_page_is_read_stays_unread(
    api: ApiClient, forum: Forum, reader: Person, path: str
) -> None:
    """The page is of the moment in which it was asked for; what it lacks is not read with it."""
    clock.set_clock()
    item = (
        start(forum.owner, make_microcosm(forum)) if path == "conversations" else huddle_of(forum, forum.owner, reader)
    )
    written: list[Comment] = []

    def write_after(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if not written and "comment_ids" in sql:
            written.append(Comment())
            written.append(say(forum.owner, item))
        return result

    with connection.execute_wrapper(write_after):
        assert api.as_(reader).get(f"{path}/{item.id}").data["comments"]["total"] == 0
    (_, comment) = written
    assert ItemReadMark.objects.get(profile=reader.profile).read_at < comment.created_at
    page = api.as_(reader).get(f"{path}/{item.id}").data["comments"]
    assert [entry["meta"]["flags"]["unread"] for entry in page["items"]] == [True]


# --- What a mark does -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ItemType.CONVERSATION, ItemType.EVENT, ItemType.POLL])
def test_an_item_is_read_until_something_happens(api: ApiClient, forum: Forum, reader: Person, kind: ItemType) -> None:
    place = make_microcosm(forum)
    item = make_item(place, forum.owner, at=hours(5), kind=kind)
    other = make_item(place, forum.owner, at=hours(4))
    caller = api.as_(reader)
    key, other_key = (kind.word, item.id), ("conversation", other.id)
    assert unread(caller, place) == {"self": True, key: True, other_key: True}
    mark(caller, kind.word, item.id)
    assert unread(caller, place) == {"self": True, key: False, other_key: True}
    mark(caller, "conversation", other.id)
    assert unread(caller, place) == {"self": False, key: False, other_key: False}
    Item.objects.filter(id=item.id).update(last_activity_at=hours(11))
    assert unread(caller, place) == {"self": True, key: True, other_key: False}


def test_a_microcosm_is_read_with_everything_below(api: ApiClient, forum: Forum, reader: Person) -> None:
    place = make_microcosm(forum)
    child = make_microcosm(forum, place)
    grandchild = make_microcosm(forum, child)
    beside = make_microcosm(forum)
    items = [make_item(where, forum.owner, at=hours(5)) for where in (place, child, grandchild, beside)]
    caller = api.as_(reader)
    for item in items:
        mark(caller, "conversation", item.id)
        Item.objects.filter(id=item.id).update(last_activity_at=hours(12))
    assert unread(caller, forum.root) == {"self": True, ("microcosm", place.id): True, ("microcosm", beside.id): True}
    clock.set_clock(frozen=hours(20))
    mark(caller, "microcosm", place.id)
    assert unread(caller, forum.root) == {"self": True, ("microcosm", place.id): False, ("microcosm", beside.id): True}
    assert unread(caller, grandchild) == {"self": False, ("conversation", items[2].id): False}
    # The marks of single items inside are dropped, those of others stay.
    assert list(ItemReadMark.objects.values_list("item_id", flat=True)) == [items[3].id]
    assert set(MicrocosmReadMark.objects.values_list("microcosm_id", flat=True)) == {place.id, child.id, grandchild.id}
    make_item(grandchild, forum.owner, at=hours(21))
    assert unread(caller, forum.root)["microcosm", place.id] is True


def test_the_site_is_read_and_huddles_are_not(api: ApiClient, forum: Forum, reader: Person) -> None:
    place = make_microcosm(forum)
    item = make_item(make_microcosm(forum, place), forum.owner, at=hours(5))
    huddle = make_huddle(forum, reader, forum.owner, said_at=hours(5), by=forum.owner)
    caller = api.as_(reader)
    mark(caller, "conversation", item.id)
    mark(caller, "microcosm", place.id)
    ItemReadMark.objects.create(profile=reader.profile, item=huddle, read_at=hours(1))
    clock.set_clock(frozen=hours(12))
    for item_id in (None, forum.site.id, 0, 999):
        mark(caller, "site", item_id)
    assert unread(caller, forum.root) == {"self": False, ("microcosm", place.id): False}
    assert Profile.objects.get(id=reader.id).read_all_at == hours(12)
    assert not MicrocosmReadMark.objects.exists()
    assert list(ItemReadMark.objects.values_list("item_id", flat=True)) == [huddle.id]


def test_a_huddle_is_read(api: ApiClient, forum: Forum, reader: Person) -> None:
    first = make_huddle(forum, reader, forum.owner, said_at=hours(5), by=forum.owner)
    second = make_huddle(forum, reader, forum.owner, said_at=hours(6), by=forum.owner)
    mark(api.as_(reader), "huddle", first.id)
    assert unread_huddles(reader) == 1
    mark(api.as_(reader), "huddle", second.id)
    assert unread_huddles(reader) == 0
    assert ItemReadMark.objects.count() == 2


def test_all_huddles_are_read_with_id_0(api: ApiClient, forum: Forum, reader: Person) -> None:
    """B 12.2: the reference refuses it with 417; here it works."""
    huddle = make_huddle(forum, reader, forum.owner, said_at=hours(5), by=forum.owner)
    item = make_item(make_microcosm(forum), forum.owner, at=hours(5))
    caller = api.as_(reader)
    mark(caller, "conversation", item.id)
    ItemReadMark.objects.create(profile=reader.profile, item=huddle, read_at=hours(1))
    Profile.objects.filter(id=reader.id).update(unread_huddle_count=7)
    mark(caller, "huddle", 0)
    assert unread_huddles(reader) == 0
    assert AllHuddlesReadMark.objects.get(profile_id=reader.id).read_at == hours(10)
    assert list(ItemReadMark.objects.values_list("item_id", flat=True)) == [item.id]


def test_only_huddles_with_news_by_people_not_ignored_count(api: ApiClient, forum: Forum, reader: Person) -> None:
    """B 8.5."""
    bore, stranger = forum.member(), forum.member()
    make_huddle(forum, reader, bore, said_at=hours(20), by=bore)
    make_huddle(forum, reader, stranger, said_at=hours(20), by=stranger)
    make_huddle(forum, bore, stranger, said_at=hours(20), by=stranger)
    empty = make_huddle(forum, reader, said_at=hours(20), by=stranger)
    Comment.objects.filter(item=empty).update(is_deleted=True)
    Ignore.objects.create(profile=reader.profile, kind=ItemType.PROFILE, target_profile=bore.profile)
    mark(api.as_(reader), "huddle", 0)
    assert unread_huddles(reader) == 1


def test_marks_never_move_backwards(api: ApiClient, forum: Forum, reader: Person) -> None:
    place = make_microcosm(forum)
    item = make_item(place, forum.owner, at=hours(5))
    huddle = make_huddle(forum, reader, said_at=hours(5), by=reader)
    caller = api.as_(reader)
    marks = [("conversation", item.id), ("microcosm", place.id), ("huddle", huddle.id), ("huddle", 0), ("site", None)]
    ItemReadMark.objects.create(profile=reader.profile, item=item, read_at=hours(30))
    ItemReadMark.objects.create(profile=reader.profile, item=huddle, read_at=hours(30))
    MicrocosmReadMark.objects.create(profile=reader.profile, microcosm=place, read_at=hours(30))
    AllHuddlesReadMark.objects.create(profile=reader.profile, read_at=hours(30))
    Profile.objects.filter(id=reader.id).update(read_all_at=hours(30))
    before = fingerprint()
    for item_type, item_id in marks:
        mark(caller, item_type, item_id)
    assert fingerprint() == before


# --- Who and what ---------------------------------------------------------------------------------


def test_guests_and_the_banned_are_refused(api: ApiClient, forum: Forum) -> None:
    banned = forum.member()
    ban(forum.site, banned)
    before = fingerprint()
    assert api.put("profiles/read", {"itemType": "site"}).status == 403
    assert api.put("profiles/read", {"itemType": "zzz"}).status == 403
    assert api.as_(banned).put("profiles/read", {"itemType": "site"}).status == 403
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 4),
        ({"itemId": 5}, 4),
        ({"itemType": "zzz", "itemId": 5}, 4),
        ({"itemType": "Site"}, 4),
        ({"itemType": 2, "itemId": 5}, 3),
        ({"itemType": "conversation"}, 4),
        ({"itemType": "conversation", "itemId": 0}, 4),
        ({"itemType": "conversation", "itemId": -1}, 4),
        ({"itemType": "conversation", "itemId": "5"}, 3),
        ({"itemType": "microcosm", "itemId": 0}, 4),
        ({"itemType": "microcosm"}, 4),
        ({"itemType": "comment", "itemId": 0}, 4),
        ({"itemType": "huddle", "itemId": -1}, 4),
        ({"itemType": "conversation", "itemId": 2**63}, 4),
        ([], 3),
    ],
)
def test_bad_bodies(api: ApiClient, reader: Person, body: Any, code: int) -> None:
    before = fingerprint()
    reply = api.as_(reader).put("profiles/read", body)
    assert (reply.status, reply.code) == (400, code), reply
    assert fingerprint() == before


def test_unknown_ids_change_nothing(api: ApiClient, forum: Forum, other_forum: Forum, reader: Person) -> None:
    """B 12.2, T1: ids that are not there, of another site or type, or of others' huddles."""
    foreign_place = make_microcosm(other_forum)
    foreign_item = make_item(foreign_place, other_forum.owner)
    event = make_item(make_microcosm(forum), forum.owner, kind=ItemType.EVENT)
    huddle = make_huddle(forum, forum.owner, said_at=hours(5), by=forum.owner)
    foreign_huddle = make_huddle(other_forum, other_forum.owner, said_at=hours(5), by=other_forum.owner)
    caller = api.as_(reader)
    before = fingerprint()
    for word in ITEM_TYPES:
        if word != "site":
            mark(caller, word, 999_999_999)
    mark(caller, "microcosm", foreign_place.id)
    mark(caller, "conversation", foreign_item.id)
    mark(caller, "conversation", event.id)
    mark(caller, "conversation", huddle.id)
    for item in (huddle, foreign_huddle, event):
        mark(caller, "huddle", item.id)
    assert fingerprint() == before


def test_marks_belong_to_one_member(api: ApiClient, forum: Forum, reader: Person) -> None:
    other = forum.member()
    Profile.objects.filter(id=other.id).update(read_all_at=hours(0))
    place = make_microcosm(forum)
    item = make_item(place, forum.owner, at=hours(5))
    for item_type, item_id in (("conversation", item.id), ("microcosm", place.id), ("site", None)):
        mark(api.as_(reader), item_type, item_id)
    assert unread(api.as_(other), place) == {"self": True, ("conversation", item.id): True}


def test_the_call_of_the_real_client(api: ApiClient, forum: Forum, reader: Person) -> None:
    """client-calls.md: a PUT with itemId and itemType; names match in any case."""
    make_item(make_microcosm(forum), forum.owner, at=hours(5))
    assert api.as_(reader).put("profiles/read", {"itemId": forum.site.id, "itemType": "site"}).status == 200
    assert api.as_(reader).post("profiles/read?method=PUT", {"ItemID": 1, "ITEMTYPE": "site"}).status == 200
    assert unread(api.as_(reader), forum.root)["self"] is False
    assert api.options("profiles/read").headers["Allow"] == "OPTIONS,PUT"
    assert api.as_(reader).get("profiles/read").status == 405


# --- What is unread -------------------------------------------------------------------------------


def test_nothing_is_unread_for_guests(api: ApiClient, forum: Forum) -> None:
    place = make_microcosm(forum)
    item = make_item(place, forum.owner, at=hours(5))
    assert unread(api, place) == {"self": False, ("conversation", item.id): False}
    assert unread(api, forum.root) == {"self": False, ("microcosm", place.id): False}


def test_what_was_there_before_joining_is_read(api: ApiClient, forum: Forum) -> None:
    place = make_microcosm(forum)
    item = make_item(place, forum.owner, at=NOW - timedelta(days=1))
    newcomer = forum.member()
    assert unread(api.as_(newcomer), place) == {"self": False, ("conversation", item.id): False}


def test_private_hidden_and_ignored_things_make_nothing_unread(api: ApiClient, forum: Forum, reader: Person) -> None:
    """A1: an unread flag would tell that something happens where one may not look."""
    top = make_microcosm(forum)
    private, deleted, muted = (make_microcosm(forum, top) for _ in range(3))
    make_private(private)
    for place in (private, deleted, muted):
        make_item(place, forum.owner, at=hours(5))
    make_item(top, forum.owner, at=hours(5), is_deleted=True)
    make_item(top, forum.owner, at=hours(5), is_moderated=True)
    dull = make_item(top, forum.owner, at=hours(5))
    Ignore.objects.create(profile=reader.profile, kind=ItemType.MICROCOSM, microcosm=muted)
    Ignore.objects.create(profile=reader.profile, kind=ItemType.CONVERSATION, item=dull)
    assert api.as_(forum.owner).delete(f"microcosms/{deleted.id}").status == 200
    assert unread(api.as_(reader), forum.root) == {"self": False, ("microcosm", top.id): False}
    assert unread(api.as_(reader), top) == {"self": False}
    Profile.objects.filter(id=forum.owner.id).update(read_all_at=hours(0))
    assert unread(api.as_(forum.owner), forum.root) == {"self": True, ("microcosm", top.id): True}
    # What one ignores can be visited, and then says whether there is something new in it.
    assert unread(api.as_(reader), muted)["self"] is True

"""What a member watches (contract B 15), and what they want to be told (B 14)."""

from typing import Any

import pytest

from apps.core import clock
from apps.huddles.models import Huddle, Participant
from apps.items.models import Item
from apps.sites.types import ItemType
from apps.updates.models import Preference, Watcher
from tests.api.mixed import private_things
from tests.client import ApiClient
from tests.content import describe, place_in, say, start
from tests.factories import Forum, Person
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(forum: Forum) -> Person:
    """Who watches."""
    return forum.member("anna")


def huddle_of(forum: Forum, *people: Person) -> Item:
    """A huddle of some people, started by the first."""
    item = Item.objects.create(site=forum.site, kind=ItemType.HUDDLE, title="Just us", created_by=people[0].profile)
    Huddle.objects.create(item=item)
    for person in people:
        Participant.objects.create(huddle_id=item.id, profile=person.profile)
    return item


def listed(api: ApiClient, person: Person) -> list[tuple[str, int]]:
    """What somebody's list holds."""
    page = api.as_(person).get("watchers").data["watchers"]
    assert page["total"] == len(page["items"])
    return [(entry["itemType"], entry["itemId"]) for entry in page["items"]]


def test_a_walk_as_the_client_does_it(api: ApiClient, forum: Forum, anna: Person) -> None:
    place = place_in(forum)
    item = start(forum.owner, place)
    client = api.as_(anna)
    for kind, id, type in (("conversation", item.id, 1), ("microcosm", place.id, 8), ("profile", 0, 9)):
        body = {"updateTypeId": type, "itemType": kind, "itemId": id}
        for reply in (client.post("watchers", body), client.put("watchers", body)):
            assert (reply.status, reply.data) == (200, type == 9)
    assert listed(api, anna) == [("microcosm", place.id), ("profile", 0), ("conversation", item.id)]
    body = {"itemType": "conversation", "itemId": item.id, "sendEmail": True}
    assert client.post("watchers/patch?method=PATCH", body).status == 200
    flags = client.get(f"conversations/{item.id}").data["meta"]["flags"]
    assert (flags["watched"], flags["sendEmail"], flags["sendSMS"]) == (True, True, False)
    gone = f"watchers/delete?updateTypeId=1&itemId={item.id}&itemType=conversation&method=DELETE"
    assert client.delete(gone).status == 200
    assert client.delete(gone).status == 200
    assert listed(api, anna) == [("microcosm", place.id), ("profile", 0)]


def test_guests_are_refused(api: ApiClient, forum: Forum) -> None:
    body = {"itemType": "profile", "itemId": 0}
    replies = [
        api.get("watchers"),
        api.post("watchers", body),
        api.put("watchers", body),
        api.patch("watchers/patch", body),
        api.delete("watchers/delete?itemType=profile&itemId=0"),
        api.patch("watchers/1", body),
        api.delete("watchers/1"),
    ]
    assert [(reply.status, reply.code) for reply in replies] == [(403, 5)] * 7


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"itemId": 1},
        {"itemType": "zzz", "itemId": 1},
        {"itemType": "conversation"},
        {"itemType": "conversation", "itemId": -1},
        {"itemType": "comment", "itemId": 1},
        {"itemType": "profile", "itemId": 0, "updateTypeId": 10},
        {"itemType": "profile", "itemId": 0, "updateTypeId": -1},
    ],
)
def test_what_cannot_be_watched_is_400(api: ApiClient, anna: Person, body: dict[str, Any]) -> None:
    assert api.as_(anna).post("watchers", body).status == 400
    assert not Watcher.objects.exists()


def test_a1_what_cannot_be_read_is_missing(api: ApiClient, forum: Forum, other_forum: Forum, anna: Person) -> None:
    """A1, T1: private, deleted and foreign things answer like those that never were."""
    client = api.as_(anna)
    missing = client.post("watchers", {"itemType": "conversation", "itemId": 99_999_999})
    assert missing.status == 404
    things = private_things(forum, anna)
    for place in things:
        place.hide()
    targets = [("conversation", place.item.id) for place in things]
    targets += [("microcosm", place.microcosm.id) for place in things if not place.shows_microcosm]
    targets += [("huddle", huddle_of(forum, forum.owner).id), ("profile", other_forum.owner.id)]
    targets += [("microcosm", other_forum.root.id), ("site", other_forum.site.id)]
    targets += [("conversation", start(other_forum.owner, place_in(other_forum)).id)]
    for kind, id in targets:
        reply = client.post("watchers", {"itemType": kind, "itemId": id})
        assert (reply.status, reply.content) == (404, missing.content), kind
    assert not Watcher.objects.filter(profile=anna.profile).exists()


def test_a1_what_cannot_be_read_any_more_is_not_in_the_list(api: ApiClient, forum: Forum, anna: Person) -> None:
    """A1: deleted, moderated and private things are left out, and the total does not count them."""
    things = private_things(forum, anna)
    huddle = huddle_of(forum, forum.owner, anna)
    for place in things:
        api.as_(anna).post("watchers", {"itemType": "conversation", "itemId": place.item.id})
        api.as_(anna).post("watchers", {"itemType": "microcosm", "itemId": place.microcosm.id})
    api.as_(anna).post("watchers", {"itemType": "huddle", "itemId": huddle.id})
    assert len(listed(api, anna)) == 2 * len(things) + 1
    for place in things:
        place.hide()
    Participant.objects.filter(profile=anna.profile).delete()
    readable = [place.microcosm.id for place in things if place.shows_microcosm]
    assert sorted(listed(api, anna)) == sorted(("microcosm", id) for id in readable)
    content = api.as_(anna).get("watchers").content
    assert not any(place.item.title.encode() in content for place in things)


def test_the_list_shows_first_what_never_notified(api: ApiClient, forum: Forum, anna: Person) -> None:
    place = place_in(forum)
    items = [start(forum.owner, place) for _ in range(4)]
    for item in items:
        api.as_(anna).post("watchers", {"itemType": "conversation", "itemId": item.id})
    first, second, third, fourth = (item.id for item in items)
    now = clock.now()
    Watcher.objects.filter(item_id=first, profile=anna.profile).update(last_notified_at=now)
    Watcher.objects.filter(item_id=second, profile=anna.profile).update(last_notified_at=now.replace(year=2020))
    assert [id for _kind, id in listed(api, anna)] == [fourth, third, first, second]
    entry = api.as_(anna).get("watchers").data["watchers"]["items"][0]
    assert entry["lastNotified"] == "0001-01-01T00:00:00Z"


def test_the_list_has_the_recorded_shape(api: ApiClient, forum: Forum, anna: Person) -> None:
    place = place_in(forum)
    place_in(forum, place)
    say(forum.owner, start(forum.owner, place))
    api.as_(anna).post("watchers", {"itemType": "microcosm", "itemId": place.id})
    theirs = recorded("watchers", "GET_watchers_member")
    theirs["watchers"]["links"] = theirs["watchers"]["links"][:1]
    for entry in theirs["watchers"]["items"]:
        entry["item"]["mostRecentUpdate"]["item"]["meta"]["links"] = []
    assert_same_shape(api.as_(anna).get("watchers").data, theirs)


def test_the_list_is_one_statement(api: ApiClient, forum: Forum, anna: Person) -> None:
    for _ in range(2):
        api.as_(anna).post("watchers", {"itemType": "conversation", "itemId": start(forum.owner, place_in(forum)).id})
    api.as_(anna).get("watchers")
    with count_statements() as statements:
        api.as_(anna).get("watchers")
    with count_statements() as idle:
        api.as_(anna).get("updates/preferences")
    assert len(statements) == len(idle)


def test_a_huddle_the_site_and_a_person_can_be_watched(api: ApiClient, forum: Forum, anna: Person) -> None:
    huddle, bert = huddle_of(forum, anna), forum.member("bert")
    say(anna, huddle)
    for kind, id in (("huddle", huddle.id), ("site", forum.site.id), ("profile", bert.id)):
        assert api.as_(anna).post("watchers", {"itemType": kind.upper(), "itemId": id}).status == 200
    items = {entry["itemType"]: entry for entry in api.as_(anna).get("watchers").data["watchers"]["items"]}
    assert [person["id"] for person in items["huddle"]["item"]["participants"]] == [anna.id]
    assert items["site"]["item"] is None
    assert items["profile"]["item"]["profileName"] == "bert"


def test_one_may_change_and_delete_only_ones_own_by_id(
    api: ApiClient, forum: Forum, other_forum: Forum, anna: Person
) -> None:
    """T1: somebody else's watcher, here or elsewhere, is a missing one."""
    bert = forum.member("bert")
    mine = Watcher.objects.create(profile=anna.profile, kind=ItemType.PROFILE)
    others = [
        Watcher.objects.create(profile=person.profile, kind=ItemType.PROFILE) for person in (bert, other_forum.owner)
    ]
    client = api.as_(anna)
    assert client.patch(f"watchers/{mine.id}", {"sendEmail": True}).status == 200
    mine.refresh_from_db()
    assert (mine.send_email, mine.send_sms) == (True, False)
    assert client.patch(f"watchers/{mine.id}", {"sendSMS": True}).status == 200
    mine.refresh_from_db()
    assert (mine.send_email, mine.send_sms) == (False, True)
    for id in (others[0].id, others[1].id, 99_999_999):
        assert client.patch(f"watchers/{id}", {"sendEmail": True}).status == 404
        assert client.delete(f"watchers/{id}").status == 404
    assert Watcher.objects.filter(send_email=False).count() == 3
    assert client.delete(f"watchers/{mine.id}").status == 200
    assert client.delete(f"watchers/{mine.id}").status == 404


def test_changing_what_is_not_watched_is_400(api: ApiClient, forum: Forum, anna: Person) -> None:
    item = start(forum.owner, place_in(forum))
    client = api.as_(anna)
    for body in (
        {"itemType": "conversation", "itemId": item.id, "sendEmail": True},
        {"itemTypeId": 6, "itemId": item.id, "sendEmail": True},
        {"itemType": "zzz", "itemId": item.id},
        {},
    ):
        assert client.patch("watchers/patch", body).status == 400
    for query in ("itemType=zzz&itemId=1", "itemId=1", "itemType=conversation&itemId=x", ""):
        assert client.delete(f"watchers/delete?{query}").status == 400


# --- Made by themselves (B 15.3) ------------------------------------------------------------------


def watched(person: Person) -> set[tuple[int, int | None, bool]]:
    """Kind, id and mail flag of what somebody watches."""
    rows = Watcher.objects.filter(profile=person.profile)
    return {(row.kind, row.item_id or row.target_profile_id, row.send_email) for row in rows}


def test_who_starts_or_says_something_watches_it(api: ApiClient, forum: Forum, anna: Person) -> None:
    bert, place = forum.member("bert"), place_in(forum)
    reply = api.as_(anna).post("conversations", {"microcosmId": place.id, "title": "A tale"})
    item_id = int(reply.location.split("/")[-1])
    assert watched(anna) == {(6, item_id, False)}
    Preference.objects.create(profile=bert.profile, type=1, send_email=True)
    body = {"itemType": "conversation", "itemId": item_id, "markdown": "Go on"}
    assert api.as_(bert).post("comments", body).status == 302
    assert api.as_(bert).post("comments", body | {"markdown": "And then"}).status == 302
    assert watched(bert) == {(6, item_id, True)}
    carol = forum.member("carol")
    describe(carol)
    assert watched(carol) == {(3, carol.id, False)}


def test_who_writes_in_a_huddle_watches_it_as_their_preference_for_huddles_says(forum: Forum, anna: Person) -> None:
    huddle = huddle_of(forum, anna)
    Preference.objects.create(profile=anna.profile, type=4, send_email=True)
    say(anna, huddle)
    assert watched(anna) == {(5, huddle.id, True)}


def test_saying_more_does_not_change_the_flags_nor_a_repetition_watch_again(forum: Forum, anna: Person) -> None:
    item = start(forum.owner, place_in(forum))
    say(anna, item)
    Watcher.objects.filter(profile=anna.profile).update(send_email=True)
    say(anna, item)
    assert watched(anna) == {(6, item.id, True)}


# --- Preferences (B 14) ---------------------------------------------------------------------------


def test_preferences_as_the_client_sets_them(api: ApiClient, forum: Forum, anna: Person) -> None:
    client = api.as_(anna)
    everything = client.get("updates/preferences").data
    assert [entry["id"] for entry in everything] == list(range(1, 10))
    assert [entry["id"] for entry in everything if entry["sendEmail"]] == [9]
    for id in range(1, 10):
        reply = client.post(f"updates/preferences/{id}?method=PUT", {"id": 3, "sendEmail": True, "sendSMS": False})
        assert reply.location == f"/api/v1/updates/preferences/{id}"
        assert client.follow(reply).data["id"] == id
    assert all(entry["sendEmail"] for entry in client.get("updates/preferences").data)


def test_preferences_have_the_recorded_shape(api: ApiClient, anna: Person) -> None:
    """Beside `digest`, which is ours (docs/api/differences.md)."""
    client = api.as_(anna)
    theirs = recorded("updates", "GET_updates-preferences_member")
    assert_same_shape(client.get("updates/preferences").data, [entry | {"digest": "none"} for entry in theirs])
    theirs = recorded("updates", "GET_updates-preference-4_member")
    assert_same_shape(client.get("updates/preferences/4").data, theirs | {"digest": "none"})


def test_a_preference_that_is_absent_stays(api: ApiClient, anna: Person) -> None:
    client = api.as_(anna)
    client.put("updates/preferences/9", {"sendSMS": True})
    shown = client.get("updates/preferences/9").data
    assert (shown["sendEmail"], shown["sendSMS"]) == (True, True)


def test_who_takes_no_mail_gets_none_by_default(api: ApiClient, forum: Forum, anna: Person) -> None:
    client = api.as_(anna)
    client.put("profiles/options", {"sendEmail": False})
    assert not client.get("updates/preferences/9").data["sendEmail"]
    assert client.post("watchers", {"itemType": "profile", "itemId": 0}).data is False


def test_unknown_types_are_missing_and_guests_refused(api: ApiClient, anna: Person) -> None:
    for id in (0, 10, 99):
        assert api.as_(anna).get(f"updates/preferences/{id}").status == 404
        assert api.as_(anna).put(f"updates/preferences/{id}", {"sendEmail": True}).status == 404
        assert api.put(f"updates/preferences/{id}", {"sendEmail": True}).status == 403
    assert api.as_(anna).put("updates/preferences/1", {"sendEmail": "yes"}).status == 400
    assert (api.get("updates/preferences").status, api.get("updates/preferences/1").status) == (403, 403)


def test_a_preference_decides_only_the_watchers_made_later(api: ApiClient, forum: Forum, anna: Person) -> None:
    item, later = (start(forum.owner, place_in(forum)) for _ in range(2))
    client = api.as_(anna)
    assert client.post("watchers", {"itemType": "conversation", "itemId": item.id}).data is False
    client.put("updates/preferences/1", {"sendEmail": True})
    assert client.post("watchers", {"itemType": "conversation", "itemId": item.id}).data is False
    assert client.post("watchers", {"itemType": "conversation", "itemId": later.id}).data is True


def test_who_is_brought_into_a_huddle_watches_it_until_they_leave(api: ApiClient, forum: Forum, anna: Person) -> None:
    bert, carol = forum.member("bert"), forum.member("carol")
    created = api.as_(bert).post("huddles", {"title": "Just us", "participants": [{"id": anna.id}]})
    huddle_id = int(created.location.split("/")[-1])
    assert watched(anna) == {(5, huddle_id, False)}
    assert api.as_(bert).put(f"huddles/{huddle_id}/participants", [{"id": carol.id}]).status == 302
    assert watched(carol) == {(5, huddle_id, False)}
    assert api.as_(carol).delete(f"huddles/{huddle_id}").status == 200
    assert (watched(carol), len(watched(anna))) == (set(), 1)

"""What a member ignores (contract B 9)."""

from typing import Any

import pytest

from apps.updates.models import Ignore
from tests.api.mixed import private_things
from tests.client import ApiClient
from tests.content import place_in, start
from tests.factories import Forum, Person
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(forum: Forum) -> Person:
    """Who ignores."""
    return forum.member("anna")


def listed(api: ApiClient, person: Person) -> list[tuple[str, int]]:
    """What somebody's list holds."""
    page = api.as_(person).get("ignored").data["ignored"]
    assert page["total"] == len(page["items"])
    return [(entry["itemType"], entry["itemId"]) for entry in page["items"]]


def test_a_walk_as_the_client_does_it(api: ApiClient, forum: Forum, anna: Person) -> None:
    bert, place = forum.member("bert"), place_in(forum, title="Noise")
    item = start(bert, place, title="A tale")
    client = api.as_(anna)
    for kind, id in (("profile", bert.id), ("conversation", item.id), ("microcosm", place.id)):
        reply = client.put("ignored", {"itemType": kind, "itemId": id})
        assert (reply.status, reply.data) == (200, None)
        assert client.put("ignored", {"itemType": kind, "itemId": id}).status == 200
    assert listed(api, anna) == [("microcosm", place.id), ("profile", bert.id), ("conversation", item.id)]
    reply = client.delete("ignored", {"itemType": "profile", "itemId": bert.id})
    assert (reply.status, reply.data) == (200, None)
    assert client.delete("ignored", {"itemType": "profile", "itemId": bert.id}).status == 200
    assert listed(api, anna) == [("microcosm", place.id), ("conversation", item.id)]
    assert client.get(f"conversations/{item.id}").data["meta"]["flags"]["ignored"] is True


def test_guests_are_refused(api: ApiClient) -> None:
    body = {"itemType": "profile", "itemId": 1}
    replies = [api.get("ignored"), api.put("ignored", body), api.delete("ignored", body)]
    assert [(reply.status, reply.code) for reply in replies] == [(403, 5)] * 3


@pytest.mark.parametrize(
    "body", [{}, {"itemType": "zzz", "itemId": 1}, {"itemType": "profile"}, {"itemType": "profile", "itemId": 0}]
)
def test_an_unknown_type_or_no_id_is_400(api: ApiClient, anna: Person, body: dict[str, Any]) -> None:
    for verb in ("PUT", "DELETE"):
        assert api.as_(anna).request(verb, "ignored", json=body).status == 400


def test_what_is_not_there_or_cannot_be_ignored_is_200_without_effect(
    api: ApiClient, forum: Forum, other_forum: Forum, anna: Person
) -> None:
    """T1: things of another site are things that are not there."""
    elsewhere = start(other_forum.owner, place_in(other_forum))
    for kind, id in (
        ("conversation", 99_999_999),
        ("event", start(anna, place_in(forum)).id),
        ("comment", 5),
        ("site", forum.site.id),
        ("conversation", elsewhere.id),
        ("profile", other_forum.owner.id),
        ("microcosm", other_forum.root.id),
    ):
        assert api.as_(anna).put("ignored", {"itemType": kind, "itemId": id}).status == 200
    assert not Ignore.objects.exists()


def test_ignoring_oneself_has_no_effect(api: ApiClient, forum: Forum, anna: Person) -> None:
    item = start(anna, place_in(forum))
    api.as_(anna).put("ignored", {"itemType": "profile", "itemId": anna.id})
    say_body = {"itemType": "conversation", "itemId": item.id, "markdown": "Me"}
    api.as_(anna).post("comments", say_body)
    assert api.as_(anna).get(f"conversations/{item.id}").data["comments"]["total"] == 1


def test_a1_what_cannot_be_read_any_more_is_not_in_the_list(api: ApiClient, forum: Forum, anna: Person) -> None:
    """A1: deleted, moderated and private things are left out, and the total does not count them."""
    things = private_things(forum, anna)
    for place in things:
        api.as_(anna).put("ignored", {"itemType": "conversation", "itemId": place.item.id})
        api.as_(anna).put("ignored", {"itemType": "microcosm", "itemId": place.microcosm.id})
    assert len(listed(api, anna)) == 2 * len(things)
    for place in things:
        place.hide()
    readable = [place for place in things if place.shows_microcosm]
    assert listed(api, anna) == [("microcosm", place.microcosm.id) for place in readable]
    content = api.as_(anna).get("ignored").content
    assert not any(place.item.title.encode() in content for place in things)


def test_pages_hold_each_thing_once_in_order(api: ApiClient, forum: Forum, anna: Person) -> None:
    place = place_in(forum)
    items = [start(forum.owner, place, title=f"Item {number}") for number in range(7)]
    for item in reversed(items):
        api.as_(anna).put("ignored", {"itemType": "conversation", "itemId": item.id})
    pages = [api.as_(anna).get(f"ignored?limit=5&offset={offset}").data["ignored"] for offset in (0, 5)]
    assert [entry["itemId"] for page in pages for entry in page["items"]] == [item.id for item in items]
    assert [page["total"] for page in pages] == [7, 7]
    assert api.as_(anna).get("ignored?limit=5&offset=10").status == 400


def test_the_list_has_the_recorded_shape(api: ApiClient, forum: Forum, anna: Person) -> None:
    place = place_in(forum)
    api.as_(anna).put("ignored", {"itemType": "microcosm", "itemId": place.id})
    theirs = recorded("ignored", "GET_ignored_member")
    # The parent is the root here too, and an ancestor that says so is left out like there.
    assert_same_shape(api.as_(anna).get("ignored").data, theirs)
    api.as_(anna).delete("ignored", {"itemType": "microcosm", "itemId": place.id})
    api.as_(anna).put("ignored", {"itemType": "profile", "itemId": forum.owner.id})
    theirs["ignored"]["items"] = [entry for entry in theirs["ignored"]["items"] if entry["itemType"] == "profile"]
    assert_same_shape(api.as_(anna).get("ignored").data, theirs)


def test_the_list_is_one_statement(api: ApiClient, forum: Forum, anna: Person) -> None:
    place = place_in(forum)
    for item in (start(forum.owner, place), start(forum.owner, place)):
        api.as_(anna).put("ignored", {"itemType": "conversation", "itemId": item.id})
    api.as_(anna).get("ignored")
    with count_statements() as statements:
        api.as_(anna).get("ignored")
    assert len([sql for sql in statements if "fn.summary_rows" in sql]) == 1
    with count_statements() as idle:
        api.as_(anna).get("whoami")
    assert len(statements) <= len(idle) + 1

"""`/huddles` over HTTP (contract B 8): private conversations, for those who are in them and nobody else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.services import create_operator
from apps.comments.models import Mention
from apps.core.clock import set_clock
from apps.core.models import Change
from apps.huddles.models import Huddle, Participant
from apps.huddles.services import create_huddle
from apps.items.models import Item, ItemReadMark
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from apps.updates.models import Ignore, Watcher
from tests.client import ApiClient, Reply
from tests.content import say
from tests.factories import Forum, Person, ban
from tests.fingerprint import fingerprint
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded
from tests.routes import concrete, routes
from tests.trees import make_moderator

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PREFER = {"headers": {"Prefer": "return=representation"}}


@pytest.fixture
def anna(forum: Forum) -> Person:
    """Who starts huddles."""
    return forum.member("anna")


@pytest.fixture
def bert(forum: Forum) -> Person:
    """Who is invited."""
    return forum.member("bert")


@pytest.fixture
def carl(forum: Forum) -> Person:
    """Who is not, unless a test says so."""
    return forum.member("carl")


def huddle_of(author: Person, *people: Person, title: str = "Between us", is_confidential: bool = False) -> Item:
    """A huddle."""
    huddle_id = create_huddle(
        site_id=author.profile.site_id,
        author_id=author.id,
        title=title,
        is_confidential=is_confidential,
        invited_ids=[person.id for person in people],
    )
    return Item.objects.get(id=huddle_id)


def path(huddle: Item, *more: object) -> str:
    """The path of a huddle, or of something below it."""
    return "/".join(["huddles", str(huddle.id), *map(str, more)])


def people_in(huddle: Item) -> list[int]:
    """The profiles in a huddle, by id."""
    ids = Participant.objects.filter(huddle_id=huddle.id).values_list("profile_id", flat=True)
    return sorted(ids)


def unread(person: Person) -> int:
    """The stored number of unread huddles."""
    return Profile.objects.get(id=person.id).unread_huddle_count


def ignore(person: Person, whom: Person) -> None:
    """Somebody wants to see nothing of somebody."""
    Ignore.objects.create(profile=person.profile, kind=ItemType.PROFILE, target_profile=whom.profile)


def listed(api: ApiClient, query: str = "") -> list[int]:
    """The ids of a list."""
    return [huddle["id"] for huddle in api.get(f"huddles{query}").data["huddles"]["items"]]


def comment_on(huddle: Item, markdown: str = "Hello") -> dict[str, Any]:
    """The body of a comment in a huddle."""
    return {"itemType": "huddle", "itemId": huddle.id, "markdown": markdown}


def events(kind: str) -> list[dict[str, Any]]:
    """The ids of the changes of one kind."""
    return list(Change.objects.filter(kind=kind).order_by("id").values_list("ids", flat=True))


# --- Starting -------------------------------------------------------------------------------------


def test_a_new_huddle_redirects_to_its_page(api: ApiClient, anna: Person, bert: Person) -> None:
    api = api.as_(anna)
    reply = api.post("huddles", {"title": "A private chat", "participants": [{"id": bert.id}]})
    data = api.follow(reply).data
    assert reply.location == f"/api/v1/huddles/{data['id']}"
    assert (data["title"], data["isConfidential"]) == ("A private chat", False)
    assert [person["id"] for person in data["participants"]] == [anna.id, bert.id]
    assert data["comments"]["items"] == []
    assert data["meta"]["createdBy"]["id"] == anna.id
    assert data["meta"]["flags"] == {}
    assert data["meta"]["links"] == [{"rel": "self", "href": reply.location}]
    assert events("huddle.created") == [{"item_id": data["id"], "invited_ids": [bert.id]}]


def test_clients_may_prefer_the_huddle_itself(api: ApiClient, anna: Person) -> None:
    reply = api.as_(anna).post("huddles", {"title": "Alone now", "isConfidential": True}, **PREFER)
    assert reply.status == 201
    assert reply.location == f"/api/v1/huddles/{reply.data['id']}"
    assert reply.data["isConfidential"] is True
    assert [person["id"] for person in reply.data["participants"]] == [anna.id]


def test_guests_start_nothing(api: ApiClient, bert: Person) -> None:
    before = fingerprint()
    assert api.post("huddles", {"title": "x", "participants": [{"id": bert.id}]}).status == 403
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, 4),
        ({"title": " \u200b"}, 400, 4),
        ({"title": 5}, 400, 3),
        ({"title": "x" * 1001}, 400, 4),
        ({"title": "&" * 201}, 400, 4),
        ({"title": "x", "isConfidential": "yes"}, 400, 3),
        ({"title": "x", "participants": {}}, 400, 3),
        ({"title": "x", "participants": [{}]}, 400, 4),
        ({"title": "x", "participants": [{"id": 0}]}, 400, 4),
        ({"title": "x", "participants": [{"id": "1"}]}, 400, 3),
        ({"title": "x", "participants": [{"id": 1}] * 1001}, 400, 4),
        ({"title": "x", "participants": [{"id": 999999999}]}, 404, 0),
    ],
)
def test_bad_bodies_start_nothing(api: ApiClient, anna: Person, body: Any, status: int, code: int) -> None:
    before = fingerprint()
    reply = api.as_(anna).post("huddles", body)
    assert (reply.status, reply.code) == (status, code)
    assert fingerprint() == before


def test_titles_are_cleaned_and_may_be_long(api: ApiClient, anna: Person) -> None:
    api = api.as_(anna)
    assert api.post("huddles", {"title": "<b>LUNCH</b> & TEA"}, **PREFER).data["title"] == "lunch &amp; tea"
    long = "Very " * 100 + "long"
    assert api.post("huddles", {"title": long}, **PREFER).data["title"] == long


def test_the_same_again_within_seconds_is_a_repetition(api: ApiClient, anna: Person, bert: Person) -> None:
    api, body = api.as_(anna), {"title": "Twice", "participants": [{"id": bert.id}]}
    set_clock(frozen=NOON)
    first = api.post("huddles", body).location
    set_clock(frozen=NOON + timedelta(seconds=4))
    assert api.post("huddles", body).location == first
    set_clock(frozen=NOON + timedelta(seconds=6))
    assert api.post("huddles", body).location != first
    assert Huddle.objects.count() == 2
    assert len(events("huddle.created")) == 2


def test_one_title_to_two_people_is_two_huddles(api: ApiClient, anna: Person, bert: Person, carl: Person) -> None:
    api = api.as_(anna)
    locations = {
        api.post("huddles", {"title": "Hello", "participants": [{"id": person.id}]}).location for person in (bert, carl)
    }
    assert len(locations) == 2


def test_a_huddle_that_was_left_is_no_repetition(api: ApiClient, anna: Person) -> None:
    api = api.as_(anna)
    first = api.post("huddles", {"title": "Again"}).location
    assert api.delete(first).status == 200
    second = api.post("huddles", {"title": "Again"}).location
    assert second != first
    assert api.get(second).status == 200


# --- The list -------------------------------------------------------------------------------------


def test_the_list_is_shaped_as_recorded(api: ApiClient, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna, bert)
    comment = say(bert, huddle, "Hello")
    data = api.as_(anna).get("huddles?limit=5").data
    (summary,) = data["huddles"]["items"]
    theirs = recorded("huddles", "GET_huddles-limit_member")
    assert_same_shape(summary, theirs["huddles"]["items"][0])
    assert sorted(data) == sorted(theirs)
    assert data["huddles"]["type"] == "/api/v1/huddles"
    assert (summary["id"], summary["totalComments"], summary["lastCommentId"]) == (huddle.id, 1, comment.id)
    assert summary["lastCommentCreatedBy"]["id"] == bert.id
    assert [person["id"] for person in summary["participants"]] == [anna.id, bert.id]
    assert summary["meta"]["flags"] == {"unread": True}


def test_without_comments_nothing_is_said_of_the_last_one(api: ApiClient, anna: Person) -> None:
    huddle_of(anna)
    (summary,) = api.as_(anna).get("huddles").data["huddles"]["items"]
    assert not [key for key in summary if key.startswith("lastComment")]
    assert summary["meta"]["flags"] == {"unread": False}


def test_guests_have_no_huddles(api: ApiClient, anna: Person) -> None:
    huddle_of(anna)
    data = api.get("huddles").data
    assert (data["huddles"]["total"], data["huddles"]["items"]) == (0, [])


def test_the_most_recently_active_comes_first(api: ApiClient, anna: Person, bert: Person) -> None:
    huddles = []
    for hour in range(6):
        set_clock(frozen=NOON + timedelta(hours=hour))
        huddles.append(huddle_of(anna, bert, title=f"Huddle {hour}").id)
    set_clock(frozen=NOON + timedelta(hours=9))
    say(bert, Item.objects.get(id=huddles[1]))
    order = [huddles[1], huddles[5], huddles[4], huddles[3], huddles[2], huddles[0]]
    api = api.as_(anna)
    assert listed(api) == order
    assert listed(api, "?limit=5") == order[:5]
    assert listed(api, "?limit=5&offset=5") == order[5:]
    assert api.get("huddles?limit=5&offset=10").status == 400


def test_huddles_started_by_ignored_people_are_hidden(api: ApiClient, anna: Person, bert: Person, carl: Person) -> None:
    huddle_of(bert, anna)
    shown = huddle_of(carl, anna, bert)
    own = huddle_of(anna, bert)
    ignore(anna, bert)
    ignore(anna, anna)
    assert sorted(listed(api.as_(anna))) == sorted([shown.id, own.id])
    assert api.as_(anna).get("huddles").data["huddles"]["total"] == 2
    assert len(listed(api.as_(bert))) == 3


def test_unread_ones_alone_if_asked_for(api: ApiClient, anna: Person, bert: Person, carl: Person) -> None:
    quiet, fresh, bore = (huddle_of(anna, bert, carl, title=title) for title in ("Quiet", "Fresh", "Bore"))
    say(bert, fresh)
    say(carl, bore)
    ignore(anna, carl)
    caller = api.as_(anna)
    for word in ("True", "true", "TRUE"):
        assert listed(caller, f"?unread={word}") == [fresh.id]
    for word in ("", "False", "1", "yes"):
        assert sorted(listed(caller, f"?unread={word}")) == sorted([quiet.id, fresh.id, bore.id])
    assert listed(api.as_(carl), "?unread=True") == [fresh.id]
    flags = {item["id"]: item["meta"]["flags"]["unread"] for item in caller.get("huddles").data["huddles"]["items"]}
    assert flags == {quiet.id: False, fresh.id: True, bore.id: False}


def test_a_list_costs_one_statement(api: ApiClient, anna: Person, bert: Person) -> None:
    for number in range(3):
        say(bert, huddle_of(anna, bert, title=f"Huddle {number}"))
    api = api.as_(anna)
    api.get("huddles")
    with count_statements() as statements:
        api.get("huddles")
    # The first is who asks.
    assert len(statements) == 2


# --- The page -------------------------------------------------------------------------------------


def test_a_page_is_shaped_as_recorded(api: ApiClient, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna, bert)
    say(bert, huddle, "first message")
    data = api.as_(anna).get(path(huddle)).data
    theirs = recorded("huddles", "GET_huddle-as-participant_member2")
    assert sorted(data) == sorted(theirs)
    assert sorted(data["meta"]) == sorted(theirs["meta"])
    assert sorted(data["meta"]["permissions"]) == sorted(theirs["meta"]["permissions"])
    assert_same_shape(data["participants"], theirs["participants"])
    (comment,) = data["comments"]["items"]
    assert (comment["itemType"], comment["itemId"], comment["markdown"]) == ("huddle", huddle.id, "first message")
    assert comment["meta"]["flags"]["unread"] is True
    assert {"rel": "huddle", "href": f"/api/v1/huddles/{huddle.id}", "title": "Between us"} in comment["meta"]["links"]
    assert data["meta"]["permissions"] | {"owner": False} == theirs["meta"]["permissions"]


def test_watchers_see_that_they_watch(api: ApiClient, anna: Person) -> None:
    huddle = huddle_of(anna)
    Watcher.objects.create(profile=anna.profile, kind=ItemType.HUDDLE, item=huddle, send_email=True)
    flags = api.as_(anna).get(path(huddle)).data["meta"]["flags"]
    assert flags == {"watched": True, "sendEmail": True, "sendSMS": False}


def test_reading_a_page_reads_the_huddle(api: ApiClient, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna, bert)
    set_clock(frozen=NOON)
    for minute in range(6):
        set_clock(frozen=NOON + timedelta(minutes=minute))
        say(bert, huddle)
    assert unread(anna) == 1
    api = api.as_(anna)
    set_clock(frozen=NOON + timedelta(hours=1))
    first = api.get(f"{path(huddle)}?limit=5").data["comments"]
    assert [comment["meta"]["flags"]["unread"] for comment in first["items"]] == [True] * 5
    assert ItemReadMark.objects.get(profile_id=anna.id, item=huddle).read_at == NOON + timedelta(minutes=4)
    assert unread(anna) == 1
    last = api.get(f"{path(huddle)}?limit=5&offset=5").data["comments"]
    assert [comment["meta"]["flags"]["unread"] for comment in last["items"]] == [True]
    assert ItemReadMark.objects.get(profile_id=anna.id, item=huddle).read_at == NOON + timedelta(hours=1)
    assert unread(anna) == 0
    assert not api.get(path(huddle)).data["comments"]["items"][0]["meta"]["flags"]["unread"]
    assert api.get("whoami").data["meta"]["stats"] == [{"metric": "unreadHuddles", "value": 0}]


def test_comments_of_ignored_people_are_on_no_page(api: ApiClient, anna: Person, bert: Person, carl: Person) -> None:
    huddle = huddle_of(anna, bert, carl)
    said = [(person, say(person, huddle).id) for person in (anna, carl, bert, anna)]
    kept = [comment_id for person, comment_id in said if person is not carl]
    ignore(anna, carl)
    comments = api.as_(anna).get(path(huddle)).data["comments"]
    assert comments["total"] == 3
    assert [comment["id"] for comment in comments["items"]] == kept
    assert api.as_(bert).get(path(huddle)).data["comments"]["total"] == 4


def test_where_a_jump_led_comes_back_in_the_links(api: ApiClient, anna: Person) -> None:
    huddle = huddle_of(anna)
    comment = say(anna, huddle)
    (link,) = api.as_(anna).get(f"{path(huddle)}?comment_id={comment.id}").data["comments"]["links"]
    assert link["href"] == f"/api/v1/huddles/{huddle.id}?comment_id={comment.id}"


def test_a_page_beyond_the_end_is_none(api: ApiClient, anna: Person) -> None:
    before = fingerprint()
    huddle = huddle_of(anna)
    assert api.as_(anna).get(f"{path(huddle)}?offset=25").status == 400
    assert fingerprint()["items_itemreadmark"] == before["items_itemreadmark"]


def test_a_page_costs_few_statements(api: ApiClient, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna, bert)
    for _ in range(3):
        say(bert, huddle)
    api = api.as_(anna)
    with count_statements() as first:
        api.get(path(huddle))
    with count_statements() as again:
        api.get(path(huddle))
    # Who asks and the page; then the mark, with which how many are unread is counted again.
    assert len(again) == 2
    assert len(first) > len(again)


def test_a_page_that_was_read_says_so_after_one_more_comment(api: ApiClient, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna, bert)
    api = api.as_(anna)
    for _ in range(2):
        say(bert, huddle)
        assert api.get(path(huddle)).data["comments"]["items"][-1]["meta"]["flags"]["unread"] is True
        assert api.get(path(huddle)).data["comments"]["items"][-1]["meta"]["flags"]["unread"] is False


def test_there_is_nothing_to_edit(api: ApiClient, anna: Person) -> None:
    huddle = huddle_of(anna)
    for verb in ("PUT", "PATCH", "POST"):
        assert api.as_(anna).request(verb, path(huddle), json={"title": "x"}).status == 405
    assert api.as_(anna).post(path(huddle, "participants"), [{"id": 1}]).status == 405


# --- Who is in it ---------------------------------------------------------------------------------


def test_participants_are_listed_by_id(api: ApiClient, anna: Person, bert: Person, carl: Person) -> None:
    huddle = huddle_of(carl, bert, anna)
    data = api.as_(bert).get(path(huddle, "participants")).data
    assert_same_shape(data, recorded("huddles", "GET_huddle-participants_member"))
    assert [entry["id"] for entry in data["participants"]["items"]] == sorted([anna.id, bert.id, carl.id])
    assert data["participants"]["type"] == f"/api/v1/huddles/{huddle.id}/participants"
    assert api.as_(bert).get(path(huddle, "participants") + "?offset=25").status == 400


def test_one_participant(api: ApiClient, anna: Person, bert: Person, carl: Person) -> None:
    huddle = huddle_of(anna, bert)
    found = api.as_(anna).get(path(huddle, "participants", bert.id))
    assert_same_shape(found.data, recorded("huddles", "GET_huddle-participant_member"))
    assert (found.data["id"], found.data["participant"]["profileName"]) == (bert.id, "bert")
    for profile_id in (carl.id, 999999999, 0):
        assert api.as_(anna).get(path(huddle, "participants", profile_id)).status == 404


def test_any_participant_brings_people_in(api: ApiClient, anna: Person, bert: Person, carl: Person) -> None:
    huddle = huddle_of(anna, bert)
    say(anna, huddle)
    reply = api.as_(bert).put(path(huddle, "participants"), [{"id": carl.id}, {"id": anna.id}])
    assert (reply.status, reply.location) == (302, f"/api/v1/huddles/{huddle.id}")
    assert people_in(huddle) == sorted([anna.id, bert.id, carl.id])
    assert unread(carl) == 1
    assert events("huddle.participants_added") == [{"item_id": huddle.id, "invited_ids": [carl.id]}]
    assert api.as_(carl).get(path(huddle)).status == 200


def test_bringing_in_as_the_web_client_does(api: ApiClient, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna)
    reply = api.as_(anna).post(path(huddle, "participants") + "?method=PUT", [{"id": bert.id}])
    assert [person["id"] for person in api.as_(anna).follow(reply).data["participants"]] == [anna.id, bert.id]


def test_bringing_in_one_person(api: ApiClient, anna: Person, bert: Person, carl: Person) -> None:
    huddle = huddle_of(anna)
    where = path(huddle, "participants", bert.id)
    reply = api.as_(anna).put(where, {})
    assert (reply.status, reply.location) == (302, f"/api/v1/{where}")
    preferred = api.as_(anna).put(path(huddle, "participants", carl.id), {}, **PREFER)
    assert (preferred.status, preferred.data["id"]) == (200, carl.id)
    assert people_in(huddle) == sorted([anna.id, bert.id, carl.id])


def test_clients_may_prefer_the_huddle_with_all_in_it(api: ApiClient, anna: Person, bert: Person) -> None:
    reply = api.as_(anna).put(path(huddle_of(anna), "participants"), [{"id": bert.id}], **PREFER)
    assert (reply.status, [person["id"] for person in reply.data["participants"]]) == (200, [anna.id, bert.id])


def test_who_is_in_it_already_is_no_news(api: ApiClient, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna, bert)
    before = fingerprint()
    for body in ([{"id": bert.id}], []):
        assert api.as_(anna).put(path(huddle, "participants"), body).status == 302
    assert fingerprint() == before


def test_all_or_nobody_is_brought_in(
    api: ApiClient, anna: Person, bert: Person, other_forum: Forum, root_forum: Forum
) -> None:
    huddle = huddle_of(anna)
    before = fingerprint()
    for stranger in (999999999, other_forum.owner.id):
        assert api.as_(anna).put(path(huddle, "participants"), [{"id": bert.id}, {"id": stranger}]).status == 404
        assert api.as_(anna).put(path(huddle, "participants", stranger), {}).status == 404
    for body, code in (([{"id": 0}], 4), ([{"id": bert.id}, {}], 4), ({}, 3), ([1], 3), ([{"id": 1}] * 1001, 4)):
        reply = api.as_(anna).put(path(huddle, "participants"), body)
        assert (reply.status, reply.code) == (400, code)
    assert fingerprint() == before


def test_only_the_creator_adds_to_a_confidential_huddle(
    api: ApiClient, anna: Person, bert: Person, carl: Person
) -> None:
    huddle = huddle_of(anna, bert, is_confidential=True)
    before = fingerprint()
    for where, body in ((path(huddle, "participants"), [{"id": carl.id}]), (path(huddle, "participants", carl.id), {})):
        reply = api.as_(bert).put(where, body)
        assert (reply.status, reply.code) == (403, 11)
    assert fingerprint() == before
    assert api.as_(anna).put(path(huddle, "participants"), [{"id": carl.id}]).status == 302
    assert people_in(huddle) == sorted([anna.id, bert.id, carl.id])


def test_nobody_adds_to_a_confidential_huddle_that_its_creator_has_left(
    api: ApiClient, anna: Person, bert: Person, carl: Person
) -> None:
    huddle = huddle_of(anna, bert, is_confidential=True)
    api.as_(anna).delete(path(huddle))
    assert api.as_(anna).put(path(huddle, "participants"), [{"id": carl.id}]).status == 404
    assert api.as_(bert).put(path(huddle, "participants"), [{"id": carl.id}]).status == 403
    assert people_in(huddle) == [bert.id]


# --- Leaving --------------------------------------------------------------------------------------


@pytest.mark.parametrize("leaver", ["anna", "bert"])
@pytest.mark.parametrize("by_own_entry", [False, True])
def test_leaving_ends_access_also_for_the_creator(
    api: ApiClient, anna: Person, bert: Person, leaver: str, by_own_entry: bool
) -> None:
    """README decision 9."""
    huddle = huddle_of(anna, bert)
    comments = [say(person, huddle) for person in (anna, bert)]
    who, stays = (anna, bert) if leaver == "anna" else (bert, anna)
    api, where = api.as_(who), path(huddle, "participants", who.id) if by_own_entry else path(huddle)
    assert api.delete(where).status == 200
    assert people_in(huddle) == [stays.id]
    assert unread(who) == 0
    assert events("huddle.participant_left") == [{"item_id": huddle.id}]
    assert listed(api) == []
    for gone in (path(huddle), path(huddle, "participants"), *(f"comments/{comment.id}" for comment in comments)):
        assert api.get(gone).status == 404
    assert api.post("comments", comment_on(huddle)).status == 404
    assert api.put(f"comments/{comments[leaver == 'bert'].id}", {"markdown": "x"}).status == 404
    assert api.delete(where).status == 404
    assert len(api.as_(stays).get(path(huddle)).data["comments"]["items"]) == 2


def test_nobody_puts_out_somebody_else(api: ApiClient, anna: Person, bert: Person, carl: Person) -> None:
    huddle = huddle_of(anna, bert)
    before = fingerprint()
    for profile_id in (bert.id, carl.id, 999999999):
        reply = api.as_(anna).delete(path(huddle, "participants", profile_id))
        assert (reply.status, reply.code) == (403, 12)
    assert fingerprint() == before


def test_leaving_as_the_web_client_does(api: ApiClient, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna, bert)
    assert api.as_(bert).post(f"{path(huddle)}?method=DELETE").status == 200
    assert people_in(huddle) == [anna.id]


def test_who_comes_back_reads_everything(api: ApiClient, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna, bert)
    say(anna, huddle)
    api.as_(bert).delete(path(huddle))
    assert unread(bert) == 0
    api.as_(anna).put(path(huddle, "participants", bert.id), {})
    assert unread(bert) == 1
    assert api.as_(bert).get(path(huddle)).data["comments"]["total"] == 1


# --- Comments -------------------------------------------------------------------------------------


def test_a_comment_is_news_to_all_but_its_author(api: ApiClient, anna: Person, bert: Person, carl: Person) -> None:
    """B 5.4 no. 6."""
    huddle = huddle_of(anna, bert, carl)
    set_clock(frozen=NOON)
    say(anna, huddle)
    assert [unread(person) for person in (anna, bert, carl)] == [0, 1, 1]
    set_clock(frozen=NOON + timedelta(hours=1))
    reply = api.as_(bert).post("comments", comment_on(huddle, "I am @anna's friend"))
    assert reply.status == 302
    assert [unread(person) for person in (anna, bert, carl)] == [1, 0, 1]
    assert ItemReadMark.objects.get(profile_id=bert.id, item=huddle).read_at == NOON + timedelta(hours=1)
    assert not Mention.objects.exists()
    huddle.refresh_from_db()
    assert (huddle.comment_count, huddle.last_activity_at) == (2, NOON + timedelta(hours=1))
    assert listed(api.as_(carl), "?unread=true") == [huddle.id]
    assert listed(api.as_(bert), "?unread=true") == []


def test_a_comment_of_somebody_ignored_is_no_news(anna: Person, bert: Person) -> None:
    ignore(anna, bert)
    say(bert, huddle_of(anna, bert))
    assert unread(anna) == 0


def test_the_same_comment_again_changes_nothing(api: ApiClient, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna, bert)
    first = api.as_(anna).post("comments", comment_on(huddle)).location
    before = fingerprint()
    assert api.as_(anna).post("comments", comment_on(huddle)).location == first
    assert fingerprint() == before


def test_reading_a_comment_reads_the_huddle_up_to_it(api: ApiClient, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna, bert)
    comment = say(bert, huddle)
    assert api.as_(anna).get(f"comments/{comment.id}").status == 200
    assert unread(anna) == 0


def test_nobody_moderates_a_huddle(api: ApiClient, forum: Forum, anna: Person) -> None:
    """The owner of the site is one among those who are in it."""
    huddle = huddle_of(anna, forum.owner)
    own, other = say(forum.owner, huddle), say(anna, huddle)
    caller = api.as_(forum.owner)
    before = fingerprint()
    for comment in (own, other):
        for flag in ("deleted", "moderated"):
            patch = [{"op": "replace", "path": f"/meta/flags/{flag}", "value": True}]
            assert caller.patch(f"comments/{comment.id}", patch).status == 403
        assert caller.delete(f"comments/{comment.id}").status == 403
        assert api.as_(anna).delete(f"comments/{comment.id}").status == 403
    assert caller.put(f"comments/{other.id}", {"markdown": "x"}).status == 403
    assert fingerprint() == before
    hidden = comment_on(huddle, "hidden?") | {"meta": {"flags": {"deleted": True, "moderated": True}}}
    flags = caller.follow(caller.post("comments", hidden)).data["meta"]["flags"]
    assert (flags["deleted"], flags["moderated"]) == (False, False)


# --- Jumps ----------------------------------------------------------------------------------------


def test_jumps_lead_to_the_page_of_a_comment(api: ApiClient, anna: Person, bert: Person) -> None:
    """B 7."""
    huddle = huddle_of(anna, bert)
    set_clock(frozen=NOON)
    api = api.as_(anna)
    assert api.get(path(huddle, "newcomment")).location == f"/api/v1/huddles/{huddle.id}"
    comments = []
    for minute in range(7):
        set_clock(frozen=NOON + timedelta(minutes=minute))
        comments.append(say(bert, huddle).id)
    assert api.get(path(huddle, "newcomment")).location == f"/api/v1/huddles/{huddle.id}?comment_id={comments[0]}"
    last = f"/api/v1/huddles/{huddle.id}?comment_id={comments[6]}&limit=5&offset=5"
    assert api.get(path(huddle, "lastcomment") + "?limit=5").location == last
    api.get(f"{path(huddle)}?limit=5")
    sixth = f"/api/v1/huddles/{huddle.id}?comment_id={comments[5]}&limit=5&offset=5"
    assert api.get(path(huddle, "newcomment") + "?limit=5").location == sixth
    in_context = api.get(f"comments/{comments[6]}/incontext?limit=5")
    assert (in_context.status, in_context.location) == (307, last)


# --- Nobody else ----------------------------------------------------------------------------------

BODIES: dict[str, Any] = {
    "/api/v1/huddles/{huddle_id}/participants": [{"id": 1}],
    "/api/v1/comments/{comment_id}": {"markdown": "Taken"},
}


def outsiders(forum: Forum, huddle: Item) -> dict[str, Person | None]:
    """Everybody who is not in a huddle, with all the power there is."""
    moderator, left, operator = forum.member(), forum.member(), forum.member()
    make_moderator(forum.root, moderator)
    User.objects.filter(id=operator.profile.user_id).update(is_staff=True)
    Participant.objects.create(huddle_id=huddle.id, profile=left.profile).delete()
    return {"guest": None, "owner": forum.owner, "moderator": moderator, "left": left, "operator": operator}


def same_but_for_ids(reply: Reply, twin: Reply, who: str) -> None:
    """Two answers tell the same."""
    assert (reply.status, reply.content) == (twin.status, twin.content), who


def test_T1_every_route_is_closed_to_everybody_else(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    """Owner, moderator, operator, whoever has left, guest: each verb of each route answers as if there were none."""
    huddle = huddle_of(anna, bert, title="Zanzibar")
    comment = say(anna, huddle, "Xylophone")
    people = outsiders(forum, huddle)
    before = fingerprint()
    asked = 0
    for route in routes():
        if not {"huddle_id", "comment_id"} & set(route.vars):
            continue
        real = concrete(route, {"huddle_id": huddle.id, "comment_id": comment.id, "profile_id": anna.id})
        none = concrete(route, {"huddle_id": 999999999, "comment_id": 999999999, "profile_id": anna.id})
        for verb in set(route.methods) - {"OPTIONS"}:
            body = BODIES.get(route.path, {}) if verb in ("PUT", "POST") else None
            if verb == "PATCH":
                body = [{"op": "replace", "path": "/meta/flags/deleted", "value": True}]
            for name, person in people.items():
                reply = api.as_(person).request(verb, real, json=body)
                same_but_for_ids(reply, api.as_(person).request(verb, none, json=body), f"{name} {verb} {route}")
                assert reply.status == 404, f"{name} {verb} {route}: {reply}"
                asked += 1
    assert asked >= 5 * 14
    assert fingerprint() == before


def test_T1_nothing_else_tells_of_a_huddle(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna, bert, title="Zanzibar")
    comment = say(anna, huddle, "Xylophone")
    pages = [
        "huddles", "huddles?unread=true", "microcosms", "microcosms/tree", "conversations", "profiles", "site",
        "whoami", f"profiles/{anna.id}", f"users/{anna.profile.user_id}", "legal", "roles", "bans",
        f"conversations/{huddle.id}", f"conversations/{huddle.id}/newcomment", f"microcosms/{huddle.id}",
    ]  # fmt: skip
    for name, person in outsiders(forum, huddle).items():
        for page in pages:
            content = api.as_(person).get(page).content
            assert b"Zanzibar" not in content, f"{name} {page}"
            assert b"Xylophone" not in content, f"{name} {page}"
            assert f"/huddles/{huddle.id}".encode() not in content, f"{name} {page}"
        for kind, thing in (("huddle", huddle.id), ("comment", comment.id)):
            told = api.as_(person).get(f"permission?itemType={kind}&itemId={thing}")
            twin = api.as_(person).get(f"permission?itemType={kind}&itemId=999999999")
            if kind == "huddle":
                same_but_for_ids(told, twin, name)
            assert told.data["read"] is False
        before = fingerprint()
        assert api.as_(person).post("comments", comment_on(huddle)).status == 404
        if person:
            assert api.as_(person).put("profiles/read", {"itemType": "huddle", "itemId": huddle.id}).status == 200
        assert fingerprint() == before


def test_the_banned_lose_their_huddles(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    huddle = huddle_of(anna, bert)
    ban(forum.site, bert)
    reply = api.as_(bert).get(path(huddle))
    assert (reply.status, reply.code) == (403, 13)


def test_operators_see_no_content(root_forum: Forum, anna: Person, bert: Person) -> None:
    """In the admin neither: not the title, not who is in it, not a word of it."""
    huddle = huddle_of(anna, bert, title="Zanzibar")
    comment = say(anna, huddle, "Xylophone")
    create_operator(email="operator@example.org", password="a long pass phrase")
    browser = Client(headers={"host": root_forum.host})
    browser.post("/admin/login/", {"username": "operator@example.org", "password": "a long pass phrase"})
    pages = {
        "/admin/huddles/huddle/": 200,
        f"/admin/huddles/huddle/{huddle.id}/change/": 200,
        "/admin/items/item/": 200,
        f"/admin/items/item/{huddle.id}/change/": 302,
        "/admin/comments/comment/": 200,
        f"/admin/comments/comment/{comment.id}/change/": 302,
    }
    for page, status in pages.items():
        reply = browser.get(page)
        assert reply.status_code == status, page
        for secret in ("Zanzibar", "Xylophone", "anna", "bert"):
            assert secret not in reply.content.decode(), page
    assert str(huddle.id) in browser.get("/admin/huddles/huddle/").content.decode()
    for verb in ("add/", f"{huddle.id}/delete/"):
        assert browser.get(f"/admin/huddles/huddle/{verb}").status_code == 403

"""`/polls` and votes over HTTP (contract B 4; docs/api/polls.md)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.core.clock import now, set_clock
from apps.core.models import Change
from apps.core.wire import timestamp
from apps.items.models import Item, ItemReadMark, Poll, PollVote
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from apps.updates.models import Ignore
from tests.client import ApiClient
from tests.content import ask, closed_to_all_but, moderator_of, place_in, say, start
from tests.factories import Forum, Person
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded
from tests.trees import make_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(forum: Forum) -> Person:
    """Somebody ordinary."""
    return forum.member("anna")


@pytest.fixture
def other(forum: Forum) -> Person:
    """Somebody else."""
    return forum.member("bert")


@pytest.fixture
def place(forum: Forum) -> Microcosm:
    """A public microcosm below the root."""
    return place_in(forum, title="Tea")


@pytest.fixture
def moderator(forum: Forum, place: Microcosm) -> Person:
    """A moderator of the place with all rights."""
    person = forum.member("mod")
    moderator_of(place, person)
    return person


def path(item: Item, rest: str = "") -> str:
    """The path of a poll or of something below it."""
    return f"polls/{item.id}{rest}"


def body(place: Microcosm, **fields: Any) -> dict[str, Any]:
    """The body of a new poll."""
    given = {
        "microcosmId": place.id,
        "title": "New poll",
        "question": "Which is best",
        "choices": [{"choice": "Red one"}, {"choice": "Blue one"}],
        "multi": False,
        "pollOpen": True,
    }
    return {name: value for name, value in (given | fields).items() if value != "absent"}


def edit(**fields: Any) -> dict[str, Any]:
    """The body of an edit."""
    return {"meta": {"editReason": "because"}} | fields


def patch(flag: str, value: Any) -> list[dict[str, Any]]:
    """A patch of one flag."""
    return [{"op": "replace", "path": f"/meta/flags/{flag}", "value": value}]


def choices_of(item: Item) -> list[int]:
    """The ids of the choices, in their order."""
    return list(item.poll.choices.order_by("position").values_list("id", flat=True))


def vote(api: ApiClient, person: Person, item: Item, *numbers: int) -> None:
    """Choose by number, from 0."""
    ids = choices_of(item)
    assert api.as_(person).put(path(item, "/vote"), {"choiceIds": [ids[n] for n in numbers]}).status == 200


def counts(data: dict[str, Any]) -> list[tuple[int, int]] | list[None]:
    """Votes and voters of each choice of a poll's page, None for those not shown."""
    return [(choice["votes"], choice["voterCount"]) if "votes" in choice else None for choice in data["choices"]]  # type: ignore[return-value]


# --- Creating -------------------------------------------------------------------------------------


def test_a_new_poll_redirects_to_its_page(api: ApiClient, member: Person, place: Microcosm) -> None:
    api = api.as_(member)
    reply = api.post("polls", body(place, question="Tea & cake?"))
    assert (reply.status, reply.data) == (302, None)
    item = Item.objects.get()
    assert reply.location == f"/api/v1/polls/{item.id}"
    data = api.follow(reply).data
    first, second = choices_of(item)
    assert {name: data[name] for name in ("question", "multi", "pollOpen", "choices", "voterCount")} == {
        "question": "Tea &amp; cake?",
        "multi": False,
        "pollOpen": True,
        "choices": [
            {"id": first, "choice": "Red one", "order": 1, "votes": 0, "voterCount": 0},
            {"id": second, "choice": "Blue one", "order": 2, "votes": 0, "voterCount": 0},
        ],
        "voterCount": 0,
    }
    assert data["title"] == "New poll"
    assert not {"pollCloses", "results", "resultsHidden", "lastComment"} & set(data)
    place.refresh_from_db()
    assert (place.poll_count, place.conversation_count, place.last_activity_at) == (1, 0, item.created_at)
    assert Profile.objects.get(id=member.id).item_count == 1
    change = Change.objects.get(kind="poll.created")
    assert (change.ids, change.actor_id) == ({"item_id": item.id, "microcosm_id": place.id}, member.id)


def test_a_client_may_prefer_the_representation(api: ApiClient, member: Person, place: Microcosm) -> None:
    reply = api.as_(member).post("polls", body(place), headers={"Prefer": "return=representation"})
    assert reply.status == 201
    assert [choice["choice"] for choice in reply.data["choices"]] == ["Red one", "Blue one"]


def test_the_page_has_the_shape_of_the_recorded_one(
    api: ApiClient, member: Person, other: Person, place: Microcosm
) -> None:
    item = ask(other, place)
    say(other, item)
    data, theirs = api.as_(member).get(path(item)).data, recorded("polls", "GET_poll_member")
    for page in (data, theirs):
        # The link to the parent called `up` is ours (B 5.2).
        for comment in page["comments"]["items"]:
            comment["meta"].pop("links")
    assert_same_shape(data, theirs)


def test_defaults_are_one_choice_and_open(api: ApiClient, member: Person, place: Microcosm) -> None:
    api.as_(member).post("polls", body(place, multi="absent", pollOpen="absent"))
    poll = Poll.objects.get()
    assert (poll.is_multi, poll.is_open, poll.closes_at, poll.results) == (False, True, None, "always")


def test_every_choice_of_a_creator_is_kept(api: ApiClient, member: Person, place: Microcosm) -> None:
    set_clock(frozen=datetime(2026, 5, 1, tzinfo=UTC))
    given = body(place, multi=True, pollOpen=False, pollCloses="2026-06-01T18:00:00+02:00", results="closed")
    data = api.as_(member).follow(api.as_(member).post("polls", given)).data
    assert (data["multi"], data["pollOpen"], data["pollCloses"]) == (True, False, "2026-06-01T16:00:00Z")
    assert (data["results"], data["resultsHidden"]) == ("closed", False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "absent"),
        ("title", " "),
        ("title", "x" * 151),
        ("question", "absent"),
        ("question", "\u200b"),
        ("question", "x" * 513),
        ("choices", "absent"),
        ("choices", []),
        ("choices", {}),
        ("choices", ["Red"]),
        ("choices", [{"choice": "Red"}, {"choice": " "}]),
        ("choices", [{"choice": "Red"}, {}]),
        ("choices", [{"choice": "x" * 151}]),
        ("choices", [{"choice": "Red"}] * 101),
        ("multi", "yes"),
        ("pollOpen", 1),
        ("pollCloses", "2001-01-01T00:00:00Z"),
        ("pollCloses", "2099-01-01T00:00:00"),
        ("pollCloses", "2099-13-01T00:00:00Z"),
        ("pollCloses", "tomorrow"),
        ("pollCloses", "9999-12-31T23:59:59-10:00"),
        ("pollCloses", 5),
        ("results", "never"),
        ("microcosmId", "absent"),
        ("microcosmId", 0),
    ],
)
def test_what_is_wrong_is_refused(api: ApiClient, member: Person, place: Microcosm, field: str, value: Any) -> None:
    reply = api.as_(member).post("polls", body(place, **{field: value}))
    assert (reply.status, reply.code in (3, 4)) == (400, True)
    assert not Item.objects.exists()


def test_limits_count_what_people_see(api: ApiClient, member: Person, place: Microcosm) -> None:
    given = body(place, question="&" * 512, choices=[{"choice": "'" * 150}])
    assert api.as_(member).post("polls", given).status == 302


def test_where_polls_are_not_held_none_is_made(api: ApiClient, member: Person, place: Microcosm) -> None:
    Microcosm.objects.filter(id=place.id).update(item_types=["conversation"])
    assert api.as_(member).post("polls", body(place)).code == 4


def test_polls_have_no_guard_against_repetition(api: ApiClient, member: Person, place: Microcosm) -> None:
    locations = {api.as_(member).post("polls", body(place)).location for _ in range(2)}
    assert len(locations) == 2


def test_votes_and_flags_in_a_body_count_for_nothing(api: ApiClient, member: Person, place: Microcosm) -> None:
    given = body(
        place,
        choices=[{"choice": "Red", "votes": 9, "voterCount": 9}],
        voterCount=9,
        meta={"flags": {"sticky": True, "moderated": True}},
    )
    data = api.as_(member).follow(api.as_(member).post("polls", given)).data
    assert (counts(data), data["voterCount"]) == ([(0, 0)], 0)
    assert (data["meta"]["flags"]["sticky"], data["meta"]["flags"]["moderated"]) == (False, False)


# --- Lists ----------------------------------------------------------------------------------------


def test_the_list_is_in_the_order_of_creation_and_has_the_recorded_shape(
    api: ApiClient, forum: Forum, member: Person, place: Microcosm
) -> None:
    items = [ask(member, place), ask(member, place, is_sticky=True), ask(member, place)]
    say(member, items[0])
    data = api.as_(forum.owner).get("polls").data
    assert [item["id"] for item in data["polls"]["items"]] == [item.id for item in items]
    theirs = recorded("polls", "GET_polls_owner")
    assert_same_shape(data, theirs)
    assert data["polls"]["type"] == "/api/v1/polls"
    assert data["polls"]["items"][0]["totalComments"] == 1


def test_the_list_shows_everybody_what_they_may_read_and_do_not_ignore(
    api: ApiClient, forum: Forum, member: Person, other: Person, place: Microcosm
) -> None:
    private = place_in(forum)
    closed_to_all_but(private, member)
    seen, ignored, secret = ask(other, place), ask(other, place), ask(forum.owner, private)
    ask(other, place, is_deleted=True)
    ask(other, place, is_moderated=True)
    start(other, place)
    Ignore.objects.create(profile=other.profile, kind=ItemType.POLL, item=ignored)
    for person, items in ((None, [seen, ignored]), (member, [seen, ignored, secret]), (other, [seen])):
        page = api.as_(person).get("polls").data["polls"]
        assert ([item["id"] for item in page["items"]], page["total"]) == ([item.id for item in items], len(items))
    assert api.get("polls?offset=25").status == 400
    assert len(api.get("conversations").data["conversations"]["items"]) == 1


def test_the_list_costs_one_statement_and_the_permissions(api: ApiClient, member: Person, place: Microcosm) -> None:
    for _ in range(3):
        ask(member, place)
    api.get("site")
    with count_statements() as statements:
        api.get("polls")
    assert len(statements) == 2


def test_a_microcosm_lists_its_polls_complete(api: ApiClient, forum: Forum, member: Person, place: Microcosm) -> None:
    poll = ask(member, place, is_multi=True, closes_at=now() + timedelta(days=1))
    (listed,) = api.get("polls").data["polls"]["items"]
    (entry,) = api.get(f"microcosms/{place.id}").data["items"]["items"]
    assert entry["itemType"] == "poll"
    assert entry["item"]["meta"]["flags"].pop("unread") is False
    assert entry["item"] == listed
    assert (listed["question"], listed["multi"], "pollCloses" in listed) == ("Which one?", True, True)
    (child,) = [e for e in api.get("microcosms").data["items"]["items"] if e["itemType"] == "microcosm"]
    assert child["item"]["mostRecentUpdate"] == {"itemType": "poll", "item": listed}
    assert listed["id"] == poll.id


# --- Reading --------------------------------------------------------------------------------------


def test_a_page_costs_two_statements(api: ApiClient, member: Person, place: Microcosm) -> None:
    item = ask(member, place)
    say(member, item)
    api.get("site")
    with count_statements() as statements:
        api.get(path(item))
    assert len(statements) == 2


def test_reading_marks_it_and_jumps_lead_to_its_comments(
    api: ApiClient, member: Person, other: Person, place: Microcosm
) -> None:
    item = ask(other, place)
    first = say(other, item)
    assert api.as_(member).get(path(item, "/newcomment")).location == f"/api/v1/polls/{item.id}?comment_id={first.id}"
    assert api.as_(member).head(path(item)).status == 200
    assert ItemReadMark.objects.filter(profile_id=member.id, item=item).exists()
    last = say(other, item)
    assert api.get(path(item, "/lastcomment")).location == f"/api/v1/polls/{item.id}?comment_id={last.id}"
    data = api.as_(member).get(path(item)).data["comments"]
    assert (data["total"], data["items"][0]["itemType"]) == (2, "poll")


def test_hidden_polls_are_missing(
    api: ApiClient, forum: Forum, member: Person, other: Person, moderator: Person, place: Microcosm
) -> None:
    private = place_in(forum)
    closed_to_all_but(private, member)
    secret, deleted, held = (
        ask(member, private),
        ask(other, place, is_deleted=True),
        ask(other, place, is_moderated=True),
    )
    conversation = start(other, place)
    for item in (secret, deleted, held, conversation):
        reader = api.as_(forum.member())
        reply = reader.get(path(item))
        assert (reply.status, reply.content) == (404, reader.get("polls/999999999").content)
        for call in (reader.get, reader.delete):
            assert call(path(item, "/vote")).status == 404
        assert reader.put(path(item, "/vote"), {"choiceIds": [1]}).status == 404
    assert api.as_(moderator).get(path(deleted)).status == 200
    assert api.as_(other).get(path(held)).data["meta"]["flags"]["moderated"] is True


# --- Editing --------------------------------------------------------------------------------------


def test_what_is_absent_stays(api: ApiClient, member: Person, other: Person, place: Microcosm) -> None:
    item = ask(member, place, is_multi=True, closes_at=now() + timedelta(days=1), results="voted")
    vote(api, other, item, 0, 1)
    before = api.as_(other).get(path(item)).data
    assert api.as_(member).put(path(item), edit(title="Other title")).status == 302
    after = api.as_(other).get(path(item)).data
    assert after.pop("title") == "Other title"
    before.pop("title")
    for data in (before, after):
        data.pop("meta")
    assert after == before
    assert Change.objects.filter(kind="poll.edited").count() == 1


def test_everything_can_be_changed(api: ApiClient, member: Person, place: Microcosm) -> None:
    item = ask(member, place)
    first, second = choices_of(item)
    given = edit(
        question="Which now?",
        multi=True,
        pollOpen=False,
        pollCloses="2099-01-01T00:00:00Z",
        results="voted",
        choices=[{"id": second, "votes": 7}, {"choice": "Green"}],
    )
    reply = api.as_(member).request("POST", f"{path(item)}?method=PUT", json=given | {"id": 1})
    data = api.as_(member).follow(reply).data
    assert (data["question"], data["multi"], data["pollOpen"]) == ("Which now?", True, False)
    assert (data["pollCloses"], data["results"]) == ("2099-01-01T00:00:00Z", "voted")
    assert [(choice["choice"], choice["order"], choice["votes"]) for choice in data["choices"]] == [
        ("Blue", 1, 0),
        ("Green", 2, 0),
    ]
    assert data["choices"][0]["id"] == second
    assert first not in [choice["id"] for choice in data["choices"]]
    assert data["meta"]["editReason"] == "because"


def test_choices_without_ids_are_added_and_order_can_be_turned(
    api: ApiClient, member: Person, place: Microcosm
) -> None:
    item = ask(member, place)
    api.as_(member).put(path(item), edit(choices=[{"choice": "Green"}]))
    ids = choices_of(item)
    assert len(ids) == 3
    api.as_(member).put(path(item), edit(choices=[{"id": id} for id in reversed(ids)]))
    assert choices_of(item) == ids[::-1]
    data = api.get(path(item)).data
    assert [choice["choice"] for choice in data["choices"]] == ["Green", "Blue", "Red"]


def test_a_choice_that_goes_takes_its_votes_with_it(
    api: ApiClient, member: Person, other: Person, place: Microcosm
) -> None:
    item = ask(member, place)
    vote(api, member, item, 0)
    vote(api, other, item, 1)
    api.as_(member).put(path(item), edit(choices=[{"id": choices_of(item)[1], "choice": "Bluer"}]))
    data = api.get(path(item)).data
    assert (counts(data), data["voterCount"], data["choices"][0]["choice"]) == ([(1, 1)], 1, "Bluer")
    assert PollVote.objects.count() == 1


def test_edits_that_would_break_a_promise_or_make_no_sense_are_refused(
    api: ApiClient, member: Person, other: Person, place: Microcosm
) -> None:
    item, foreign = ask(member, place, is_multi=True, results="closed"), ask(member, place)
    vote(api, other, item, 0, 1)
    first = choices_of(item)[0]
    for given in (
        {"results": "always"},
        {"results": "x"},
        {"multi": False},
        {"pollCloses": "2001-01-01T00:00:00Z"},
        {"question": " "},
        {"choices": [{"id": choices_of(foreign)[0]}]},
        {"choices": [{"id": first}, {"id": first}]},
        {"choices": [{"id": first, "choice": ""}]},
        {"choices": [{"choice": "x"}] * 99},
        {"meta": {"editReason": " "}},
    ):
        assert api.as_(member).put(path(item), edit(**given)).code == 4, given
    poll = Poll.objects.get(item=item)
    assert (poll.results, poll.is_multi, poll.question, poll.choices.count()) == ("closed", True, "Which one?", 2)
    assert PollVote.objects.count() == 2


def test_an_empty_closing_time_takes_it_away_and_null_does_not(
    api: ApiClient, member: Person, place: Microcosm
) -> None:
    item = ask(member, place, closes_at=now() + timedelta(days=1))
    api.as_(member).put(path(item), edit(pollCloses=None))
    assert Poll.objects.get(item=item).closes_at is not None
    api.as_(member).put(path(item), edit(pollCloses=""))
    assert Poll.objects.get(item=item).closes_at is None


def test_a_closing_time_that_has_passed_can_be_sent_back(api: ApiClient, member: Person, place: Microcosm) -> None:
    item = ask(member, place, closes_at=now() + timedelta(hours=1))
    set_clock(shift=timedelta(hours=2))
    closes = api.get(path(item)).data["pollCloses"]
    assert api.as_(member).put(path(item), edit(pollCloses=closes, title="Over")).status == 302


def test_moving_takes_the_counters_along(
    api: ApiClient, forum: Forum, member: Person, other: Person, place: Microcosm
) -> None:
    item, target = ask(member, place), place_in(forum)
    vote(api, other, item, 0)
    assert api.as_(member).put(path(item), edit(id=item.id, microcosmId=target.id)).status == 302
    place.refresh_from_db()
    target.refresh_from_db()
    assert (place.poll_count, target.poll_count) == (0, 1)
    assert api.get(path(item)).data["voterCount"] == 1
    assert Change.objects.get(kind="poll.moved").ids["from_microcosm_id"] == place.id


def test_flags_and_deletion_follow_the_rules_of_items(
    api: ApiClient, member: Person, other: Person, moderator: Person, place: Microcosm
) -> None:
    item = ask(member, place)
    assert api.as_(other).patch(path(item), patch("open", False)).status == 403
    assert api.as_(member).patch(path(item), patch("sticky", True)).status == 403
    for flag in ("sticky", "moderated", "deleted"):
        assert api.as_(moderator).patch(path(item), patch(flag, True)).status == 200
    place.refresh_from_db()
    assert place.poll_count == 0
    for flag in ("deleted", "moderated"):
        assert api.as_(moderator).patch(path(item), patch(flag, False)).status == 200
    assert api.as_(member).patch(path(item), patch("open", False)).status == 200
    assert api.as_(member).delete(path(item)).status == 403
    api.as_(moderator).patch(path(item), patch("open", True))
    assert api.as_(member).delete(path(item)).status == 200
    assert api.as_(member).get(path(item)).status == 404
    place.refresh_from_db()
    assert place.poll_count == 0
    kinds = set(Change.objects.values_list("kind", flat=True))
    assert {"poll.flagged", "poll.deleted"} <= kinds
    assert not any(kind.startswith("conversation") for kind in kinds)


# --- Votes ----------------------------------------------------------------------------------------


def test_a_vote_is_cast_changed_and_withdrawn(api: ApiClient, member: Person, other: Person, place: Microcosm) -> None:
    item = ask(other, place)
    ids, client = choices_of(item), api.as_(member)
    assert client.get(path(item, "/vote")).data == {"choiceIds": []}
    for chosen in (ids[0], ids[0], ids[1]):
        reply = client.put(path(item, "/vote"), {"choiceIds": [chosen]})
        assert (reply.status, reply.data) == (200, None)
        assert client.get(path(item, "/vote")).data == {"choiceIds": [chosen]}
    data = api.get(path(item)).data
    assert (counts(data), data["voterCount"]) == ([(0, 0), (1, 1)], 1)
    assert client.head(path(item, "/vote")).status == 200
    for _ in range(2):
        reply = client.delete(path(item, "/vote"))
        assert (reply.status, reply.data) == (200, None)
    assert api.get(path(item)).data["voterCount"] == 0
    # Casting, changing and withdrawing are news; the same again is none.
    changes = Change.objects.filter(kind="poll.voted")
    assert [change.ids for change in changes] == [{"item_id": item.id, "microcosm_id": place.id}] * 3


def test_several_choices_count_one_voter(api: ApiClient, member: Person, other: Person, place: Microcosm) -> None:
    item = ask(other, place, choices=("Red", "Blue", "Green"), is_multi=True)
    vote(api, member, item, 2, 0, 0)
    vote(api, other, item, 0)
    data = api.get(path(item)).data
    assert (counts(data), data["voterCount"]) == ([(2, 2), (0, 0), (1, 1)], 2)
    first, _, third = choices_of(item)
    assert api.as_(member).get(path(item, "/vote")).data == {"choiceIds": [first, third]}
    vote(api, member, item, 1)
    data = api.get(path(item)).data
    assert (counts(data), data["voterCount"]) == ([(1, 1), (1, 1), (0, 0)], 2)


def test_votes_that_make_no_sense_are_refused(api: ApiClient, member: Person, other: Person, place: Microcosm) -> None:
    item, foreign = ask(other, place), ask(other, place)
    vote(api, member, item, 1)
    first, second = choices_of(item)
    for ids in ([], [first, second], [choices_of(foreign)[0]], [0], [-1], [2**63 - 1], [first] * 101):
        assert api.as_(member).put(path(item, "/vote"), {"choiceIds": ids}).code == 4, ids
    for given in ({}, {"choiceIds": first}, {"choiceIds": ["x"]}, {"choiceIds": [True]}, {"choiceIds": [[]]}, []):
        assert api.as_(member).put(path(item, "/vote"), given).status == 400, given
    assert api.as_(member).get(path(item, "/vote")).data == {"choiceIds": [second]}


def test_guests_and_those_without_create_do_not_vote(
    api: ApiClient, forum: Forum, member: Person, place: Microcosm
) -> None:
    item = ask(member, place)
    given = {"choiceIds": choices_of(item)[:1]}
    assert api.get(path(item, "/vote")).status == 403
    assert (api.put(path(item, "/vote"), given).status, api.delete(path(item, "/vote")).status) == (403, 403)
    reader = forum.member()
    make_role(place, reader, title="Readers", can_read=True)
    reply = api.as_(reader).put(path(item, "/vote"), given)
    assert (reply.status, reply.code) == (403, 10)
    assert api.as_(reader).get(path(item, "/vote")).data == {"choiceIds": []}
    assert not PollVote.objects.exists()


def close_poll(api: ApiClient, item: Item, author: Person) -> None:
    """By its own switch."""
    assert api.as_(author).put(path(item), edit(pollOpen=False)).status == 302


def close_in_time(api: ApiClient, item: Item, author: Person) -> None:
    """By the clock."""
    closes_at = now() + timedelta(hours=1)
    assert api.as_(author).put(path(item), edit(pollCloses=timestamp(closes_at))).status == 302
    set_clock(frozen=closes_at)


def close_item(api: ApiClient, item: Item, author: Person) -> None:
    """As any item is closed."""
    assert api.as_(author).patch(path(item), patch("open", False)).status == 200


CLOSINGS = [close_poll, close_in_time, close_item]


@pytest.mark.parametrize("close", CLOSINGS)
def test_a_closed_poll_takes_no_vote_from_anybody(
    api: ApiClient, member: Person, other: Person, moderator: Person, place: Microcosm, close: Any
) -> None:
    item = ask(member, place)
    vote(api, other, item, 0)
    close(api, item, member)
    for person in (other, moderator, member):
        client = api.as_(person)
        for reply in (
            client.put(path(item, "/vote"), {"choiceIds": choices_of(item)[1:]}),
            client.delete(path(item, "/vote")),
        ):
            assert (reply.status, reply.code) == (400, 17)
    assert counts(api.get(path(item)).data) == [(1, 1), (0, 0)]
    assert api.as_(other).get(path(item, "/vote")).data == {"choiceIds": choices_of(item)[:1]}


def test_a_closed_microcosm_takes_no_votes(api: ApiClient, member: Person, place: Microcosm) -> None:
    item = ask(member, place)
    Microcosm.objects.filter(id=place.id).update(is_open=False)
    assert api.as_(member).put(path(item, "/vote"), {"choiceIds": choices_of(item)[:1]}).code == 17


# --- When the counts show -------------------------------------------------------------------------


def test_counts_show_once_one_has_voted(
    api: ApiClient, member: Person, other: Person, moderator: Person, place: Microcosm
) -> None:
    item = ask(member, place, results="voted")
    vote(api, other, item, 0)
    for person in (None, member, moderator):
        data = api.as_(person).get(path(item)).data
        assert (counts(data), data["voterCount"]) == ([None, None], 1)
        assert (data["results"], data["resultsHidden"]) == ("voted", True)
    data = api.as_(other).get(path(item)).data
    assert (counts(data), data["resultsHidden"]) == ([(1, 1), (0, 0)], False)
    api.as_(other).delete(path(item, "/vote"))
    assert api.as_(other).get(path(item)).data["resultsHidden"] is True


@pytest.mark.parametrize("close", CLOSINGS)
@pytest.mark.parametrize("results", ["voted", "closed"])
def test_counts_show_everybody_once_it_is_closed(
    api: ApiClient, member: Person, other: Person, place: Microcosm, close: Any, results: str
) -> None:
    item = ask(member, place, results=results)
    vote(api, other, item, 1)
    assert api.as_(other).get(path(item)).data["resultsHidden"] is (results == "closed")
    assert counts(api.as_(member).get(path(item)).data) == [None, None]
    close(api, item, member)
    data = api.get(path(item)).data
    assert (counts(data), data["resultsHidden"]) == ([(0, 0), (1, 1)], False)

"""`/conversations` over HTTP (contract B 1, B 2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.core.clock import set_clock
from apps.core.models import Change
from apps.items.models import Item, ItemReadMark
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from apps.updates.models import Ignore, Watcher
from tests.client import ApiClient, Reply
from tests.content import closed_to_all_but, moderator_of, place_in, say, start
from tests.factories import Forum, Person, ban
from tests.queries import count_statements
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


def path(item: Item) -> str:
    """The path of a conversation."""
    return f"conversations/{item.id}"


def patch(flag: str, value: Any) -> list[dict[str, Any]]:
    """A patch of one flag."""
    return [{"op": "replace", "path": f"/meta/flags/{flag}", "value": value}]


def missing(api: ApiClient, path: str = "conversations/999999999", verb: str = "GET", json: Any = None) -> Reply:
    """What a thing that never was answers."""
    return api.request(verb, path, json=json)


def counters(place: Microcosm) -> tuple[int, int, datetime | None]:
    """Conversations, comments and last activity of a microcosm."""
    place.refresh_from_db()
    return place.conversation_count, place.comment_count, place.last_activity_at


# --- Creating -------------------------------------------------------------------------------------


def test_a_new_conversation_redirects_to_its_page(api: ApiClient, member: Person, place: Microcosm) -> None:
    api = api.as_(member)
    reply = api.post("conversations", {"microcosmId": place.id, "title": "Tea & cake"})
    assert reply.status == 302
    assert reply.data is None
    item = Item.objects.get()
    assert reply.location == f"/api/v1/conversations/{item.id}"
    data = api.follow(reply).data
    person = data["meta"].pop("createdBy")
    assert person["profileName"] == "anna"
    created = data["meta"].pop("created")
    assert created.endswith("Z")
    assert data == {
        "id": item.id,
        "title": "Tea &amp; cake",
        "microcosmId": place.id,
        "breadcrumb": [
            {
                "rel": "microcosm ancestor",
                "href": f"/api/v1/microcosms/{place.id}",
                "title": "Tea",
                "id": place.id,
                "level": 2,
            }
        ],
        "comments": {
            "total": 0,
            "limit": 25,
            "offset": 0,
            "maxOffset": 0,
            "totalPages": 0,
            "page": 1,
            "links": [{"rel": "self", "href": reply.location, "title": "1"}],
            "type": "/api/v1/comments",
            "items": [],
        },
        "meta": {
            "flags": {
                "sticky": False,
                "open": True,
                "deleted": False,
                "moderated": False,
                "visible": True,
                "watched": True,
                "sendEmail": False,
                "sendSMS": False,
            },
            "links": [
                {"rel": "self", "href": reply.location},
                {"rel": "microcosm", "href": f"/api/v1/microcosms/{place.id}", "title": "Tea"},
            ],
            "permissions": {
                "create": True,
                "read": True,
                "update": True,
                "delete": True,
                "closeOwn": True,
                "openOwn": False,
                "readOthers": True,
                "guest": False,
                "banned": False,
                "owner": True,
                "moderator": False,
                "siteOwner": False,
            },
        },
    }
    assert counters(place) == (1, 0, item.created_at)
    assert Profile.objects.get(id=member.id).item_count == 1
    change = Change.objects.get(kind="conversation.created")
    assert change.ids == {"item_id": item.id, "microcosm_id": place.id}
    assert change.actor_id == member.id


def test_a_client_may_prefer_the_representation(api: ApiClient, member: Person, place: Microcosm) -> None:
    headers = {"Prefer": "return=representation"}
    api = api.as_(member)
    reply = api.post("conversations", {"microcosmId": place.id, "title": "Tea"}, headers=headers)
    assert reply.status == 201
    assert reply.data == api.get(reply.location).data
    edited = api.put(reply.location, {"title": "Cake", "meta": {"editReason": "cake"}}, headers=headers)
    assert edited.status == 200
    assert edited.data["title"] == "Cake"


def test_the_author_is_done_with_an_own_conversation(api: ApiClient, member: Person, place: Microcosm) -> None:
    reply = api.as_(member).post("conversations", {"microcosmId": place.id, "title": "Tea"})
    api.as_(member).follow(reply)
    assert ItemReadMark.objects.filter(profile_id=member.id).count() == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"title": "Tea"}, 400, 4),
        ({"microcosmId": 0, "title": "Tea"}, 400, 4),
        ({"microcosmId": -3, "title": "Tea"}, 400, 4),
        ({"microcosmId": None, "title": "Tea"}, 400, 4),
        ({"microcosmId": "15", "title": "Tea"}, 400, 3),
        ({"microcosmId": True, "title": "Tea"}, 400, 3),
        ({"microcosmId": 2**70, "title": "Tea"}, 400, 3),
        ({"microcosmId": "PLACE"}, 400, 4),
        ({"microcosmId": "PLACE", "title": None}, 400, 4),
        ({"microcosmId": "PLACE", "title": 5}, 400, 3),
        ({"microcosmId": "PLACE", "title": ""}, 400, 4),
        ({"microcosmId": "PLACE", "title": "  \t "}, 400, 4),
        ({"microcosmId": "PLACE", "title": "<b></b>"}, 400, 4),
        ({"microcosmId": "PLACE", "title": "\u200d"}, 400, 4),
        ({"microcosmId": "PLACE", "title": "x" * 151}, 400, 4),
        ({"microcosmId": "PLACE", "title": "Tea", "meta": {"flags": {"sticky": "yes"}}}, 400, 3),
        ({"microcosmId": "PLACE", "title": "Tea", "meta": []}, 400, 3),
        ({"microcosmId": 999999999, "title": "Tea"}, 404, 0),
        ([], 400, 3),
    ],
)
def test_a_wrong_body_creates_nothing(
    api: ApiClient, member: Person, place: Microcosm, body: Any, status: int, code: int
) -> None:
    if isinstance(body, dict) and body.get("microcosmId") == "PLACE":
        body = body | {"microcosmId": place.id}
    reply = api.as_(member).post("conversations", body)
    assert (reply.status, reply.code) == (status, code)
    assert not Item.objects.exists()
    assert counters(place) == (0, 0, None)


def test_a_title_of_the_greatest_length_counts_entities_once(api: ApiClient, member: Person, place: Microcosm) -> None:
    api = api.as_(member)
    reply = api.post("conversations", {"microcosmId": place.id, "title": "&" * 150})
    title = api.follow(reply).data["title"]
    assert title == "&amp;" * 150
    again = api.put(reply.location, {"title": title, "meta": {"editReason": "none"}})
    assert api.follow(again).data["title"] == title


def test_the_permission_is_asked_before_the_title(
    api: ApiClient, member: Person, forum: Forum, place: Microcosm
) -> None:
    closed_to_all_but(place, forum.owner)
    assert api.as_(member).post("conversations", {"microcosmId": place.id}).status == 404
    assert api.post("conversations", {"microcosmId": forum.root.id}).status == 403


def test_an_unreadable_microcosm_is_missing(api: ApiClient, member: Person, forum: Forum, place: Microcosm) -> None:
    closed_to_all_but(place, forum.owner)
    there = api.as_(member).post("conversations", {"microcosmId": place.id, "title": "Tea"})
    nowhere = api.as_(member).post("conversations", {"microcosmId": 999999999, "title": "Tea"})
    assert there.status == nowhere.status == 404
    assert there.content == nowhere.content
    assert not Item.objects.exists()


def test_reading_alone_does_not_let_one_create(api: ApiClient, member: Person, place: Microcosm) -> None:
    make_role(place, include_users=True, can_read=True)
    reply = api.as_(member).post("conversations", {"microcosmId": place.id, "title": "Tea"})
    assert (reply.status, reply.code) == (403, 10)
    assert not Item.objects.exists()


def test_guests_do_not_create_whatever_their_role_says(api: ApiClient, place: Microcosm) -> None:
    make_role(place, include_guests=True, can_read=True, can_create=True)
    reply = api.post("conversations", {"microcosmId": place.id, "title": "Tea"})
    assert reply.status == 403
    assert not Item.objects.exists()


def test_the_banned_do_not_create(api: ApiClient, forum: Forum, member: Person, place: Microcosm) -> None:
    ban(forum.site, member)
    reply = api.as_(member).post("conversations", {"microcosmId": place.id, "title": "Tea"})
    assert (reply.status, reply.code) == (403, 13)
    assert not Item.objects.exists()


def test_a_microcosm_of_another_site_is_missing(api: ApiClient, other_forum: Forum, member: Person) -> None:
    foreign = place_in(other_forum)
    reply = api.as_(member).post("conversations", {"microcosmId": foreign.id, "title": "Tea"})
    assert reply.status == 404
    assert not Item.objects.exists()


def test_a_microcosm_holds_only_its_types(api: ApiClient, member: Person, place: Microcosm) -> None:
    Microcosm.objects.filter(id=place.id).update(item_types=["event"])
    reply = api.as_(member).post("conversations", {"microcosmId": place.id, "title": "Tea"})
    assert (reply.status, reply.code) == (400, 4)
    assert not Item.objects.exists()


def test_in_a_closed_microcosm_only_moderators_create(
    api: ApiClient, member: Person, moderator: Person, place: Microcosm
) -> None:
    Microcosm.objects.filter(id=place.id).update(is_open=False)
    reply = api.as_(member).post("conversations", {"microcosmId": place.id, "title": "Tea"})
    assert (reply.status, reply.code) == (400, 17)
    assert not Item.objects.exists()
    assert api.as_(moderator).post("conversations", {"microcosmId": place.id, "title": "Tea"}).status == 302


def test_A6_flags_count_only_from_moderators(
    api: ApiClient, member: Person, moderator: Person, place: Microcosm
) -> None:
    flags = {"sticky": True, "open": False, "moderated": True, "deleted": True, "visible": False}
    body = {"microcosmId": place.id, "title": "Tea", "meta": {"flags": flags}, "id": 5, "siteId": 9, "createdBy": 1}
    reply = api.as_(member).post("conversations", body)
    item = Item.objects.get()
    assert (item.is_sticky, item.is_open, item.is_moderated, item.is_deleted) == (False, True, False, False)
    assert item.site_id == place.site_id
    assert item.created_by_id == member.id
    assert reply.location.endswith(str(item.id))
    flags = {"sticky": True, "open": False}
    reply = api.as_(moderator).post(
        "conversations", {"microcosmId": place.id, "title": "Pinned", "meta": {"flags": flags}}
    )
    shown = api.follow(reply).data["meta"]["flags"]
    assert (shown["sticky"], shown["open"]) == (True, False)


def test_what_a_moderator_creates_hidden_is_not_counted(api: ApiClient, moderator: Person, place: Microcosm) -> None:
    body = {"microcosmId": place.id, "title": "Later", "meta": {"flags": {"moderated": True}}}
    reply = api.as_(moderator).post("conversations", body)
    assert api.follow(reply).status == 404
    assert api.as_(moderator).get(reply.location).data["meta"]["flags"]["moderated"] is True
    assert counters(place) == (0, 0, None)
    assert Profile.objects.get(id=moderator.id).item_count == 0


def test_names_of_keys_are_matched_in_any_case(api: ApiClient, member: Person, place: Microcosm) -> None:
    reply = api.as_(member).post("conversations", {"MICROCOSMID": place.id, "Title": "Tea", "zzz": 1})
    assert reply.status == 302


def test_the_same_submission_leads_to_the_first_for_five_minutes(
    api: ApiClient, member: Person, other: Person, place: Microcosm
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    set_clock(frozen=now)
    body = {"microcosmId": place.id, "title": "Tea"}
    first = api.as_(member).post("conversations", body).location
    api.as_(member).put(first, {"title": "Cake", "meta": {"editReason": "cake"}})
    changes = Change.objects.count()
    set_clock(frozen=now + timedelta(minutes=4, seconds=59))
    again = api.as_(member).post("conversations", body | {"zzz": 2})
    assert (again.status, again.location) == (302, first)
    assert Change.objects.count() == changes
    assert counters(place)[0] == 1
    assert api.as_(other).post("conversations", body).location != first
    assert api.as_(member).post("conversations", body | {"title": "Tea?"}).location != first
    set_clock(frozen=now + timedelta(minutes=5, seconds=1))
    assert api.as_(member).post("conversations", body).location != first


def test_after_a_deletion_the_same_can_be_said_again(api: ApiClient, member: Person, place: Microcosm) -> None:
    body = {"microcosmId": place.id, "title": "Tea"}
    first = api.as_(member).post("conversations", body).location
    assert api.as_(member).delete(first).status == 200
    second = api.as_(member).post("conversations", body).location
    assert second != first
    assert api.as_(member).get(second).status == 200


# --- Reading --------------------------------------------------------------------------------------


def test_everybody_who_may_read_the_microcosm_reads(
    api: ApiClient, forum: Forum, member: Person, moderator: Person, place: Microcosm
) -> None:
    item = start(forum.owner, place)
    for person in (None, member, moderator, forum.owner):
        assert api.as_(person).get(path(item)).status == 200
        head = api.as_(person).head(path(item))
        assert (head.status, head.content) == (200, b"")


def test_A9_hidden_is_missing_byte_for_byte(api: ApiClient, forum: Forum, member: Person, place: Microcosm) -> None:
    private = place_in(forum)
    closed_to_all_but(private, forum.owner)
    hidden = [
        start(forum.owner, private),
        start(forum.owner, place, is_deleted=True),
        start(forum.owner, place, is_moderated=True),
    ]
    for person in (None, member):
        client = api.as_(person)
        for item in hidden:
            for verb, body in (
                ("GET", None),
                ("PUT", {"title": "x", "meta": {"editReason": "x"}}),
                ("PATCH", patch("open", False)),
                ("DELETE", None),
            ):
                reply, nothing = client.request(verb, path(item), json=body), missing(client, verb=verb, json=body)
                assert reply.status == 404
                assert reply.content == nothing.content
    assert [Item.objects.get(id=item.id).title for item in hidden] == [item.title for item in hidden]


def test_moderators_reach_hidden_things_and_authors_their_own_moderated_ones(
    api: ApiClient, forum: Forum, member: Person, other: Person, moderator: Person, place: Microcosm
) -> None:
    moderated, deleted = start(member, place, is_moderated=True), start(member, place, is_deleted=True)
    assert api.as_(member).get(path(moderated)).data["meta"]["flags"]["visible"] is False
    assert api.as_(member).get(path(deleted)).status == 404
    assert api.as_(other).get(path(moderated)).status == 404
    for person in (moderator, forum.owner):
        for item in (moderated, deleted):
            assert api.as_(person).get(path(item)).status == 200


def test_A4_moderators_of_elsewhere_reach_nothing_hidden(
    api: ApiClient, forum: Forum, member: Person, place: Microcosm
) -> None:
    elsewhere, person = place_in(forum), forum.member()
    moderator_of(elsewhere, person)
    item = start(member, place, is_moderated=True)
    assert api.as_(person).get(path(item)).status == 404
    assert api.as_(person).patch(path(item), patch("moderated", False)).status == 404


@pytest.mark.parametrize("field", ["is_deleted", "is_moderated"])
def test_A3_what_is_below_a_hidden_microcosm_is_missing(
    api: ApiClient, forum: Forum, member: Person, place: Microcosm, field: str
) -> None:
    inner = place_in(forum, place)
    item = start(member, inner)
    reply = api.as_(forum.owner).patch(
        f"microcosms/{place.id}",
        [{"op": "replace", "path": f"/meta/flags/{field.removeprefix('is_')}", "value": True}],
    )
    assert reply.status == 200
    for person in (None, member):
        assert api.as_(person).get(path(item)).status == 404
        assert api.as_(person).get("conversations").data["conversations"]["total"] == 0
    assert api.as_(member).put(path(item), {"title": "x", "meta": {"editReason": "x"}}).status == 404
    assert api.as_(forum.owner).get(path(item)).status == 200


def test_authors_who_lose_the_microcosm_keep_their_item_and_learn_nothing_new(
    api: ApiClient, forum: Forum, member: Person, place: Microcosm
) -> None:
    item = start(member, place)
    closed_to_all_but(place, forum.owner)
    data = api.as_(member).get(path(item)).data
    assert data["breadcrumb"] == []
    assert data["meta"]["links"][1] == {"rel": "microcosm", "href": f"/api/v1/microcosms/{place.id}"}


def test_A1_a_private_ancestor_is_not_named(api: ApiClient, forum: Forum, member: Person) -> None:
    secret = place_in(forum, title="Secret")
    closed_to_all_but(secret, forum.owner)
    inner = place_in(forum, secret, title="Open")
    make_role(inner, include_guests=True, include_users=True, can_read=True)
    item = start(forum.owner, inner)
    for person in (None, member):
        assert b"Secret" not in api.as_(person).get(path(item)).content
        assert b"Secret" not in api.as_(person).get("conversations").content
        assert [entry["level"] for entry in api.as_(person).get(path(item)).data["breadcrumb"]] == [3]
    assert [entry["title"] for entry in api.as_(forum.owner).get(path(item)).data["breadcrumb"]] == ["Secret", "Open"]


def test_those_in_a_banned_role_read_nothing(api: ApiClient, member: Person, place: Microcosm) -> None:
    item = start(member, place)
    make_role(place, member, is_banned=True)
    assert api.as_(member).get(path(item)).status == 404
    assert api.as_(member).get("conversations").data["conversations"]["items"] == []


def test_T1_an_item_of_another_site_is_missing(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    item = start(other_forum.owner, other_forum.root)
    for verb, body in (("GET", None), ("PATCH", patch("open", False)), ("DELETE", None)):
        assert api.as_(forum.owner).request(verb, path(item), json=body).status == 404


def test_an_item_of_another_kind_is_no_conversation(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    item = start(forum.owner, place)
    Item.objects.filter(id=item.id).update(kind=ItemType.EVENT)
    assert api.as_(forum.owner).get(path(item)).status == 404


def test_ids_that_are_no_numbers_are_no_route_and_long_ones_are_refused(api: ApiClient) -> None:
    assert api.get("conversations/abc").status == 404
    assert (api.get(f"conversations/{2**64}").status, api.get("conversations/0").status) == (400, 404)


def test_watching_and_ignoring_show_only_to_those_who_do(
    api: ApiClient, member: Person, other: Person, place: Microcosm
) -> None:
    item = start(member, place)
    # Who starts something watches it.
    Watcher.objects.filter(profile=member.profile, item=item).update(send_email=True)
    Ignore.objects.create(profile=member.profile, kind=ItemType.CONVERSATION, item=item)
    stored = {"sticky": False, "open": True, "deleted": False, "moderated": False, "visible": True}
    mine = {"watched": True, "sendEmail": True, "sendSMS": False, "ignored": True}
    assert api.as_(member).get(path(item)).data["meta"]["flags"] == stored | mine
    for person in (None, other):
        assert api.as_(person).get(path(item)).data["meta"]["flags"] == stored


def test_every_comment_is_on_exactly_one_page(
    api: ApiClient, forum: Forum, member: Person, other: Person, place: Microcosm
) -> None:
    item = start(member, place)
    comments = [say((forum.owner, member, other)[n % 3], item) for n in range(23)]
    say(member, item, is_deleted=True)
    say(member, item, is_moderated=True)
    Ignore.objects.create(profile=member.profile, kind=ItemType.PROFILE, target_profile=other.profile)
    Ignore.objects.create(profile=member.profile, kind=ItemType.PROFILE, target_profile=member.profile)
    for person, expected in (
        (None, [comment.id for comment in comments]),
        (other, [comment.id for comment in comments]),
        (member, [comment.id for comment in comments if comment.created_by_id != other.id]),
    ):
        for limit in (5, 10, 25):
            seen: list[int] = []
            url = f"{path(item)}?limit={limit}" if limit != 25 else path(item)
            while url:
                page = api.as_(person).get(url).data["comments"]
                assert page["total"] == len(expected)
                assert len(page["items"]) <= limit
                seen += [comment["id"] for comment in page["items"]]
                links = {link["rel"]: link["href"] for link in page["links"]}
                url = links.get("next", "")
            assert seen == expected


def test_comments_of_the_same_moment_keep_one_order(api: ApiClient, member: Person, place: Microcosm) -> None:
    set_clock(frozen=datetime(2026, 1, 1, tzinfo=UTC))
    item = start(member, place)
    ids = [say(member, item).id for _ in range(7)]
    seen = [
        comment["id"]
        for offset in (0, 5)
        for comment in api.get(f"{path(item)}?limit=5&offset={offset}").data["comments"]["items"]
    ]
    assert seen == ids


@pytest.mark.parametrize(
    "query", ["limit=7", "limit=-5", "limit=0", "limit=255", "limit=x", "limit=10&offset=25", "offset=25"]
)
def test_a_bad_page_is_refused(api: ApiClient, member: Person, place: Microcosm, query: str) -> None:
    item = start(member, place)
    for _ in range(25):
        say(member, item)
    assert api.get(f"{path(item)}?{query}").status == 400


def test_a_page_beyond_the_end_is_refused_and_leaves_no_mark(api: ApiClient, member: Person, place: Microcosm) -> None:
    item = start(member, place)
    assert api.as_(member).get(f"{path(item)}?offset=25").status == 400
    assert not ItemReadMark.objects.exists()


def test_the_comment_of_a_jump_stays_in_the_links(api: ApiClient, member: Person, place: Microcosm) -> None:
    item = start(member, place)
    ids = [say(member, item).id for _ in range(6)]
    links = api.get(f"{path(item)}?comment_id={ids[5]}&limit=5&offset=5").data["comments"]["links"]
    base = f"/api/v1/conversations/{item.id}?comment_id={ids[5]}&limit=5"
    assert links == [
        {"rel": "prev", "href": base, "title": "1"},
        {"rel": "self", "href": f"{base}&offset=5", "title": "2"},
    ]


def test_a_comment_on_the_page_has_every_key(api: ApiClient, member: Person, other: Person, place: Microcosm) -> None:
    item = start(member, place, title="Tea & cake")
    first = say(member, item, "**Hello**")
    second = say(other, item, "Hi", answering=first)
    hello, hi = api.get(path(item)).data["comments"]["items"]
    author = hello["meta"]["createdBy"]
    assert author["profileName"] == "anna"
    assert hello == {
        "id": first.id,
        "itemType": "conversation",
        "itemId": item.id,
        "revisions": 1,
        "markdown": "**Hello**",
        "html": "<p><strong>Hello</strong></p>\n",
        "meta": {
            "created": hello["meta"]["created"],
            "createdBy": author,
            "editedBy": author,
            "flags": {"deleted": False, "moderated": False, "visible": True, "unread": False},
            "links": [
                {"rel": "self", "href": f"/api/v1/comments/{first.id}"},
                {"rel": "conversation", "href": f"/api/v1/conversations/{item.id}", "title": "Tea &amp; cake"},
                {"rel": "up", "href": f"/api/v1/conversations/{item.id}", "title": "Tea &amp; cake"},
            ],
        },
    }
    assert hi["inReplyTo"] == first.id
    assert hi["meta"]["links"][3:] == [
        {"rel": "inReplyTo", "href": f"/api/v1/comments/{first.id}"},
        {"rel": "inReplyToAuthor", "href": f"/api/v1/profiles/{member.id}", "title": "anna"},
    ]
    assert second.in_reply_to_id == first.id


# --- Read marks -----------------------------------------------------------------------------------


def test_reading_moves_the_mark_to_the_end_of_the_page_and_never_back(
    api: ApiClient, member: Person, other: Person, place: Microcosm
) -> None:
    start_of_day = datetime(2026, 3, 1, tzinfo=UTC)
    set_clock(frozen=start_of_day - timedelta(days=1))
    reader = Person(profile=member.profile, token=member.token)
    Profile.objects.filter(id=member.id).update(read_all_at=start_of_day - timedelta(days=1))
    item = start(other, place)
    for minute in range(8):
        set_clock(frozen=start_of_day + timedelta(minutes=minute))
        say(other, item)
    set_clock(frozen=start_of_day + timedelta(hours=1))
    client = api.as_(reader)

    def unread(query: str) -> list[bool]:
        page = client.get(f"{path(item)}?limit=5{query}").data["comments"]["items"]
        return [comment["meta"]["flags"]["unread"] for comment in page]

    def mark() -> datetime:
        return ItemReadMark.objects.get(profile_id=member.id, item_id=item.id).read_at

    assert unread("") == [True] * 5
    assert mark() == start_of_day + timedelta(minutes=4)
    assert unread("") == [False] * 5
    assert unread("&offset=5") == [True] * 3
    assert mark() == start_of_day + timedelta(hours=1)
    assert unread("") == [False] * 5
    assert mark() == start_of_day + timedelta(hours=1)
    assert all(not comment["meta"]["flags"]["unread"] for comment in api.get(path(item)).data["comments"]["items"])


def test_head_marks_as_read_too(api: ApiClient, member: Person, place: Microcosm) -> None:
    item = start(member, place)
    api.as_(member).head(path(item))
    assert ItemReadMark.objects.filter(profile_id=member.id, item_id=item.id).exists()


def test_marking_the_microcosm_as_read_counts_for_the_comments(
    api: ApiClient, member: Person, other: Person, place: Microcosm
) -> None:
    item = start(other, place)
    say(other, item)
    assert api.as_(member).put("profiles/read", {"itemType": "microcosm", "itemId": place.id}).status == 200
    comments = api.as_(member).get(path(item)).data["comments"]["items"]
    assert [comment["meta"]["flags"]["unread"] for comment in comments] == [False]


def test_I7_a_guest_writes_nothing_and_a_page_costs_one_statement(
    api: ApiClient, member: Person, place: Microcosm
) -> None:
    item = start(member, place)
    for _ in range(30):
        say(member, item)
    api.get("site")
    with count_statements() as statements:
        assert len(api.get(path(item)).data["comments"]["items"]) == 25
    assert len(statements) == 1
    assert not any(word in statement.upper() for statement in statements for word in ("INSERT", "DELETE FROM"))


def test_a_page_costs_a_member_three_statements(api: ApiClient, member: Person, place: Microcosm) -> None:
    item = start(member, place)
    for _ in range(30):
        say(member, item)
    api.get("site")
    with count_statements() as statements:
        assert len(api.as_(member).get(path(item)).data["comments"]["items"]) == 25
    assert len(statements) == 3


def test_reading_again_what_one_has_read_writes_no_mark(api: ApiClient, member: Person, place: Microcosm) -> None:
    item = start(member, place)
    say(member, item)
    api.as_(member).get(path(item))
    with count_statements() as statements:
        api.as_(member).get(path(item))
    assert not any("INSERT" in statement for statement in statements)
    say(member, item)
    with count_statements() as statements:
        api.as_(member).get(path(item))
    assert sum("INSERT INTO items_itemreadmark" in statement for statement in statements) == 1


# --- Editing and moving ---------------------------------------------------------------------------


def test_authors_and_moderators_edit(
    api: ApiClient, forum: Forum, member: Person, moderator: Person, place: Microcosm
) -> None:
    item = start(member, place, title="Tea")
    for person, title in ((member, "One"), (moderator, "Two"), (forum.owner, "Three")):
        reply = api.as_(person).put(path(item), {"title": title, "meta": {"editReason": f"because {title}"}})
        assert (reply.status, reply.location) == (302, f"/api/v1/conversations/{item.id}")
        meta = api.as_(person).follow(reply).data["meta"]
        assert meta["editReason"] == f"because {title}"
        assert meta["editedBy"]["id"] == person.id
        assert meta["edited"]
    assert api.get(path(item)).data["title"] == "Three"
    assert counters(place)[0] == 1


@pytest.mark.parametrize("who", ["guest", "other"])
def test_others_do_not_edit_patch_or_delete(
    api: ApiClient, member: Person, other: Person, place: Microcosm, who: str
) -> None:
    item = start(member, place, title="Tea")
    client = api.as_(other if who == "other" else None)
    for verb, body, code in (
        ("PUT", {"title": "x", "meta": {"editReason": "x"}}, 11),
        ("PATCH", patch("open", False), 11),
        ("PATCH", patch("deleted", True), 11),
        ("DELETE", None, 12),
    ):
        reply = client.request(verb, path(item), json=body)
        assert (reply.status, reply.code) == (403, code)
    after = Item.objects.get(id=item.id)
    assert (after.title, after.is_open, after.is_deleted, after.edited_at) == ("Tea", True, False, None)


def test_the_first_edit_needs_a_reason_and_later_ones_keep_it(api: ApiClient, member: Person, place: Microcosm) -> None:
    item, client = start(member, place), api.as_(member)
    for meta in ({}, {"editReason": ""}, {"editReason": " \t"}, {"editReason": "<i></i>"}, {"editReason": "x" * 151}):
        reply = client.put(path(item), {"title": "New", "meta": meta})
        assert (reply.status, reply.code) == (400, 4)
    assert client.put(path(item), {"title": "New"}).status == 400
    assert client.put(path(item), {"title": "New", "meta": {"editReason": "TYPO"}}).status == 302
    assert client.put(path(item), {"title": "Newer"}).status == 302
    data = client.get(path(item)).data
    assert (data["title"], data["meta"]["editReason"]) == ("Newer", "typo")
    assert client.put(path(item), {"meta": {"editReason": ""}}).status == 400


def test_absent_keys_keep_their_value(api: ApiClient, member: Person, place: Microcosm) -> None:
    item = start(member, place, title="Tea")
    api.as_(member).put(path(item), {"meta": {"editReason": "nothing"}})
    after = Item.objects.get(id=item.id)
    assert (after.title, after.microcosm_id) == ("Tea", place.id)


def test_A6_the_path_says_which_item_and_other_keys_change_nothing(
    api: ApiClient, member: Person, other: Person, place: Microcosm
) -> None:
    mine, theirs = start(member, place, title="Mine"), start(other, place, title="Theirs")
    flags = {"sticky": True, "open": False, "deleted": True, "moderated": True}
    body = {
        "id": theirs.id,
        "siteId": 1,
        "title": "Edited",
        "totalComments": 99,
        "meta": {"editReason": "x", "flags": flags, "createdBy": {"id": other.id}, "created": "2001-01-01T00:00:00Z"},
    }
    assert api.as_(member).put(path(mine), body).status == 302
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.title, theirs.title) == ("Edited", "Theirs")
    assert (mine.is_sticky, mine.is_open, mine.is_deleted, mine.is_moderated) == (False, True, False, False)
    assert mine.created_by_id == member.id
    assert mine.created_at.year != 2001


def test_moving_takes_the_counters_along(api: ApiClient, forum: Forum, member: Person, place: Microcosm) -> None:
    target = place_in(forum)
    stays = start(member, place)
    item = start(member, place)
    last = say(member, item)
    body = {"id": item.id, "microcosmId": target.id, "meta": {"editReason": "move"}}
    reply = api.as_(member).post(f"{path(item)}?method=PUT", body)
    assert reply.status == 302
    assert api.follow(reply).data["microcosmId"] == target.id
    assert counters(place) == (1, 0, stays.created_at)
    assert counters(target) == (1, 1, last.created_at)
    change = Change.objects.get(kind="conversation.moved")
    assert change.ids == {
        "item_id": item.id, "microcosm_id": target.id, "from_microcosm_id": place.id, "was_visible": True,
    }  # fmt: skip
    assert Profile.objects.get(id=member.id).item_count == 2


def test_moving_needs_create_on_the_target(
    api: ApiClient, forum: Forum, other_forum: Forum, member: Person, place: Microcosm
) -> None:
    item = start(member, place)
    secret, read_only, closed = place_in(forum), place_in(forum), place_in(forum)
    closed_to_all_but(secret, forum.owner)
    make_role(read_only, include_users=True, can_read=True)
    Microcosm.objects.filter(id=closed.id).update(is_open=False)
    events = place_in(forum)
    Microcosm.objects.filter(id=events.id).update(item_types=["event"])
    for target, status, code in (
        (secret.id, 404, 0),
        (999999999, 404, 0),
        (place_in(other_forum).id, 404, 0),
        (read_only.id, 403, 10),
        (closed.id, 400, 17),
        (events.id, 400, 4),
        (0, 400, 4),
        (-1, 400, 4),
    ):
        reply = api.as_(member).put(path(item), {"microcosmId": target, "meta": {"editReason": "move"}})
        assert (reply.status, reply.code) == (status, code), target
    assert Item.objects.get(id=item.id).microcosm_id == place.id
    assert counters(place)[0] == 1
    reply = api.as_(forum.owner).put(path(item), {"microcosmId": closed.id, "meta": {"editReason": "move"}})
    assert reply.status == 302


# --- Flags ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["sticky", "open", "deleted", "moderated"])
def test_moderators_set_and_undo_every_flag(
    api: ApiClient, member: Person, moderator: Person, place: Microcosm, flag: str
) -> None:
    item = start(member, place)
    say(member, item)
    before = counters(place)
    client = api.as_(moderator)
    for value in (flag != "open", flag == "open"):
        reply = client.patch(path(item), patch(flag, value))
        assert (reply.status, reply.data) == (200, None)
        meta = client.get(path(item)).data["meta"]
        assert meta["flags"][flag] is value
        assert meta["editReason"] == f"Set {flag} to {str(value).lower()}"
        assert meta["editedBy"]["id"] == moderator.id
        hidden = flag in ("deleted", "moderated") and value
        assert counters(place) == ((0, 0, None) if hidden else before)
        assert Profile.objects.get(id=member.id).item_count == (0 if hidden else 1)
    assert Change.objects.filter(kind="conversation.flagged").count() == 2


def test_several_flags_are_set_at_once_or_not_at_all(api: ApiClient, moderator: Person, place: Microcosm) -> None:
    item, client = start(moderator, place), api.as_(moderator)
    assert client.patch(path(item), patch("open", False) + patch("sticky", True)).status == 200
    assert client.patch(path(item), patch("open", True) + patch("nonsense", True)).status == 400
    item.refresh_from_db()
    assert (item.is_open, item.is_sticky) == (False, True)


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ([], 400),
        ({"op": "replace"}, 400),
        ("text", 400),
        ([{"op": "zzz", "path": "/meta/flags/open", "value": True}], 400),
        ([{"op": "replace", "path": "/meta/flags/open"}], 400),
        ([{"op": "replace", "path": "/meta/flags/open", "value": None}], 400),
        ([{"op": "replace", "path": "/meta/flags/open", "value": "true"}], 400),
        ([{"op": "replace", "path": "/meta/flags/open", "value": 1}], 400),
        ([{"op": "replace", "path": "/meta/flags/visible", "value": True}], 400),
        ([{"op": "replace", "path": "/title", "value": True}], 400),
        ([{"op": "replace", "path": ["/meta/flags/open"], "value": True}], 400),
        ([{"op": "add", "path": "/meta/flags/open", "value": True}], 501),
        ([{"op": "test", "path": "/meta/flags/open", "value": True}], 501),
        ([{"op": "remove", "path": "/meta/flags/open"}], 501),
    ],
)
def test_a_bad_patch_changes_nothing(
    api: ApiClient, moderator: Person, place: Microcosm, document: Any, status: int
) -> None:
    item = start(moderator, place)
    assert api.as_(moderator).patch(path(item), document).status == status
    assert Item.objects.get(id=item.id).edited_at is None


def test_authors_close_with_close_own_and_open_with_open_own(api: ApiClient, member: Person, place: Microcosm) -> None:
    item, client = start(member, place), api.as_(member)
    assert client.patch(path(item), patch("open", False)).status == 200
    reply = client.patch(path(item), patch("open", True))
    assert (reply.status, reply.code) == (403, 11)
    assert Item.objects.get(id=item.id).is_open is False
    make_role(place, include_users=True, can_read=True, can_open_own=True)
    assert client.patch(path(item), patch("open", True)).status == 200
    assert client.patch(path(item), patch("open", False)).status == 403
    assert Item.objects.get(id=item.id).is_open is True
    for flag in ("sticky", "deleted", "moderated"):
        assert client.patch(path(item), patch(flag, True)).status == 403
    after = Item.objects.get(id=item.id)
    assert (after.is_sticky, after.is_deleted, after.is_moderated) == (False, False, False)


def test_a_moderator_without_rights_reaches_hidden_things_and_changes_nothing(
    api: ApiClient, forum: Forum, member: Person, place: Microcosm
) -> None:
    person = forum.member()
    moderator_of(place, person, all_rights=False)
    item = start(member, place, is_moderated=True)
    client = api.as_(person)
    assert client.get(path(item)).status == 200
    for verb, body in (("PATCH", patch("moderated", False)), ("DELETE", None)):
        assert client.request(verb, path(item), json=body).status == 403
    assert Item.objects.get(id=item.id).is_moderated is True


# --- Deleting -------------------------------------------------------------------------------------


def test_authors_delete_until_others_have_spoken_or_it_is_closed(
    api: ApiClient, member: Person, other: Person, place: Microcosm
) -> None:
    fresh, spoken, closed = (start(member, place) for _ in range(3))
    say(member, fresh)
    say(other, spoken)
    client = api.as_(member)
    client.patch(path(closed), patch("open", False))
    for item, allowed in ((fresh, True), (spoken, False), (closed, False)):
        assert client.get(path(item)).data["meta"]["permissions"]["delete"] is allowed
        reply = client.delete(path(item))
        assert reply.status == (200 if allowed else 403)
        if not allowed:
            assert reply.code == 12
        assert Item.objects.get(id=item.id).is_deleted is allowed
    assert counters(place)[:2] == (2, 1)
    assert Profile.objects.get(id=member.id).item_count == 2


def test_moderators_delete_and_may_repeat_it(
    api: ApiClient, member: Person, moderator: Person, place: Microcosm
) -> None:
    item = start(member, place)
    say(member, item)
    client = api.as_(moderator)
    for _ in range(2):
        reply = client.delete(path(item))
        assert (reply.status, reply.data) == (200, None)
    assert counters(place) == (0, 0, None)
    assert Change.objects.filter(kind="conversation.deleted").count() == 1
    assert client.patch(path(item), patch("deleted", False)).status == 200
    assert api.get(path(item)).status == 200
    assert counters(place)[:2] == (1, 1)


def test_a_deleted_one_is_missing_for_its_author(api: ApiClient, member: Person, place: Microcosm) -> None:
    item, client = start(member, place), api.as_(member)
    assert client.request("DELETE", f"{path(item)}?method=DELETE").status == 200
    for verb in ("GET", "DELETE"):
        assert client.request(verb, path(item)).status == 404
    assert client.delete("conversations/999999999").status == 404


# --- The list -------------------------------------------------------------------------------------


def test_the_list_shows_everybody_what_they_may_read(
    api: ApiClient, forum: Forum, member: Person, other: Person, place: Microcosm
) -> None:
    private = place_in(forum)
    closed_to_all_but(private, member)
    first, secret = start(forum.owner, place), start(forum.owner, private)
    second, pinned = start(forum.owner, place), start(forum.owner, place, is_sticky=True)
    start(forum.owner, place, is_deleted=True)
    start(forum.owner, place, is_moderated=True)
    say(member, first)
    expectations = (
        (None, [pinned, first, second]),
        (other, [pinned, first, second]),
        (member, [pinned, first, second, secret]),
        (forum.owner, [pinned, first, second, secret]),
    )
    for person, items in expectations:
        page = api.as_(person).get("conversations").data["conversations"]
        assert [item["id"] for item in page["items"]] == [item.id for item in items]
        assert page["total"] == len(items)


def test_the_list_and_its_items_have_every_key(api: ApiClient, member: Person, other: Person, place: Microcosm) -> None:
    item = start(member, place, title="Tea")
    comment = say(other, item)
    data = api.as_(member).get("conversations").data
    assert list(data) == ["conversations", "meta"]
    assert data["conversations"]["type"] == "/api/v1/conversations"
    assert data["conversations"]["links"] == [{"rel": "self", "href": "/api/v1/conversations", "title": "1"}]
    assert data["meta"]["links"] == [{"rel": "self", "href": "/api/v1/conversations"}]
    assert data["meta"]["permissions"]["guest"] is False
    (summary,) = data["conversations"]["items"]
    assert summary["lastComment"].pop("createdBy")["id"] == other.id
    assert summary["meta"].pop("createdBy")["id"] == member.id
    created, said = summary["meta"].pop("created"), summary["lastComment"].pop("created")
    assert created < said
    assert summary == {
        "id": item.id,
        "title": "Tea",
        "microcosmId": place.id,
        "breadcrumb": [
            {
                "rel": "microcosm ancestor",
                "href": f"/api/v1/microcosms/{place.id}",
                "title": "Tea",
                "id": place.id,
                "level": 2,
            }
        ],
        "totalComments": 1,
        "totalViews": 0,
        "lastComment": {"id": comment.id},
        "meta": {
            "flags": {"sticky": False, "open": True, "deleted": False, "moderated": False, "visible": True},
            "links": [
                {"rel": "self", "href": f"/api/v1/conversations/{item.id}"},
                {"rel": "microcosm", "href": f"/api/v1/microcosms/{place.id}", "title": "Tea"},
            ],
        },
    }


def test_an_item_in_the_root_has_an_empty_breadcrumb(api: ApiClient, forum: Forum) -> None:
    start(forum.owner, forum.root)
    (summary,) = api.get("conversations").data["conversations"]["items"]
    assert summary["breadcrumb"] == []
    assert "lastComment" not in summary


def test_an_empty_list_has_every_key(api: ApiClient) -> None:
    page = api.get("conversations").data["conversations"]
    assert (page["total"], page["items"], page["maxOffset"], page["totalPages"], page["page"]) == (0, [], 0, 0, 1)
    assert api.get("conversations?offset=25").status == 400


def test_the_list_leaves_out_what_one_ignores(api: ApiClient, forum: Forum, member: Person, place: Microcosm) -> None:
    inner, elsewhere = place_in(forum, place), place_in(forum)
    start(forum.owner, place)
    start(forum.owner, inner)
    kept, ignored = start(forum.owner, elsewhere), start(forum.owner, elsewhere)
    Ignore.objects.create(profile=member.profile, kind=ItemType.MICROCOSM, microcosm=place)
    Ignore.objects.create(profile=member.profile, kind=ItemType.CONVERSATION, item=ignored)
    page = api.as_(member).get("conversations").data["conversations"]
    assert [item["id"] for item in page["items"]] == [kept.id]
    assert page["total"] == 1
    assert api.get("conversations").data["conversations"]["total"] == 4


def test_the_list_is_paged_without_gaps(api: ApiClient, member: Person, place: Microcosm) -> None:
    items = [start(member, place) for _ in range(12)]
    seen: list[int] = []
    url = "conversations?limit=5"
    while url:
        page = api.get(url).data["conversations"]
        assert page["total"] == 12
        seen += [item["id"] for item in page["items"]]
        url = {link["rel"]: link["href"] for link in page["links"]}.get("next", "")
    assert seen == [item.id for item in reversed(items)]


def test_the_list_costs_one_statement_and_the_permissions(api: ApiClient, member: Person, place: Microcosm) -> None:
    for _ in range(10):
        start(member, place)
    api.get("site")
    with count_statements() as statements:
        api.get("conversations")
    assert len(statements) == 2


def test_options_and_other_verbs(api: ApiClient, member: Person, place: Microcosm) -> None:
    item = start(member, place)
    assert api.options("conversations").headers["Allow"] == "OPTIONS,GET,HEAD,POST"
    assert api.options(path(item)).headers["Allow"] == "OPTIONS,GET,HEAD,PUT,PATCH,DELETE"
    assert api.post(path(item), {}).status == 405
    assert api.delete("conversations").status == 405

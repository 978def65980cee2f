"""`/comments` over HTTP (contract B 5)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.comments.models import Comment, Mention, Revision
from apps.core import clock
from apps.core.clock import set_clock
from apps.core.models import Change
from apps.huddles.models import Huddle, Participant
from apps.items.models import Item, ItemReadMark
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from apps.text.rendering import MAX_MARKDOWN_LENGTH
from apps.updates.models import Ignore
from tests.client import ApiClient
from tests.content import closed_to_all_but, describe, moderator_of, place_in, say, start
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
def item(forum: Forum, place: Microcosm) -> Item:
    """A conversation of the site's owner."""
    return start(forum.owner, place, title="Tea & cake")


@pytest.fixture
def moderator(forum: Forum, place: Microcosm) -> Person:
    """A moderator of the place with all rights."""
    person = forum.member("mod")
    moderator_of(place, person)
    return person


def path(comment: Comment) -> str:
    """The path of a comment."""
    return f"comments/{comment.id}"


def on(item: Item, markdown: str = "Hello", **keys: Any) -> dict[str, Any]:
    """The body of a new comment."""
    return {"itemType": "conversation", "itemId": item.id, "markdown": markdown, **keys}


def patch(flag: str, value: Any) -> list[dict[str, Any]]:
    """A patch of one flag."""
    return [{"op": "replace", "path": f"/meta/flags/{flag}", "value": value}]


def make_huddle(author: Person, *people: Person) -> Item:
    """A huddle of some people."""
    now = clock.now()
    item = Item.objects.create(
        site_id=author.profile.site_id,
        kind=ItemType.HUDDLE,
        title="Private",
        created_by=author.profile,
        created_at=now,
        last_activity_at=now,
    )
    huddle = Huddle.objects.create(item=item)
    for person in (author, *people):
        Participant.objects.create(huddle=huddle, profile=person.profile)
    return item


def counts(item: Item) -> tuple[int, int, int | None]:
    """Comments of an item and of its microcosm, and the newest one."""
    item.refresh_from_db()
    comments = Microcosm.objects.get(id=item.microcosm_id).comment_count if item.microcosm_id else 0
    return item.comment_count, comments, item.last_comment_id


def comment_count(person: Person) -> int:
    """What the profile's counter says."""
    return Profile.objects.get(id=person.id).comment_count


# --- Creating -------------------------------------------------------------------------------------


def test_a_new_comment_redirects_to_itself(api: ApiClient, member: Person, item: Item) -> None:
    api = api.as_(member)
    reply = api.post("comments", on(item, "Hello **world**", attachments=0, inReplyTo=0))
    assert (reply.status, reply.data) == (302, None)
    comment = Comment.objects.get()
    assert reply.location == f"/api/v1/comments/{comment.id}"
    data = api.follow(reply).data
    author = data["meta"]["createdBy"]
    assert author["id"] == member.id
    parent = {"href": f"/api/v1/conversations/{item.id}", "title": "Tea &amp; cake"}
    assert data == {
        "id": comment.id,
        "itemType": "conversation",
        "itemId": item.id,
        "revisions": 1,
        "inReplyTo": 0,
        "attachments": 0,
        "firstLine": "",
        "markdown": "Hello **world**",
        "html": "<p>Hello <strong>world</strong></p>\n",
        "meta": {
            "created": data["meta"]["created"],
            "createdBy": author,
            "editedBy": author,
            "flags": {"deleted": False, "moderated": False, "visible": True, "unread": True},
            "links": [
                {"rel": "self", "href": reply.location},
                {"rel": "conversation", **parent},
                {"rel": "up", **parent},
                {"rel": "commentPage", "href": parent["href"]},
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
    assert counts(item) == (1, 1, comment.id)
    assert item.last_activity_at == item.last_comment_at == comment.created_at
    assert item.last_comment_by_id == member.id
    assert Microcosm.objects.get(id=item.microcosm_id).last_activity_at == comment.created_at
    assert comment_count(member) == 1
    change = Change.objects.get(kind="comment.created")
    assert change.ids == {
        "comment_id": comment.id,
        "item_id": item.id,
        "home_id": None,
        "in_reply_to_id": None,
        "mentioned_ids": [],
    }


def test_following_the_redirect_makes_an_own_comment_read(api: ApiClient, member: Person, item: Item) -> None:
    api = api.as_(member)
    reply = api.post("comments", on(item))
    api.follow(reply)
    comment = Comment.objects.get()
    assert ItemReadMark.objects.get(profile_id=member.id, item_id=item.id).read_at == comment.created_at
    assert api.get(reply.location).data["meta"]["flags"]["unread"] is False


def test_a_client_may_prefer_the_representation(api: ApiClient, member: Person, item: Item) -> None:
    headers = {"Prefer": "return=representation"}
    api = api.as_(member)
    created = api.post("comments", on(item), headers=headers)
    assert created.status == 201
    assert created.data["meta"]["links"][-1]["rel"] == "commentPage"
    edited = api.put(created.location, {"markdown": "Edited"}, headers=headers)
    assert (edited.status, edited.data["markdown"]) == (200, "Edited")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"itemType": "zzz"}, 400, 4),
        ({"itemType": "microcosm"}, 400, 4),
        ({"itemType": "comment"}, 400, 4),
        ({"itemType": "Conversation"}, 400, 4),
        ({"itemType": None}, 400, 4),
        ({"itemType": 6}, 400, 3),
        ({"itemId": 0}, 400, 4),
        ({"itemId": -1}, 400, 4),
        ({"itemId": None}, 400, 4),
        ({"itemId": "12"}, 400, 3),
        ({"markdown": None}, 400, 4),
        ({"markdown": ""}, 400, 4),
        ({"markdown": " \n\t "}, 400, 4),
        ({"markdown": "\u200d\u200c"}, 400, 4),
        ({"markdown": 5}, 400, 3),
        ({"markdown": "x" * (MAX_MARKDOWN_LENGTH + 1)}, 400, 4),
        ({"inReplyTo": "x"}, 400, 3),
        ({"meta": {"flags": {"deleted": 1}}}, 400, 3),
        ({"itemId": 999999999}, 404, 0),
        ({"itemType": "event"}, 404, 0),
        ({"itemType": "article"}, 404, 0),
        ({"itemType": "huddle"}, 404, 0),
        ({"itemType": "profile", "itemId": 999999999}, 404, 0),
    ],
)
def test_a_wrong_body_creates_nothing(
    api: ApiClient, member: Person, item: Item, change: dict[str, Any], status: int, code: int
) -> None:
    reply = api.as_(member).post("comments", on(item) | change)
    assert (reply.status, reply.code) == (status, code)
    assert not Comment.objects.exists()
    assert counts(item) == (0, 0, None)


def test_validation_comes_before_permission(api: ApiClient, item: Item) -> None:
    assert api.post("comments", on(item, "")).status == 400


def test_guests_are_refused_with_code_10(api: ApiClient, item: Item) -> None:
    reply = api.post("comments", on(item))
    assert (reply.status, reply.code) == (403, 10)
    assert not Comment.objects.exists()


def test_reading_alone_does_not_let_one_comment(api: ApiClient, member: Person, item: Item, place: Microcosm) -> None:
    make_role(place, include_users=True, can_read=True)
    reply = api.as_(member).post("comments", on(item))
    assert (reply.status, reply.code) == (403, 10)
    assert not Comment.objects.exists()


def test_A2_a_hidden_parent_is_missing(
    api: ApiClient, forum: Forum, other_forum: Forum, member: Person, place: Microcosm
) -> None:
    private, going = place_in(forum), place_in(forum)
    closed_to_all_but(private, forum.owner)
    parents = [
        start(forum.owner, private),
        start(forum.owner, place, is_deleted=True),
        start(forum.owner, place, is_moderated=True),
        start(forum.owner, going),
        start(other_forum.owner, other_forum.root),
        make_huddle(forum.owner),
    ]
    api.as_(forum.owner).delete(f"microcosms/{going.id}")
    client = api.as_(member)
    nowhere = client.post("comments", on(parents[0], itemId=999999999))
    for parent in parents:
        for kind in ("conversation", "huddle"):
            reply = client.post("comments", on(parent, itemType=kind))
            assert reply.status == 404
            assert reply.content == nowhere.content
    assert not Comment.objects.exists()


def test_closed_items_and_microcosms_take_comments_from_moderators_only(
    api: ApiClient, member: Person, moderator: Person, item: Item, place: Microcosm
) -> None:
    Item.objects.filter(id=item.id).update(is_open=False)
    for _ in range(2):
        reply = api.as_(member).post("comments", on(item))
        assert (reply.status, reply.code) == (400, 17)
        assert api.as_(moderator).post("comments", on(item)).status == 302
        Item.objects.filter(id=item.id).update(is_open=True)
        Microcosm.objects.filter(id=place.id).update(is_open=False)
    assert not Comment.objects.filter(created_by_id=member.id).exists()


def test_the_banned_do_not_comment(
    api: ApiClient, forum: Forum, member: Person, other: Person, item: Item, place: Microcosm
) -> None:
    ban(forum.site, member)
    make_role(place, other, is_banned=True)
    assert api.as_(member).post("comments", on(item)).code == 13
    assert api.as_(other).post("comments", on(item)).status == 404
    assert not Comment.objects.exists()


def test_A6_flags_count_only_from_moderators(api: ApiClient, member: Person, moderator: Person, item: Item) -> None:
    meta = {"flags": {"deleted": True, "moderated": True}}
    body = on(item, meta=meta, id=7, revisions=9, attachments=3, createdBy=1, siteId=2)
    api.as_(member).post("comments", body)
    comment = Comment.objects.get()
    assert (comment.is_deleted, comment.is_moderated, comment.revision_count, comment.attachment_count) == (
        False,
        False,
        1,
        0,
    )
    assert comment.created_by_id == member.id
    reply = api.as_(moderator).post("comments", on(item, "Hidden", meta={"flags": {"moderated": True}}))
    assert reply.status == 302
    assert counts(item)[:2] == (1, 1)
    assert comment_count(moderator) == 0


def test_replies_are_kept_and_bad_ones_answer_nothing(
    api: ApiClient, forum: Forum, member: Person, item: Item, place: Microcosm
) -> None:
    first = say(forum.owner, item)
    hidden, elsewhere = say(forum.owner, item, is_moderated=True), say(forum.owner, start(forum.owner, place))
    client = api.as_(member)
    for number, (target, stored) in enumerate(
        [(first.id, first.id), (hidden.id, None), (elsewhere.id, None), (999999999, None), (-5, None)]
    ):
        reply = client.post("comments", on(item, f"Reply {number}", inReplyTo=target))
        assert reply.status == 302
        assert client.follow(reply).data["inReplyTo"] == (stored or 0)
        assert Comment.objects.latest("id").in_reply_to_id == stored


def test_the_same_text_leads_to_the_first_for_five_minutes(
    api: ApiClient, member: Person, other: Person, item: Item
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    set_clock(frozen=now)
    first = api.as_(member).post("comments", on(item)).location
    api.as_(member).put(first, {"markdown": "Edited"})
    changes = Change.objects.count()
    set_clock(frozen=now + timedelta(minutes=4, seconds=59))
    assert api.as_(member).post("comments", on(item)).location == first
    assert Change.objects.count() == changes
    assert counts(item)[0] == 1
    assert comment_count(member) == 1
    assert api.as_(other).post("comments", on(item)).location != first
    assert api.as_(member).post("comments", on(item, "Hello!")).location != first
    set_clock(frozen=now + timedelta(minutes=5, seconds=1))
    assert api.as_(member).post("comments", on(item)).location != first


def test_every_kind_of_item_takes_comments(api: ApiClient, forum: Forum, member: Person, place: Microcosm) -> None:
    for kind in (ItemType.EVENT, ItemType.POLL):
        item = start(forum.owner, place)
        Item.objects.filter(id=item.id).update(kind=kind)
        reply = api.as_(member).post("comments", on(item, itemType=kind.word))
        data = api.as_(member).follow(reply).data
        assert (data["itemType"], data["itemId"]) == (kind.word, item.id)
        assert data["meta"]["links"][-1]["href"] == f"/api/v1/{kind.plural}/{item.id}"


# --- Huddles and biographies ----------------------------------------------------------------------


def test_participants_talk_in_a_huddle_and_nobody_else_hears(
    api: ApiClient, forum: Forum, member: Person, other: Person
) -> None:
    outsider = forum.member()
    huddle = make_huddle(member, other)
    reply = api.as_(other).post("comments", on(huddle, "Hi @anna", itemType="huddle"))
    data = api.as_(other).follow(reply).data
    assert (data["itemType"], data["meta"]["permissions"]["delete"]) == ("huddle", False)
    assert api.as_(member).get(reply.location).status == 200
    for person in (None, outsider, forum.owner):
        for verb, body in (
            ("GET", None),
            ("PUT", {"markdown": "x"}),
            ("PATCH", patch("deleted", True)),
            ("DELETE", None),
        ):
            assert api.as_(person).request(verb, reply.location, json=body).status == 404
        assert api.as_(person).get(f"{reply.location}/incontext").status == 404
    assert api.as_(other).delete(reply.location).status == 403
    assert not Mention.objects.exists()
    Participant.objects.filter(profile=other.profile).delete()
    assert api.as_(other).get(reply.location).status == 404


def test_a_biography_is_written_by_oneself_or_the_owner_of_the_site(
    api: ApiClient, forum: Forum, member: Person, other: Person
) -> None:
    body = {"itemType": "profile", "itemId": member.id, "markdown": "I like tea"}
    for person in (None, other):
        reply = api.as_(person).post("comments", body)
        assert (reply.status, reply.code) == (403, 10)
    assert not Comment.objects.exists()
    reply = api.as_(member).post("comments", body)
    data = api.follow(reply).data
    assert (data["itemType"], data["itemId"]) == ("profile", member.id)
    assert data["meta"]["links"] == [
        {"rel": "self", "href": reply.location},
        {"rel": "profile", "href": f"/api/v1/profiles/{member.id}", "title": "anna"},
        {"rel": "up", "href": f"/api/v1/profiles/{member.id}", "title": "anna"},
        {"rel": "commentPage", "href": f"/api/v1/profiles/{member.id}"},
    ]
    assert data["meta"]["flags"]["unread"] is False
    assert api.as_(forum.owner).post("comments", body | {"markdown": "By the owner"}).status == 302
    assert comment_count(member) == 1
    assert api.as_(other).delete(reply.location).status == 403
    assert api.as_(member).delete(reply.location).status == 200
    assert api.get(reply.location).status == 404
    assert comment_count(member) == 0


# --- Reading --------------------------------------------------------------------------------------


def test_A9_hidden_is_missing_byte_for_byte(
    api: ApiClient, forum: Forum, member: Person, item: Item, place: Microcosm
) -> None:
    private, going = place_in(forum), place_in(forum)
    closed_to_all_but(private, forum.owner)
    hidden = [
        say(forum.owner, item, is_deleted=True),
        say(forum.owner, item, is_moderated=True),
        say(forum.owner, start(forum.owner, private)),
        say(forum.owner, start(forum.owner, place, is_deleted=True)),
        say(forum.owner, start(forum.owner, place, is_moderated=True)),
        say(forum.owner, start(forum.owner, going)),
    ]
    assert api.as_(forum.owner).delete(f"microcosms/{going.id}").status == 200
    for person in (None, member):
        client = api.as_(person)
        for verb, suffix, body in (
            ("GET", "", None),
            ("GET", "/incontext", None),
            ("PUT", "", {"markdown": "x"}),
            ("PATCH", "", patch("deleted", True)),
            ("DELETE", "", None),
        ):
            nothing = client.request(verb, f"comments/999999999{suffix}", json=body)
            assert nothing.status == 404
            for comment in hidden:
                reply = client.request(verb, path(comment) + suffix, json=body)
                assert (reply.status, reply.content) == (404, nothing.content)
    assert not Revision.objects.filter(number=2).exists()
    for comment in hidden:
        assert api.as_(forum.owner).get(path(comment)).status == 200


def test_moderators_reach_hidden_comments_and_authors_their_own_moderated_ones(
    api: ApiClient, forum: Forum, member: Person, other: Person, moderator: Person, item: Item
) -> None:
    moderated, deleted = say(member, item, is_moderated=True), say(member, item, is_deleted=True)
    elsewhere = forum.member()
    moderator_of(place_in(forum), elsewhere)
    assert api.as_(member).get(path(moderated)).data["meta"]["flags"]["visible"] is False
    assert api.as_(member).get(path(deleted)).status == 404
    for person in (other, elsewhere):
        assert api.as_(person).get(path(moderated)).status == 404
    for comment in (moderated, deleted):
        assert api.as_(moderator).get(path(comment)).status == 200


def test_A3_an_author_does_not_reach_a_comment_on_a_hidden_item(
    api: ApiClient, forum: Forum, member: Person, item: Item
) -> None:
    comment = say(member, item)
    for flag in ("deleted", "moderated"):
        client = api.as_(forum.owner)
        client.patch(f"conversations/{item.id}", patch(flag, True))
        for verb, body in (("GET", None), ("PUT", {"markdown": "x"}), ("DELETE", None)):
            assert api.as_(member).request(verb, path(comment), json=body).status == 404
        client.patch(f"conversations/{item.id}", patch(flag, False))
    assert api.as_(member).get(path(comment)).status == 200


def test_A3_authors_who_lose_the_place_keep_their_words_and_hear_no_others(
    api: ApiClient, forum: Forum, member: Person, item: Item, place: Microcosm
) -> None:
    asked = say(forum.owner, item, "Asked")
    comment = say(member, item, "Mine", answering=asked)
    say(forum.owner, item, "Secret answer", answering=comment)
    closed_to_all_but(place, forum.owner)
    Item.objects.filter(id=item.id).update(title="Secret title")
    reply = api.as_(member).get(path(comment))
    assert reply.data["markdown"] == "Mine"
    assert b"Secret" not in reply.content
    assert b"Asked" not in reply.content
    assert api.as_(member).get(path(asked)).status == 404


def test_a_comment_comes_with_those_around_it(
    api: ApiClient, forum: Forum, member: Person, other: Person, item: Item
) -> None:
    first = say(forum.owner, item, "First")
    middle = say(member, item, "Middle", answering=first)
    replies = [say(other, item, "Two", answering=middle), say(forum.owner, item, "Three", answering=middle)]
    say(forum.owner, item, "Hidden", answering=middle, is_deleted=True)
    say(forum.owner, item, "Not direct", answering=replies[0])
    data = api.get(path(middle)).data
    assert data["inReplyTo"] == first.id
    assert data["meta"]["inReplyTo"]["id"] == first.id
    assert data["meta"]["inReplyTo"]["markdown"] == "First"
    assert [reply["id"] for reply in data["meta"]["replies"]] == [reply.id for reply in replies]
    assert [link["rel"] for link in data["meta"]["links"]] == [
        "self",
        "conversation",
        "up",
        "inReplyTo",
        "inReplyToAuthor",
        "commentPage",
    ]
    Ignore.objects.create(profile=member.profile, kind=ItemType.PROFILE, target_profile=other.profile)
    seen = api.as_(member).get(path(middle)).data["meta"]["replies"]
    assert [reply["id"] for reply in seen] == [replies[1].id]
    assert "replies" not in api.get(path(replies[1])).data["meta"]


def test_a_reply_to_what_is_gone_answers_nothing(api: ApiClient, forum: Forum, member: Person, item: Item) -> None:
    first = say(forum.owner, item)
    reply = say(member, item, answering=first)
    api.as_(forum.owner).delete(path(first))
    data = api.get(path(reply)).data
    assert data["inReplyTo"] == 0
    assert "inReplyTo" not in data["meta"]
    assert "inReplyTo" not in api.get(f"conversations/{item.id}").data["comments"]["items"][0]


@pytest.mark.parametrize(
    ("query", "numbers_and_pages"),
    [
        ("", {0: "", 24: "", 25: "?offset=25", 29: "?offset=25"}),
        ("?limit=25", {0: "", 29: "?offset=25"}),
        ("?limit=5", {0: "?limit=5", 4: "?limit=5", 5: "?limit=5&offset=5", 29: "?limit=5&offset=25"}),
        ("?limit=50", {29: "?limit=50"}),
    ],
)
def test_the_page_of_a_comment(
    api: ApiClient, member: Person, item: Item, query: str, numbers_and_pages: dict[int, str]
) -> None:
    comments = [say(member, item) for _ in range(30)]
    for number, page in numbers_and_pages.items():
        links = api.get(f"{path(comments[number])}{query}").data["meta"]["links"]
        assert links[-1] == {"rel": "commentPage", "href": f"/api/v1/conversations/{item.id}{page}"}
        shown = api.get(links[-1]["href"]).data["comments"]["items"]
        assert comments[number].id in [comment["id"] for comment in shown]


def test_the_page_of_a_comment_leaves_out_ignored_and_hidden_ones(
    api: ApiClient, member: Person, other: Person, item: Item
) -> None:
    for _ in range(5):
        say(other, item)
    say(member, item, is_moderated=True)
    last = say(member, item)
    url = f"{path(last)}?limit=5"
    assert api.as_(member).get(url).data["meta"]["links"][-1]["href"].endswith("?limit=5&offset=5")
    Ignore.objects.create(profile=member.profile, kind=ItemType.PROFILE, target_profile=other.profile)
    assert api.as_(member).get(url).data["meta"]["links"][-1]["href"].endswith("?limit=5")


def test_a_comment_that_stands_before_all_one_sees_is_missing(
    api: ApiClient, forum: Forum, member: Person, moderator: Person, other: Person, item: Item
) -> None:
    """Rank 0 (contract B 5.3), for all but those who may change it."""
    first = say(other, item)
    say(forum.owner, item)
    hidden = say(member, start(forum.owner, item.microcosm), is_moderated=True)
    second = say(other, item)
    for person in (member, moderator):
        Ignore.objects.create(profile=person.profile, kind=ItemType.PROFILE, target_profile=other.profile)
    for rest in ("", "/incontext"):
        found = 307 if rest else 200
        for comment, person, status in (
            (first, member, 404),
            (first, moderator, found),
            (first, other, found),
            (first, None, found),
            (second, member, found),
            (hidden, member, found),
            (hidden, moderator, found),
        ):
            assert api.as_(person).get(f"{path(comment)}{rest}").status == status


@pytest.mark.parametrize("query", ["limit=7", "limit=x", "limit=0", "limit=255"])
def test_a_bad_limit_is_refused(api: ApiClient, member: Person, item: Item, query: str) -> None:
    comment = say(member, item)
    assert api.get(f"{path(comment)}?{query}").status == 400
    assert api.get(f"{path(comment)}/incontext?{query}").status == 400


def test_reading_moves_the_mark_of_the_parent_up_to_the_comment(
    api: ApiClient, member: Person, other: Person, item: Item
) -> None:
    first, second = say(other, item), say(other, item)
    client = api.as_(member)
    assert client.get(path(second)).data["meta"]["flags"]["unread"] is True
    client.head(path(first))
    assert ItemReadMark.objects.get(profile_id=member.id).read_at == second.created_at
    assert client.get(path(second)).data["meta"]["flags"]["unread"] is False
    assert api.get(path(second)).data["meta"]["flags"]["unread"] is False
    assert ItemReadMark.objects.count() == 1


def test_a_comment_costs_few_statements_and_guests_write_nothing(api: ApiClient, member: Person, item: Item) -> None:
    comment = say(member, item)
    for _ in range(10):
        say(member, item, answering=comment)
    api.get("site")
    with count_statements() as statements:
        api.get(path(comment))
    assert len(statements) == 1
    assert not any(word in statement.upper() for statement in statements for word in ("INSERT", "UPDATE "))
    with count_statements() as statements:
        api.as_(member).get(path(comment))
    assert len(statements) == 3
    with count_statements() as statements:
        api.as_(member).get(f"{path(comment)}?limit=5")
    # What has been read needs no mark.
    assert len(statements) == 2


# --- Editing --------------------------------------------------------------------------------------


def test_an_edit_is_a_new_revision(api: ApiClient, forum: Forum, member: Person, moderator: Person, item: Item) -> None:
    comment = say(member, item, "One")
    say(member, item, "Later")
    before = counts(item)
    item_at = Item.objects.get(id=item.id).last_activity_at
    reply = api.as_(member).put(path(comment), {"markdown": "**Two**"})
    assert (reply.status, reply.location) == (302, f"/api/v1/{path(comment)}")
    assert api.as_(moderator).post(f"{path(comment)}?method=PUT", {"markdown": "Three"}).status == 302
    data = api.get(path(comment)).data
    assert (data["revisions"], data["markdown"], data["html"]) == (3, "Three", "<p>Three</p>\n")
    assert data["meta"]["createdBy"]["id"] == member.id
    assert data["meta"]["editedBy"]["id"] == moderator.id
    assert data["meta"]["edited"] > data["meta"]["created"]
    shown = api.get(f"conversations/{item.id}").data["comments"]["items"]
    assert [comment["markdown"] for comment in shown] == ["Three", "Later"]
    assert list(
        Revision.objects.filter(comment=comment).order_by("number").values_list("number", "markdown", "html")
    ) == [
        (1, "One", "<p>One</p>\n"),
        (2, "**Two**", "<p><strong>Two</strong></p>\n"),
        (3, "Three", "<p>Three</p>\n"),
    ]
    assert counts(item) == before
    assert Item.objects.get(id=item.id).last_activity_at == item_at
    assert Change.objects.filter(kind="comment.edited").count() == 2


def test_A6_only_the_text_can_be_edited(
    api: ApiClient, forum: Forum, member: Person, other: Person, item: Item, place: Microcosm
) -> None:
    mine, theirs = say(member, item, "Mine"), say(other, item, "Theirs")
    elsewhere = start(forum.owner, place)
    body = {
        "id": theirs.id,
        "itemId": elsewhere.id,
        "itemType": "conversation",
        "inReplyTo": theirs.id,
        "markdown": "Edited",
        "meta": {"editReason": "x", "flags": {"deleted": True, "moderated": True}},
    }
    assert api.as_(member).put(path(mine), body).status == 302
    mine.refresh_from_db()
    assert (mine.item_id, mine.in_reply_to_id, mine.is_deleted, mine.is_moderated) == (item.id, None, False, False)
    assert api.get(path(mine)).data["markdown"] == "Edited"
    assert api.get(path(theirs)).data["markdown"] == "Theirs"


@pytest.mark.parametrize("markdown", ["", "  ", "\u200d", "x" * (MAX_MARKDOWN_LENGTH + 1)])
def test_an_edit_needs_a_text(api: ApiClient, member: Person, item: Item, markdown: str) -> None:
    comment = say(member, item, "One")
    reply = api.as_(member).put(path(comment), {"markdown": markdown})
    assert (reply.status, reply.code) == (400, 4)
    assert Revision.objects.filter(comment=comment).count() == 1


@pytest.mark.parametrize("who", ["guest", "other"])
def test_others_do_not_edit_patch_or_delete(
    api: ApiClient, member: Person, other: Person, item: Item, who: str
) -> None:
    comment = say(member, item, "Mine")
    client = api.as_(other if who == "other" else None)
    for verb, body, code in (
        ("PUT", {"markdown": "x"}, 11),
        ("PATCH", patch("deleted", True), 11),
        ("PATCH", patch("moderated", True), 11),
        ("DELETE", None, 12),
    ):
        reply = client.request(verb, path(comment), json=body)
        assert (reply.status, reply.code) == (403, code)
    comment.refresh_from_db()
    assert (comment.revision_count, comment.is_deleted, comment.is_moderated) == (1, False, False)
    assert counts(item)[:2] == (1, 1)


def test_mentions_are_stored_once_and_never_of_oneself(
    api: ApiClient, forum: Forum, member: Person, other: Person, item: Item
) -> None:
    third = forum.member("Carl")
    client = api.as_(member)
    reply = client.post("comments", on(item, "Hi @BERT, @anna and @nobody. +bert"))
    comment = Comment.objects.get()
    html = client.follow(reply).data["html"]
    assert f'<a href="/profiles/{other.id}">@BERT</a>' in html
    assert f'<a href="/profiles/{member.id}">@anna</a>' in html
    assert "@nobody" in html
    assert [mention.profile_id for mention in Mention.objects.all()] == [other.id]
    assert Change.objects.get(kind="comment.created").ids["mentioned_ids"] == [other.id]
    client.put(path(comment), {"markdown": "Hi @bert and @carl and @anna"})
    assert set(Mention.objects.values_list("profile_id", flat=True)) == {other.id, third.id}
    assert Change.objects.get(kind="comment.edited").ids["mentioned_ids"] == [third.id]
    client.put(path(comment), {"markdown": "Nobody"})
    assert Mention.objects.count() == 2


def test_T1_people_of_another_site_are_not_mentioned(
    api: ApiClient, other_forum: Forum, member: Person, item: Item
) -> None:
    other_forum.member("dora")
    reply = api.as_(member).post("comments", on(item, "Hi @dora"))
    assert "/profiles/" not in api.follow(reply).data["html"]
    assert not Mention.objects.exists()


def test_links_to_the_site_itself_become_relative(api: ApiClient, forum: Forum, member: Person, item: Item) -> None:
    reply = api.as_(member).post(
        "comments", on(item, f"[x](https://{forum.host}/conversations/1/) [y](http://ex.org/)")
    )
    html = api.follow(reply).data["html"]
    assert '<a href="/conversations/1/">x</a>' in html
    assert 'rel="nofollow ugc noopener"' in html


# --- Flags and deleting ---------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["deleted", "moderated"])
def test_moderators_hide_and_show(
    api: ApiClient, member: Person, other: Person, moderator: Person, item: Item, flag: str
) -> None:
    first, last = say(member, item), say(other, item)
    client = api.as_(moderator)
    for _ in range(2):
        assert client.patch(path(last), patch(flag, True)).status == 200
        assert counts(item) == (1, 1, first.id)
        assert item.last_activity_at == first.created_at
        assert Microcosm.objects.get(id=item.microcosm_id).last_activity_at == first.created_at
        assert (comment_count(member), comment_count(other)) == (1, 0)
        assert api.get(f"conversations/{item.id}").data["comments"]["total"] == 1
    assert Change.objects.filter(kind="comment.flagged").count() == 1
    assert client.patch(path(first), patch(flag, True)).status == 200
    assert counts(item) == (0, 0, None)
    assert item.last_activity_at == item.created_at
    for comment in (first, last):
        assert client.patch(path(comment), patch(flag, False)).status == 200
    assert counts(item) == (2, 2, last.id)
    assert api.get(path(last)).status == 200


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ([], 400),
        ({"op": "replace"}, 400),
        ([{"op": "replace", "path": "/meta/flags/open", "value": True}], 400),
        ([{"op": "replace", "path": "/meta/flags/deleted", "value": "true"}], 400),
        ([{"op": "move", "from": "/a", "path": "/meta/flags/deleted"}], 501),
    ],
)
def test_a_bad_patch_changes_nothing(
    api: ApiClient, member: Person, moderator: Person, item: Item, document: Any, status: int
) -> None:
    comment = say(member, item)
    assert api.as_(moderator).patch(path(comment), document).status == status
    comment.refresh_from_db()
    assert not comment.is_deleted


def test_authors_delete_their_own_until_the_item_is_closed(
    api: ApiClient, forum: Forum, member: Person, item: Item
) -> None:
    first, second = say(member, item), say(member, item)
    client = api.as_(member)
    assert client.patch(path(first), patch("deleted", True)).status == 403
    assert client.request("DELETE", f"{path(first)}?method=DELETE").status == 200
    assert client.delete(path(first)).status == 404
    assert counts(item) == (1, 1, second.id)
    api.as_(forum.owner).patch(f"conversations/{item.id}", patch("open", False))
    assert client.get(path(second)).data["meta"]["permissions"]["delete"] is False
    reply = client.delete(path(second))
    assert (reply.status, reply.code) == (403, 12)
    assert counts(item) == (1, 1, second.id)


def test_moderators_delete_and_may_repeat_it(api: ApiClient, member: Person, moderator: Person, item: Item) -> None:
    comment = say(member, item)
    for _ in range(2):
        assert api.as_(moderator).delete(path(comment)).status == 200
    assert counts(item) == (0, 0, None)
    assert comment_count(member) == 0
    assert Change.objects.filter(kind="comment.deleted").count() == 1
    assert api.as_(moderator).delete("comments/999999999").status == 404


def test_hiding_an_item_takes_its_comments_out_of_the_microcosm(
    api: ApiClient, forum: Forum, member: Person, moderator: Person, item: Item
) -> None:
    comment = say(member, item)
    client = api.as_(moderator)
    client.patch(f"conversations/{item.id}", patch("moderated", True))
    assert counts(item) == (1, 0, comment.id)
    client.delete(path(comment))
    client.post("comments", on(item, "Among ourselves"))
    assert counts(item)[:2] == (1, 0)
    client.patch(f"conversations/{item.id}", patch("moderated", False))
    assert counts(item)[:2] == (1, 1)


def test_what_somebody_wrote_stays_when_they_are_erased_to_nobody(
    api: ApiClient, forum: Forum, member: Person, item: Item
) -> None:
    comment = describe(member)
    home = member.profile
    assert api.get(path(comment)).status == 200
    Comment.objects.filter(id=comment.id).delete()
    home.delete()
    assert api.get(path(comment)).status == 404


def test_options_and_other_verbs(api: ApiClient, member: Person, item: Item) -> None:
    comment = say(member, item)
    assert api.options("comments").headers["Allow"] == "OPTIONS,POST"
    assert api.options(path(comment)).headers["Allow"] == "OPTIONS,GET,HEAD,PUT,PATCH,DELETE"
    assert api.get("comments").status == 405
    assert api.post(path(comment), {}).status == 405

"""Jumps to comments (contract B 7)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from apps.core.clock import set_clock
from apps.items.models import Item
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from apps.updates.models import Ignore
from tests.client import ApiClient
from tests.content import closed_to_all_but, place_in, say, start
from tests.factories import Forum, Person

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def member(forum: Forum) -> Person:
    """Somebody who has read nothing since long ago."""
    person = forum.member("anna")
    Profile.objects.filter(id=person.id).update(read_all_at=DAY - timedelta(days=1))
    return person


@pytest.fixture
def other(forum: Forum) -> Person:
    """Somebody else."""
    return forum.member("bert")


@pytest.fixture
def item(forum: Forum) -> Item:
    """A conversation of the site's owner."""
    set_clock(frozen=DAY - timedelta(hours=1))
    return start(forum.owner, place_in(forum))


def talk(person: Person, item: Item, *, number: int) -> list[int]:
    """Comments a minute apart; their ids."""
    ids = []
    for minute in range(number):
        set_clock(frozen=DAY + timedelta(minutes=minute))
        ids.append(say(person, item).id)
    return ids


def jump(api: ApiClient, path: str) -> str:
    """Where a jump leads, without the prefix of the API."""
    reply = api.get(path)
    assert reply.status == 307, reply
    assert reply.data is None
    return reply.location.removeprefix("/api/v1/")


def test_newcomment_leads_to_the_first_unread_one(api: ApiClient, member: Person, other: Person, item: Item) -> None:
    ids = talk(other, item, number=12)
    base, client = f"conversations/{item.id}", api.as_(member)
    assert jump(client, f"{base}/newcomment") == f"{base}?comment_id={ids[0]}"
    client.get(f"{base}?limit=5")
    assert jump(client, f"{base}/newcomment") == f"{base}?comment_id={ids[5]}"
    assert jump(client, f"{base}/newcomment?limit=5") == f"{base}?comment_id={ids[5]}&limit=5&offset=5"
    client.get(base)
    assert jump(client, f"{base}/newcomment?limit=5") == f"{base}?comment_id={ids[11]}&limit=5&offset=10"


def test_newcomment_leads_guests_to_the_first_one(api: ApiClient, other: Person, item: Item) -> None:
    ids = talk(other, item, number=30)
    assert jump(api, f"conversations/{item.id}/newcomment") == f"conversations/{item.id}?comment_id={ids[0]}"


def test_lastcomment_leads_to_the_last_one_on_its_page(api: ApiClient, other: Person, item: Item) -> None:
    ids = talk(other, item, number=30)
    base = f"conversations/{item.id}"
    assert jump(api, f"{base}/lastcomment") == f"{base}?comment_id={ids[29]}&offset=25"
    assert jump(api, f"{base}/lastcomment?limit=10") == f"{base}?comment_id={ids[29]}&limit=10&offset=20"
    assert jump(api, f"{base}/lastcomment?limit=50") == f"{base}?comment_id={ids[29]}&limit=50"


@pytest.mark.parametrize("jump_name", ["newcomment", "lastcomment"])
def test_without_comments_both_lead_to_the_item(api: ApiClient, member: Person, item: Item, jump_name: str) -> None:
    base = f"conversations/{item.id}"
    say(member, item, is_deleted=True)
    assert jump(api.as_(member), f"{base}/{jump_name}") == base
    assert jump(api.as_(member), f"{base}/{jump_name}?limit=50") == f"{base}?limit=50"


def test_other_parameters_are_carried_along_sorted_and_the_token_is_not(
    api: ApiClient, member: Person, other: Person, item: Item
) -> None:
    ids = talk(other, item, number=7)
    base = f"conversations/{item.id}"
    query = f"unknown=z&limit=5&access_token={member.token}&cachebuster=1&comment_id=5&offset=20"
    assert (
        jump(replace(api, checked=False), f"{base}/lastcomment?{query}")
        == f"{base}?cachebuster=1&comment_id={ids[6]}&limit=5&offset=5&unknown=z"
    )


def test_jumps_pass_over_hidden_and_ignored_comments(
    api: ApiClient, member: Person, other: Person, item: Item, forum: Forum
) -> None:
    talk(other, item, number=6)
    mine = say(forum.owner, item).id
    say(forum.owner, item, is_moderated=True)
    say(other, item)
    Ignore.objects.create(profile=member.profile, kind=ItemType.PROFILE, target_profile=other.profile)
    base = f"conversations/{item.id}"
    for name in ("newcomment", "lastcomment"):
        assert jump(api.as_(member), f"{base}/{name}?limit=5") == f"{base}?comment_id={mine}&limit=5"


def test_incontext_leads_to_the_page_of_the_comment(api: ApiClient, member: Person, other: Person, item: Item) -> None:
    ids = talk(other, item, number=30)
    base = f"conversations/{item.id}"
    assert jump(api, f"comments/{ids[0]}/incontext") == f"{base}?comment_id={ids[0]}"
    assert jump(api, f"comments/{ids[29]}/incontext") == f"{base}?comment_id={ids[29]}&offset=25"
    assert jump(api, f"comments/{ids[0]}/incontext?limit=10") == f"{base}?comment_id={ids[0]}&limit=10"
    assert jump(api, f"comments/{ids[29]}/incontext?limit=10") == f"{base}?comment_id={ids[29]}&limit=10&offset=20"
    assert jump(api, f"comments/{ids[29]}/incontext?unknown=1") == f"{base}?comment_id={ids[29]}&offset=25"


def test_where_a_jump_leads_shows_the_comment(api: ApiClient, other: Person, item: Item) -> None:
    talk(other, item, number=30)
    target = api.get(f"conversations/{item.id}/lastcomment").location
    page = api.get(target).data["comments"]
    links = {link["rel"]: link["href"] for link in page["links"]}
    assert links["self"] == target
    wanted = dict(parse_qsl(urlsplit(target).query))["comment_id"]
    assert wanted in [str(comment["id"]) for comment in page["items"]]
    assert "comment_id=" in links["prev"]


def test_A2_jumps_into_what_is_hidden_are_missing(
    api: ApiClient, forum: Forum, member: Person, other: Person, item: Item
) -> None:
    private = place_in(forum)
    closed_to_all_but(private, forum.owner)
    secret = start(forum.owner, private)
    comment = say(forum.owner, secret)
    gone = start(forum.owner, forum.root, is_deleted=True)
    for person in (None, member):
        client = api.as_(person)
        for name in ("newcomment", "lastcomment"):
            for id in (secret.id, gone.id, 999999999):
                assert client.get(f"conversations/{id}/{name}").status == 404
        assert client.get(f"comments/{comment.id}/incontext").status == 404
    assert api.as_(forum.owner).get(f"conversations/{secret.id}/newcomment").status == 307


@pytest.mark.parametrize("query", ["limit=7", "limit=x"])
def test_a_bad_limit_is_refused(api: ApiClient, item: Item, query: str) -> None:
    assert api.get(f"conversations/{item.id}/newcomment?{query}").status == 400
    assert api.get(f"conversations/{item.id}/lastcomment?{query}").status == 400


def test_head_and_options(api: ApiClient, member: Person, item: Item) -> None:
    comment = say(member, item)
    for path in (
        f"conversations/{item.id}/newcomment",
        f"conversations/{item.id}/lastcomment",
        f"comments/{comment.id}/incontext",
    ):
        assert api.head(path).status == 307
        assert api.options(path).headers["Allow"] == "OPTIONS,GET,HEAD"
        assert api.post(path, {}).status == 405

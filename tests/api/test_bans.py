"""Bans (docs/api/bans.md)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.services import create_operator
from apps.core.models import Change
from apps.permissions.models import Ban
from apps.permissions.services import OwnerNotBannable, ban_user
from tests.client import ApiClient
from tests.factories import Forum, Person
from tests.fingerprint import fingerprint
from tests.queries import count_statements
from tests.trees import make_moderator

pytestmark = pytest.mark.django_db

PREFER = {"Prefer": "return=representation"}


@pytest.fixture
def owner(api: ApiClient, forum: Forum) -> ApiClient:
    """A client that speaks for the owner of the site."""
    return api.as_(forum.owner)


@pytest.fixture
def member(forum: Forum) -> Person:
    """Somebody to ban."""
    return forum.member("Mordred")


def in_the(future: timedelta) -> str:
    """A moment from now, as the wire writes it."""
    return (datetime.now(UTC) + future).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_ban_takes_effect_on_the_next_request_and_so_does_its_end(
    api: ApiClient, owner: ApiClient, member: Person
) -> None:
    """C3."""
    assert api.as_(member).get("permission").status == 200
    reply = owner.post("bans", {"profileId": member.id, "reason": "spam"})
    assert (reply.status, reply.location, reply.data) == (302, f"/api/v1/bans/{member.id}", None)
    refused = api.as_(member).get("permission")
    assert (refused.status, refused.code) == (403, 13)
    lifted = owner.delete(f"bans/{member.id}")
    assert (lifted.status, lifted.data) == (200, None)
    assert api.as_(member).get("permission").status == 200


def test_a_ban_says_whom_why_until_when_and_by_whom(owner: ApiClient, forum: Forum, member: Person) -> None:
    until = in_the(timedelta(days=2))
    reply = owner.post(
        "bans", {"profileId": member.id, "reason": "<b>spam</b> & more", "expires": until}, headers=PREFER
    )
    assert reply.status == 201
    data = reply.data
    assert list(data) == ["profile", "reason", "expires", "meta"]
    assert (data["profile"]["id"], data["profile"]["profileName"]) == (member.id, "Mordred")
    assert (data["reason"], data["expires"]) == ("spam &amp; more", until)
    assert data["meta"]["createdBy"]["id"] == forum.owner.id
    assert data["meta"]["links"] == [
        {"rel": "self", "href": f"/api/v1/bans/{member.id}"},
        {"rel": "profile", "href": f"/api/v1/profiles/{member.id}"},
    ]
    assert owner.get(f"bans/{member.id}").data == data


def test_a_ban_for_ever_has_no_end_and_a_reason_may_be_missing(owner: ApiClient, member: Person) -> None:
    owner.post("bans", {"profileId": member.id})
    data = owner.get(f"bans/{member.id}").data
    assert "expires" not in data
    assert data["reason"] == ""


def test_banning_again_replaces_reason_and_end(owner: ApiClient, member: Person) -> None:
    owner.post("bans", {"profileId": member.id, "reason": "first", "expires": in_the(timedelta(days=1))})
    owner.post("bans", {"profileId": member.id, "reason": "second"})
    assert Ban.objects.count() == 1
    data = owner.get(f"bans/{member.id}").data
    assert data["reason"] == "second"
    assert "expires" not in data


def test_a_ban_ends_by_itself(api: ApiClient, owner: ApiClient, member: Person) -> None:
    owner.post("bans", {"profileId": member.id, "expires": in_the(timedelta(hours=1))})
    assert api.as_(member).get("permission").status == 403
    Ban.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert api.as_(member).get("permission").status == 200
    assert owner.get(f"bans/{member.id}").status == 404
    assert owner.get("bans").data["bans"]["total"] == 0
    owner.post("bans", {"profileId": member.id})
    assert api.as_(member).get("permission").status == 403


def test_the_list_shows_the_newest_first_and_is_paged(owner: ApiClient, forum: Forum) -> None:
    people = [forum.member() for _ in range(7)]
    for person in people:
        owner.post("bans", {"profileId": person.id})
    page = owner.get("bans?limit=5").data["bans"]
    assert [ban["profile"]["id"] for ban in page["items"]] == [person.id for person in reversed(people[2:])]
    assert (page["total"], page["type"]) == (7, "/api/v1/bans")
    page = owner.get("bans?limit=5&offset=5").data["bans"]
    assert [ban["profile"]["id"] for ban in page["items"]] == [people[1].id, people[0].id]
    assert owner.get("bans?limit=5&offset=10").status == 400


def test_a_list_of_nobody_is_empty(owner: ApiClient) -> None:
    data = owner.get("bans").data
    assert data["bans"]["items"] == []
    assert data["bans"]["total"] == 0
    assert data["meta"] == {}


def test_a_ban_whose_author_is_unknown_is_shown_all_the_same(owner: ApiClient, forum: Forum, member: Person) -> None:
    Ban.objects.create(site=forum.site, user_id=member.profile.user_id)
    assert owner.get(f"bans/{member.id}").data["meta"]["createdBy"]["id"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"profileId": 0},
        {"profileId": "1"},
        {"profileId": True},
        {"profileId": 2**63},
        {"profileId": 1, "reason": 5},
        {"profileId": 1, "expires": "tomorrow"},
        {"profileId": 1, "expires": 5},
        {"profileId": 1, "expires": "9999-12-31T23:59:59-23:59"},
        {"profileId": 1, "expires": "0001-01-01T00:00:00+23:59"},
        [],
    ],
)
def test_a_bad_ban_is_refused(owner: ApiClient, member: Person, body: Any) -> None:
    if isinstance(body, dict) and body.get("profileId") == 1 and body["profileId"] is not True:
        body = body | {"profileId": member.id}
    before = fingerprint()
    reply = owner.post("bans", body)
    assert reply.status == 400, reply
    assert reply.code in (3, 4)
    assert fingerprint() == before


def test_an_end_in_the_past_and_a_reason_too_long_are_refused(owner: ApiClient, member: Person) -> None:
    before = fingerprint()
    for more in ({"expires": in_the(timedelta(seconds=-5))}, {"reason": "x" * 201}):
        reply = owner.post("bans", {"profileId": member.id, **more})
        assert (reply.status, reply.code) == (400, 4)
    assert fingerprint() == before
    assert owner.post("bans", {"profileId": member.id, "reason": "&" * 200}).status == 302


def test_the_owner_of_the_site_cannot_be_banned(owner: ApiClient, forum: Forum) -> None:
    before = fingerprint()
    reply = owner.post("bans", {"profileId": forum.owner.id})
    assert (reply.status, reply.code) == (400, 4)
    with pytest.raises(OwnerNotBannable):
        ban_user(actor_id=None, site_id=forum.site.id, profile_id=forum.owner.id)
    assert fingerprint() == before


def test_a7_only_the_owner_of_the_site_reads_and_writes_bans(api: ApiClient, forum: Forum, member: Person) -> None:
    moderator = forum.member()
    make_moderator(forum.root, moderator)
    victim = forum.member()
    Ban.objects.create(site=forum.site, user_id=victim.profile.user_id)
    before = fingerprint()
    for person, code in ((None, 5), (member, 8), (moderator, 8)):
        asking = api.as_(person)
        for reply in (
            asking.get("bans"),
            asking.post("bans", {"profileId": member.id}),
            asking.get(f"bans/{victim.id}"),
            asking.get("bans/999999999"),
            asking.delete(f"bans/{victim.id}"),
        ):
            assert (reply.status, reply.code) == (403, code)
    assert fingerprint() == before


def test_t1_a_site_neither_bans_nor_shows_people_of_another(
    api: ApiClient, owner: ApiClient, forum: Forum, other_forum: Forum
) -> None:
    stranger = other_forum.member()
    Ban.objects.create(site=other_forum.site, user_id=stranger.profile.user_id)
    before = fingerprint()
    assert owner.post("bans", {"profileId": stranger.id}).status == 404
    missing = owner.get("bans/999999999")
    assert missing.status == 404
    assert owner.get(f"bans/{stranger.id}").content == missing.content
    assert owner.delete(f"bans/{stranger.id}").status == 404
    assert owner.get("bans").data["bans"]["total"] == 0
    assert fingerprint() == before
    assert api.as_(stranger).get("permission").status == 200


def test_lifting_a_ban_that_is_not_there_is_no_error(owner: ApiClient, member: Person) -> None:
    before = fingerprint()
    assert owner.delete(f"bans/{member.id}").status == 200
    assert fingerprint() == before
    assert owner.delete("bans/999999999").status == 404


def test_bans_are_in_the_log(owner: ApiClient, forum: Forum, member: Person) -> None:
    owner.post("bans", {"profileId": member.id})
    owner.delete(f"bans/{member.id}")
    changes = Change.objects.filter(kind__in=["profile.banned", "profile.unbanned"]).order_by("id")
    assert [(change.kind, change.ids, change.actor_id) for change in changes] == [
        ("profile.banned", {"profile_id": member.id}, forum.owner.id),
        ("profile.unbanned", {"profile_id": member.id}, forum.owner.id),
    ]


def test_a_page_takes_one_statement_beside_the_door(owner: ApiClient, forum: Forum) -> None:
    for person in [forum.member() for _ in range(4)]:
        owner.post("bans", {"profileId": person.id})
    with count_statements() as statements:
        owner.get("bans")
    assert len(statements) == 2


# --- The admin site --------------------------------------------------------------------------


@pytest.fixture
def operator(root_forum: Forum) -> Client:
    """An operator's browser."""
    create_operator(email="operator@example.org", password="a long pass phrase")
    browser = Client(headers={"host": root_forum.host})
    browser.post("/admin/login/", {"username": "operator@example.org", "password": "a long pass phrase"})
    return browser


def test_an_operator_bans_and_lifts_by_the_same_rules(
    operator: Client, api: ApiClient, forum: Forum, other_forum: Forum, member: Person
) -> None:
    form = {
        "site": forum.site.id,
        "profile_id": member.id,
        "reason": "<i>spam</i>",
        "expires_at_0": "",
        "expires_at_1": "",
    }
    for wrong in ({"profile_id": forum.owner.id}, {"profile_id": other_forum.member().id}, {"reason": "x" * 201}):
        assert operator.post("/admin/permissions/ban/add/", form | wrong).status_code == 200
        assert not Ban.objects.exists()
    assert operator.post("/admin/permissions/ban/add/", form).status_code == 302
    ban = Ban.objects.get()
    assert (ban.user_id, ban.reason) == (member.profile.user_id, "spam")
    assert api.as_(member).get("permission").status == 403
    assert operator.get(f"/admin/permissions/ban/{ban.id}/change/").status_code == 200
    assert operator.post(f"/admin/permissions/ban/{ban.id}/delete/", {"post": "yes"}).status_code == 302
    assert api.as_(member).get("permission").status == 200
    assert [change.kind for change in Change.objects.filter(kind__startswith="profile.").order_by("id")][-2:] == [
        "profile.banned",
        "profile.unbanned",
    ]

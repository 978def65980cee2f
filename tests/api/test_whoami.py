"""`GET /whoami` (contract A 14), and what the first requests of somebody do (A 9.2, 23.7)."""

from datetime import timedelta

import pytest

from apps.accounts.services import issue_token
from apps.core.clock import now, set_clock
from apps.core.models import Change
from apps.profiles.models import Profile, ProfileAttribute, ProfileOptions
from tests.client import ApiClient
from tests.factories import Forum, Person, ban, make_user
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db


def test_a_member_sees_the_own_profile(api: ApiClient, forum: Forum) -> None:
    member = forum.member("Zoe")
    profile = member.profile
    reply = api.as_(member).get("whoami")
    assert reply.status == 200
    assert list(reply.data) == [
        "id", "siteId", "userId", "email", "profileName", "visible", "styleId", "itemCount", "commentCount",
        "profileComment", "created", "lastActive", "avatar", "meta",
    ]  # fmt: skip
    assert reply.data["id"] == profile.id
    assert reply.data["siteId"] == forum.site.id
    assert reply.data["email"] == profile.user.email
    assert reply.data["profileName"] == "Zoe"
    assert reply.data["meta"] == {
        "flags": {},
        "stats": [{"metric": "unreadHuddles", "value": 0}],
        "links": [
            {"rel": "self", "href": f"/api/v1/profiles/{profile.id}"},
            {"rel": "site", "href": f"/api/v1/sites/{forum.site.id}"},
        ],
        "permissions": {
            "create": True, "read": True, "update": True, "delete": False, "closeOwn": False, "openOwn": False,
            "readOthers": False, "guest": False, "banned": False, "owner": True, "moderator": False,
            "siteOwner": False,
        },
    }  # fmt: skip
    assert reply.headers["Cache-Control"] == "private, no-cache, max-age=0"


@pytest.mark.parametrize("case", ["GET_whoami_member", "GET_final-whoami_owner", "GET_whoami_banned"])
def test_the_answer_has_the_recorded_shape(api: ApiClient, forum: Forum, case: str) -> None:
    person = forum.owner if case.endswith("owner") else forum.member()
    if case.endswith("banned"):
        ban(forum.site, person)
    theirs = recorded("whoami", case)
    ours = api.as_(person).get("whoami").data
    assert_same_shape(ours, theirs)
    assert ours["meta"]["permissions"] == theirs["meta"]["permissions"]


def test_huddles_that_are_unread_are_counted(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    Profile.objects.filter(id=member.id).update(unread_huddle_count=7)
    assert api.as_(member).get("whoami").data["meta"]["stats"] == [{"metric": "unreadHuddles", "value": 7}]


def test_the_mark_of_a_member_is_shown_when_true(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    assert "member" not in api.as_(member).get("whoami").data
    mark = ProfileAttribute.objects.create(profile=member.profile, key="is_member", bool_value=False)
    assert "member" not in api.as_(member).get("whoami").data
    mark.bool_value = True
    mark.save()
    assert api.as_(member).get("whoami").data["member"] is True


def test_guests_are_refused(api: ApiClient) -> None:
    reply = api.get("whoami")
    assert (reply.status, reply.code) == (403, 5)
    assert api.head("whoami").status == 403


def test_a_bad_token_is_401(api: ApiClient) -> None:
    for token in ("x" * 128, "short"):
        reply = api.get("whoami", headers={"Authorization": f"Bearer {token}"})
        assert (reply.status, reply.code) == (401, 7)


def test_a_banned_member_learns_of_the_ban(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    ban(forum.site, member)
    reply = api.as_(member).get("whoami")
    assert reply.status == 200
    assert reply.data["email"] == member.profile.user.email
    permissions = reply.data["meta"]["permissions"]
    assert {name for name, value in permissions.items() if value} == {"read", "banned"}


def test_head_has_no_body_and_the_length_of_get(api: ApiClient, forum: Forum) -> None:
    as_member = api.as_(forum.member())
    get, head = as_member.get("whoami"), as_member.head("whoami")
    assert head.status == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_options_name_the_verbs(api: ApiClient) -> None:
    reply = api.options("whoami")
    assert (reply.status, reply.headers["Allow"], reply.content) == (200, "OPTIONS,GET,HEAD", b"")


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_verbs_are_405(api: ApiClient, forum: Forum, verb: str) -> None:
    assert api.as_(forum.owner).request(verb, "whoami").status == 405


def test_get_by_override_works(api: ApiClient, forum: Forum) -> None:
    assert api.as_(forum.member()).post("whoami?method=GET").status == 200


def test_it_works_on_the_root_site(api: ApiClient, forum: Forum, root_forum: Forum) -> None:
    member = forum.member()
    reply = api.as_(member).at(root_forum.host).get("whoami")
    assert reply.status == 200
    assert reply.data["siteId"] == root_forum.site.id
    assert reply.data["id"] != member.id
    assert reply.data["userId"] == member.profile.user_id
    assert api.at(root_forum.host).get("whoami").status == 403


def test_it_takes_two_statements(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    api.options("whoami")  # The site of a host is remembered.
    with count_statements() as statements:
        assert api.as_(member).get("whoami").status == 200
    assert len(statements) == 2, statements


# --- The first request, and being here ---------------------------------------------------------


def test_the_first_request_on_a_site_makes_a_profile(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    member = forum.member("Zoe")
    reply = api.as_(member).at(other_forum.host).get("whoami")
    assert reply.status == 200
    profile = Profile.objects.get(site=other_forum.site, user=member.profile.user)
    assert reply.data["id"] == profile.id
    assert profile.name == f"user{member.profile.user_id}"
    assert profile.is_visible
    assert profile.avatar_url == ""
    options = ProfileOptions.objects.get(profile=profile)
    assert (options.send_email, options.send_sms) == (True, False)
    change = Change.objects.get(site_id=other_forum.site.id, kind="profile.created", actor_id=profile.id)
    assert change.ids == {"profile_id": profile.id}


def test_a_new_profile_takes_the_mail_options_of_the_site(api: ApiClient, forum: Forum) -> None:
    forum.site.send_email, forum.site.send_sms = False, True
    forum.site.save()
    token = issue_token(user=make_user(), client=None)
    reply = api.get("profiles/options", headers={"Authorization": f"Bearer {token}"})
    assert (reply.data["sendEmail"], reply.data["sendSMS"]) == (False, True)


def test_a_suggested_name_that_is_taken_is_passed_over(api: ApiClient, forum: Forum) -> None:
    user = make_user()
    forum.member(f"USER{user.id}")
    forum.member(f"user{user.id}x1")
    token = issue_token(user=user, client=None)
    reply = api.get("whoami", headers={"Authorization": f"Bearer {token}"})
    assert reply.data["profileName"] == f"user{user.id}x2"


def last_active(person: Person) -> str:
    """The stored moment, in ISO form."""
    return Profile.objects.get(id=person.id).last_active_at.isoformat()


def test_being_here_is_noted_once_a_minute(api: ApiClient, forum: Forum) -> None:
    start = now()
    set_clock(frozen=start)
    member = forum.member()
    for seconds, noted in ((59, 0), (60, 60), (119, 60), (121, 121)):
        set_clock(frozen=start, shift=timedelta(seconds=seconds))
        assert api.as_(member).get("whoami").status == 200
        assert last_active(member) == (start + timedelta(seconds=noted)).isoformat()


def test_reads_of_others_do_not_count_as_being_here(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    before = last_active(member)
    set_clock(shift=timedelta(hours=1))
    api.as_(forum.owner).get(f"profiles/{member.id}")
    api.get(f"profiles/{member.id}")
    assert last_active(member) == before

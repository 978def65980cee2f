"""`profiles/options`: the caller's switches (contract A 23.5)."""

import pytest

from apps.profiles.models import ProfileOptions
from tests.client import ApiClient
from tests.factories import Forum, ban
from tests.fingerprint import fingerprint
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db
HREF = "/api/v1/profiles/options"


def test_a_member_reads_the_defaults(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    reply = api.as_(member).get("profiles/options")
    assert reply.status == 200
    assert reply.data == {
        "profileId": member.id,
        "showDOB": False,
        "showDOBYear": False,
        "sendEmail": True,
        "sendSMS": False,
        "isDiscouraged": False,
    }
    assert_same_shape(reply.data, recorded("profiles", "GET_profile-options_member"))


def test_options_that_are_missing_are_made(api: ApiClient, forum: Forum) -> None:
    ProfileOptions.objects.all().delete()
    forum.site.send_email = False
    forum.site.save()
    reply = api.as_(forum.owner).get("profiles/options")
    assert (reply.status, reply.data["sendEmail"]) == (200, False)
    assert ProfileOptions.objects.get().profile_id == forum.owner.id


def test_a_put_changes_what_it_names(api: ApiClient, forum: Forum) -> None:
    as_member = api.as_(forum.member())
    reply = as_member.put("profiles/options", {"showDOB": True, "sendEmail": False})
    assert (reply.status, reply.location, reply.data) == (302, HREF, None)
    after = as_member.follow(reply).data
    assert (after["showDOB"], after["showDOBYear"], after["sendEmail"], after["sendSMS"]) == (True, False, False, False)
    as_member.put("profiles/options", {"sendSMS": True})
    after = as_member.get("profiles/options").data
    assert (after["showDOB"], after["sendEmail"], after["sendSMS"]) == (True, False, True)
    as_member.put("profiles/options", {})
    assert as_member.get("profiles/options").data == after


def test_the_call_of_the_web_client(api: ApiClient, forum: Forum) -> None:
    as_member = api.as_(forum.member())
    reply = as_member.post("profiles/options?method=PUT", {"sendEmail": False, "sendSMS": True})
    after = as_member.follow(reply).data
    assert (after["sendEmail"], after["sendSMS"]) == (False, True)


def test_a_form_sets_flags(api: ApiClient, forum: Forum) -> None:
    as_member = api.as_(forum.member())
    assert as_member.put("profiles/options", form={"ShowDOB": "yes", "SendSMS": "on"}).status == 302
    after = as_member.get("profiles/options").data
    assert (after["showDOB"], after["sendSMS"], after["sendEmail"]) == (True, True, True)


def test_a6_nobody_changes_the_moderators_mark_or_somebody_else(api: ApiClient, forum: Forum) -> None:
    member, other = forum.member(), forum.member()
    ProfileOptions.objects.filter(profile=member.profile).update(is_discouraged=True)
    body = {"isDiscouraged": False, "profileId": other.id, "profile_id": other.id, "showDOB": True}
    assert api.as_(member).put("profiles/options", body).status == 302
    assert api.as_(member).get("profiles/options").data["isDiscouraged"] is True
    assert ProfileOptions.objects.get(profile=other.profile).show_dob is False
    assert ProfileOptions.objects.get(profile=member.profile).show_dob is True


def test_a_client_that_prefers_it_gets_the_options_back(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    reply = api.as_(member).put("profiles/options", {"sendSMS": True}, headers={"Prefer": "return=representation"})
    assert (reply.status, reply.location, reply.data["sendSMS"]) == (200, HREF, True)


@pytest.mark.parametrize(
    ("body", "code"), [({"sendEmail": "x"}, 3), ({"showDOB": 1}, 3), ({"sendSMS": []}, 3), ([], 3), ("x", 3)]
)
def test_wrong_types_are_refused(api: ApiClient, forum: Forum, body: object, code: int) -> None:
    member = forum.member()
    before = fingerprint()
    reply = api.as_(member).put("profiles/options", body)
    assert (reply.status, reply.code) == (400, code)
    assert fingerprint() == before


def test_guests_are_refused(api: ApiClient) -> None:
    before = fingerprint()
    for reply in (api.get("profiles/options"), api.put("profiles/options", {"sendSMS": True})):
        assert (reply.status, reply.code) == (403, 5)
    assert api.head("profiles/options").status == 403
    assert fingerprint() == before


def test_the_banned_are_refused(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    ban(forum.site, member)
    before = fingerprint()
    for reply in (api.as_(member).get("profiles/options"), api.as_(member).put("profiles/options", {"sendSMS": True})):
        assert (reply.status, reply.code) == (403, 13)
    assert fingerprint() == before


def test_t1_options_are_one_sites(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    member = forum.member()
    there = api.as_(member).at(other_forum.host)
    there.put("profiles/options", {"showDOB": True})
    assert there.get("profiles/options").data["showDOB"] is True
    assert api.as_(member).get("profiles/options").data["showDOB"] is False


def test_head_and_options(api: ApiClient, forum: Forum) -> None:
    assert api.as_(forum.member()).head("profiles/options").content == b""
    assert api.options("profiles/options").headers["Allow"] == "OPTIONS,GET,HEAD,PUT"
    assert api.as_(forum.owner).post("profiles/options", {}).status == 405
    assert api.as_(forum.owner).delete("profiles/options").status == 405


def test_the_root_site_has_no_options(api: ApiClient, root_forum: Forum) -> None:
    assert api.at(root_forum.host).as_(root_forum.owner).get("profiles/options").status == 404

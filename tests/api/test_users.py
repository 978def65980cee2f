"""`/users`, `/users/{id}` and `/users/batch` (contract A 13)."""

from typing import Any

import pytest

from apps.accounts.models import User
from apps.accounts.services import DELETED_EMAIL
from apps.core.clock import now
from apps.core.models import Change
from apps.permissions.models import Role
from apps.profiles.models import Profile, ProfileAttribute, ProfileOptions
from apps.sites.models import Site
from tests.client import ApiClient, Reply
from tests.factories import Forum, ban, make_user
from tests.fingerprint import fingerprint
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(api: ApiClient, forum: Forum) -> ApiClient:
    """The owner of the site."""
    return api.as_(forum.owner)


def send_csv(api: ApiClient, text: str | bytes, content_type: str = "text/csv") -> Reply:
    """A batch as CSV."""
    body = text if isinstance(text, bytes) else text.encode()
    return api.request("POST", "users/batch", body=body, content_type=content_type)


def members(forum: Forum) -> set[str]:
    """The addresses of the site's profiles that carry the mark."""
    marked = ProfileAttribute.objects.filter(profile__site=forum.site, key="is_member", bool_value=True)
    return set(marked.values_list("profile__user__email", flat=True))


# --- POST /users ---------------------------------------------------------------------------------


def test_new_people_come_back_in_order(owner: ApiClient, forum: Forum) -> None:
    reply = owner.post("users", [{"email": "b@new.org"}, {"email": "a@new.org"}])
    assert reply.status == 200
    assert_same_shape(reply.data, recorded("users", "POST_users_owner"))
    users = [User.objects.get(email=email) for email in ("b@new.org", "a@new.org")]
    profiles = [Profile.objects.get(site=forum.site, user=user) for user in users]
    assert [entry["id"] for entry in reply.data] == [profile.id for profile in profiles]
    assert [entry["profileName"] for entry in reply.data] == [f"user{user.id}" for user in users]
    for entry in reply.data:
        assert (entry["avatar"], entry["meta"], entry["profileComment"]) == ("", {"flags": {}}, None)
    assert not users[0].has_usable_password()
    assert users[0].email_confirmed_at is None
    assert ProfileOptions.objects.filter(profile__in=profiles, send_email=True).count() == 2
    changes = Change.objects.filter(
        site_id=forum.site.id, kind="profile.created", actor_id__in=[p.id for p in profiles]
    )
    assert sorted(change.ids["profile_id"] for change in changes) == sorted(profile.id for profile in profiles)


def test_people_who_are_here_come_back_whole(owner: ApiClient, forum: Forum) -> None:
    member = forum.member("Zoe")
    before = fingerprint()
    reply = owner.post("users", [{"email": member.profile.user.email}])
    assert fingerprint() == before
    (entry,) = reply.data
    assert (entry["id"], entry["profileName"], entry["email"]) == (member.id, "Zoe", member.profile.user.email)
    assert list(entry["meta"]) == ["flags", "links"]


def test_a_person_is_found_by_the_canonical_address(owner: ApiClient, forum: Forum, other_forum: Forum) -> None:
    elsewhere = make_user("bob.smith@gmail.com")
    reply = owner.post("users", [{"email": " BobSmith+x@googlemail.com "}, {"email": "b.obsmith@gmail.com"}])
    assert reply.status == 200
    assert [entry["userId"] for entry in reply.data] == [elsewhere.id] * 2
    assert Profile.objects.filter(user=elsewhere).get().site_id == forum.site.id
    assert User.objects.get(id=elsewhere.id).email == "bob.smith@gmail.com"


def test_other_keys_are_ignored(owner: ApiClient) -> None:
    body = [{"EMAIL": "x@new.org", "is_staff": True, "password": "secret", "state": "valid", "banned": True}]
    assert owner.post("users", body).status == 200
    user = User.objects.get(email="x@new.org")
    assert (user.is_staff, user.is_superuser, user.email_confirmed_at) == (False, False, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "x@new.org"}, 3),
        ("x", 3),
        (5, 3),
        ([5], 3),
        ([[]], 3),
        ([{}], 4),
        ([{"email": ""}], 4),
        ([{"email": None}], 4),
        ([{"email": 5}], 3),
        ([{"email": "x@new.org", "userId": 5}], 4),
        ([{"email": "x@new.org", "created": "2020-01-01T00:00:00Z"}], 4),
        ([{"email": "x@new.org"}] * 501, 4),
    ],
)
def test_errors_of_the_body_come_before_the_permission(api: ApiClient, forum: Forum, body: Any, code: int) -> None:
    member = forum.member()
    before = fingerprint()
    for person in (None, member, forum.owner):
        reply = api.as_(person).post("users", body)
        assert (reply.status, reply.code) == (400, code)
    assert fingerprint() == before


@pytest.mark.parametrize(
    "email",
    ["notanemail", "a@b", "a b@c.org", "<a@b.org>", "a@b.org,c@d.org", "x" * 250 + "@y.org", "+x@y.org", DELETED_EMAIL],
)
def test_a_bad_address_makes_nobody(owner: ApiClient, email: str) -> None:
    before = fingerprint()
    reply = owner.post("users", [{"email": "good@new.org"}, {"email": email}])
    assert (reply.status, reply.code) == (400, 4)
    assert fingerprint() == before


def test_nobody_is_nobody(owner: ApiClient) -> None:
    assert owner.post("users", []).data == []


@pytest.mark.parametrize("path", ["users", "users/batch"])
def test_a7_only_the_site_owner_adds_people(api: ApiClient, forum: Forum, path: str) -> None:
    member, banned = forum.member(), forum.member()
    ban(forum.site, banned)
    before = fingerprint()
    for person, code in ((None, 5), (member, 8), (banned, 13)):
        reply = api.as_(person).post(path, [{"email": "new@new.org", "isMember": True}])
        assert (reply.status, reply.code) == (403, code)
    assert fingerprint() == before


def test_a7_who_has_handed_the_site_on_administers_it_no_more(api: ApiClient, forum: Forum) -> None:
    """A 13.1, A 22.1, A 31.1: these look at the owner alone, permissions at the creator too."""
    heir, member = forum.member(), forum.member()
    Site.objects.filter(id=forum.site.id).update(owner=heir.profile.user_id)
    role = Role.objects.filter(microcosm=forum.root).first()
    assert role is not None
    mark = [{"op": "replace", "path": "/member", "value": True}]
    calls: list[tuple[str, str, Any]] = [
        ("POST", "users", [{"email": "new@new.org"}]),
        ("POST", "users/batch", [{"email": "new@new.org", "isMember": True}]),
        ("GET", "roles", None),
        ("POST", "roles", {"title": "Mine", "read": True}),
        ("GET", f"roles/{role.id}", None),
        ("PUT", f"roles/{role.id}", {"title": "Mine"}),
        ("GET", f"roles/{role.id}/members", None),
        ("POST", f"roles/{role.id}/criteria", {"profileColumn": "id", "predicate": "gt", "value": 0}),
        ("PATCH", f"profiles/{member.id}", mark),
        ("PUT", f"profiles/{member.id}/attributes/is_member", {"value": True}),
        ("GET", "bans", None),
        ("POST", "bans", {"profileId": member.id}),
        ("DELETE", f"roles/{role.id}", None),
    ]
    creator, owner = api.as_(forum.owner), api.as_(heir)
    before = fingerprint()
    for verb, path, body in calls:
        reply = creator.request(verb, path, json=body)
        assert (reply.status, reply.code) == (403, 8), (verb, path)
    assert fingerprint() == before
    for verb, path, body in calls:
        assert owner.request(verb, path, json=body).status in (200, 302), (verb, path)
    # By permission they are an owner still.
    assert creator.get("permission?itemType=site").data["siteOwner"]
    assert creator.get(f"profiles/{member.id}").data["email"] == member.profile.user.email
    assert creator.put(f"site/{forum.site.id}/attributes/a", {"value": 1}).status == 302


def test_t1_the_owner_of_another_site_adds_nobody(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    as_stranger = api.as_(other_forum.owner)
    as_stranger.get("whoami")
    before = fingerprint()
    for path in ("users", "users/batch"):
        reply = as_stranger.post(path, [{"email": "new@new.org", "isMember": True}])
        assert (reply.status, reply.code) == (403, 8)
    assert fingerprint() == before


def test_many_people_take_few_statements(owner: ApiClient) -> None:
    with count_statements() as statements:
        reply = owner.post("users", [{"email": f"person{index}@many.org"} for index in range(200)])
    assert reply.status == 200
    assert len({entry["id"] for entry in reply.data}) == 200
    assert len(statements) < 25, len(statements)


@pytest.mark.parametrize("path", ["users", "users/batch"])
def test_other_verbs_are_405(api: ApiClient, owner: ApiClient, path: str) -> None:
    assert api.options(path).headers["Allow"] == "OPTIONS,POST"
    for verb in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
        for client in (api, owner):
            assert client.request(verb, path).status == 405


# --- GET /users/{id} -----------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["self", "owner"])
def test_a_record_is_for_the_user_and_the_site_owner(api: ApiClient, forum: Forum, who: str) -> None:
    member = forum.member()
    user = member.profile.user
    reply = api.as_(member if who == "self" else forum.owner).get(f"users/{user.id}")
    assert reply.status == 200
    assert {key: value for key, value in reply.data.items() if key != "created"} == {
        "userId": user.id,
        "email": user.email,
        "state": "email_confirm",
        "canonicalEmail": user.canonical_email,
        "meta": {"links": [{"rel": "self", "href": f"/api/v1/users/{user.id}"}]},
    }


def test_what_is_known_of_a_user_comes_as_plain_values(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    User.objects.filter(id=member.profile.user_id).update(
        gender="f", language="en-gb", birth_day=1, birth_month=2, birth_year=1990, email_confirmed_at=now()
    )
    ban(forum.site, member)
    data = api.as_(forum.owner).get(f"users/{member.profile.user_id}").data
    theirs = recorded("users", "GET_user_owner")
    assert set(theirs) | {"banned"} == set(data)
    assert data["gender"] == "f"
    assert data["language"] == "en-gb"
    assert (data["dobDay"], data["dobMonth"], data["dobYear"]) == (1, 2, 1990)
    assert data["state"] == "valid"
    assert data["banned"] is True
    # The reference leaks its nullable types there; the rest has the recorded types.
    leaks = {"gender", "state", "dobDay", "dobMonth", "dobYear"}
    common = set(theirs) - leaks
    assert_same_shape({key: data[key] for key in common}, {key: theirs[key] for key in common})


def test_a_record_has_the_keys_of_a_plain_user(api: ApiClient, forum: Forum) -> None:
    data = api.as_(forum.owner).get(f"users/{forum.member().profile.user_id}").data
    assert list(data) == ["userId", "email", "created", "state", "canonicalEmail", "meta"]


def test_guests_are_refused(api: ApiClient, forum: Forum) -> None:
    for user_id in (forum.owner.profile.user_id, 99999999):
        reply = api.get(f"users/{user_id}")
        assert (reply.status, reply.code) == (403, 5)
        assert api.head(f"users/{user_id}").status == 403


def test_a8_other_records_are_missing(api: ApiClient, forum: Forum) -> None:
    member, stranger = forum.member(), forum.member()
    missing = api.as_(stranger).get("users/99999999")
    hidden = api.as_(stranger).get(f"users/{member.profile.user_id}")
    assert missing.status == hidden.status == 404
    assert missing.content == hidden.content
    assert api.as_(stranger).get(f"users/{forum.owner.profile.user_id}").status == 404
    assert api.as_(forum.owner).get("users/99999999").status == 404
    assert api.as_(forum.owner).get("users/0").status == 404
    assert api.as_(forum.owner).get("users/99999999999999999999").status == 400


def test_t1_users_without_a_profile_here_are_missing(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    stranger = other_forum.member()
    assert api.as_(forum.owner).get(f"users/{stranger.profile.user_id}").status == 404
    elsewhere = api.as_(forum.owner).at(other_forum.host)
    assert elsewhere.get(f"users/{stranger.profile.user_id}").status == 404
    assert elsewhere.get(f"users/{forum.owner.profile.user_id}").status == 200


def test_the_banned_may_not_read_their_record(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    ban(forum.site, member)
    reply = api.as_(member).get(f"users/{member.profile.user_id}")
    assert (reply.status, reply.code) == (403, 13)


def test_a_ban_on_another_site_is_not_told(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    member = forum.member()
    ban(other_forum.site, member)
    assert "banned" not in api.as_(forum.owner).get(f"users/{member.profile.user_id}").data


def test_verbs_of_a_user(api: ApiClient, owner: ApiClient, forum: Forum) -> None:
    path = f"users/{forum.owner.profile.user_id}"
    assert owner.head(path).content == b""
    assert api.options(path).headers["Allow"] == "OPTIONS,GET,HEAD"
    for verb in ("POST", "PUT", "PATCH", "DELETE"):
        assert owner.request(verb, path).status == 405


def test_a_record_is_one_statement(owner: ApiClient, forum: Forum) -> None:
    owner.options("users")
    with count_statements() as statements:
        owner.get(f"users/{forum.owner.profile.user_id}")
    assert len(statements) == 2, statements


# --- POST /users/batch ---------------------------------------------------------------------------


def test_a_json_batch_makes_people_and_marks(owner: ApiClient, forum: Forum) -> None:
    old = forum.member()
    ProfileAttribute.objects.create(profile=old.profile, key="is_member", bool_value=True)
    body = [
        {"email": "in@new.org", "isMember": True},
        {"email": "out@new.org", "isMember": False},
        {"email": old.profile.user.email, "isMember": False},
    ]
    reply = owner.post("users/batch", body)
    assert (reply.status, reply.data) == (200, None)
    assert members(forum) == {"in@new.org"}
    user = User.objects.get(email="out@new.org")
    assert Profile.objects.get(site=forum.site, user=user).name == f"user{user.id}"
    edited = Change.objects.filter(site_id=forum.site.id, kind="profile.edited")
    gained = Profile.objects.get(user__email="in@new.org")
    assert {change.ids["profile_id"] for change in edited} == {gained.id, old.id}
    assert {change.actor_id for change in edited} == {forum.owner.id}


def test_a_batch_twice_changes_nothing_more(owner: ApiClient) -> None:
    body = [{"email": "in@new.org", "isMember": True}, {"email": "out@new.org", "isMember": False}]
    owner.post("users/batch", body)
    before = fingerprint()
    assert owner.post("users/batch", body).status == 200
    assert fingerprint() == before


def test_a_mark_that_says_false_becomes_true(owner: ApiClient, forum: Forum) -> None:
    member = forum.member()
    ProfileAttribute.objects.create(profile=member.profile, key="is_member", bool_value=False)
    owner.post("users/batch", [{"email": member.profile.user.email, "isMember": True}])
    assert members(forum) == {member.profile.user.email}


def test_the_last_row_about_a_person_counts(owner: ApiClient, forum: Forum) -> None:
    rows = [("a.b@gmail.com", True), ("c@new.org", False), ("AB+x@googlemail.com", False), ("C@new.org", True)]
    body = [{"email": email, "isMember": is_member} for email, is_member in rows]
    assert owner.post("users/batch", body).status == 200
    assert User.objects.filter(canonical_email="ab@gmail.com").count() == 1
    assert {email.lower() for email in members(forum)} == {"c@new.org"}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_csv_batch(owner: ApiClient, forum: Forum, newline: str) -> None:
    lines = [
        "one@new.org,1",
        "Two Tea <two@new.org>,T",
        '"""Tea, Three"" <three@new.org>",f',
        "four@new.org,0",
        "",
        ",1",
        "x@new.org,",
    ]
    reply = send_csv(owner, newline.join(lines) + newline)
    assert (reply.status, reply.data) == (200, None)
    assert members(forum) == {"one@new.org", "two@new.org"}
    assert User.objects.filter(email__endswith="@new.org").count() == 4


@pytest.mark.parametrize("word", ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"])
def test_csv_bools(owner: ApiClient, forum: Forum, word: str) -> None:
    assert send_csv(owner, f"one@new.org,{word},further,fields").status == 200
    assert members(forum) == ({"one@new.org"} if word in ("1", "t", "T", "TRUE", "true", "True") else set())


def test_csv_may_have_a_mark_of_order_and_a_charset(owner: ApiClient, forum: Forum) -> None:
    assert send_csv(owner, "\ufeffone@new.org,1", "Text/CSV; charset=utf-8").status == 200
    assert members(forum) == {"one@new.org"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("\n\n", 4),
        (",\n,", 4),
        ("justone\n", 2),
        ("a@new.org,1\nb@new.org,1,x\n", 2),
        ('a@new.org,"1\n', 2),
        (b"a\xff@new.org,1", 2),
        ("a\0@new.org,1", 4),
        ("nope,1", 4),
        ("a@new.org,yes", 3),
        ("a@new.org,2", 3),
        ("a@new.org, 1", 3),
        ("a@new.org b@new.org,1", 4),
        ('"a@new.org,b@new.org",1', 4),
        ("good@new.org,1\nnope,1", 4),
        ("x" * 200_000 + ",1", 2),
        ("a@new.org,1\n" * 5001, 4),
    ],
)
def test_bad_csv_changes_nothing(owner: ApiClient, text: str | bytes, code: int) -> None:
    before = fingerprint()
    reply = send_csv(owner, text)
    assert (reply.status, reply.code) == (400, code)
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], 4),
        ({}, 3),
        ({"email": "a@new.org", "isMember": True}, 3),
        ([{"email": "a@new.org"}], 4),
        ([{"isMember": True}], 4),
        ([{"email": "", "isMember": True}], 4),
        ([{"email": "a@new.org", "isMember": "1"}], 3),
        ([{"email": "a@new.org", "isMember": 1}], 3),
        ([{"email": "good@new.org", "isMember": True}, {"email": "nope", "isMember": True}], 4),
        ([{"email": "A <a@new.org>", "isMember": True}], 4),
        ([{"email": "a@new.org", "isMember": True}] * 5001, 4),
    ],
)
def test_a_bad_json_batch_changes_nothing(owner: ApiClient, body: Any, code: int) -> None:
    before = fingerprint()
    reply = owner.post("users/batch", body)
    assert (reply.status, reply.code) == (400, code)
    assert fingerprint() == before


def test_an_empty_batch_is_refused(owner: ApiClient) -> None:
    for content_type in ("text/csv", "application/json"):
        assert owner.request("POST", "users/batch", body=b"", content_type=content_type).status == 400


def test_other_types_are_refused(owner: ApiClient) -> None:
    for content_type, code in (("text/plain", 1), ("multipart/form-data", 1), ("", 3)):
        reply = owner.request("POST", "users/batch", body=b"a@new.org,1", content_type=content_type)
        assert (reply.status, reply.code) == (400, code)
    reply = owner.request("POST", "users/batch", body=b"[", content_type="application/json")
    assert (reply.status, reply.code) == (400, 2)


def test_csv_is_for_batches_alone(owner: ApiClient) -> None:
    reply = owner.request("POST", "users", body=b"a@new.org,1", content_type="text/csv")
    assert (reply.status, reply.code) == (400, 1)


def test_names_that_are_taken_are_passed_over(owner: ApiClient, forum: Forum) -> None:
    user = make_user("late@new.org")
    forum.member(f"User{user.id}")
    assert owner.post("users/batch", [{"email": "late@new.org", "isMember": True}]).status == 200
    assert Profile.objects.get(site=forum.site, user=user).name == f"user{user.id}x1"
    assert members(forum) == {"late@new.org"}


def test_t1_marks_are_one_sites(owner: ApiClient, forum: Forum, other_forum: Forum) -> None:
    stranger = other_forum.member()
    ProfileAttribute.objects.create(profile=stranger.profile, key="is_member", bool_value=True)
    owner.post("users/batch", [{"email": stranger.profile.user.email, "isMember": False}])
    assert members(other_forum) == {stranger.profile.user.email}
    assert members(forum) == set()


def test_the_largest_batch_takes_few_statements(owner: ApiClient, forum: Forum) -> None:
    with count_statements() as statements:
        reply = send_csv(owner, "".join(f"person{index}@many.org,{index % 2}\n" for index in range(5000)))
    assert reply.status == 200
    assert len(members(forum)) == 2500
    assert Profile.objects.filter(site=forum.site).count() == 5001
    assert ProfileOptions.objects.filter(profile__site=forum.site).count() == 5001
    assert len(statements) < 40, len(statements)

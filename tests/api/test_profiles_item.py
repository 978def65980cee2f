"""`/profiles/{id}`: a profile, and who may change what of it (contract A 23.2, 23.4)."""

from typing import Any

import pytest

from apps.comments.models import Comment, Revision
from apps.core.models import Change
from apps.profiles.models import Profile, ProfileAttribute
from apps.profiles.services import get_or_create_deleted_profile
from apps.updates.models import Ignore, Watcher
from tests.client import ApiClient
from tests.factories import Forum, Person, ban
from tests.fingerprint import fingerprint
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db
PROFILE = 3


@pytest.fixture
def member(forum: Forum) -> Person:
    """A member to look at."""
    return forum.member("Zoe")


def comment_on(profile: Profile, text: str = "About me", *, author: Profile | None = None, **fields: Any) -> Comment:
    """A comment on a profile with one revision."""
    author = author or profile
    comment = Comment.objects.create(site_id=profile.site_id, profile=profile, created_by=author, **fields)
    Revision.objects.create(
        comment=comment, number=1, markdown=text, html=f"<p>{text}</p>\n", renderer_version=1, created_by=author
    )
    return comment


def granted(permissions: dict[str, bool]) -> set[str]:
    """The names of what is true."""
    return {name for name, value in permissions.items() if value}


# --- GET -----------------------------------------------------------------------------------------


def test_a_guest_reads_a_profile(api: ApiClient, forum: Forum, member: Person) -> None:
    reply = api.get(f"profiles/{member.id}")
    assert reply.status == 200
    data = reply.data
    assert list(data) == [
        "id", "siteId", "userId", "profileName", "visible", "styleId", "itemCount", "commentCount", "profileComment",
        "created", "lastActive", "avatar", "meta",
    ]  # fmt: skip
    assert data["profileName"] == "Zoe"
    assert data["profileComment"] is None
    assert data["visible"] is True
    assert list(data["meta"]) == ["flags", "links", "permissions"]
    assert granted(data["meta"]["permissions"]) == {"read", "guest"}
    assert reply.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize(
    ("who", "keys", "flags"),
    [
        ("guest", set(), {"read", "guest"}),
        ("stranger", set(), {"read"}),
        ("self", {"email"}, {"create", "read", "update", "owner"}),
        ("owner", {"email", "member"}, {"create", "read", "update", "delete", "moderator", "siteOwner"}),
    ],
)
def test_the_address_and_the_mark_are_for_owners(
    api: ApiClient, forum: Forum, member: Person, who: str, keys: set[str], flags: set[str]
) -> None:
    ProfileAttribute.objects.create(profile=member.profile, key="is_member", bool_value=True)
    caller = {"guest": None, "stranger": forum.member(), "self": member, "owner": forum.owner}[who]
    data = api.as_(caller).get(f"profiles/{member.id}").data
    expected = keys | ({"member"} if who == "self" else set())
    assert set(data) & {"email", "member"} == expected
    assert granted(data["meta"]["permissions"]) == flags
    assert ("stats" in data["meta"]) == (who == "self")
    if expected:
        assert data["email"] == member.profile.user.email
        assert data["member"] is True


def test_gender_is_left_out_while_empty(api: ApiClient, member: Person) -> None:
    assert "gender" not in api.get(f"profiles/{member.id}").data
    Profile.objects.filter(id=member.id).update(gender="f")
    assert api.get(f"profiles/{member.id}").data["gender"] == "f"


def test_flags_are_the_callers(api: ApiClient, forum: Forum, member: Person) -> None:
    stranger = forum.member()
    Watcher.objects.create(profile=stranger.profile, kind=PROFILE, target_profile=member.profile, send_email=True)
    Ignore.objects.create(profile=stranger.profile, kind=PROFILE, target_profile=member.profile)
    flags = api.as_(stranger).get(f"profiles/{member.id}").data["meta"]["flags"]
    assert flags == {"watched": True, "sendEmail": True, "sendSMS": False, "ignored": True}
    for person in (None, member, forum.owner):
        assert api.as_(person).get(f"profiles/{member.id}").data["meta"]["flags"] == {}


def test_ignoring_oneself_has_no_effect(api: ApiClient, member: Person) -> None:
    Ignore.objects.create(profile=member.profile, kind=PROFILE, target_profile=member.profile)
    assert api.as_(member).get(f"profiles/{member.id}").data["meta"]["flags"] == {}


def test_the_biography_is_the_newest_live_comment(api: ApiClient, forum: Forum, member: Person) -> None:
    comment_on(member.profile, "old")
    newest = comment_on(member.profile, "new")
    comment_on(member.profile, "deleted", is_deleted=True)
    comment_on(member.profile, "moderated", is_moderated=True)
    comment_on(forum.owner.profile, "somebody else's")
    biography = api.get(f"profiles/{member.id}").data["profileComment"]
    assert biography["id"] == newest.id
    assert (biography["itemType"], biography["itemId"], biography["revisions"]) == ("profile", member.id, 1)
    assert (biography["markdown"], biography["html"]) == ("new", "<p>new</p>\n")
    assert biography["meta"]["createdBy"]["id"] == member.id
    assert biography["meta"]["editedBy"]["id"] == member.id
    assert "edited" not in biography["meta"]
    assert biography["meta"]["flags"] == {"deleted": False, "moderated": False, "visible": True, "unread": False}


def test_the_biography_has_its_current_text(api: ApiClient, forum: Forum, member: Person) -> None:
    comment = comment_on(member.profile)
    Revision.objects.create(
        comment=comment, number=2, markdown="Edited", html="<p>Edited</p>\n", renderer_version=1,
        created_by=forum.owner.profile,
    )  # fmt: skip
    Comment.objects.filter(id=comment.id).update(revision_count=2)
    biography = api.as_(member).get("whoami").data["profileComment"]
    assert (biography["markdown"], biography["revisions"]) == ("Edited", 2)
    assert biography["meta"]["editedBy"]["id"] == forum.owner.id
    assert "edited" in biography["meta"]


def test_a_biography_without_live_comments_is_null(api: ApiClient, member: Person) -> None:
    comment_on(member.profile, is_deleted=True)
    assert api.get(f"profiles/{member.id}").data["profileComment"] is None


@pytest.mark.parametrize(
    ("case", "who"),
    [
        ("GET_profile-after-avatar_anon", "guest"),
        ("GET_profile-after-patch_owner", "owner"),
        ("GET_profile-after-patch_anon", "guest"),
        ("GET_profile-banned-self_banned", "banned"),
        ("GET_profile-banned_owner", "owner"),
        ("GET_profile-ignored_member", "stranger"),
    ],
)
def test_the_answer_has_the_recorded_shape(api: ApiClient, forum: Forum, member: Person, case: str, who: str) -> None:
    theirs = recorded("profiles", case)
    stranger = forum.member()
    if theirs["profileComment"]:
        comment_on(member.profile)
    if "patch_owner" in case:
        ProfileAttribute.objects.create(profile=member.profile, key="is_member", bool_value=True)
    if "ignored" in case:
        Ignore.objects.create(profile=stranger.profile, kind=PROFILE, target_profile=member.profile)
    if who == "banned":
        ban(forum.site, member)
    caller = {"guest": None, "owner": forum.owner, "banned": member, "stranger": stranger}[who]
    ours = api.as_(caller).get(f"profiles/{member.id}").data
    assert_same_shape(ours, theirs)
    assert ours["meta"]["permissions"] == theirs["meta"]["permissions"]
    assert ours["meta"]["flags"] == theirs["meta"]["flags"]


def test_missing_profiles_are_404_for_everybody(api: ApiClient, forum: Forum, member: Person) -> None:
    for person in (None, member, forum.owner):
        for path in ("profiles/99999999", "profiles/0"):
            assert api.as_(person).get(path).status == 404
            assert api.as_(person).head(path).status == 404
    assert api.get("profiles/99999999999999999999").status == 400
    assert api.get("profiles/x").status == 404


def test_t1_profiles_of_another_site_are_missing(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    stranger = other_forum.member()
    before = fingerprint()
    for person in (None, forum.owner):
        missing = api.as_(person).get("profiles/99999999")
        hidden = api.as_(person).get(f"profiles/{stranger.id}")
        assert hidden.status == 404
        assert hidden.content == missing.content
    as_owner = api.as_(forum.owner)
    assert as_owner.put(f"profiles/{stranger.id}", {"profileName": "Mallory"}).status == 404
    assert as_owner.patch(f"profiles/{stranger.id}", [MEMBER]).status == 404
    assert fingerprint() == before


def test_t1_biographies_do_not_cross_sites(api: ApiClient, other_forum: Forum, member: Person) -> None:
    comment = comment_on(member.profile)
    Comment.objects.filter(id=comment.id).update(site=other_forum.site)
    assert api.get(f"profiles/{member.id}").data["profileComment"] is None


def test_a_banned_member_sees_the_own_profile_alone(api: ApiClient, forum: Forum, member: Person) -> None:
    ban(forum.site, member)
    own = api.as_(member).get(f"profiles/{member.id}")
    assert own.status == 200
    assert "email" not in own.data
    assert granted(own.data["meta"]["permissions"]) == {"read", "banned"}
    assert api.as_(member).head(f"profiles/{member.id}").status == 200
    other = api.as_(member).get(f"profiles/{forum.owner.id}")
    assert (other.status, other.code) == (403, 13)


def test_a_banned_member_changes_nothing(api: ApiClient, forum: Forum, member: Person) -> None:
    ban(forum.site, member)
    before = fingerprint()
    for reply in (
        api.as_(member).put(f"profiles/{member.id}", {"profileName": "Other"}),
        api.as_(member).patch(f"profiles/{member.id}", [MEMBER]),
        api.as_(member).post("profiles", {"profileName": "Other"}),
    ):
        assert (reply.status, reply.code) == (403, 13)
    assert fingerprint() == before


def test_on_the_root_site_only_the_own_profile_is_seen(api: ApiClient, root_forum: Forum) -> None:
    member, stranger = root_forum.member(), root_forum.member()
    at_root = api.at(root_forum.host)
    assert at_root.as_(member).get(f"profiles/{member.id}").status == 200
    for person in (None, stranger, root_forum.owner):
        assert at_root.as_(person).get(f"profiles/{member.id}").status == 404
        assert at_root.as_(person).head(f"profiles/{member.id}").status == 404
        assert at_root.as_(person).put(f"profiles/{member.id}", {"profileName": "Mallory"}).status == 404
        assert at_root.as_(person).patch(f"profiles/{member.id}", [MEMBER]).status == 404
    assert at_root.as_(member).put(f"profiles/{member.id}", {"profileName": "Root-Zoe"}).status == 302
    assert Profile.objects.get(id=member.id).name == "Root-Zoe"


def test_head_and_options(api: ApiClient, forum: Forum, member: Person) -> None:
    get, head = api.get(f"profiles/{member.id}"), api.head(f"profiles/{member.id}")
    assert (head.status, head.content) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert api.options(f"profiles/{member.id}").headers["Allow"] == "OPTIONS,GET,HEAD,PUT,PATCH"
    for verb in ("POST", "DELETE"):
        reply = api.as_(forum.owner).request(verb, f"profiles/{member.id}")
        assert reply.status == 405
        assert reply.headers["Allow"] == "OPTIONS,GET,HEAD,PUT,PATCH"


def test_a_profile_is_one_statement(api: ApiClient, member: Person) -> None:
    comment_on(member.profile)
    api.options("profiles")  # The site of a host is remembered.
    with count_statements() as statements:
        assert api.get(f"profiles/{member.id}").data["profileComment"]
    assert len(statements) == 1, statements
    with count_statements() as statements:
        api.as_(member).get(f"profiles/{member.id}")
    assert len(statements) == 2, statements


def test_i7_a_guests_read_writes_nothing(api: ApiClient, member: Person) -> None:
    before = fingerprint()
    api.get(f"profiles/{member.id}")
    api.get("profiles?q=z&top=True&online=True")
    assert fingerprint() == before


# --- PUT -----------------------------------------------------------------------------------------


def test_a_member_edits_the_own_profile(api: ApiClient, forum: Forum, member: Person) -> None:
    body = {"profileName": "Zoë", "gender": "she", "visible": False, "styleId": 3}
    reply = api.as_(member).put(f"profiles/{member.id}", body)
    assert (reply.status, reply.location, reply.data) == (302, f"/api/v1/profiles/{member.id}", None)
    after = api.as_(member).follow(reply).data
    assert {key: after[key] for key in body} == body
    change = Change.objects.filter(site_id=forum.site.id, kind="profile.edited").get()
    assert (change.actor_id, change.ids) == (member.id, {"profile_id": member.id})


def test_the_call_of_the_web_client(api: ApiClient, member: Person) -> None:
    reply = api.as_(member).post(f"profiles/{member.id}?method=PUT", {"id": member.id, "profileName": "Zoe2"})
    assert api.as_(member).follow(reply).data["profileName"] == "Zoe2"
    header = {"X-HTTP-Method-Override": "put"}
    assert api.as_(member).post(f"profiles/{member.id}", {"profileName": "Zoe3"}, headers=header).status == 302
    assert Profile.objects.get(id=member.id).name == "Zoe3"


def test_absent_keys_stay(api: ApiClient, member: Person) -> None:
    as_member = api.as_(member)
    as_member.put(f"profiles/{member.id}", {"gender": "she", "styleId": 2})
    as_member.put(f"profiles/{member.id}", {"visible": False, "profileName": None})
    data = as_member.get(f"profiles/{member.id}").data
    assert (data["profileName"], data["gender"], data["styleId"], data["visible"]) == ("Zoe", "she", 2, False)
    as_member.put(f"profiles/{member.id}", {"gender": ""})
    assert "gender" not in as_member.get(f"profiles/{member.id}").data


def test_an_edit_that_changes_nothing_is_no_news(api: ApiClient, forum: Forum, member: Person) -> None:
    assert api.as_(member).put(f"profiles/{member.id}", {"profileName": "Zoe", "visible": True}).status == 302
    assert api.as_(member).put(f"profiles/{member.id}", {}).status == 302
    assert not Change.objects.filter(site_id=forum.site.id, kind="profile.edited").exists()


def test_the_site_owner_edits_any_profile(api: ApiClient, forum: Forum, member: Person) -> None:
    assert api.as_(forum.owner).put(f"profiles/{member.id}", {"profileName": "Renamed"}).status == 302
    assert Profile.objects.get(id=member.id).name == "Renamed"
    assert Change.objects.get(site_id=forum.site.id, kind="profile.edited").actor_id == forum.owner.id


@pytest.mark.parametrize("who", ["guest", "stranger"])
def test_a7_others_edit_nothing(api: ApiClient, forum: Forum, member: Person, who: str) -> None:
    caller = forum.member() if who == "stranger" else None
    before = fingerprint()
    reply = api.as_(caller).put(f"profiles/{member.id}", {"id": member.id, "profileName": "Mallory"})
    assert (reply.status, reply.code) == (403, 11)
    assert fingerprint() == before


def test_a6_other_keys_are_ignored(api: ApiClient, forum: Forum, member: Person) -> None:
    stranger = forum.member("Victim")
    before = fingerprint()
    body = {
        "id": stranger.id, "siteId": 999, "userId": stranger.profile.user_id, "email": "evil@example.org",
        "member": True, "itemCount": 5, "commentCount": 5, "created": "2000-01-01T00:00:00Z",
        "lastActive": "2000-01-01T00:00:00Z", "avatar": "/evil", "avatarUrl": "/evil", "unreadHuddles": 5,
        "profileComment": {"markdown": "x"}, "markdown": "x", "is_visible": False, "style_id": 9,
        "meta": {"flags": {"deleted": True}, "permissions": {"siteOwner": True}},
    }  # fmt: skip
    assert api.as_(member).put(f"profiles/{member.id}", body).status == 302
    assert fingerprint() == before
    assert api.as_(member).put(f"profiles/{member.id}", body | {"profileName": "Zoe9"}).status == 302
    assert Profile.objects.get(id=stranger.id).name == "Victim"
    assert Profile.objects.get(id=member.id).name == "Zoe9"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("a b", "ab"),
        (" Zoe\t\n2 ", "Zoe2"),
        ("<b>Zoe</b>", "Zoe"),
        ("Tom&Jerry", "Tom&amp;Jerry"),
        ("Tom&amp;Jerry", "Tom&amp;Jerry"),
        ("O'Neil", "O&#39;Neil"),
        ("SHOUTER", "SHOUTER"),
        ("Ωmega", "Ωmega"),
        ("日本", "日本"),
        ("x" * 25, "x" * 25),
        ("&" * 25, "&amp;" * 25),
    ],
)
def test_names_are_cleaned(api: ApiClient, member: Person, sent: str, stored: str) -> None:
    assert api.as_(member).put(f"profiles/{member.id}", {"profileName": sent}).status == 302
    assert api.get(f"profiles/{member.id}").data["profileName"] == stored


BAD_NAMES = [
    *("", " ", "x", "x" * 26, "x" * 1_000_000),
    *("a@b", "a+b", "&#64;bob", "&#43;b"),
    *("<b></b>", "<script>alert(1)</script>"),
    *("deleted", "DeLeTeD", "de leted"),
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: name[:30])
def test_bad_names_are_refused(api: ApiClient, member: Person, name: str) -> None:
    before = fingerprint()
    reply = api.as_(member).put(f"profiles/{member.id}", {"profileName": name, "gender": "x"})
    assert (reply.status, reply.code) == (400, 4)
    assert fingerprint() == before


@pytest.mark.parametrize("name", ["bob", "BOB", "b ob", "<i>Bob</i>"])
def test_a_taken_name_is_refused(api: ApiClient, forum: Forum, member: Person, name: str) -> None:
    forum.member("Bob")
    before = fingerprint()
    reply = api.as_(member).put(f"profiles/{member.id}", {"profileName": name, "gender": "x"})
    assert (reply.status, reply.code) == (400, 4)
    assert fingerprint() == before


def test_the_own_name_may_change_its_case(api: ApiClient, member: Person) -> None:
    assert api.as_(member).put(f"profiles/{member.id}", {"profileName": "ZOE"}).status == 302
    assert Profile.objects.get(id=member.id).name == "ZOE"


def test_t3_a_name_of_another_site_is_free(api: ApiClient, other_forum: Forum, member: Person) -> None:
    other_forum.member("Bob")
    assert api.as_(member).put(f"profiles/{member.id}", {"profileName": "Bob"}).status == 302


def test_reserved_names_are_for_their_address(api: ApiClient, forum: Forum, member: Person, settings: Any) -> None:
    settings.RESERVED_PROFILE_NAMES = {"Admin": member.profile.user.email.upper(), "root": ""}
    stranger = forum.member()
    for name, person in (("ADMIN", stranger), ("root", stranger), ("Root", member)):
        reply = api.as_(person).put(f"profiles/{person.id}", {"profileName": name})
        assert (reply.status, reply.code) == (400, 4)
    assert api.as_(member).put(f"profiles/{member.id}", {"profileName": "admin"}).status == 302


@pytest.mark.parametrize("stored", ["Root", "O&#39;Neil", "has space"])
def test_a_name_that_stays_keeps_no_edit_back(
    api: ApiClient, forum: Forum, member: Person, settings: Any, stored: str
) -> None:
    """Clients send it with whatever else is changed, also when a name like it could not be chosen any more."""
    Profile.objects.filter(id=member.id).update(name=stored)
    settings.RESERVED_PROFILE_NAMES = {"root": "", "O'Neil": ""}
    client = api.as_(member)
    reply = client.put(f"profiles/{member.id}", {"profileName": stored, "gender": "other"})
    assert reply.status == 302, reply
    profile = Profile.objects.get(id=member.id)
    assert (profile.name, profile.gender) == (stored, "other")
    assert client.put(f"profiles/{member.id}", {"profileName": "ROOT"}).status == 400
    Profile.objects.filter(id=member.id).update(name="O&#39;Neil")
    assert client.put(f"profiles/{member.id}", {"profileName": "O'Neil"}).status == 302
    assert api.as_(forum.member()).put(f"profiles/{member.id}", {"profileName": stored}).status == 403


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"profileName": 5}, 3),
        ({"profileName": ["x"]}, 3),
        ({"visible": "yes"}, 3),
        ({"visible": 1}, 3),
        ({"styleId": "1"}, 3),
        ({"styleId": True}, 3),
        ({"styleId": -1}, 4),
        ({"styleId": 32768}, 4),
        ({"gender": {}}, 3),
        ({"gender": "x" * 17}, 4),
        ([], 3),
        ("x", 3),
    ],
)
def test_wrong_values_are_refused(api: ApiClient, member: Person, body: Any, code: int) -> None:
    before = fingerprint()
    reply = api.as_(member).put(f"profiles/{member.id}", body)
    assert (reply.status, reply.code) == (400, code)
    assert fingerprint() == before


def test_gender_is_a_cleaned_line(api: ApiClient, member: Person) -> None:
    for sent, stored in (("<b>X</b> & Y\n", "X &amp; Y"), ("SHE", "SHE"), ("&" * 16, "&amp;" * 16)):
        assert api.as_(member).put(f"profiles/{member.id}", {"gender": sent}).status == 302
        assert api.get(f"profiles/{member.id}").data["gender"] == stored


def test_unreadable_bodies_are_refused(api: ApiClient, member: Person) -> None:
    for body, content_type, code in (
        (b"{", "application/json", 2),
        (b"<x/>", "text/xml", 1),
        (b'{"profileName": "a\\u0000b"}', "application/json", 4),
        (b'{"profileName": "\\ud800"}', "application/json", 2),
    ):
        reply = api.as_(member).put(f"profiles/{member.id}", body=body, content_type=content_type)
        assert (reply.status, reply.code) == (400, code), body


def test_a_client_that_prefers_it_gets_the_profile_back(api: ApiClient, member: Person) -> None:
    headers = {"Prefer": "return=representation"}
    reply = api.as_(member).put(f"profiles/{member.id}", {"profileName": "Zoe2"}, headers=headers)
    assert (reply.status, reply.location) == (200, f"/api/v1/profiles/{member.id}")
    assert (reply.data["profileName"], reply.data["email"]) == ("Zoe2", member.profile.user.email)


def test_a_new_name_shows_wherever_the_member_is_named(api: ApiClient, forum: Forum, member: Person) -> None:
    comment_on(forum.owner.profile, author=member.profile)
    api.as_(member).put(f"profiles/{member.id}", {"profileName": "Zoe2"})
    biography = api.get(f"profiles/{forum.owner.id}").data["profileComment"]
    assert biography["meta"]["createdBy"]["profileName"] == "Zoe2"
    found = api.get("profiles?q=zoe").data["profiles"]["items"]
    assert [item["profileName"] for item in found] == ["Zoe2"]
    assert api.as_(member).get("whoami").data["profileName"] == "Zoe2"
    assert forum.member("Zoe").profile.name == "Zoe"


def test_the_placeholder_keeps_its_name_but_for_others(api: ApiClient, forum: Forum) -> None:
    placeholder = get_or_create_deleted_profile(site_id=forum.site.id)
    assert api.get(f"profiles/{placeholder.id}").data["profileName"] == "deleted"


# --- PATCH ---------------------------------------------------------------------------------------

MEMBER = {"op": "replace", "path": "/member", "value": True}


def test_the_site_owner_gives_and_takes_the_mark(api: ApiClient, forum: Forum, member: Person) -> None:
    as_owner = api.as_(forum.owner)
    for _ in range(2):
        reply = as_owner.patch(f"profiles/{member.id}", [MEMBER])
        assert (reply.status, reply.data) == (200, None)
        attribute = ProfileAttribute.objects.get(profile=member.profile)
        assert (attribute.key, attribute.bool_value) == ("is_member", True)
    assert as_owner.get(f"profiles/{member.id}").data["member"] is True
    for _ in range(2):
        assert as_owner.patch(f"profiles/{member.id}", [MEMBER | {"value": False}]).status == 200
        assert not ProfileAttribute.objects.exists()
    changes = Change.objects.filter(site_id=forum.site.id, kind="profile.edited")
    assert [change.ids for change in changes] == [{"profile_id": member.id}] * 2


def test_a_mark_of_another_type_becomes_true(api: ApiClient, forum: Forum, member: Person) -> None:
    ProfileAttribute.objects.create(profile=member.profile, key="is_member", text_value="no")
    assert api.as_(forum.owner).patch(f"profiles/{member.id}", [MEMBER]).status == 200
    attribute = ProfileAttribute.objects.get(profile=member.profile)
    assert (attribute.bool_value, attribute.text_value) == (True, None)


def test_the_last_operation_counts(api: ApiClient, forum: Forum, member: Person) -> None:
    assert api.as_(forum.owner).patch(f"profiles/{member.id}", [MEMBER, MEMBER | {"value": False}]).status == 200
    assert not ProfileAttribute.objects.exists()


def test_other_attributes_stay(api: ApiClient, forum: Forum, member: Person) -> None:
    ProfileAttribute.objects.create(profile=member.profile, key="is_supporter", bool_value=True)
    ProfileAttribute.objects.create(profile=forum.owner.profile, key="is_member", bool_value=True)
    api.as_(forum.owner).patch(f"profiles/{member.id}", [MEMBER | {"value": False}])
    assert ProfileAttribute.objects.count() == 2


@pytest.mark.parametrize(("who", "code"), [("guest", 5), ("self", 8), ("stranger", 8)])
def test_a7_nobody_else_gives_the_mark(api: ApiClient, forum: Forum, member: Person, who: str, code: int) -> None:
    caller = {"guest": None, "self": member, "stranger": forum.member()}[who]
    before = fingerprint()
    reply = api.as_(caller).patch(f"profiles/{member.id}", [MEMBER])
    assert (reply.status, reply.code) == (403, code)
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ({}, 400),
        ([{"op": "replace", "path": "/visible", "value": True}], 400),
        ([{"op": "replace", "path": "/member", "value": "true"}], 400),
        ([{"op": "replace", "path": "/member", "value": None}], 400),
        ([{"op": "replace", "path": "/member"}], 400),
        ([{"op": "explode", "path": "/member", "value": True}], 400),
        ([{"op": "add", "path": "/member", "value": True}], 501),
        ([{"op": "remove", "path": "/member"}], 501),
        ([MEMBER, {"op": "test", "path": "/member", "value": True}], 501),
    ],
)
def test_bad_patches_are_refused(api: ApiClient, forum: Forum, member: Person, body: Any, status: int) -> None:
    before = fingerprint()
    assert api.as_(forum.owner).patch(f"profiles/{member.id}", body).status == status
    assert fingerprint() == before


def test_a_patch_of_a_missing_profile_is_404(api: ApiClient, forum: Forum) -> None:
    for person in (None, forum.owner):
        assert api.as_(person).patch("profiles/99999999", [MEMBER]).status == 404

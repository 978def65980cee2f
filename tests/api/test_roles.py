"""Roles, their criteria and the people in them (contract A 22)."""

from typing import Any

import pytest

from apps.core.models import Change
from apps.microcosms.models import Microcosm
from apps.permissions.models import Criterion, Role, RoleProfile
from apps.profiles.models import Profile, ProfileAttribute
from tests.client import ApiClient, Reply
from tests.factories import Forum, Person, make_criterion
from tests.fingerprint import fingerprint
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded
from tests.trees import make_microcosm, make_moderator, make_role

pytestmark = pytest.mark.django_db

#: What the web client sends when a role is made.
ROLE = {
    "title": "Special",
    "moderator": False,
    "banned": False,
    "includeGuests": False,
    "includeUsers": False,
    "create": True,
    "read": True,
    "update": False,
    "delete": False,
    "closeOwn": True,
    "openOwn": True,
    "readOthers": True,
}
PREFER = {"Prefer": "return=representation"}


@pytest.fixture
def place(forum: Forum) -> Microcosm:
    """A microcosm below the root."""
    return make_microcosm(forum)


@pytest.fixture
def moderator(forum: Forum, place: Microcosm) -> Person:
    """Somebody who moderates `place` and nothing else."""
    person = forum.member()
    make_moderator(place, person)
    return person


@pytest.fixture
def api_of_moderator(api: ApiClient, moderator: Person) -> ApiClient:
    """A client that speaks for the moderator."""
    return api.as_(moderator)


def roles_of(place: Microcosm) -> str:
    """The path of the roles of a microcosm."""
    return f"/api/v1/microcosms/{place.id}/roles"


def titles(reply: Reply) -> list[str]:
    """The titles of a list of roles."""
    return [role["title"] for role in reply.data["roles"]["items"]]


def ids(reply: Reply) -> list[int]:
    """The ids of a list of people."""
    return [profile["id"] for profile in reply.data["profiles"]["items"]]


# --- The list --------------------------------------------------------------------------------


def test_a_list_looks_like_the_recorded_one(api: ApiClient, forum: Forum) -> None:
    make_moderator(forum.root, forum.member())
    reply = api.get(roles_of(forum.root))
    theirs = recorded("microcosms", "GET_microcosm-roles-default_anon")
    assert_same_shape(reply.data, theirs)
    ours, other = reply.data["roles"]["items"][0], theirs["roles"]["items"][0]
    assert list(ours) == list(other)
    assert list(ours["members"]) == list(other["members"])
    assert reply.data["meta"] == {}


def test_a_list_shows_moderators_then_regular_then_banned_each_by_title(api: ApiClient, forum: Forum) -> None:
    make_role(forum.root, title="Zealots", is_moderator=True)
    make_role(forum.root, title="Aces", is_moderator=True)
    make_role(forum.root, title="Zeroes")
    make_role(forum.root, title="Aliens", is_banned=True)
    reply = api.get(roles_of(forum.root))
    assert titles(reply) == ["Aces", "Zealots", "Guests", "Members", "Zeroes", "Aliens", "Banned"]
    assert reply.data["roles"]["type"] == "/api/v1/roles"


def test_a_list_shows_what_counts_there_inherited_or_own(api: ApiClient, forum: Forum) -> None:
    outer = make_microcosm(forum)
    inner = make_microcosm(forum, outer)
    make_role(outer, title="Outer moderators", is_moderator=True)
    assert titles(api.get(roles_of(inner))) == ["Outer moderators", "Guests", "Members", "Banned"]
    make_role(inner, title="Inner readers", include_guests=True, can_read=True)
    make_role(inner, title="Inner banned", is_banned=True)
    reply = api.get(roles_of(inner))
    assert titles(reply) == ["Outer moderators", "Inner readers", "Banned", "Inner banned"]
    assert [role["microcosmId"] for role in reply.data["roles"]["items"]] == [
        outer.id,
        inner.id,
        forum.root.id,
        inner.id,
    ]
    assert titles(api.get(roles_of(outer))) == ["Outer moderators", "Guests", "Members", "Banned"]


def test_a_list_shows_the_first_five_people_of_each_role_by_id(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    people = [forum.member() for _ in range(7)]
    make_role(place, *people, title="Crowd", include_guests=True, can_read=True)
    make_role(place, title="Nobody")
    members = {role["title"]: role["members"] for role in api.get(roles_of(place)).data["roles"]["items"]}
    assert [profile["id"] for profile in members["Crowd"]["items"]] == [person.id for person in people[:5]]
    assert {key: members["Crowd"][key] for key in ("total", "limit", "offset", "maxOffset", "totalPages", "page")} == {
        "total": 7,
        "limit": 5,
        "offset": 0,
        "maxOffset": 5,
        "totalPages": 2,
        "page": 1,
    }
    assert "links" not in members["Crowd"]
    assert members["Crowd"]["type"] == "/api/v1/profiles"
    assert (members["Nobody"]["total"], members["Nobody"]["items"]) == (0, [])


def test_the_shown_people_are_those_the_rules_take_in_without_guests(api: ApiClient, forum: Forum) -> None:
    regular, named = forum.member(), forum.member()
    Profile.objects.filter(id=regular.id).update(comment_count=50)
    role = make_role(forum.root, named, title="Regulars", include_guests=True, can_read=True)
    make_criterion(role, column="commentCount", predicate="ge", value=50)
    members = {role["title"]: role["members"] for role in api.get(roles_of(forum.root)).data["roles"]["items"]}
    assert [profile["id"] for profile in members["Regulars"]["items"]] == [regular.id, named.id]
    assert members["Guests"]["total"] == 0
    assert members["Members"]["total"] == 3


def test_a_list_is_paged(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    people = [forum.member() for _ in range(3)]
    for number in range(12):
        make_role(place, *people, title=f"Role {number:02}", include_guests=True, can_read=True)
    reply = api.get(f"{roles_of(place)}?limit=5&offset=10")
    assert titles(reply) == ["Role 10", "Role 11", "Banned"]
    assert (reply.data["roles"]["total"], reply.data["roles"]["page"]) == (13, 3)
    assert api.get(f"{roles_of(place)}?limit=5&offset=15").status == 400
    assert api.get(f"{roles_of(place)}?limit=7").status == 400


def test_a_list_takes_the_same_number_of_statements_however_long_it_is(
    api: ApiClient, forum: Forum, place: Microcosm
) -> None:
    make_role(place, title="One", include_guests=True, can_read=True)

    def statements() -> int:
        with count_statements() as executed:
            api.get(roles_of(place))
        return len(executed)

    statements()  # Makes the site known.
    few = statements()
    for number in range(10):
        make_role(place, *[forum.member() for _ in range(3)], title=f"Role {number}")
    assert statements() == few == 2 + 1


def test_hidden_and_missing_microcosms_answer_alike(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    """A9."""
    make_role(place, can_read=True)
    gone = make_microcosm(forum, is_deleted=True, is_live=False)
    for person in (None, forum.member()):
        asking = api.as_(person)
        missing = asking.get("microcosms/999999999/roles")
        assert missing.status == 404
        assert asking.get(roles_of(place)).content == missing.content
        assert asking.get(roles_of(gone)).content == missing.content


# --- Default roles ---------------------------------------------------------------------------


def test_default_roles_are_those_of_the_root(api: ApiClient, forum: Forum) -> None:
    reply = api.as_(forum.owner).get("roles")
    assert titles(reply) == ["Guests", "Members", "Banned"]
    assert {role["microcosmId"] for role in reply.data["roles"]["items"]} == {forum.root.id}
    assert reply.data["roles"]["links"] == [{"rel": "self", "href": "/api/v1/roles", "title": "1"}]
    guests, members, banned = reply.data["roles"]["items"]
    assert (guests["includeGuests"], guests["read"], guests["create"], guests["readOthers"]) == (
        True,
        True,
        False,
        False,
    )
    assert [key for key in ROLE if members[key] is True] == ["includeUsers", "create", "read", "closeOwn", "readOthers"]
    assert [key for key in ROLE if banned[key] is True] == ["banned"]


def test_a_new_default_role_counts_everywhere(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    member = forum.member()
    owner = api.as_(forum.owner)
    reply = owner.post("roles", ROLE | {"moderator": True, "update": True})
    role = owner.follow(reply).data
    assert reply.location == f"/api/v1/roles/{role['id']}"
    assert role["microcosmId"] == forum.root.id
    reply = owner.put(f"roles/{role['id']}/profiles/{member.id}")
    assert (reply.status, reply.location) == (302, f"/api/v1/roles/{role['id']}/profiles/{member.id}")
    assert api.as_(member).get(f"permission?itemType=microcosm&itemId={place.id}").data["moderator"] is True


def test_default_roles_have_only_roles_of_the_root(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    role = make_role(place)
    criterion = make_criterion(role, column="id", predicate="gt", value=0)
    owner = api.as_(forum.owner)
    for path in ("", "/profiles", "/criteria", f"/criteria/{criterion.id}", "/members"):
        assert owner.get(f"roles/{role.id}{path}").status == 404, path


@pytest.mark.parametrize(
    "path", ["roles", "roles/{role}", "roles/{role}/profiles", "roles/{role}/criteria", "roles/{role}/members"]
)
def test_default_roles_are_for_the_owner_of_the_site(api: ApiClient, forum: Forum, path: str) -> None:
    moderator = forum.member()
    make_moderator(forum.root, moderator)
    role = Role.objects.get(site=forum.site, title="Members")
    for person, code in ((None, 5), (forum.member(), 8), (moderator, 8)):
        reply = api.as_(person).get(path.format(role=role.id))
        assert (reply.status, reply.code) == (403, code)


# --- One role --------------------------------------------------------------------------------


def test_making_a_role_leads_to_it(
    api_of_moderator: ApiClient, moderator: Person, place: Microcosm, forum: Forum
) -> None:
    reply = api_of_moderator.post(roles_of(place), ROLE | {"id": 7, "microcosmId": 3, "siteId": 1, "members": []})
    role = Role.objects.get(title="Special")
    assert (reply.status, reply.location) == (302, f"{roles_of(place)}/{role.id}")
    assert reply.data is None
    data = api_of_moderator.follow(reply).data
    assert_same_shape(data, recorded("microcosms", "GET_microcosm-role_mod"))
    assert list(data) == list(recorded("microcosms", "GET_microcosm-role_mod"))
    assert {key: data[key] for key in ROLE} == ROLE
    assert (data["id"], data["siteId"], data["microcosmId"]) == (role.id, forum.site.id, place.id)
    assert data["meta"]["createdBy"]["id"] == moderator.id
    assert data["meta"]["links"] == [
        {"rel": "self", "href": f"/api/v1/roles/{role.id}"},
        {"rel": "microcosm", "href": f"/api/v1/microcosms/{place.id}", "title": place.title},
    ]
    assert data["meta"]["permissions"]["moderator"] is True
    assert "edited" not in data["meta"]


def test_what_is_left_out_of_a_new_role_is_off(api_of_moderator: ApiClient, place: Microcosm) -> None:
    reply = api_of_moderator.post(roles_of(place), {"TITLE": "Bare"}, headers=PREFER)
    assert reply.status == 201
    assert reply.headers["Preference-Applied"] == "return=representation"
    assert reply.location == f"{roles_of(place)}/{reply.data['id']}"
    assert [key for key in ROLE if reply.data[key] is True] == []
    assert reply.data["title"] == "Bare"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": ""},
        {"title": "   "},
        {"title": "<b></b>"},
        {"title": "x" * 51},
        {"title": 5},
        {"title": "Both", "moderator": True, "banned": True},
        {"title": "Odd", "read": "yes"},
        {"title": "Odd", "read": 1},
        [],
        "text",
    ],
)
def test_a_bad_role_is_refused(api_of_moderator: ApiClient, place: Microcosm, body: Any) -> None:
    before = fingerprint()
    reply = api_of_moderator.post(roles_of(place), body)
    assert reply.status == 400
    assert reply.code in (2, 3, 4)
    assert fingerprint() == before


def test_a_title_is_cleaned_and_counts_its_characters_before_escaping(
    api_of_moderator: ApiClient, place: Microcosm
) -> None:
    for title, kept in (
        ('<b>R&D</b> "team"', "R&amp;D &#34;team&#34;"),
        ("&" * 50, "&amp;" * 50),
        ("SHOUTING", "SHOUTING"),
        ("Ünïcödé 🎉", "Ünïcödé 🎉"),
    ):
        reply = api_of_moderator.post(roles_of(place), {"title": title}, headers=PREFER)
        assert reply.data["title"] == kept
        again = api_of_moderator.put(reply.location, {"title": kept}, headers=PREFER)
        assert again.data["title"] == kept


def test_editing_merges_and_keeps_what_is_absent(
    api_of_moderator: ApiClient, moderator: Person, place: Microcosm
) -> None:
    role = make_role(place, can_read=True, can_close_own=True, title="Old")
    path = f"{roles_of(place)}/{role.id}"
    reply = api_of_moderator.put(path, {"title": "New", "closeOwn": False, "read": None, "meta": {"editReason": "why"}})
    assert (reply.status, reply.location, reply.data) == (302, path, None)
    data = api_of_moderator.get(path).data
    assert (data["title"], data["read"], data["closeOwn"]) == ("New", True, False)
    assert data["meta"]["editedBy"]["id"] == moderator.id
    assert data["meta"]["editReason"] == "why"
    assert "edited" in data["meta"]


def test_an_edit_without_a_reason_gets_one(api_of_moderator: ApiClient, place: Microcosm) -> None:
    role = make_role(place)
    reply = api_of_moderator.put(f"{roles_of(place)}/{role.id}", {"read": True}, headers=PREFER)
    assert reply.status == 200
    assert reply.data["read"] is True
    assert reply.data["meta"]["editReason"] == "Role edited"


@pytest.mark.parametrize(
    "body",
    [
        {"title": ""},
        {"banned": True},
        {"meta": {"editReason": "x" * 151}},
        {"meta": {"editReason": 5}},
        {"meta": "text"},
        {"delete": "true"},
    ],
)
def test_a_bad_edit_is_refused(api_of_moderator: ApiClient, place: Microcosm, body: Any) -> None:
    role = make_role(place, is_moderator=True)
    before = fingerprint()
    assert api_of_moderator.put(f"{roles_of(place)}/{role.id}", body).status == 400
    assert fingerprint() == before


def test_a6_a_body_cannot_move_a_role_or_write_what_is_not_its_own(
    api_of_moderator: ApiClient, forum: Forum, other_forum: Forum, place: Microcosm
) -> None:
    role, victim = make_role(place, title="Mine"), make_role(forum.root, title="Victim")
    body = {
        "id": victim.id,
        "microcosmId": forum.root.id,
        "siteId": other_forum.site.id,
        "created": "2000-01-01T00:00:00Z",
        "createdBy": 1,
        "members": [{"id": forum.owner.id}],
        "meta": {"created": "2000-01-01T00:00:00Z", "permissions": {}, "editReason": "x"},
        "title": "Still mine",
    }
    api_of_moderator.put(f"{roles_of(place)}/{role.id}", body)
    stored = Role.objects.get(id=role.id)
    assert (stored.title, stored.microcosm_id, stored.site_id) == ("Still mine", place.id, forum.site.id)
    assert stored.created_at == role.created_at
    assert Role.objects.get(id=victim.id).title == "Victim"
    assert not RoleProfile.objects.filter(role=role).exists()


@pytest.mark.parametrize(
    "name",
    [
        "moderator",
        "banned",
        "includeGuests",
        "includeUsers",
        "create",
        "read",
        "update",
        "delete",
        "closeOwn",
        "openOwn",
        "readOthers",
    ],
)
def test_every_mark_and_right_can_be_patched(api_of_moderator: ApiClient, place: Microcosm, name: str) -> None:
    role = make_role(place)
    path = f"{roles_of(place)}/{role.id}"
    for value in (True, False):
        reply = api_of_moderator.patch(path, [{"op": "replace", "path": f"/{name}", "value": value}])
        assert (reply.status, reply.data) == (200, None)
        data = api_of_moderator.get(path).data
        assert data[name] is value
        assert data["meta"]["editReason"] == f"Set {name} to {str(value).lower()}"


def test_a_patch_is_applied_whole_or_not_at_all(api_of_moderator: ApiClient, place: Microcosm) -> None:
    role = make_role(place)
    path = f"{roles_of(place)}/{role.id}"
    set_ = [{"op": "replace", "path": f"/{name}", "value": True} for name in ("read", "create")]
    assert api_of_moderator.patch(path, set_).status == 200
    stored = Role.objects.get(id=role.id)
    assert (stored.can_read, stored.can_create) == (True, True)
    before = fingerprint()
    for bad, status in (
        ([], 400),
        ({}, 400),
        ([*set_, {"op": "replace", "path": "/zzz", "value": True}], 400),
        ([*set_, {"op": "replace", "path": "/title", "value": True}], 400),
        ([{"op": "replace", "path": "/delete", "value": "true"}], 400),
        ([{"op": "replace", "path": "/delete", "value": 1}], 400),
        ([{"op": "nonsense", "path": "/delete", "value": True}], 400),
        ([{"op": "replace", "path": "/delete"}], 400),
        ([{"op": "add", "path": "/delete", "value": True}], 501),
        ([{"op": "replace", "path": f"/{name}", "value": True} for name in ("moderator", "banned")], 400),
    ):
        reply = api_of_moderator.patch(path, bad)
        assert reply.status == status, (bad, reply)
    assert fingerprint() == before


def test_removing_a_role_removes_all_of_it_and_takes_effect_at_once(
    api: ApiClient, api_of_moderator: ApiClient, forum: Forum, place: Microcosm
) -> None:
    """C3."""
    member = forum.member()
    role = make_role(place, forum.member(), can_read=True)
    make_criterion(role, column="id", predicate="lt", value=0)
    assert api.as_(member).get(roles_of(place)).status == 404
    path = f"{roles_of(place)}/{role.id}"
    reply = api_of_moderator.delete(path)
    assert (reply.status, reply.data) == (200, None)
    assert api_of_moderator.get(path).status == 404
    assert api_of_moderator.delete(path).status == 404
    assert not RoleProfile.objects.filter(role_id=role.id).exists()
    assert not Criterion.objects.filter(role_id=role.id).exists()
    assert api.as_(member).get(roles_of(place)).status == 200


def test_a_role_belongs_to_the_microcosm_of_the_path(
    api: ApiClient, api_of_moderator: ApiClient, forum: Forum, place: Microcosm
) -> None:
    """A 33 no. 5: the reference let a moderator of one forum edit any role of the site."""
    elsewhere = make_role(make_microcosm(forum), title="Elsewhere")
    criterion = make_criterion(elsewhere, column="id", predicate="gt", value=0)
    inherited = Role.objects.get(site=forum.site, title="Members")
    for role in (elsewhere, inherited):
        base = f"{roles_of(place)}/{role.id}"
        before = fingerprint()
        missing = api_of_moderator.get(f"{roles_of(place)}/999999999")
        assert missing.status == 404
        for who in (api_of_moderator, api.as_(forum.owner)):
            for reply in (
                who.get(base),
                who.put(base, {"title": "Mine"}),
                who.patch(base, [{"op": "replace", "path": "/read", "value": True}]),
                who.delete(base),
                who.get(f"{base}/profiles"),
                who.put(f"{base}/profiles", [{"id": forum.owner.id}]),
                who.delete(f"{base}/profiles", []),
                who.put(f"{base}/profiles/{forum.owner.id}"),
                who.delete(f"{base}/profiles/{forum.owner.id}"),
                who.get(f"{base}/criteria"),
                who.post(f"{base}/criteria", {"profileColumn": "id", "predicate": "gt", "value": 0}),
                who.delete(f"{base}/criteria", []),
                who.get(f"{base}/criteria/{criterion.id}"),
                who.put(f"{base}/criteria/{criterion.id}", {"value": 5}),
                who.delete(f"{base}/criteria/{criterion.id}"),
                who.get(f"{base}/members"),
            ):
                assert reply.status == 404
        assert api_of_moderator.get(base).content == missing.content
        assert fingerprint() == before


@pytest.mark.parametrize("word", ["abc", "-1", "1x", "_", "99999999999999999999", "9223372036854775808"])
def test_a_role_id_that_is_no_number_is_400_below_a_microcosm(
    api_of_moderator: ApiClient, place: Microcosm, word: str
) -> None:
    for verb, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
        assert api_of_moderator.request(verb, f"{roles_of(place)}/{word}", json=body).status == 400
    assert (
        api_of_moderator.patch(f"{roles_of(place)}/{word}", [{"op": "replace", "path": "/read", "value": True}]).status
        == 400
    )


def test_a_word_is_no_route_elsewhere(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    owner = api.as_(forum.owner)
    for path in (
        "roles/abc",
        f"{roles_of(place)}/abc/profiles",
        f"{roles_of(place)}/abc/criteria",
        "roles/abc/members",
    ):
        assert owner.get(path).status == 404


# --- Who may ---------------------------------------------------------------------------------

REQUESTS: list[tuple[str, str, Any, int]] = [
    ("GET", "/{role}", None, 9),
    ("POST", "", ROLE, 10),
    ("PUT", "/{role}", {"title": "x"}, 11),
    ("PATCH", "/{role}", [{"op": "replace", "path": "/read", "value": True}], 11),
    ("DELETE", "/{role}", None, 12),
    ("GET", "/{role}/profiles", None, 9),
    ("PUT", "/{role}/profiles", [{"id": 1}], 11),
    ("DELETE", "/{role}/profiles", [], 12),
    ("GET", "/{role}/profiles/{named}", None, 9),
    ("PUT", "/{role}/profiles/{named}", None, 11),
    ("DELETE", "/{role}/profiles/{named}", None, 12),
    ("GET", "/{role}/criteria", None, 9),
    ("POST", "/{role}/criteria", {"profileColumn": "id", "predicate": "gt", "value": 0}, 10),
    ("DELETE", "/{role}/criteria", [], 12),
    ("GET", "/{role}/criteria/{criterion}", None, 9),
    ("PUT", "/{role}/criteria/{criterion}", {"value": 7}, 11),
    ("DELETE", "/{role}/criteria/{criterion}", None, 12),
    ("GET", "/{role}/members", None, 9),
]


@pytest.mark.parametrize(("verb", "path", "body", "code"), REQUESTS, ids=[f"{r[0]} {r[1]}" for r in REQUESTS])
def test_a7_readers_are_refused_and_those_who_cannot_read_find_nothing(
    api: ApiClient, forum: Forum, place: Microcosm, verb: str, path: str, body: Any, code: int
) -> None:
    named, member, outlaw = forum.member(), forum.member(), forum.member()
    make_role(forum.root, outlaw, is_banned=True)
    role = make_role(place, named, include_users=True, include_guests=True, can_read=True, title="Target")
    criterion = make_criterion(role, column="commentCount", predicate="gt", value=10**6)
    path = path.format(role=role.id, named=named.id, criterion=criterion.id)
    before = fingerprint()
    for person in (None, member, named):
        reply = api.as_(person).request(verb, roles_of(place) + path, json=body)
        assert (reply.status, reply.code) == (403, code)
    hidden = api.as_(outlaw).request(verb, roles_of(place) + path, json=body)
    missing = api.as_(outlaw).request(verb, f"/api/v1/microcosms/999999999/roles{path}", json=body)
    assert (hidden.status, hidden.content) == (404, missing.content)
    assert fingerprint() == before


def test_a_moderator_whose_role_ticks_nothing_manages_roles(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    moderator = forum.member()
    make_role(forum.root, moderator, is_moderator=True)
    role = make_role(place, title="Old", include_users=True, can_read=True)
    assert api.as_(moderator).put(f"{roles_of(place)}/{role.id}", {"title": "New"}).status == 302


def test_a4_a_moderator_manages_no_roles_where_they_cannot_read(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    moderator = forum.member()
    make_role(forum.root, moderator, is_moderator=True)
    role = make_role(place, can_read=True)
    asking = api.as_(moderator)
    assert asking.get(f"permission?itemType=microcosm&itemId={place.id}").data["moderator"] is True
    missing = asking.get("microcosms/999999999/roles")
    before = fingerprint()
    for reply in (
        asking.get(roles_of(place)),
        asking.get(f"{roles_of(place)}/{role.id}"),
        asking.put(f"{roles_of(place)}/{role.id}/profiles/{moderator.id}"),
        asking.post(roles_of(place), ROLE),
    ):
        assert (reply.status, reply.content) == (404, missing.content)
    assert fingerprint() == before


def test_the_owner_of_a_microcosm_manages_its_roles(api: ApiClient, forum: Forum) -> None:
    owner = forum.member()
    place = make_microcosm(forum, owner=owner.profile, created_by=owner.profile)
    below = make_microcosm(forum, place)
    assert api.as_(owner).post(roles_of(place), ROLE).status == 302
    assert api.as_(owner).post(roles_of(below), {"title": "x"}).status in (403, 404)


def test_moderators_reach_the_roles_of_a_deleted_microcosm(api: ApiClient, forum: Forum) -> None:
    place = make_microcosm(forum, is_deleted=True, is_live=False)
    assert api.as_(forum.owner).get(roles_of(place)).status == 200
    assert api.as_(forum.owner).post(roles_of(place), ROLE).status == 302


# --- Named people ----------------------------------------------------------------------------


@pytest.fixture
def role(place: Microcosm) -> Role:
    """A role of `place` that takes in nobody by rule."""
    return make_role(place, include_guests=True, can_read=True, title="Role")


@pytest.fixture
def path(place: Microcosm, role: Role) -> str:
    """The path of `role`."""
    return f"{roles_of(place)}/{role.id}"


def test_named_people_are_added_and_listed_by_id(api_of_moderator: ApiClient, forum: Forum, path: str) -> None:
    people = [forum.member() for _ in range(3)]
    reply = api_of_moderator.put(f"{path}/profiles", [{"id": person.id} for person in reversed(people[:2])])
    assert (reply.status, reply.data) == (200, None)
    reply = api_of_moderator.put(f"{path}/profiles", [{"id": person.id, "profileName": "x"} for person in people[1:]])
    assert reply.status == 200
    reply = api_of_moderator.get(f"{path}/profiles?limit=250")
    assert_same_shape(reply.data, recorded("microcosms", "GET_role-profiles-after_owner"))
    assert ids(reply) == [person.id for person in people]
    assert reply.data["profiles"]["type"] == f"{path}/profiles"
    assert reply.data["meta"] == {}


def test_named_people_are_paged(api_of_moderator: ApiClient, forum: Forum, path: str, role: Role) -> None:
    people = [forum.member() for _ in range(7)]
    api_of_moderator.put(f"{path}/profiles", [{"id": person.id} for person in people])
    for end in ("profiles", "members"):
        reply = api_of_moderator.get(f"{path}/{end}?limit=5&offset=5")
        assert ids(reply) == [person.id for person in people[5:]]
        assert reply.data["profiles"]["total"] == 7
        assert api_of_moderator.get(f"{path}/{end}?limit=5&offset=10").status == 400
    RoleProfile.objects.filter(role=role).delete()
    for end in ("profiles", "members"):
        assert api_of_moderator.get(f"{path}/{end}").data["profiles"]["items"] == []
        assert api_of_moderator.get(f"{path}/{end}?limit=5&offset=5").status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([{"id": 0}], 400),
        ([{"id": -1}], 400),
        ([{"id": "1"}], 400),
        ([{"id": 2**63}], 400),
        ([{}], 400),
        ([5], 400),
        ({"id": 1}, 400),
        ([{"id": 999_999_999}], 404),
    ],
)
def test_naming_people_is_all_or_nothing(
    api_of_moderator: ApiClient, forum: Forum, path: str, body: Any, status: int
) -> None:
    before = fingerprint()
    good = [{"id": forum.member().id}]
    before = fingerprint()
    assert api_of_moderator.put(f"{path}/profiles", good + body if isinstance(body, list) else body).status == status
    assert fingerprint() == before


def test_t1_people_of_another_site_cannot_be_named(api_of_moderator: ApiClient, other_forum: Forum, path: str) -> None:
    stranger = other_forum.member()
    before = fingerprint()
    missing = api_of_moderator.put(f"{path}/profiles", [{"id": 999_999_999}])
    assert api_of_moderator.put(f"{path}/profiles", [{"id": stranger.id}]).content == missing.content
    assert api_of_moderator.put(f"{path}/profiles/{stranger.id}").status == 404
    assert fingerprint() == before


def test_named_people_are_taken_out_some_or_all(
    api_of_moderator: ApiClient, forum: Forum, path: str, role: Role
) -> None:
    people = [forum.member() for _ in range(4)]
    RoleProfile.objects.bulk_create([RoleProfile(role=role, profile=person.profile) for person in people])
    reply = api_of_moderator.delete(f"{path}/profiles", [{"id": people[0].id}, {"id": 999_999_999}])
    assert (reply.status, reply.data) == (200, None)
    assert ids(api_of_moderator.get(f"{path}/profiles")) == [person.id for person in people[1:]]
    for _ in range(2):
        reply = api_of_moderator.delete(f"{path}/profiles/{people[1].id}")
        assert (reply.status, reply.data) == (200, None)
    assert ids(api_of_moderator.get(f"{path}/profiles")) == [person.id for person in people[2:]]
    assert api_of_moderator.delete(f"{path}/profiles").status == 400
    assert RoleProfile.objects.filter(role=role).count() == 2
    assert api_of_moderator.delete(f"{path}/profiles", []).status == 200
    assert ids(api_of_moderator.get(f"{path}/profiles")) == []


def test_saving_a_role_as_the_web_client_does(api_of_moderator: ApiClient, forum: Forum, path: str) -> None:
    """client-calls.md: DELETE of everything with a body, `?method=DELETE` too, then PUT of the whole list."""
    people = [{"id": forum.member().id} for _ in range(2)]
    for _ in range(2):
        assert api_of_moderator.put(path, ROLE).status == 302
        for end in ("profiles", "criteria"):
            assert api_of_moderator.delete(f"{path}/{end}?method=DELETE", []).status == 200
        assert api_of_moderator.put(f"{path}/profiles", people).status == 200
        criterion = {"id": 0, "orGroup": 0, "profileColumn": "commentCount", "predicate": "ge", "value": 10}
        reply = api_of_moderator.post(f"{path}/criteria", criterion)
        assert api_of_moderator.follow(reply).status == 200
    assert len(ids(api_of_moderator.get(f"{path}/profiles?limit=250"))) == 2
    assert api_of_moderator.get(f"{path}/criteria").data["criteria"]["total"] == 1


def test_one_named_person(api_of_moderator: ApiClient, forum: Forum, path: str) -> None:
    person = forum.member()
    one = f"{path}/profiles/{person.id}"
    assert api_of_moderator.get(one).status == 404
    reply = api_of_moderator.put(one, {"id": person.id})
    assert (reply.status, reply.location) == (302, one)
    data = api_of_moderator.follow(reply).data
    assert_same_shape(data, recorded("microcosms", "GET_microcosm-role-profile_owner"))
    assert data["id"] == person.id
    again = api_of_moderator.put(one, headers=PREFER)
    assert (again.status, again.data["id"]) == (200, person.id)
    assert api_of_moderator.get(f"{path}/profiles/999999999").status == 404


# --- Members ---------------------------------------------------------------------------------


def test_members_are_everyone_by_name_or_rule(api_of_moderator: ApiClient, forum: Forum, path: str, role: Role) -> None:
    named, busy, both = (forum.member() for _ in range(3))
    Profile.objects.filter(id__in=[busy.id, both.id]).update(comment_count=50)
    RoleProfile.objects.bulk_create([RoleProfile(role=role, profile=person.profile) for person in (both, named)])
    make_criterion(role, column="commentCount", predicate="ge", value=50)
    reply = api_of_moderator.get(f"{path}/members")
    assert ids(reply) == [named.id, busy.id, both.id]
    assert ids(api_of_moderator.get(f"{path}/profiles")) == [named.id, both.id]
    assert_same_shape(reply.data, recorded("microcosms", "GET_microcosm-role-members_mod"))
    Role.objects.filter(id=role.id).update(include_users=True)
    assert (
        api_of_moderator.get(f"{path}/members").data["profiles"]["total"]
        == Profile.objects.filter(site=forum.site).count()
    )


def test_c3_membership_by_rule_is_never_frozen(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    """A 9.3: the reference kept the first evaluation for ever."""
    member = forum.member()
    role = make_role(place, can_read=True)
    make_criterion(role, column="commentCount", predicate="ge", value=1)
    make_criterion(role, key="team", predicate="eq", value="red", or_group=1)
    asking = api.as_(member)
    assert asking.get(roles_of(place)).status == 404
    Profile.objects.filter(id=member.id).update(comment_count=1)
    assert asking.get(roles_of(place)).status == 200
    Profile.objects.filter(id=member.id).update(comment_count=0)
    assert asking.get(roles_of(place)).status == 404
    ProfileAttribute.objects.create(profile=member.profile, key="team", text_value="red")
    assert asking.get(roles_of(place)).status == 200


# --- Criteria --------------------------------------------------------------------------------


def test_a_criterion_is_made_read_changed_and_removed(api_of_moderator: ApiClient, path: str) -> None:
    body = {"orGroup": 0, "profileColumn": "commentCount", "predicate": "ge", "value": 10}
    reply = api_of_moderator.post(f"{path}/criteria", body)
    criterion = Criterion.objects.get()
    one = f"{path}/criteria/{criterion.id}"
    assert (reply.status, reply.location) == (302, one)
    data = api_of_moderator.follow(reply).data
    theirs = recorded("microcosms", "GET_criterion-created-after_owner")
    assert data == body | {"id": criterion.id}
    assert list(data) == list(theirs)
    assert_same_shape(data, theirs)
    reply = api_of_moderator.put(one, {"value": 20, "id": 99})
    assert (reply.status, reply.location) == (302, one)
    assert api_of_moderator.get(one).data == body | {"id": criterion.id, "value": 20}
    reply = api_of_moderator.put(one, {"orGroup": 3}, headers=PREFER)
    assert (reply.status, reply.data["orGroup"], reply.data["value"]) == (200, 3, 20)
    assert api_of_moderator.delete(one).status == 200
    assert api_of_moderator.get(one).status == 404
    assert api_of_moderator.put(one, {"value": 1}).status == 404
    assert api_of_moderator.delete(one).status == 404


def test_a_list_of_criteria_looks_like_the_recorded_one(api_of_moderator: ApiClient, path: str, role: Role) -> None:
    wanted = [
        make_criterion(role, key="b", predicate="eq", value="x", or_group=0),
        make_criterion(role, column="commentCount", predicate="ge", value=1, or_group=0),
        make_criterion(role, column="commentCount", predicate="lt", value=9, or_group=0),
        make_criterion(role, key="a", predicate="eq", value="x", or_group=1),
        make_criterion(role, column="id", predicate="gt", value=0, or_group=1),
    ]
    make_criterion(make_role(role.microcosm), column="id", predicate="gt", value=0)
    reply = api_of_moderator.get(f"{path}/criteria")
    items = reply.data["criteria"]["items"]
    assert [item["id"] for item in items] == [criterion.id for criterion in wanted]
    assert items[0] == {"id": wanted[0].id, "orGroup": 0, "attrKey": "b", "predicate": "eq", "value": "x"}
    assert reply.data["criteria"]["type"] == f"{path}/criteria"
    theirs = recorded("microcosms", "GET_microcosm-role-criteria_mod")
    reply.data["criteria"]["items"] = items[1:]
    assert_same_shape({"criteria": reply.data["criteria"] | {"items": items[1:]}, "meta": reply.data["meta"]}, theirs)
    assert api_of_moderator.get(f"{path}/criteria?limit=5&offset=5").status == 400


@pytest.mark.parametrize(
    ("subject", "predicates", "value"),
    [
        *(
            ({"profileColumn": column}, "eq ne neq lt le ge gt", 5)
            for column in ("id", "itemCount", "commentCount", "created")
        ),
        ({"profileColumn": "created"}, "eq ne neq lt le ge gt", "2020-02-29"),
        *(({"profileColumn": column}, "eq ne neq substr nsubstr", "x") for column in ("profileName", "gender")),
        ({"profileColumn": "isBanned"}, "eq ne neq", True),
        ({"attrKey": "team"}, "eq ne neq substr nsubstr", "red"),
        ({"attrKey": "team"}, "eq ne neq substr nsubstr lt le ge gt", "2020-02-29"),
        ({"attrKey": "team"}, "eq ne neq lt le ge gt", 5.5),
        ({"attrKey": "team"}, "eq ne neq lt le ge gt", 0),
        ({"attrKey": "team"}, "eq ne neq", False),
    ],
)
def test_each_type_has_its_predicates_and_keeps_its_spelling(
    api_of_moderator: ApiClient, path: str, subject: dict[str, str], predicates: str, value: Any
) -> None:
    for predicate in ("eq", "ne", "neq", "lt", "le", "ge", "gt", "substr", "nsubstr", "", "zz", "EQ"):
        body = {**subject, "predicate": predicate, "value": value}
        reply = api_of_moderator.post(f"{path}/criteria", body, headers=PREFER)
        if predicate not in predicates.split():
            assert (reply.status, reply.code) == (400, 4), body
            continue
        assert reply.status == 201, (body, reply)
        assert reply.data["predicate"] == predicate
        assert reply.data["value"] == value
        assert type(reply.data["value"]) is type(value)


@pytest.mark.parametrize(
    "body",
    [
        {"predicate": "eq", "value": 1},
        {"profileColumn": "", "attrKey": "  ", "predicate": "eq", "value": 1},
        {"profileColumn": "password", "predicate": "eq", "value": 1},
        {"profileColumn": "id", "predicate": "eq"},
        {"profileColumn": "id", "predicate": "eq", "value": None},
        {"profileColumn": "id", "predicate": "eq", "value": [1]},
        {"profileColumn": "id", "predicate": "eq", "value": {"a": 1}},
        {"profileColumn": "id", "predicate": "eq", "value": "many"},
        {"profileColumn": "id", "predicate": "eq", "value": 1.5},
        {"profileColumn": "id", "predicate": "eq", "value": True},
        {"profileColumn": "id", "predicate": "eq", "value": 1e300},
        {"profileColumn": "id", "predicate": "eq", "value": 10**30},
        {"profileColumn": "id", "value": 1},
        {"profileColumn": "created", "predicate": "eq", "value": "2020-02-30"},
        {"profileColumn": "created", "predicate": "eq", "value": "yesterday"},
        {"profileColumn": "created", "predicate": "eq", "value": "\u0662\u0660\u0662\u0660-01-01"},
        {"profileColumn": "isBanned", "predicate": "eq", "value": "true"},
        {"profileColumn": "isBanned", "predicate": "eq", "value": 1},
        {"profileColumn": "gender", "predicate": "eq", "value": 1},
        {"profileColumn": "gender", "predicate": "eq", "value": "x" * 251},
        {"attrKey": "x" * 51, "predicate": "eq", "value": 1},
        {"attrKey": "x", "predicate": "eq", "value": 1e300},
        {"attrKey": "x", "predicate": "eq", "value": 10**30},
        {"attrKey": "x", "predicate": "eq", "value": "x" * 251},
        {"attrKey": "x", "predicate": "eq", "value": 1, "orGroup": "0"},
        {"attrKey": "x", "predicate": "eq", "value": 1, "orGroup": 2**31},
        {"attrKey": "x", "predicate": "eq", "value": 1, "orGroup": 1.5},
        {"attrKey": 5, "predicate": "eq", "value": 1},
        [],
    ],
)
def test_a_bad_criterion_is_refused(api_of_moderator: ApiClient, path: str, body: Any) -> None:
    before = fingerprint()
    reply = api_of_moderator.post(f"{path}/criteria", body)
    assert reply.status == 400, reply
    assert reply.code in (3, 4)
    assert fingerprint() == before


def test_values_come_back_as_what_they_mean(api_of_moderator: ApiClient, path: str) -> None:
    for subject, value, kept in (
        ({"profileColumn": "commentCount"}, "50", 50),
        ({"profileColumn": "commentCount"}, 50.0, 50),
        ({"profileColumn": "commentCount"}, -5, -5),
        ({"profileColumn": "created"}, " 2020-01-01 ", "2020-01-01"),
        ({"profileColumn": "gender"}, "  other  ", "other"),
        ({"profileColumn": "gender"}, "", ""),
        ({"attrKey": "k"}, " <b>R&D</b> ", "R&amp;D"),
        ({"attrKey": "k"}, "R&amp;D", "R&amp;D"),
        ({"attrKey": "k"}, 2.25, 2.25),
    ):
        body = {**subject, "predicate": "eq", "value": value}
        reply = api_of_moderator.post(f"{path}/criteria", body, headers=PREFER)
        assert reply.status == 201, (body, reply)
        assert (reply.data["value"], type(reply.data["value"])) == (kept, type(kept))


def test_a4_only_the_owner_of_the_site_tests_addresses(
    api: ApiClient, api_of_moderator: ApiClient, forum: Forum, place: Microcosm, path: str, role: Role
) -> None:
    """Who may see no address finds none out by asking whom a part of it takes in."""
    landlord = forum.member()
    Microcosm.objects.filter(id=place.id).update(owner=landlord.profile)
    body = {"profileColumn": "email", "predicate": "substr", "value": "@example.org"}
    named = make_criterion(role, column="profileName", predicate="substr", value="@example.org")
    addressed = make_criterion(role, column="email", predicate="eq", value="nobody@example.org")
    before = fingerprint()
    for client in (api_of_moderator, api.as_(landlord)):
        for reply in (
            client.post(f"{path}/criteria", body),
            client.post(f"{path}/criteria", body | {"profileColumn": " email "}),
            client.put(f"{path}/criteria/{named.id}", {"profileColumn": "email"}),
            client.put(f"{path}/criteria/{addressed.id}", {"predicate": "substr", "value": "b"}),
            client.put(f"{path}/criteria/{addressed.id}", {"orGroup": 1}),
        ):
            assert (reply.status, reply.code) == (403, 8)
    assert fingerprint() == before
    owner = api.as_(forum.owner)
    for predicate in ("eq", "ne", "neq", "substr", "nsubstr"):
        assert owner.post(f"{path}/criteria", body | {"predicate": predicate}).status == 302
    assert owner.post(f"{path}/criteria", body | {"predicate": "lt"}).status == 400
    assert owner.put(f"{path}/criteria/{addressed.id}", {"orGroup": 1}).status == 302
    # To take a rule away tells nothing.
    assert api_of_moderator.put(f"{path}/criteria/{addressed.id}", {"profileColumn": "gender"}).status == 302
    assert api_of_moderator.delete(f"{path}/criteria", []).status == 200


def test_a_number_without_bounds_is_refused_though_more_follows_it(api_of_moderator: ApiClient, path: str) -> None:
    before = fingerprint()
    for number in ("9" * 400, "-" + "9" * 400, "1e400", "-1e400", "9" * 5000, "9" * 30):
        for subject in ('"profileColumn":"id"', '"attrKey":"x"'):
            body = f'{{{subject},"predicate":"eq","value":{number}}} x'.encode()
            reply = api_of_moderator.request("POST", f"{path}/criteria", body=body, content_type="application/json")
            assert reply.status == 400, body[:80]
    assert fingerprint() == before


def test_a_column_wins_over_a_key(api_of_moderator: ApiClient, path: str) -> None:
    body = {"profileColumn": "id", "attrKey": "team", "predicate": "gt", "value": 1}
    reply = api_of_moderator.post(f"{path}/criteria", body, headers=PREFER)
    assert reply.data == {"id": reply.data["id"], "orGroup": 0, "profileColumn": "id", "predicate": "gt", "value": 1}
    moved = api_of_moderator.put(reply.location, {"profileColumn": "", "attrKey": "team"}, headers=PREFER)
    assert "profileColumn" not in moved.data
    assert moved.data["attrKey"] == "team"


def test_a_change_that_does_not_fit_what_stays_is_refused(api_of_moderator: ApiClient, path: str, role: Role) -> None:
    criterion = make_criterion(role, column="commentCount", predicate="ge", value=10)
    one = f"{path}/criteria/{criterion.id}"
    before = fingerprint()
    for body in ({"value": "x"}, {"predicate": "substr"}, {"profileColumn": "gender"}, {"profileColumn": "isBanned"}):
        assert api_of_moderator.put(one, body).status == 400, body
    assert fingerprint() == before


def test_criteria_are_removed_some_or_all(api_of_moderator: ApiClient, path: str, role: Role) -> None:
    mine = [make_criterion(role, column="id", predicate="gt", value=n) for n in range(3)]
    other = make_criterion(make_role(role.microcosm), column="id", predicate="gt", value=0)
    assert api_of_moderator.delete(f"{path}/criteria").status == 400
    assert api_of_moderator.delete(f"{path}/criteria", [{"id": "x"}]).status == 400
    reply = api_of_moderator.delete(f"{path}/criteria", [{"id": mine[0].id}, {"id": other.id}, {"id": 999_999_999}])
    assert (reply.status, reply.data) == (200, None)
    assert set(Criterion.objects.values_list("id", flat=True)) == {mine[1].id, mine[2].id, other.id}
    assert api_of_moderator.delete(f"{path}/criteria", []).status == 200
    assert list(Criterion.objects.values_list("id", flat=True)) == [other.id]


def test_a_criterion_belongs_to_the_role_of_the_path(api_of_moderator: ApiClient, path: str, role: Role) -> None:
    other = make_criterion(make_role(role.microcosm), column="id", predicate="gt", value=0)
    before = fingerprint()
    for verb, body in (("GET", None), ("PUT", {"value": 5}), ("DELETE", None)):
        reply = api_of_moderator.request(verb, f"{path}/criteria/{other.id}", json=body)
        missing = api_of_moderator.request(verb, f"{path}/criteria/999999999", json=body)
        assert (reply.status, reply.content) == (404, missing.content)
    assert fingerprint() == before


# --- News ------------------------------------------------------------------------------------


def test_every_change_is_in_the_log(
    api_of_moderator: ApiClient, moderator: Person, forum: Forum, place: Microcosm
) -> None:
    last = Change.objects.order_by("id").last()
    person = forum.member()
    role = api_of_moderator.post(roles_of(place), ROLE, headers=PREFER)
    api_of_moderator.put(role.location, {"title": "x"})
    api_of_moderator.patch(role.location, [{"op": "replace", "path": "/read", "value": False}])
    api_of_moderator.put(f"{role.location}/profiles/{person.id}")
    api_of_moderator.delete(f"{role.location}/profiles", [])
    api_of_moderator.post(f"{role.location}/criteria", {"profileColumn": "id", "predicate": "gt", "value": 0})
    api_of_moderator.delete(f"{role.location}/criteria", [])
    api_of_moderator.delete(role.location)
    changes = Change.objects.filter(id__gt=last.id if last else 0, kind__startswith="role.").order_by("id")
    assert [change.kind for change in changes] == ["role.created", *["role.edited"] * 6, "role.deleted"]
    for change in changes:
        assert (change.ids["role_id"], change.ids["microcosm_id"]) == (role.data["id"], place.id)
        assert (change.site_id, change.actor_id) == (forum.site.id, moderator.id)
    # Whom it concerns beside those who are named in it at that moment.
    assert [change.ids["profile_ids"] for change in changes] == [[], [], [], [person.id], [person.id], [], [], []]
    assert [change.ids["takes_members"] for change in changes] == [False] * 5 + [True, True, False]

"""Attributes of everything that has them (contract A 26)."""

from typing import Any

import pytest

from apps.comments.models import CommentAttribute
from apps.core.models import Change
from apps.items.models import ItemAttribute
from apps.permissions.models import Role
from apps.profiles.models import ProfileAttribute
from tests.client import ApiClient
from tests.content import closed_to_all_but, place_in, say, start
from tests.factories import Forum, Person, make_criterion
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db
KINDS = ["site", "microcosms", "conversations", "comments", "profiles"]


@pytest.fixture
def member(forum: Forum) -> Person:
    """Somebody who has written things."""
    return forum.member()


@pytest.fixture
def paths(forum: Forum, member: Person) -> dict[str, str]:
    """The attributes of one thing of each kind."""
    item = start(member, forum.root)
    ids = {
        "site": forum.site.id,
        "microcosms": place_in(forum).id,
        "conversations": item.id,
        "comments": say(member, item).id,
        "profiles": member.id,
    }
    return {kind: f"{kind}/{id}/attributes" for kind, id in ids.items()}


@pytest.fixture
def owner(api: ApiClient, forum: Forum) -> ApiClient:
    """The owner of the site."""
    return api.as_(forum.owner)


def listed(client: ApiClient, path: str) -> dict[str, Any]:
    """The attributes of something."""
    return {item["key"]: item["value"] for item in client.get(path).data["attributes"]["items"]}


@pytest.mark.parametrize("kind", KINDS)
def test_write_read_and_delete(kind: str, owner: ApiClient, api: ApiClient, paths: dict[str, str]) -> None:
    path = paths[kind]
    assert listed(api, path) == {}
    values = {"a": "str", "b": 5.5, "c": True, "d": "2025-01-02", "e": 7, "f": False, "g": 0, "h": "2025-13-02"}
    reply = owner.put(path, [{"key": key, "value": value} for key, value in reversed(values.items())])
    assert (reply.status, reply.data) == (200, None)
    data = api.get(path).data
    assert_same_shape(data, recorded("microcosms", "GET_microcosm-attributes_anon"))
    assert data["attributes"]["type"] == f"/api/v1/{kind}/0/attributes"
    assert {item["key"]: item["value"] for item in data["attributes"]["items"]} == values
    assert [item["key"] for item in data["attributes"]["items"]] == list(values)
    for key, value in values.items():
        told = api.get(f"{path}/{key}").data
        assert told == {"key": key, "value": value}
        assert type(told["value"]) is type(value)
    # Other values, of other types.
    assert owner.put(path, [{"key": "a", "value": 1}, {"key": "b", "value": "text"}]).status == 200
    assert (api.get(f"{path}/a").data["value"], api.get(f"{path}/b").data["value"]) == (1, "text")
    reply = owner.put(f"{path}/single", {"value": "hello"})
    assert (reply.status, reply.location) == (302, f"/api/v1/{path}/single")
    assert owner.follow(reply).data == {"key": "single", "value": "hello"}
    preferred = owner.put(f"{path}/single", {"value": True}, headers={"Prefer": "return=representation"})
    assert (preferred.status, preferred.data) == (200, {"key": "single", "value": True})
    assert owner.delete(f"{path}/single").status == 200
    assert owner.delete(f"{path}/single").status == 404
    assert api.get(f"{path}/single").status == 404
    reply = owner.delete(path, [{"key": "a"}, {"key": "b"}])
    assert (reply.status, reply.data) == (200, None)
    assert sorted(listed(api, path)) == ["c", "d", "e", "f", "g", "h"]


@pytest.mark.parametrize("kind", KINDS)
def test_deleting_many_deletes_all_or_none(kind: str, owner: ApiClient, paths: dict[str, str]) -> None:
    path = paths[kind]
    owner.put(path, [{"key": "a", "value": 1}, {"key": "b", "value": 2}])
    assert owner.delete(path, [{"key": "a"}, {"key": "zzz"}]).status == 404
    assert listed(owner, path) == {"a": 1, "b": 2}
    assert owner.delete(path, [{"key": "a"}, {"key": "a"}]).status == 200
    assert owner.delete(path, []).status == 200
    assert listed(owner, path) == {"b": 2}


@pytest.mark.parametrize(
    "body",
    [
        {"key": "x", "value": 1},
        [{"value": "s"}],
        [{"key": "", "value": "s"}],
        [{"key": "   ", "value": "s"}],
        [{"key": "x" * 51, "value": "s"}],
        [{"key": 5, "value": "s"}],
        [{"key": "x"}],
        [{"key": "x", "value": None}],
        [{"key": "x", "value": {"a": 1}}],
        [{"key": "x", "value": [1]}],
        [{"key": "x", "value": ""}],
        [{"key": "x", "value": " \t"}],
        [{"key": "x", "value": "<b></b>"}],
        [{"key": "good", "value": 1}, {"key": "bad", "value": None}],
        [{"key": f"k{number}", "value": 1} for number in range(251)],
        ["x"],
        "x",
    ],
    ids=str,
)
def test_what_is_no_attribute_is_400_and_writes_nothing(owner: ApiClient, paths: dict[str, str], body: Any) -> None:
    assert owner.put(paths["conversations"], body).status == 400
    assert not ItemAttribute.objects.exists()


@pytest.mark.parametrize("value", [None, "", {"a": 1}, []])
def test_a_single_value_that_is_none_is_400(owner: ApiClient, paths: dict[str, str], value: Any) -> None:
    assert owner.put(f"{paths['comments']}/x", {"value": value}).status == 400
    assert owner.put(f"{paths['comments']}/x", body=b'{"value": 1e400}', content_type="application/json").status == 400
    assert owner.put(f"{paths['comments']}/{'x' * 51}", {"value": 1}).status == 400
    assert not CommentAttribute.objects.exists()


def test_texts_and_keys_are_cleaned(owner: ApiClient, paths: dict[str, str]) -> None:
    path = paths["conversations"]
    owner.put(path, [{"key": " two words ", "value": " SHOUT <script>x</script>& more "}])
    assert listed(owner, path) == {"twowords": "SHOUT &amp; more"}


def test_forms_write_texts_and_the_url_names_the_key(owner: ApiClient, paths: dict[str, str]) -> None:
    path = paths["comments"]
    assert owner.post(f"{path}/colour?method=PUT", form={"Value": "blue", "key": "other"}).status == 302
    assert listed(owner, path) == {"colour": "blue"}


def test_pages_of_attributes(owner: ApiClient, paths: dict[str, str]) -> None:
    path = paths["microcosms"]
    owner.put(path, [{"key": f"k{number}", "value": number} for number in range(7)])
    page = owner.get(f"{path}?limit=5&offset=5").data["attributes"]
    assert ([item["key"] for item in page["items"]], page["total"]) == (["k5", "k6"], 7)
    assert owner.get(f"{path}?limit=5&offset=10").status == 400


def test_who_writes_attributes_of_what(api: ApiClient, forum: Forum, member: Person, paths: dict[str, str]) -> None:
    """By the rules of the parent, the single DELETE too, which the reference let everybody do."""
    other = forum.member()
    mine = {"conversations", "comments", "profiles"}
    for kind, path in paths.items():
        for person in (None, other, member, forum.owner):
            may = person is forum.owner or (person is member and kind in mine)
            client = api.as_(person)
            assert client.put(path, [{"key": "a", "value": 1}]).status == (200 if may else 403), (kind, person)
            assert client.put(f"{path}/b", {"value": 1}).status == (302 if may else 403)
            if not may:
                api.as_(forum.owner).put(path, [{"key": "a", "value": 1}, {"key": "b", "value": 1}])
            assert client.delete(f"{path}/b").status == (200 if may else 403)
            may_delete_many = may and (kind != "profiles" or person is forum.owner)
            assert client.delete(path, [{"key": "a"}]).status == (200 if may_delete_many else 403)


def test_a2_attributes_of_what_may_not_be_read_are_404(api: ApiClient, forum: Forum, member: Person) -> None:
    place = place_in(forum)
    closed_to_all_but(place, member)
    item = start(member, place)
    comment = say(member, item)
    stranger = api.as_(forum.member())
    for path in (f"microcosms/{place.id}", f"conversations/{item.id}", f"comments/{comment.id}"):
        path = f"{path}/attributes"
        api.as_(forum.owner).put(f"{path}/a", {"value": 1})
        for reply in (
            stranger.get(path),
            stranger.get(f"{path}/a"),
            stranger.put(path, [{"key": "a", "value": 2}]),
            stranger.put(f"{path}/a", {"value": 2}),
            stranger.delete(path, [{"key": "a"}]),
            stranger.delete(f"{path}/a"),
        ):
            assert reply.status == 404
        assert listed(api.as_(forum.owner), path) == {"a": 1}


def test_t1_the_site_is_the_one_asked(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    for client in (api, api.as_(forum.owner)):
        path = f"site/{other_forum.site.id}/attributes"
        assert client.get(path).status == 404
        assert client.put(path, [{"key": "a", "value": 1}]).status == 404
        assert client.delete(f"{path}/a").status == 404


# --- Profiles: what gives access ------------------------------------------------------------------


def test_nobody_makes_themselves_a_member(
    api: ApiClient, owner: ApiClient, member: Person, paths: dict[str, str]
) -> None:
    path, own = paths["profiles"], api.as_(member)
    replies = [
        own.put(path, [{"key": "colour", "value": "blue"}, {"key": "is_member", "value": True}]),
        own.put(path, [{"key": " is_ member", "value": True}]),
        own.put(f"{path}/is_member", {"value": True}),
        own.delete(f"{path}/is_member"),
    ]
    assert [reply.status for reply in replies] == [403] * 4
    assert {reply.code for reply in replies} == {8}
    assert not ProfileAttribute.objects.exists()
    assert owner.put(f"{path}/is_member", {"value": True}).status == 302
    assert own.get(f"profiles/{member.id}").data["member"]
    assert own.delete(f"{path}/is_member").status == 403
    assert owner.delete(f"{path}/is_member").status == 200


def test_nobody_writes_what_a_criterion_tests(
    api: ApiClient, owner: ApiClient, forum: Forum, member: Person, paths: dict[str, str]
) -> None:
    role = Role.objects.create(
        site=forum.site, microcosm=forum.root, title="Team", created_by=forum.owner.profile, can_read=True
    )
    make_criterion(role, key="team", predicate="eq", value="red")
    path, own = paths["profiles"], api.as_(member)
    assert own.put(f"{path}/colour", {"value": "red"}).status == 302
    assert own.put(f"{path}/team", {"value": "red"}).status == 403
    assert own.put(path, [{"key": "shape", "value": "round"}, {"key": "team", "value": "red"}]).status == 403
    assert owner.put(f"{path}/team", {"value": "red"}).status == 302
    assert own.delete(f"{path}/team").status == 403
    assert listed(api, path) == {"colour": "red", "team": "red"}


def test_an_own_claim_opens_nothing_until_the_owner_confirms_it(
    api: ApiClient, owner: ApiClient, forum: Forum, member: Person
) -> None:
    """A 33.3: written before a criterion tests it, or while none does, it lets nobody in."""
    place = place_in(forum)
    role = closed_to_all_but(place)
    client, path = api.as_(member), f"profiles/{member.id}/attributes/team"
    assert client.put(path, {"value": "red"}).status == 302
    criterion = make_criterion(role, key="team", predicate="eq", value="red")
    page = f"microcosms/{place.id}"

    def member_ids() -> list[int]:
        roles = owner.get(f"{page}/roles").data["roles"]["items"]
        return [entry["id"] for entry in roles[0]["members"]["items"]]

    assert client.get(page).status == 404
    assert member.id not in member_ids()
    assert owner.put(path, {"value": "red"}).status == 302
    assert client.get(page).status == 200
    assert member.id in member_ids()
    criterion.delete()
    assert client.put(path, {"value": "red"}).status == 302
    make_criterion(role, key="team", predicate="eq", value="red")
    assert client.get(page).status == 404
    assert api.get(path).data == {"key": "team", "value": "red"}
    assert owner.put(f"profiles/{member.id}/attributes", [{"key": "team", "value": "red"}]).status == 200
    assert client.get(page).status == 200


def test_a_criterion_of_another_site_does_not_count(
    api: ApiClient, other_forum: Forum, member: Person, paths: dict[str, str]
) -> None:
    role = Role.objects.create(
        site=other_forum.site, microcosm=other_forum.root, title="Team", created_by=other_forum.owner.profile
    )
    make_criterion(role, key="team", predicate="eq", value="red")
    assert api.as_(member).put(f"{paths['profiles']}/team", {"value": "red"}).status == 302


def test_attributes_of_profiles_are_news(api: ApiClient, member: Person, paths: dict[str, str]) -> None:
    before = Change.objects.filter(kind="profile.edited").count()
    api.as_(member).put(f"{paths['profiles']}/colour", {"value": "red"})
    api.as_(member).delete(f"{paths['profiles']}/colour")
    assert Change.objects.filter(kind="profile.edited").count() == before + 2


def test_on_the_apex_only_one_s_own_profile_has_attributes(api: ApiClient, root_forum: Forum) -> None:
    person, other = root_forum.member(), root_forum.member()
    root = api.at(root_forum.host).as_(person)
    assert root.put(f"profiles/{person.id}/attributes/colour", {"value": "red"}).status == 302
    assert listed(root, f"profiles/{person.id}/attributes") == {"colour": "red"}
    for path in (f"profiles/{other.id}/attributes", f"profiles/{other.id}/attributes/colour"):
        assert root.get(path).status == 404


@pytest.mark.parametrize("value", [2**53, 10**30, -(10**30), 1e300, 9223372036854775808, 1.5])
def test_a_number_of_any_size_comes_back_as_a_number(forum: Forum, api: ApiClient, value: float) -> None:
    """Numbers are stored as doubles; beyond 64 bits the wire has no integer for a whole one."""
    owner, path = api.as_(forum.owner), f"microcosms/{forum.root.id}/attributes"
    assert owner.follow(owner.put(f"{path}/size", {"value": value})).data["value"] == float(value)
    assert api.get(path).data["attributes"]["items"] == [{"key": "size", "value": float(value)}]

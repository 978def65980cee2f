"""`/permission` (contract A 15); who gets which answer is in tests/access/matrix.py."""

import pytest

from tests.client import ApiClient
from tests.factories import Forum, ban
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded
from tests.trees import make_item, make_microcosm, make_role

pytestmark = pytest.mark.django_db


def granted(api: ApiClient, query: str) -> list[str]:
    """The names of the booleans that are true."""
    reply = api.get(f"permission?{query}" if query else "permission")
    assert reply.status == 200, reply
    return [name for name, value in reply.data.items() if value]


def test_the_answer_has_the_twelve_booleans_in_their_order(api: ApiClient, forum: Forum) -> None:
    item = make_item(forum.root, forum.member())
    reply = api.get(f"permission?itemType=conversation&itemId={item.id}")
    theirs = recorded("permission", "GET_permission-itemTypeconversation-itemId37_anon")
    assert_same_shape(reply.data, theirs)
    assert list(reply.data) == list(theirs)


def test_without_parameters_nothing_is_allowed_to_anybody(api: ApiClient, forum: Forum) -> None:
    assert granted(api, "") == ["guest"]
    assert granted(api.as_(forum.member()), "") == []
    assert granted(api.as_(forum.owner), "") == []


def test_a_microcosm_alone_tells_only_who_one_is_there(api: ApiClient, forum: Forum) -> None:
    moderator, outlaw = forum.member(), forum.member()
    place = make_microcosm(forum)
    make_role(place, moderator, is_moderator=True, can_update=True)
    make_role(place, outlaw, is_banned=True)
    query = f"microcosmId={place.id}"
    assert granted(api, query) == ["guest"]
    assert granted(api.as_(forum.member()), query) == []
    assert granted(api.as_(moderator), query) == ["moderator"]
    assert granted(api.as_(outlaw), query) == ["banned"]
    assert granted(api.as_(forum.owner), query) == ["moderator", "siteOwner"]


def test_the_microcosm_does_not_count_once_an_item_is_named(api: ApiClient, forum: Forum) -> None:
    hidden, author = make_microcosm(forum), forum.member()
    make_role(hidden, can_read=True)
    item = make_item(hidden, author)
    assert granted(api.as_(forum.member()), f"itemType=conversation&itemId={item.id}&microcosmId={forum.root.id}") == []


def test_a_type_with_a_microcosm_and_no_item_asks_what_may_be_started_there(api: ApiClient, forum: Forum) -> None:
    query = f"itemType=conversation&microcosmId={forum.root.id}"
    assert granted(api.as_(forum.member()), query) == ["create", "read", "closeOwn", "readOthers"]
    assert granted(api, query) == ["read", "guest"]


def test_type_names_may_be_written_in_any_case(api: ApiClient, forum: Forum) -> None:
    assert granted(api, "itemType=SiTe") == ["read", "guest"]


@pytest.mark.parametrize(
    "query",
    [
        "itemType=zzz",
        "itemType=conversations",
        "itemId=-1",
        "itemId=x",
        "itemId=1.5",
        "itemId=9223372036854775808",
        "itemId=99999999999999999999999",
        "itemId=%D9%A1",
        "microcosmId=x",
        "microcosmId=-1",
    ],
)
def test_values_that_cannot_be_are_400(api: ApiClient, query: str) -> None:
    reply = api.get(f"permission?{query}")
    assert reply.status == 400
    assert reply.code in (3, 4)


def test_blank_values_count_as_absent(api: ApiClient) -> None:
    assert granted(api, "itemType=&itemId=&microcosmId=") == ["guest"]


def test_a_banned_member_does_not_get_past_the_door(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    ban(forum.site, member)
    reply = api.as_(member).get("permission?itemType=site")
    assert (reply.status, reply.code) == (403, 13)


def test_t1_things_of_another_site_are_answered_like_missing_ones(
    api: ApiClient, forum: Forum, other_forum: Forum
) -> None:
    item = make_item(other_forum.root, other_forum.owner)
    for person in (None, forum.member(), forum.owner):
        asking = api.as_(person)
        for kind, id_ in (("conversation", item.id), ("microcosm", other_forum.root.id)):
            there = asking.get(f"permission?itemType={kind}&itemId={id_}")
            missing = asking.get(f"permission?itemType={kind}&itemId=999999999")
            assert there.content == missing.content


def test_it_takes_one_statement_beside_the_door_and_two_to_look_at_a_thing(api: ApiClient, forum: Forum) -> None:
    api.get("permission?itemType=site")
    for query, number in ((f"microcosmId={forum.root.id}", 1), (f"itemType=microcosm&itemId={forum.root.id}", 3)):
        with count_statements() as statements:
            api.get(f"permission?{query}")
        assert len(statements) == number, query


@pytest.mark.parametrize("flag", ["deleted", "moderated"])
def test_a9_what_is_hidden_is_like_what_never_was(api: ApiClient, forum: Forum, flag: str) -> None:
    place, owner = make_microcosm(forum), api.as_(forum.owner)
    item = make_item(place, forum.owner)
    patch = [{"op": "replace", "path": f"/meta/flags/{flag}", "value": True}]
    for kind, id in (("conversation", item.id), ("microcosm", place.id)):
        clients = (api, api.as_(forum.member()))
        assert all("read" in granted(client, f"itemType={kind}&itemId={id}") for client in clients)
        assert owner.patch(f"{kind}s/{id}", patch).status == 200
        for client in clients:
            assert granted(client, f"itemType={kind}&itemId={id}") == granted(
                client, f"itemType={kind}&itemId=987654321"
            )
        assert "read" in granted(owner, f"itemType={kind}&itemId={id}")


@pytest.mark.parametrize("flag", ["deleted", "moderated"])
def test_a9_what_may_be_started_in_a_hidden_place_is_like_in_one_that_never_was(
    api: ApiClient, forum: Forum, flag: str
) -> None:
    """A3."""
    place = make_microcosm(forum)
    below, owner, moderator = make_microcosm(forum, place), api.as_(forum.owner), forum.member()
    make_role(place, moderator, is_moderator=True, can_read=True)
    patch = [{"op": "replace", "path": f"/meta/flags/{flag}", "value": True}]
    assert owner.patch(f"microcosms/{place.id}", patch).status == 200
    for kind in ("conversation", "event", "poll"):
        for id in (place.id, below.id):
            for client in (api, api.as_(forum.member())):
                assert granted(client, f"itemType={kind}&microcosmId={id}") == granted(
                    client, f"itemType={kind}&microcosmId=987654321"
                )
            for client in (owner, api.as_(moderator)):
                assert "read" in granted(client, f"itemType={kind}&microcosmId={id}")

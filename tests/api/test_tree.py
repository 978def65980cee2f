"""The tree of microcosms as one array, depth first (contract A 21.8)."""

import pytest

from apps.permissions.models import Role
from apps.sites.types import ItemType
from apps.updates.models import Ignore
from tests.client import ApiClient
from tests.factories import Forum
from tests.recorded import assert_same_shape, recorded
from tests.trees import make_microcosm, make_private, make_role

pytestmark = pytest.mark.django_db


def tree(api: ApiClient) -> list[int]:
    """The ids of the tree, in order."""
    reply = api.get("microcosms/tree")
    assert reply.status == 200
    return [entry["id"] for entry in reply.data]


def test_the_tree_is_depth_first_with_pinned_siblings_first(api: ApiClient, forum: Forum) -> None:
    late = make_microcosm(forum, sequence=5)
    early = make_microcosm(forum, sequence=2)
    pinned = make_microcosm(forum, sequence=9, is_sticky=True)
    tied = make_microcosm(forum, sequence=5)
    early_late = make_microcosm(forum, early, sequence=2)
    early_early = make_microcosm(forum, early, sequence=1)
    deepest = make_microcosm(forum, early_early, sequence=0)
    pinned_below = make_microcosm(forum, pinned, sequence=1)
    assert tree(api) == [
        forum.root.id,
        pinned.id,
        pinned_below.id,
        early.id,
        early_early.id,
        deepest.id,
        early_late.id,
        late.id,
        tied.id,
    ]


def test_entries_have_level_and_parent(api: ApiClient, forum: Forum) -> None:
    top = make_microcosm(forum, title="Top")
    deep = make_microcosm(forum, top, title="Deep")
    data = api.get("microcosms/tree").data
    assert data == [
        {"rel": "microcosm", "href": "/api/v1/microcosms", "title": "Forums", "id": forum.root.id, "level": 1},
        {
            "rel": "microcosm",
            "href": f"/api/v1/microcosms/{top.id}",
            "title": "Top",
            "id": top.id,
            "level": 2,
            "parentId": forum.root.id,
        },
        {
            "rel": "microcosm",
            "href": f"/api/v1/microcosms/{deep.id}",
            "title": "Deep",
            "id": deep.id,
            "level": 3,
            "parentId": top.id,
        },
    ]
    theirs = recorded("microcosms", "GET_microcosms-tree_owner")
    assert_same_shape(data, theirs)
    assert_same_shape(data[1], theirs[1])


def test_siblings_keep_their_order_beyond_nine(api: ApiClient, forum: Forum) -> None:
    places = [make_microcosm(forum, sequence=number) for number in range(1, 13)]
    assert tree(api) == [forum.root.id, *(place.id for place in places)]


def test_a1_hidden_private_and_ignored_microcosms_are_left_out(api: ApiClient, forum: Forum) -> None:
    member, insider = forum.member(), forum.member()
    deleted, private, muted, plain = (make_microcosm(forum) for _ in range(4))
    below = [make_microcosm(forum, place) for place in (deleted, private, muted, plain)]
    make_private(private, insider)
    Ignore.objects.create(profile=member.profile, kind=ItemType.MICROCOSM, microcosm=muted)
    assert api.as_(forum.owner).delete(f"microcosms/{deleted.id}").status == 200
    everything = [forum.root.id, private.id, below[1].id, muted.id, below[2].id, plain.id, below[3].id]
    assert tree(api.as_(forum.owner)) == everything
    assert tree(api.as_(insider)) == everything
    assert tree(api) == [forum.root.id, muted.id, below[2].id, plain.id, below[3].id]
    assert tree(api.as_(member)) == [forum.root.id, plain.id, below[3].id]


def test_a1_a_private_parent_is_not_named(api: ApiClient, forum: Forum) -> None:
    private = make_microcosm(forum)
    make_private(private)
    shown = make_microcosm(forum, private)
    make_role(shown, include_guests=True, can_read=True)
    data = api.get("microcosms/tree").data
    assert [entry["id"] for entry in data] == [forum.root.id, shown.id]
    assert "parentId" not in data[1]
    assert data[1]["level"] == 3


def test_a_guest_who_may_read_nothing_gets_an_empty_tree(api: ApiClient, forum: Forum) -> None:
    Role.objects.filter(microcosm=forum.root, title="Guests").delete()
    make_microcosm(forum)
    assert tree(api) == []
    assert len(tree(api.as_(forum.member()))) == 2


def test_t1_the_tree_holds_its_own_site_only(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    make_microcosm(other_forum)
    assert tree(api) == [forum.root.id]

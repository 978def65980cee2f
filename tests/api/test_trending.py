"""`GET /trending` (contract B 11)."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.comments.models import Comment
from apps.core import clock
from apps.items.models import Item
from apps.microcosms.models import Microcosm
from apps.sites.types import ItemType
from apps.updates.models import Ignore
from tests.client import ApiClient
from tests.content import closed_to_all_but, place_in
from tests.factories import Forum, Person
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded
from tests.trees import make_item

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _stopped() -> None:
    clock.set_clock(frozen=NOW)


@pytest.fixture
def place(forum: Forum) -> Microcosm:
    """A public microcosm."""
    return place_in(forum)


def talked(place: Microcosm, author: Person, *days_ago: float, age: float = 20, **fields: object) -> Item:
    """An item some days old, with a comment some days ago each."""
    moments = sorted(NOW - timedelta(days=days) for days in days_ago)
    item = make_item(place, author, at=NOW - timedelta(days=age), **fields)
    for moment in moments:
        Comment.objects.create(site_id=place.site_id, item=item, created_by=author.profile, created_at=moment)
    last = moments[-1] if moments else item.created_at
    Item.objects.filter(id=item.id).update(last_activity_at=last, comment_count=len(moments))
    return item


def ids(api: ApiClient, query: str = "") -> list[int]:
    """The ids of what is trending, in order."""
    reply = api.get(f"trending{query}")
    assert reply.status == 200, reply
    return [entry["item"]["id"] for entry in reply.data["items"]["items"]]


def test_the_score_decides(forum: Forum, place: Microcosm, api: ApiClient) -> None:
    one = talked(place, forum.owner, 1)
    three = talked(place, forum.owner, 1, 2, 3)
    stale = talked(place, forum.owner, 6, 6, 6, 6)
    young = talked(place, forum.owner, 1, age=2)
    poll = talked(place, forum.owner, 1, 2, kind=ItemType.POLL, age=19)
    talked(place, forum.owner, 15, age=40)
    talked(place, forum.owner)
    # comments x e^(-half-days / 4) / days: 0.303, 0.091, 0.064, 0.030, 0.010
    assert ids(api) == [young.id, three.id, poll.id, one.id, stale.id]


def test_the_list_ends_at_25_and_is_paged(forum: Forum, place: Microcosm, api: ApiClient) -> None:
    for number in range(27):
        talked(place, forum.owner, 1, age=2 + number / 10)
    whole = ids(api)
    assert len(whole) == 25
    assert ids(api, "?limit=10&offset=20") == whole[20:]
    page = api.get("trending?limit=10").data["items"]
    assert (page["total"], page["maxOffset"], page["totalPages"]) == (25, 20, 3)
    assert api.get("trending?limit=10&offset=30").status == 400
    assert api.get("trending?limit=7").status == 400


def test_the_answer_has_the_recorded_shape(forum: Forum, place: Microcosm, api: ApiClient) -> None:
    theirs = recorded("trending", "GET_trending_anon")
    # A poll: what it adds to an item is the business of its own resource.
    for key in ("question", "multi", "pollOpen"):
        del theirs["items"]["items"][0]["item"][key]
    del theirs["items"]["items"][0]["item"]["breadcrumb"]
    talked(place, forum.owner, 1)
    ours = api.get("trending").data
    assert ours["items"]["items"][0]["item"].pop("breadcrumb")[0]["id"] == place.id
    assert_same_shape(ours, theirs)


def test_unread_is_the_viewers(forum: Forum, place: Microcosm, api: ApiClient) -> None:
    member = forum.member()
    talked(place, forum.owner, -1)
    flags = [
        viewer.get("trending").data["items"]["items"][0]["item"]["meta"]["flags"]["unread"]
        for viewer in (api, api.as_(member))
    ]
    assert flags == [False, True]


def test_a1_private_hidden_and_ignored_items_do_not_trend(forum: Forum, place: Microcosm, api: ApiClient) -> None:
    member = forum.member()
    private = place_in(forum)
    closed_to_all_but(private, member)
    secret, open_one = talked(private, forum.owner, 1), talked(place, forum.owner, 2)
    talked(place, forum.owner, 1, is_deleted=True)
    talked(place, forum.owner, 1, is_moderated=True)
    for viewer in (api, api.as_(forum.member())):
        assert ids(viewer) == [open_one.id]
        assert viewer.get("trending").data["items"]["total"] == 1
    assert ids(api.as_(member)) == [secret.id, open_one.id]
    Ignore.objects.create(profile=member.profile, kind=ItemType.CONVERSATION, item=open_one)
    assert ids(api.as_(member)) == [secret.id]
    Ignore.objects.create(profile=member.profile, kind=ItemType.MICROCOSM, microcosm=private)
    assert ids(api.as_(member)) == []


def test_a3_deleted_comments_do_not_count(forum: Forum, place: Microcosm, api: ApiClient) -> None:
    item = talked(place, forum.owner, 1)
    Comment.objects.filter(item=item).update(is_deleted=True)
    assert ids(api) == []


def test_t1_another_site_does_not_trend_here(forum: Forum, other_forum: Forum, place: Microcosm) -> None:
    talked(place, forum.owner, 1)
    assert ids(ApiClient(host=other_forum.host).as_(other_forum.owner)) == []


def test_one_statement_answers(forum: Forum, place: Microcosm, api: ApiClient) -> None:
    talked(place, forum.owner, 1)
    ids(api)
    with count_statements() as statements:
        ids(api)
    assert len(statements) == 1

"""The unread rule of items and microcosms, mark by mark (contract B 12.1)."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from apps.core.pagination import Paging
from apps.items.models import ItemReadMark, MicrocosmReadMark
from apps.microcosms import queries
from apps.profiles.models import Profile
from tests.factories import Forum, Person
from tests.trees import make_item, make_microcosm

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 1, tzinfo=UTC)
ACTIVITY = START + timedelta(hours=2)
BEFORE, SAME, AFTER = ACTIVITY - timedelta(hours=1), ACTIVITY, ACTIVITY + timedelta(hours=1)
PAGE = Paging(limit=25, offset=0)


def flags(forum: Forum, reader: Person, place_id: int) -> dict[str, bool]:
    """The unread flag of a microcosm and of the one item in it."""
    head, entry = queries.microcosm_page(
        site_id=forum.site.id, profile_id=reader.id, microcosm_id=place_id, paging=PAGE
    )
    return {"microcosm": head.is_unread, "item": entry.is_unread}


@pytest.fixture
def reader(forum: Forum) -> Person:
    """A member to whom everything is new."""
    person = forum.member()
    Profile.objects.filter(id=person.id).update(read_all_at=START)
    return person


@pytest.mark.parametrize(
    ("own", "place", "everything"),
    itertools.product((None, BEFORE, SAME, AFTER), (None, BEFORE, SAME, AFTER), (START, SAME)),
)
def test_the_latest_mark_decides(
    forum: Forum, reader: Person, own: datetime | None, place: datetime | None, everything: datetime
) -> None:
    microcosm = make_microcosm(forum)
    item = make_item(microcosm, forum.owner, at=ACTIVITY)
    Profile.objects.filter(id=reader.id).update(read_all_at=everything)
    if own is not None:
        ItemReadMark.objects.create(profile=reader.profile, item=item, read_at=own)
    if place is not None:
        MicrocosmReadMark.objects.create(profile=reader.profile, microcosm=microcosm, read_at=place)
    expected = max(moment for moment in (own, place, everything) if moment is not None) < ACTIVITY
    assert flags(forum, reader, microcosm.id) == {"microcosm": expected, "item": expected}
    root = queries.microcosm_page(site_id=forum.site.id, profile_id=reader.id, microcosm_id=None, paging=PAGE)
    assert [row.is_unread for row in root] == [expected, expected]


def test_a_mark_on_a_parent_does_not_reach_below(forum: Forum, reader: Person) -> None:
    """Marking a microcosm marks those below one by one; what is made later has no mark."""
    parent = make_microcosm(forum)
    MicrocosmReadMark.objects.create(profile=reader.profile, microcosm=parent, read_at=AFTER)
    child = make_microcosm(forum, parent)
    make_item(child, forum.owner, at=ACTIVITY)
    assert flags(forum, reader, parent.id) == {"microcosm": True, "item": True}
    assert flags(forum, reader, child.id) == {"microcosm": True, "item": True}


def test_the_newest_of_many_need_not_be_the_unread_one(forum: Forum, reader: Person) -> None:
    place = make_microcosm(forum)
    items = [make_item(place, forum.owner, at=ACTIVITY + timedelta(minutes=n), is_sticky=n % 2 == 0) for n in range(6)]
    for item in items[1:]:
        ItemReadMark.objects.create(profile=reader.profile, item=item, read_at=AFTER)
    head, *rows = queries.microcosm_page(
        site_id=forum.site.id, profile_id=reader.id, microcosm_id=place.id, paging=PAGE
    )
    assert head.is_unread is True
    assert {row.id for row in rows if row.is_unread} == {items[0].id}
    ItemReadMark.objects.create(profile=reader.profile, item=items[0], read_at=AFTER)
    head, *rows = queries.microcosm_page(
        site_id=forum.site.id, profile_id=reader.id, microcosm_id=place.id, paging=PAGE
    )
    assert not any(row.is_unread for row in (head, *rows))


def test_marks_of_others_do_not_count(forum: Forum, reader: Person) -> None:
    other = forum.member()
    place = make_microcosm(forum)
    item = make_item(place, forum.owner, at=ACTIVITY)
    ItemReadMark.objects.create(profile=other.profile, item=item, read_at=AFTER)
    MicrocosmReadMark.objects.create(profile=other.profile, microcosm=place, read_at=AFTER)
    assert flags(forum, reader, place.id) == {"microcosm": True, "item": True}

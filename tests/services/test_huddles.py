"""Huddles below HTTP: many hands at once, and what is left when everybody has left."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from apps.comments.models import Comment, Revision
from apps.comments.services import comment_on_item
from apps.core.errors import Missing
from apps.huddles import services
from apps.huddles.models import Huddle, Participant
from apps.huddles.services import (
    add_participants,
    create_huddle,
    delete_orphaned_huddles,
    leave_huddle,
    mark_huddle_read,
    recompute_unread,
)
from apps.items.models import Item, ItemReadMark
from apps.profiles.imports import recount_profiles
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from apps.updates.models import Watcher
from tests.content import place_in, say, start
from tests.factories import Forum, Person


def huddle_of(author: Person, *people: Person, title: str = "Between us") -> Item:
    """A huddle."""
    huddle_id = create_huddle(
        site_id=author.profile.site_id,
        author_id=author.id,
        title=title,
        is_confidential=False,
        invited_ids=[person.id for person in people],
    )
    return Item.objects.get(id=huddle_id)


def leave(huddle: Item, *people: Person) -> None:
    """People leave a huddle."""
    for person in people:
        leave_huddle(site_id=huddle.site_id, profile_id=person.id, huddle_id=huddle.id)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run calls in threads with connections of their own; the first error is raised."""

    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(run, calls))


def unread_counts(*people: Person) -> list[int]:
    """The stored numbers."""
    stored = dict(Profile.objects.values_list("id", "unread_huddle_count"))
    return [stored[person.id] for person in people]


@pytest.mark.django_db(transaction=True)
def test_R2_comments_reads_and_invitations_at_once(forum: Forum) -> None:
    """The same people in several huddles, in other orders: nobody waits for ever, and the numbers are right."""
    people = [forum.member() for _ in range(4)]
    huddles = [huddle_of(people[n], *people, title=f"Huddle {n}") for n in range(4)]
    guests = [forum.member() for _ in range(4)]

    def comment(n: int) -> Callable[[], int]:
        return lambda: comment_on_item(
            site_id=forum.site.id,
            author_id=people[(n * 3) % 4].id,
            item_id=huddles[n % 4].id,
            markdown=f"Comment {n}",
            in_reply_to_id=None,
            flags={},
            by_moderator=False,
        )

    def read(n: int) -> Callable[[], None]:
        at = huddles[n % 4].created_at
        person, huddle = people[n % 4], huddles[n % 4]
        return lambda: mark_huddle_read(site_id=forum.site.id, profile_id=person.id, huddle_id=huddle.id, at=at)

    def invite(n: int) -> Callable[[], None]:
        return lambda: add_participants(
            site_id=forum.site.id,
            actor_id=people[n % 4].id,
            huddle_id=huddles[n % 4].id,
            profile_ids=[guest.id for guest in guests],
        )

    at_once(*(call(n) for n in range(24) for call in (comment, read, invite)))
    assert Participant.objects.count() == 4 * 8
    before = unread_counts(*people, *guests)
    recompute_unread(site_id=forum.site.id, profile_ids=[person.id for person in (*people, *guests)])
    assert unread_counts(*people, *guests) == before
    assert before[4:] == [4] * 4


@pytest.mark.django_db
def test_a_comment_by_somebody_who_has_just_left_is_refused(forum: Forum) -> None:
    anna, bert = forum.member(), forum.member()
    huddle = huddle_of(anna, bert)
    leave(huddle, anna)
    with pytest.raises(Missing):
        say(anna, huddle)
    assert not Comment.objects.exists()
    with pytest.raises(Missing):
        add_participants(site_id=forum.site.id, actor_id=anna.id, huddle_id=huddle.id, profile_ids=[anna.id])


@pytest.mark.django_db
def test_huddles_that_everybody_has_left_are_deleted_for_good(forum: Forum, other_forum: Forum) -> None:
    anna, bert, stranger = forum.member(), forum.member(), other_forum.member()
    kept, left, elsewhere = huddle_of(anna, bert, title="Kept"), huddle_of(anna, bert), huddle_of(stranger)
    item = start(anna, place_in(forum))
    remains = [say(bert, kept), say(anna, item)]
    answered = say(anna, left)
    say(bert, left, answering=answered)
    say(stranger, elsewhere)
    assert Watcher.objects.filter(profile=bert.profile, kind=ItemType.HUDDLE, item=left).exists()
    leave(kept, anna)
    leave(left, anna, bert)
    leave(elsewhere, stranger)
    assert delete_orphaned_huddles() == 2
    assert list(Huddle.objects.values_list("item_id", flat=True)) == [kept.id]
    assert sorted(Item.objects.values_list("id", flat=True)) == sorted([kept.id, item.id])
    assert sorted(Comment.objects.values_list("id", flat=True)) == sorted(comment.id for comment in remains)
    assert Revision.objects.count() == 2
    assert not ItemReadMark.objects.filter(item_id__in=[left.id, elsewhere.id]).exists()
    assert not Watcher.objects.filter(item_id=left.id).exists()
    assert recount_profiles(site_id=forum.site.id) == 0
    assert recount_profiles(site_id=other_forum.site.id) == 0
    assert delete_orphaned_huddles() == 0


@pytest.mark.django_db
def test_orphans_are_deleted_in_batches(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = forum.member()
    monkeypatch.setattr(services, "ORPHAN_BATCH", 2)
    for number in range(3):
        leave(huddle_of(anna, title=f"Huddle {number}"), anna)
    assert [delete_orphaned_huddles() for _ in range(3)] == [2, 1, 0]

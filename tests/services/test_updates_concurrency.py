"""Watching under many hands at once (R2): nobody watches the same thing twice, and the same news is told once."""

import pytest

from apps.sites.types import ItemType
from apps.updates.models import Update, Watcher
from apps.updates.services import ignore, watch
from apps.updates.telling import tell_of_comment
from apps.updates.types import UpdateType
from tests.content import place_in, say, start
from tests.factories import Forum
from tests.services.test_items_concurrency import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("recounted")]


def test_R2_100_watches_at_once_of_10_people_are_10_watchers(forum: Forum) -> None:
    people = [forum.member() for _ in range(10)]
    item = start(forum.owner, place_in(forum))
    who = {"kind": ItemType.CONVERSATION, "target_id": item.id, "site_id": forum.site.id}
    at_once(
        *[lambda p=person: watch(profile_id=p.id, type=UpdateType.NEW_COMMENT, **who) for person in people * 10],
        hands=100,
    )
    assert Watcher.objects.filter(item=item).count() == 11
    at_once(*[lambda: ignore(profile_id=people[0].id, **who) for _ in range(10)])
    assert people[0].profile.ignores.count() == 1


def test_R2_100_people_who_watch_at_once_are_100_watchers(forum: Forum) -> None:
    people = [forum.member() for _ in range(100)]
    item = start(forum.owner, place_in(forum))
    who = {"kind": ItemType.CONVERSATION, "target_id": item.id, "site_id": forum.site.id}
    at_once(
        *[lambda p=person: watch(profile_id=p.id, type=UpdateType.NEW_COMMENT, **who) for person in people], hands=100
    )
    watching = Watcher.objects.filter(item=item).values_list("profile_id", flat=True)
    assert sorted(watching) == sorted([forum.owner.id, *(person.id for person in people)])


def test_R2_a_job_that_runs_many_times_at_once_tells_once(forum: Forum) -> None:
    item = start(forum.owner, place_in(forum))
    comment = say(forum.member(), item)
    told = {"site_id": forum.site.id, "comment_id": comment.id, "actor_id": comment.created_by_id}
    at_once(*[lambda: tell_of_comment(mentioned_ids=[forum.owner.id], **told) for _ in range(10)])
    assert sorted(Update.objects.values_list("profile", "type")) == [(forum.owner.id, 1), (forum.owner.id, 3)]

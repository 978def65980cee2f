"""Writing updates: who is told of what, some people at a time, each of them once (docs/decisions/0055)."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

from django.conf import settings
from django.db import transaction

from apps.comments.models import Comment
from apps.core import clock
from apps.core.events import publish
from apps.jobs.services import defer
from apps.sites.types import ItemType
from apps.updates.events import UpdatesCreated
from apps.updates.mailing import queue_mails
from apps.updates.pushing import queue_pushes
from apps.updates.queries import statements
from apps.updates.types import UpdateType

#: Names of the tasks (apps/updates/tasks.py).
TELL_WATCHERS = "updates.tell_of_item"
TELL_OF_COMMENT = "updates.tell_of_comment"
TELL_MENTIONED = "updates.tell_mentioned"
TELL_OF_PLACE = "updates.tell_of_place"

#: People that one transaction tells.
WATCHERS_AT_ONCE = 1000


@transaction.atomic
def tell_watchers(
    *,
    site_id: int,
    type: UpdateType,
    item_id: int | None,
    comment_id: int | None = None,
    actor_id: int | None = None,
    after_id: int = 0,
) -> None:
    """Tell the next of those who watch an item (or its microcosm, or the site) or a profile of news about it.

    Those with ids up to `after_id` are told already; whoever is left after these is the work of a job, queued here.
    Twice is like once.
    """
    told = statements.tell_watchers.row(
        site_id=site_id,
        type=int(type),
        item_id=item_id,
        comment_id=comment_id,
        actor_id=actor_id,
        after_id=after_id,
        limit=WATCHERS_AT_ONCE,
        now=clock.now(),
    )
    if told is None:
        return
    _follow(
        told.update_ids,
        told.profile_ids,
        site_id=site_id,
        type=type,
        item_id=item_id,
        comment_id=comment_id,
        actor_id=actor_id,
    )
    if told.watching_count == WATCHERS_AT_ONCE:
        defer(
            TELL_WATCHERS,
            site_id=site_id,
            type=int(type),
            item_id=item_id or 0,
            comment_id=comment_id or 0,
            actor_id=actor_id or 0,
            after_id=told.last_id,
        )


@transaction.atomic
def tell_of_comment(*, site_id: int, comment_id: int, actor_id: int, mentioned_ids: Sequence[int]) -> None:
    """Tell watchers, the author of the comment it answers and those named in it of a new comment."""
    parent = Comment.objects.filter(site_id=site_id, id=comment_id).values_list("item_id", "item__kind").first()
    if parent is None:
        return
    item_id, kind = parent
    type = UpdateType.NEW_COMMENT_IN_HUDDLE if kind == ItemType.HUDDLE else UpdateType.NEW_COMMENT
    replied = UpdateType.REPLY_TO_COMMENT
    told = statements.tell_of_reply.rows(site_id=site_id, type=int(replied), comment_id=comment_id)
    _follow(
        [row.id for row in told],
        [row.profile_id for row in told],
        site_id=site_id,
        type=replied,
        item_id=item_id,
        comment_id=comment_id,
        actor_id=actor_id,
    )
    tell_mentioned(site_id=site_id, comment_id=comment_id, actor_id=actor_id, profile_ids=mentioned_ids)
    tell_watchers(site_id=site_id, type=type, item_id=item_id, comment_id=comment_id, actor_id=actor_id)


@transaction.atomic
def tell_mentioned(*, site_id: int, comment_id: int, actor_id: int, profile_ids: Sequence[int]) -> None:
    """Tell profiles that a comment names them, if they may read it."""
    if not profile_ids:
        return
    told = statements.tell_mentioned.rows(
        site_id=site_id,
        type=int(UpdateType.MENTIONED),
        comment_id=comment_id,
        actor_id=actor_id,
        profile_ids=list(profile_ids),
        now=clock.now(),
    )
    for start in range(0, len(told), WATCHERS_AT_ONCE):
        some = told[start : start + WATCHERS_AT_ONCE]
        _follow(
            [row.id for row in some],
            [row.profile_id for row in some],
            site_id=site_id,
            type=UpdateType.MENTIONED,
            item_id=some[0].item_id,
            comment_id=comment_id,
            actor_id=actor_id,
        )


@transaction.atomic
def tell_of_place(*, site_id: int, item_id: int, profile_id: int) -> None:
    """Tell somebody who waited for a place at an event that they have it, if they may read it."""
    told = statements.tell_of_place.rows(
        site_id=site_id, type=int(UpdateType.NEW_ATTENDEE), item_id=item_id, profile_id=profile_id
    )
    _follow(
        [row.id for row in told],
        [row.profile_id for row in told],
        site_id=site_id,
        type=UpdateType.NEW_ATTENDEE,
        item_id=item_id,
        comment_id=None,
        actor_id=profile_id,
    )


def remind_attendees(*, site_id: int) -> int:
    """Tell those who are going to an event of a site that it begins within EVENT_REMINDER_HOURS; returns how many.

    Once for each event, some people at a time.
    """
    count, after_id = 0, 0
    while after_id >= 0:
        after_id, told = _remind_some(site_id=site_id, after_id=after_id)
        count += told
    return count


@transaction.atomic
def _remind_some(*, site_id: int, after_id: int) -> tuple[int, int]:
    """Where to go on, -1 at the end, and how many were told."""
    now = clock.now()
    rows = statements.tell_attendees.rows(
        site_id=site_id,
        type=int(UpdateType.EVENT_REMINDER),
        after_id=after_id,
        limit=WATCHERS_AT_ONCE,
        now=now,
        until=now + timedelta(hours=settings.EVENT_REMINDER_HOURS),
    )
    told = [row for row in rows if row.update_id is not None]
    for item_id, group in groupby(told, key=attrgetter("item_id")):
        of_event = list(group)
        _follow(
            [row.update_id for row in of_event],
            [row.profile_id for row in of_event],
            site_id=site_id,
            type=UpdateType.EVENT_REMINDER,
            item_id=item_id,
            comment_id=None,
            actor_id=None,
        )
    return (max(row.attendee_id for row in rows) if len(rows) == WATCHERS_AT_ONCE else -1), len(told)


def _follow(
    update_ids: Sequence[int],
    profile_ids: Sequence[int],
    *,
    site_id: int,
    type: UpdateType,
    item_id: int | None,
    comment_id: int | None,
    actor_id: int | None,
) -> None:
    """What new updates about one thing bring with them: the log says whose they are, who wants mail or push gets it."""
    if update_ids:
        publish(
            UpdatesCreated(
                site_id=site_id,
                actor_id=actor_id,
                update_type=int(type),
                item_id=item_id,
                comment_id=comment_id,
                profile_ids=tuple(profile_ids),
            )
        )
        queue_mails(site_id=site_id, update_ids=update_ids)
        queue_pushes(site_id=site_id, update_ids=update_ids)

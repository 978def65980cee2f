"""Writes of events and of who comes (contract B 3; docs/api/events.md).

Whoever answers, leaves or changes the limit locks the event's item first, so places are given one after the other and
never twice. Who is in is counted from the rows; there is no counter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.db import transaction
from django.db.models import Max

from apps.core import clock
from apps.core.errors import ApiError, Missing, OutOfRange
from apps.core.events import publish_all
from apps.items import queries
from apps.items.events import AttendeeChanged
from apps.items.models import Attendee, Event, Item
from apps.items.services import (
    await_same_submission,
    edit_item,
    insert_item,
    repeated_item,
    require_open,
    submission_hash,
    usable_title,
)
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from apps.text.cleaning import clean_description, unescape

DEFAULT_ZONE = "Europe/Belfast"
#: Minutes of an event with a date that says none: clients cannot do without (contract B 3.2).
DEFAULT_DURATION = 60
MAX_PLACE_LENGTH = 150
MAX_NUMBER = 2**31 - 1


class UnknownZone(OutOfRange):
    """tz is not the name of a time zone."""


class PlaceTooLong(OutOfRange):
    """where may have 150 characters."""


class BadLimit(OutOfRange):
    """rsvpLimit must be 0 or more."""


class BadDuration(OutOfRange):
    """duration is too large."""


class EventFull(ApiError):
    """This event is full."""

    code = 18


@dataclass(frozen=True)
class EventDraft:
    """What a member wrote of an event; what is None was not given. `when` keeps the offset it was written in."""

    when: datetime | None = None
    has_no_date: bool = False
    zone: str | None = None
    duration: int | None = None
    place: str | None = None
    #: lat, lon, north, east, south, west: kept as they come, whatever they say (contract B 3.1).
    numbers: Mapping[str, float] | None = None
    rsvp_limit: int | None = None


@dataclass(frozen=True)
class Answer:
    """What somebody's answer to an event is to be; `waits` takes a place in the queue when there is none to have."""

    profile_id: int
    rsvp: Attendee.Rsvp
    waits: bool = False


@transaction.atomic
def create_event(
    draft: EventDraft,
    *,
    site_id: int,
    author_id: int,
    microcosm_id: int,
    title: str,
    flags: Mapping[str, bool],
    by_moderator: bool,
) -> int:
    """Announce an event and return its id; the same again within five minutes returns the first one's.

    Raises what `create_conversation` does, and the errors above for what the draft gets wrong.
    """
    title = usable_title(title)
    event = Event()
    _apply(event, draft)
    parts = (event.when_at, event.place, *(getattr(event, name) for name in Event.NUMBERS), event.rsvp_limit)
    fingerprint = submission_hash(ItemType.EVENT, author_id, microcosm_id, title, *parts)
    await_same_submission(fingerprint, site_id=site_id)
    first_id = repeated_item(site_id=site_id, author_id=author_id, fingerprint=fingerprint)
    if first_id is not None:
        return first_id
    event.item = insert_item(
        ItemType.EVENT,
        site_id=site_id,
        author_id=author_id,
        microcosm_id=microcosm_id,
        title=title,
        flags=flags,
        by_moderator=by_moderator,
        fingerprint=fingerprint,
    )
    event.save(force_insert=True)
    return event.item.id


@transaction.atomic
def edit_event(
    draft: EventDraft,
    *,
    site_id: int,
    actor_id: int,
    item_id: int,
    title: str | None,
    microcosm_id: int | None,
    reason: str | None,
    moderates_target: bool,
) -> None:
    """Change what was given of an event; those who wait move up when the limit is raised.

    Raises what `edit_item` does, and the errors above.
    """
    item = edit_item(
        site_id=site_id,
        actor_id=actor_id,
        item_id=item_id,
        title=title,
        microcosm_id=microcosm_id,
        reason=reason,
        moderates_target=moderates_target,
    )
    event = Event.objects.get(item=item)
    _apply(event, draft)
    event.save()
    _publish(item, actor_id=actor_id, changed=_move_up(event))


@transaction.atomic
def answer_event(answers: Sequence[Answer], *, site_id: int, actor_id: int, item_id: int, by_moderator: bool) -> None:
    """Write down who comes; all of the answers or none.

    Raises EventFull for a yes without a place to have, ItemClosed or MicrocosmClosed unless by a moderator, and Missing
    for a profile that is not the site's or an event that has just gone.
    """
    item, event = _lock_event(site_id=site_id, item_id=item_id)
    if not by_moderator:
        is_live = item.microcosm is not None and item.microcosm.is_live and not item.is_deleted
        if not is_live or (item.is_moderated and item.created_by_id != actor_id):
            raise Missing
        require_open(item)
    wanted = {answer.profile_id for answer in answers}
    if Profile.objects.filter(site_id=site_id, id__in=wanted).count() < len(wanted):
        raise Missing
    changed: list[Attendee] = []
    for answer in answers:
        changed += _answer(event, answer, actor_id=actor_id)
    changed += _move_up(event)
    _publish(item, actor_id=actor_id, changed=changed)


@transaction.atomic
def forget_answer(*, site_id: int, actor_id: int, item_id: int, profile_id: int) -> None:
    """Take somebody's answer to an event away, if there is one; who waits longest gets the place."""
    item, event = _lock_event(site_id=site_id, item_id=item_id)
    attendee = Attendee.objects.filter(event=event, profile_id=profile_id).first()
    if attendee is None:
        return
    attendee.delete()
    _publish(item, actor_id=actor_id, changed=[attendee, *_move_up(event)])


# --- Places ---------------------------------------------------------------------------------------


def _lock_event(*, site_id: int, item_id: int) -> tuple[Item, Event]:
    item = Item.objects.select_for_update(no_key=True).filter(site_id=site_id, id=item_id, kind=ItemType.EVENT).first()
    if item is None:
        raise Missing
    return item, Event.objects.get(item=item)


def _free_places(event: Event) -> int | None:
    """How many more may come; None without a limit, negative once the limit was lowered."""
    if not event.rsvp_limit:
        return None
    return event.rsvp_limit - Attendee.objects.filter(event=event, rsvp=Attendee.Rsvp.YES).count()


def _answer(event: Event, answer: Answer, *, actor_id: int) -> list[Attendee]:
    """The attendee if that changed something."""
    attendee = Attendee.objects.filter(event=event, profile_id=answer.profile_id).first()
    if attendee is None:
        attendee = Attendee(event=event, profile_id=answer.profile_id, created_by_id=actor_id, rsvp=0)
    before = (attendee.rsvp, attendee.queue_number)
    rsvp, queue_number = answer.rsvp, None
    if rsvp == Attendee.Rsvp.YES and attendee.rsvp != Attendee.Rsvp.YES:
        free = _free_places(event)
        if free is not None and free <= 0:
            if not answer.waits:
                raise EventFull
            # Who waits is a maybe to clients that know of no queue.
            rsvp, queue_number = Attendee.Rsvp.MAYBE, attendee.queue_number or _next_in_queue(event)
    if (rsvp, queue_number) == before:
        return []
    attendee.rsvp, attendee.queue_number, attendee.rsvp_at = rsvp, queue_number, clock.now()
    attendee.save()
    return [attendee]


def _next_in_queue(event: Event) -> int:
    last: int | None = Attendee.objects.filter(event=event).aggregate(last=Max("queue_number"))["last"]
    return (last or 0) + 1


def _move_up(event: Event) -> list[Attendee]:
    """Give free places to those who wait and may still come, in their order; returns them."""
    waiting = Attendee.objects.filter(event=event, queue_number__isnull=False).order_by("queue_number")
    if not waiting.exists():
        return []
    free = _free_places(event)
    places = None if free is None else max(0, free)
    lucky = list(
        waiting.filter(id__in=queries.next_waiting(site_id=event.item.site_id, item_id=event.pk, places=places))
    )
    for attendee in lucky:
        attendee.rsvp, attendee.queue_number, attendee.rsvp_at = Attendee.Rsvp.YES, None, clock.now()
        attendee.save(update_fields=["rsvp", "queue_number", "rsvp_at"])
    return lucky


def _publish(item: Item, *, actor_id: int, changed: Sequence[Attendee]) -> None:
    if changed and item.microcosm_id is not None:
        publish_all(
            [
                AttendeeChanged(
                    site_id=item.site_id,
                    actor_id=actor_id,
                    item_id=item.id,
                    microcosm_id=item.microcosm_id,
                    attendee_id=attendee.profile_id,
                )
                for attendee in changed
            ]
        )


# --- What was written -----------------------------------------------------------------------------


def _apply(event: Event, draft: EventDraft) -> None:
    """Put a draft into an event and work out what follows from it."""
    if draft.zone:
        if draft.zone not in known_zones():
            raise UnknownZone
        event.zone = draft.zone
    if draft.has_no_date:
        event.when_at = None
    elif draft.when is not None:
        # Only the reading of the clock counts, not the offset it was sent with.
        event.when_at = draft.when.replace(tzinfo=UTC)
    if draft.duration is not None:
        if draft.duration > MAX_NUMBER:
            raise BadDuration
        event.duration = draft.duration if draft.duration >= 0 else DEFAULT_DURATION
    if event.when_at is not None and not event.duration:
        event.duration = DEFAULT_DURATION
    if draft.place is not None:
        event.place = _usable_place(draft.place)
    for name, value in (draft.numbers or {}).items():
        setattr(event, name, value)
    if draft.rsvp_limit is not None:
        if not 0 <= draft.rsvp_limit <= MAX_NUMBER:
            raise BadLimit
        event.rsvp_limit = draft.rsvp_limit
    follow_date(event)


@cache
def known_zones() -> frozenset[str]:
    """The names of time zones an event may be in: IANA's, whatever else this machine gives a name."""
    return frozenset(available_timezones() - {"localtime"})


def follow_date(event: Event) -> None:
    """Work out status and moment of an event from its date and zone."""
    event.status = Event.Status.PROPOSED if event.when_at is None else Event.Status.UPCOMING
    event.starts_at = None
    if event.when_at is not None:
        event.starts_at = event.when_at.replace(tzinfo=ZoneInfo(event.zone)).astimezone(UTC)


def _usable_place(text: str) -> str:
    place = clean_description(text).strip()
    if len(unescape(place)) > MAX_PLACE_LENGTH:
        raise PlaceTooLong
    return place


def rsvp_of(word: str) -> Attendee.Rsvp:
    """The answer a word means, blank an invitation; raises OutOfRange."""
    words: dict[str, Any] = {rsvp.label: rsvp for rsvp in Attendee.Rsvp}
    if word and word not in words:
        raise OutOfRange("rsvp must be yes, maybe, invited or no")
    return Attendee.Rsvp(words[word or "invited"])

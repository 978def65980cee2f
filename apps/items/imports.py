"""Bulk writes of imported history: conversations, and what items derive from their comments (docs/decisions/0013)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.core.attributes import Value
from apps.core.attributes import import_attributes as write_attributes
from apps.core.bulk import copy_rows
from apps.core.sql import Statements
from apps.items.models import Attendee, Event, Item, ItemAttribute, Poll, PollChoice, PollVote
from apps.sites.types import ItemType

statements = Statements(__file__)


@dataclass(frozen=True, slots=True)
class ImportedItem:
    """An item as an import makes it; the title is clean. Only huddles have no microcosm."""

    id: int
    kind: ItemType
    microcosm_id: int | None
    title: str
    created_at: datetime
    created_by_id: int
    view_count: int = 0
    is_open: bool = True
    is_sticky: bool = False
    is_moderated: bool = False
    is_deleted: bool = False
    edited_at: datetime | None = None
    edited_by_id: int | None = None
    edit_reason: str = ""


@dataclass(frozen=True, slots=True)
class ImportedAttendee:
    """Somebody's answer to an event; `queue_number` is the place of who waits for one."""

    profile_id: int
    rsvp: Attendee.Rsvp
    answered_at: datetime
    created_at: datetime
    created_by_id: int
    queue_number: int | None = None


@dataclass(frozen=True, slots=True)
class ImportedEvent:
    """What an event has beside its item; `when_at` is the reading of a clock there, `starts_at` the moment."""

    item_id: int
    when_at: datetime | None
    starts_at: datetime | None
    zone: str
    duration: int
    place: str
    #: By the names of `Event.NUMBERS`.
    numbers: Mapping[str, float]
    status: Event.Status
    rsvp_limit: int
    attendees: tuple[ImportedAttendee, ...]


@dataclass(frozen=True, slots=True)
class ImportedChoice:
    """A choice of a poll and who voted for it when."""

    id: int
    text: str
    votes: tuple[tuple[int, datetime], ...]


@dataclass(frozen=True, slots=True)
class ImportedPoll:
    """What a poll has beside its item; the choices are in their order."""

    item_id: int
    question: str
    is_multi: bool
    is_open: bool
    closes_at: datetime | None
    results: str
    choices: tuple[ImportedChoice, ...]


def import_items(items: Sequence[ImportedItem], *, site_id: int) -> None:
    """Write items without comments."""
    copy_rows(
        [
            Item(
                id=item.id,
                site_id=site_id,
                kind=int(item.kind),
                microcosm_id=item.microcosm_id,
                title=item.title,
                created_at=item.created_at,
                created_by_id=item.created_by_id,
                last_activity_at=item.created_at,
                view_count=item.view_count,
                is_open=item.is_open,
                is_sticky=item.is_sticky,
                is_moderated=item.is_moderated,
                is_deleted=item.is_deleted,
                edited_at=item.edited_at,
                edited_by_id=item.edited_by_id,
                edit_reason=item.edit_reason,
            )
            for item in items
        ]
    )


def import_attributes(values: Mapping[int, Mapping[str, Value]]) -> None:
    """Write the attributes of items, by the items' ids."""
    write_attributes(ItemAttribute, "item_id", values)


def import_events(events: Sequence[ImportedEvent]) -> None:
    """Write what makes items events, and who comes; nobody is told."""
    copy_rows(
        [
            Event(
                item_id=event.item_id,
                when_at=event.when_at,
                starts_at=event.starts_at,
                zone=event.zone,
                duration=event.duration,
                place=event.place,
                status=event.status,
                rsvp_limit=event.rsvp_limit,
                **event.numbers,
            )
            for event in events
        ]
    )
    copy_rows(
        [
            Attendee(
                event_id=event.item_id,
                profile_id=attendee.profile_id,
                rsvp=attendee.rsvp,
                rsvp_at=attendee.answered_at,
                queue_number=attendee.queue_number,
                created_at=attendee.created_at,
                created_by_id=attendee.created_by_id,
            )
            for event in events
            for attendee in event.attendees
        ]
    )


def import_polls(polls: Sequence[ImportedPoll]) -> None:
    """Write what makes items polls, with their choices and votes; nobody is told."""
    copy_rows(
        [
            Poll(
                item_id=poll.item_id,
                question=poll.question,
                is_multi=poll.is_multi,
                is_open=poll.is_open,
                closes_at=poll.closes_at,
                results=poll.results,
            )
            for poll in polls
        ]
    )
    copy_rows(
        [
            PollChoice(id=choice.id, poll_id=poll.item_id, text=choice.text, position=position)
            for poll in polls
            for position, choice in enumerate(poll.choices, start=1)
        ]
    )
    copy_rows(
        [
            PollVote(choice_id=choice.id, profile_id=profile_id, poll_id=poll.item_id, created_at=voted_at)
            for poll in polls
            for choice in poll.choices
            for profile_id, voted_at in choice.votes
        ]
    )


def recount_items(*, site_id: int) -> int:
    """Bring what a site's items derive from their comments up to date; returns how many were wrong."""
    return statements.recount_items_of_site.execute(site_id=site_id)

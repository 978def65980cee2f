"""Statements over items."""

from collections import namedtuple
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from apps.core.cursors import Key
from apps.core.pagination import Paging
from apps.core.sql import Statements
from apps.items.cache import PageComments
from apps.items.models import Item, PollVote
from apps.microcosms.models import Microcosm
from apps.permissions.queries import Permissions
from apps.sites.types import ItemType

statements = Statements(__file__)

#: The parameters of statements for the sort key of a cursor: of lists by activity, and of answers to an event.
ACTIVITY_KEY = ("from_sticky", "from_at", "from_id")
ANSWER_KEY = ("from_rsvp", "from_at", "from_id")
#: No version of anything.
UNKNOWN = -1
_COMMENT = "comment_"
#: The first of an item page's columns that belong to the comments.
_FIRST_COMMENT_COLUMN = "comment_id"


_PLACE = "place_"


def item_and_permissions(
    *, site_id: int, profile_id: int, kind: ItemType, item_id: int
) -> tuple[Item, Permissions] | None:
    """An item of a kind with its microcosm, and what somebody may do with it; None if there is none. One statement."""
    row = statements.item_access.row(site_id=site_id, profile_id=profile_id, kind=int(kind), item_id=item_id)
    return None if row is None else (_item_of(row, start=Permissions.COUNT), Permissions.of_row(row))


def locked_item(*, site_id: int, item_id: int, target_id: int | None) -> Item | None:
    """An item with its microcosm, locked with the one it may move to; None if one is missing. One statement."""
    row = statements.lock_item.row(site_id=site_id, item_id=item_id, target_id=target_id)
    return None if row is None else _item_of(row, start=0)


def _item_of(row: Any, *, start: int) -> Item:
    """The item of a row whose columns from `start` on are those of the table, and then some of its microcosm's."""
    names, place_names = _item_columns(row._fields, start)
    cut = start + len(names)
    item: Item = Item.from_db(DEFAULT_DB_ALIAS, names, row[start:cut])
    if row.place_id is not None:
        item.microcosm = Microcosm.from_db(DEFAULT_DB_ALIAS, place_names, row[cut:])
    return item


@cache
def _item_columns(fields: tuple[str, ...], start: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    cut = fields.index(f"{_PLACE}id")
    return fields[start:cut], tuple(field.removeprefix(_PLACE) for field in fields[cut:])


@dataclass(frozen=True)
class ItemPage:
    """An item that may be read, and one page of its comments."""

    item: Any
    #: As `comments.shapes.comment_summary` wants them.
    comments: list[Any]


def item_page(
    *,
    site_id: int,
    profile_id: int,
    kind: ItemType,
    item_id: int,
    paging: Paging,
    known: PageComments | None = None,
) -> ItemPage | None:
    """An item with a page of comments as its viewer sees them, in one statement; None when it is not for them.

    Without the comments (`item.is_known`) if the `known` ones are still right.
    """
    return item_page_of(
        statements.item_page.rows(
            site_id=site_id,
            profile_id=profile_id,
            kind=int(kind),
            item_id=item_id,
            **paging.values("from_at", "from_id"),
            known_version=known.version if known else UNKNOWN,
            known_people_version=known.people_version if known else UNKNOWN,
        )
    )


#: What the body of a page is not made from, or that is told apart by other means.
_ASIDE = {"first_place", "read_at", "news_at", "version", "people_version", "is_known", "is_shared"}


def item_identity(row: Any) -> tuple[Any, ...]:
    """The values of a row of `item_page` that the item's part of the body is made from."""
    values: tuple[Any, ...] = _identity(row._fields)(row)
    return values


@cache
def _identity(fields: tuple[str, ...]) -> Any:
    own = fields[: fields.index(_FIRST_COMMENT_COLUMN)]
    return itemgetter(*(place for place, name in enumerate(own) if name not in _ASIDE))


def item_page_of(rows: list[Any]) -> ItemPage | None:
    """Rows of an item that share their columns with those of its comments, which come last, taken apart."""
    if not rows:
        return None
    first = rows[0]
    cut = first._fields.index(_FIRST_COMMENT_COLUMN)
    make = _comment_row(first._fields[cut:])._make
    return ItemPage(item=first, comments=[make(row[cut:]) for row in rows if row.comment_id is not None])


@cache
def _comment_row(fields: tuple[str, ...]) -> Any:
    """The row type of comments, whose columns stand behind a prefix because they share a row with an item's."""
    return namedtuple("CommentRow", [field.removeprefix(_COMMENT) for field in fields])  # type: ignore[misc]


@dataclass(frozen=True)
class ItemList:
    """One page of items and how many there are."""

    total: int
    #: As `shapes.item_summary` wants them.
    items: list[Any]


def activity_key(row: Any) -> Key:
    """The sort key of an item in a list of its kind, in the order of `ACTIVITY_KEY`."""
    return row.is_sticky, row.last_activity_at, row.id


def items_of_kind(*, site_id: int, profile_id: int, kind: ItemType, paging: Paging) -> ItemList:
    """The visible items of a kind that a viewer may read and does not ignore, in one statement."""
    rows = statements.items_of_kind.rows(
        site_id=site_id, profile_id=profile_id, kind=int(kind), **paging.values(*ACTIVITY_KEY)
    )
    return ItemList(total=rows[0].total, items=[row for row in rows if row.id is not None])


def polls(*, site_id: int, profile_id: int, paging: Paging) -> ItemList:
    """The visible polls that a viewer may read and does not ignore, oldest first, in one statement."""
    rows = statements.polls.rows(site_id=site_id, profile_id=profile_id, **paging.values("from_at", "from_id"))
    return ItemList(total=rows[0].total, items=[row for row in rows if row.id is not None])


def poll_fields(*, site_id: int, profile_id: int, item_id: int) -> list[Any]:
    """What a poll has beside what all items have, as `shapes.poll_fields` wants it: a row for each choice."""
    return statements.poll_fields.rows(site_id=site_id, profile_id=profile_id, item_id=item_id)


def votes_of(*, site_id: int, profile_id: int, item_id: int) -> list[int]:
    """The choices of a poll that somebody has voted for, in their order."""
    votes = PollVote.objects.filter(poll_id=item_id, poll__item__site_id=site_id, profile_id=profile_id)
    return list(votes.order_by("choice__position").values_list("choice_id", flat=True))


def attended_events(*, site_id: int, profile_id: int, paging: Paging) -> ItemList:
    """The visible events that a viewer said yes to, in one statement."""
    rows = statements.attended_events.rows(site_id=site_id, profile_id=profile_id, **paging.values(*ACTIVITY_KEY))
    return ItemList(total=rows[0].total, items=[row for row in rows if row.id is not None])


def event_fields(*, site_id: int, profile_id: int, item_id: int) -> Any:
    """What an event has beside what all items have, as `shapes.event_fields` wants it."""
    return statements.event_fields.row(site_id=site_id, profile_id=profile_id, item_id=item_id)


def calendar_events(*, site_id: int, profile_id: int, microcosm_id: int, since: datetime, limit: int) -> list[Any]:
    """The events of a microcosm and of all below it from a moment on, as `calendars.calendar` wants them."""
    return statements.calendar_events.rows(
        site_id=site_id, profile_id=profile_id, microcosm_id=microcosm_id, since=since, limit=limit
    )


def attendee_page(*, site_id: int, item_id: int, rsvp: int, paging: Paging) -> ItemList:
    """A page of the answers to an event, as `shapes.attendee` wants them; `rsvp` 0 for all."""
    rows = statements.attendee_page.rows(site_id=site_id, item_id=item_id, rsvp=rsvp, **paging.values(*ANSWER_KEY))
    return ItemList(total=rows[0].total, items=[row for row in rows if row.id is not None])


def attendee_row(*, site_id: int, item_id: int, profile_id: int) -> Any | None:
    """Somebody's answer to an event."""
    return statements.attendee.row(site_id=site_id, item_id=item_id, attendee_id=profile_id)


def next_waiting(*, site_id: int, item_id: int, places: int | None) -> list[int]:
    """The answers of those who are to have the next places of an event, of those who wait and may still come."""
    return [row.id for row in statements.next_waiting.rows(site_id=site_id, item_id=item_id, places=places)]


def people_coming(*, site_id: int, item_id: int) -> list[Any]:
    """Those who come to an event, with their addresses, by name."""
    return statements.people_coming.rows(site_id=site_id, item_id=item_id)

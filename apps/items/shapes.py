"""Items in the contract's JSON: the same shape for page, list, search and feed (B 1)."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from apps.microcosms.shapes import breadcrumb
from apps.permissions.queries import Permissions
from apps.profiles.shapes import profile_summary_of
from apps.sites.types import ItemType, href

#: The words of the answers to an event.
RSVP_WORDS = {1: "yes", 2: "maybe", 3: "invited", 4: "no"}


def stored_flags(row: Any) -> dict[str, bool]:
    """The flags that every item and microcosm has (A 7.4), from the `is_*` columns of a row."""
    return {
        "sticky": row.is_sticky,
        "open": row.is_open,
        "deleted": row.is_deleted,
        "moderated": row.is_moderated,
        "visible": not (row.is_deleted or row.is_moderated),
    }


def item_links(row: Any) -> list[dict[str, str]]:
    """Links of an item to itself and its microcosm; needs `id`, `kind`, `microcosm_id`, `path_titles`.

    The title of the microcosm is left out for authors who may not read it any more.
    """
    place = {"rel": "microcosm", "href": href(ItemType.MICROCOSM, row.microcosm_id)}
    if row.path_titles[-1] is not None:
        place["title"] = row.path_titles[-1]
    return [{"rel": "self", "href": href(ItemType(row.kind), row.id)}, place]


def item_summary(row: Any, *, site_id: int, is_unread: bool | None = None) -> dict[str, Any]:
    """A conversation (or what an event and a poll share with one) as lists show it (B 1.1).

    The row has: id, kind, title, microcosm_id, path and path_titles (of the microcosm, from the root down, itself
    included; null for what the viewer may not read), created_at, author_* (see `profile_summary_of`), the `is_*` flags,
    comment_count, view_count, last_comment_id, last_comment_at and, when that is set, last_author_*; for a poll also
    those of `poll_head`, for an event those of `event_fields`. `is_unread` None leaves the flag out.
    """
    flags: dict[str, bool] = stored_flags(row)
    if is_unread is not None:
        flags["unread"] = is_unread
    if row.kind == ItemType.EVENT and row.event_is_attending is not None:
        flags["attending"] = row.event_is_attending
    summary: dict[str, Any] = {
        "id": row.id,
        "title": row.title,
        "microcosmId": row.microcosm_id,
        "breadcrumb": breadcrumb(row.path, row.path_titles),
        **_own_summary(row),
        "totalComments": row.comment_count,
        "totalViews": row.view_count,
    }
    if row.last_comment_id is not None and row.kind != ItemType.POLL:
        summary["lastComment"] = {
            "id": row.last_comment_id,
            "created": row.last_comment_at,
            "createdBy": profile_summary_of(row, "last_author", site_id=site_id),
        }
    summary["meta"] = {
        "created": row.created_at,
        "createdBy": profile_summary_of(row, "author", site_id=site_id),
        "flags": flags,
        "links": item_links(row),
    }
    return summary


def _own_summary(row: Any) -> dict[str, Any]:
    """What a kind adds to its items in lists."""
    if row.kind == ItemType.POLL:
        return poll_head(row)
    return event_fields(row) if row.kind == ItemType.EVENT else {}


def event_fields(row: Any) -> dict[str, Any]:
    """What an event shows in lists and on its page (B 3.2), from the `event_*` columns; zeros are left out."""
    fields = {
        "when": row.event_when_at,
        "tz": row.event_zone,
        "whentz": row.event_starts_at,
        "duration": row.event_duration,
        "where": row.event_place,
        "lat": row.event_lat,
        "lon": row.event_lon,
        "north": row.event_north,
        "east": row.event_east,
        "south": row.event_south,
        "west": row.event_west,
    }
    shown = {name: value for name, value in fields.items() if value}
    shown |= {"status": row.event_status, "rsvpLimit": row.event_rsvp_limit}
    if row.event_attend_count:
        shown["rsvpAttend"] = row.event_attend_count
    spaces = row.event_rsvp_limit - row.event_attend_count if row.event_rsvp_limit else 0
    if spaces:
        shown["rsvpSpaces"] = spaces
    return shown


def attendee(row: Any, *, event_id: int, site_id: int) -> dict[str, Any]:
    """An answer to an event (B 3.4) from a row of `attendee_page`."""
    shape: dict[str, Any] = {
        "profileId": row.person_id,
        "profile": profile_summary_of(row, "person", site_id=site_id),
        "rsvp": RSVP_WORDS[row.rsvp],
        "rsvpdOn": row.rsvp_at,
    }
    if row.queue_place is not None:
        shape["waiting"] = row.queue_place
    event = href(ItemType.EVENT, event_id)
    shape["meta"] = {
        "created": row.created_at,
        "createdBy": profile_summary_of(row, "creator", site_id=site_id),
        "links": [
            {"rel": "self", "href": f"{event}/attendees/{row.person_id}"},
            {"rel": "profile", "href": href(ItemType.PROFILE, row.person_id)},
            {"rel": "event", "href": event},
        ],
    }
    return shape


def poll_head(row: Any) -> dict[str, Any]:
    """What a poll shows in lists and on its page, from poll_question, poll_is_multi, poll_is_open, poll_closes_at."""
    head = {"question": row.poll_question, "multi": row.poll_is_multi, "pollOpen": row.poll_is_open}
    if row.poll_closes_at is not None:
        head["pollCloses"] = row.poll_closes_at
    return head


def poll_fields(rows: Sequence[Any], *, at: datetime) -> dict[str, Any]:
    """What a poll's page adds to an item's (docs/api/polls.md), from the rows of the statement `poll_fields`.

    Counts that the viewer may not see at the moment are left out.
    """
    poll = rows[0]
    is_closed = not (poll.poll_is_open and poll.item_is_open)
    is_closed = is_closed or (poll.poll_closes_at is not None and poll.poll_closes_at <= at)
    is_shown = is_closed or poll.results == "always" or (poll.results == "voted" and poll.has_voted)
    own = poll_head(poll)
    if poll.results != "always":
        own |= {"results": poll.results, "resultsHidden": not is_shown}
    own["choices"] = [_choice(row, is_counted=is_shown) for row in rows]
    own["voterCount"] = poll.voter_count
    return own


def _choice(row: Any, *, is_counted: bool) -> dict[str, Any]:
    choice = {"id": row.choice_id, "choice": row.choice_text, "order": row.choice_position}
    if is_counted:
        # A person votes once for a choice, so its votes and its voters are the same number.
        choice |= {"votes": row.choice_vote_count, "voterCount": row.choice_vote_count}
    return choice


def item_detail(
    row: Any, *, site_id: int, comments: dict[str, Any], own: dict[str, Any] | None = None
) -> dict[str, Any]:
    """An item on its own page (B 1.2): what all kinds share, around the fields of its kind (`own`).

    The row is that of the statement `item_page`: what `item_summary` needs but for the counters, edited_at, editor_*
    and edit_reason, the columns of a permission set, is_watched, send_email, send_sms and is_ignored.
    """
    return {
        "id": row.id,
        "title": row.title,
        "microcosmId": row.microcosm_id,
        "breadcrumb": breadcrumb(row.path, row.path_titles),
        **(own or {}),
        "comments": comments,
        "meta": _detail_meta(row, site_id=site_id),
    }


def _detail_meta(row: Any, *, site_id: int) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "created": row.created_at,
        "createdBy": profile_summary_of(row, "author", site_id=site_id),
    }
    if row.edited_at is not None:
        meta["edited"] = row.edited_at
    if row.editor_id is not None:
        meta["editedBy"] = profile_summary_of(row, "editor", site_id=site_id)
    if row.edit_reason:
        meta["editReason"] = row.edit_reason
    meta["flags"] = stored_flags(row) | _reader_flags(row)
    meta["links"] = item_links(row)
    meta["permissions"] = _permissions(row).shape()
    return meta


def _permissions(row: Any) -> Permissions:
    return Permissions(**{field.name: getattr(row, field.name) for field in fields(Permissions)})


def _reader_flags(row: Any) -> dict[str, bool]:
    """What the reader has done with the item: each flag is left out unless they did (A 7.4)."""
    flags: dict[str, bool] = {}
    if row.is_watched:
        flags |= {"watched": True, "sendEmail": row.send_email, "sendSMS": row.send_sms}
    if row.is_ignored:
        flags["ignored"] = True
    return flags

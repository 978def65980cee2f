"""Statements of search and trending."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from psycopg.errors import QueryCanceled

from apps.accounts.emails import canonical_email
from apps.core.errors import ServerError
from apps.core.pagination import Paging
from apps.core.sql import Statements, sent_together
from apps.search.language import SearchQuery, moment, wanted

statements = Statements(__file__)

#: Things that a text finds, at most: of each kind the most recently active ones (docs/decisions/0047).
MAX_RESULTS = 500


class SearchTimedOut(ServerError):
    """The search took too long; try fewer or rarer words."""

    code = 24


@dataclass(frozen=True)
class Found:
    """One page of results, how many there are, and the microcosms that were searched if some were named."""

    total: int
    #: As `shapes.result` wants them.
    rows: list[Any]
    forum_ids: tuple[int, ...] = ()


def search(query: SearchQuery, *, site_id: int, profile_id: int, paging: Paging, now: datetime) -> Found:
    """What a runnable query finds for a viewer; raises SearchTimedOut."""
    try:
        with transaction.atomic(), sent_together():
            return _search(query, site_id=site_id, profile_id=profile_id, paging=paging, now=now)
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise SearchTimedOut from error
        raise


def _search(query: SearchQuery, *, site_id: int, profile_id: int, paging: Paging, now: datetime) -> Found:
    # Travels with the beginning of the transaction and with the search itself.
    statements.limit_search.send(site_id=site_id, timeout=f"{settings.SEARCH_TIMEOUT_MILLISECONDS}ms")
    want = wanted(query)
    moments = {name: moment(text, now=now) for name, text in query.moments.items()}
    rows = statements.search.rows(
        site_id=site_id,
        profile_id=profile_id,
        is_text=bool(query.text),
        text=query.text,
        in_title=query.in_title,
        hashtags=list(query.hashtags) or None,
        kinds=[int(kind) for kind in want.kinds],
        parents=[int(kind) for kind in want.comment_parents],
        # Ids of things mean nothing without their type.
        ids=list(query.ids) if query.ids and query.types else None,
        forum_ids=list(query.forum_ids) or None,
        author_id=query.author_id or None,
        is_following=query.is_following,
        has_attachment=query.has_attachment,
        since=moments.get("since"),
        until=moments.get("until"),
        event_after=moments.get("eventAfter"),
        event_before=moments.get("eventBefore"),
        is_attendee=query.is_attendee,
        sort=query.sort if query.sort in ("date", "oldest", "newest") else "rank",
        max_results=MAX_RESULTS,
        limit=paging.limit,
        offset=paging.offset,
    )
    return Found(
        total=rows[0].total, rows=[row for row in rows if row.kind is not None], forum_ids=tuple(rows[0].forum_ids)
    )


def profiles_by_email(*, emails: tuple[str, ...], site_id: int, paging: Paging) -> Found:
    """The people of a site with one of some addresses; who may ask is the caller's business."""
    rows = statements.profiles_by_email.rows(
        site_id=site_id,
        emails=[canonical_email(email) for email in emails],
        limit=paging.limit,
        offset=paging.offset,
    )
    return Found(total=rows[0].total, rows=[row for row in rows if row.home_id is not None])


def trending(*, site_id: int, profile_id: int, paging: Paging, now: datetime) -> Found:
    """What is most talked about among what a viewer may read, in one statement."""
    rows = statements.trending.rows(
        site_id=site_id, profile_id=profile_id, now=now, limit=paging.limit, offset=paging.offset
    )
    return Found(total=rows[0].total, rows=[row for row in rows if row.id is not None])

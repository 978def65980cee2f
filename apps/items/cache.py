"""The comments of one page of an item as bytes: made once for all who may read it and ignore nobody (decision 0042).

A copy is good while the versions it was made from are those of the database. The statement that checks permission
compares them, and gives the comments along in the same round trip when they differ.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from apps.core.cache import shared_cache
from apps.core.cursors import Key
from apps.core.pagination import Paging

_READ, _UNREAD = b'"unread":false', b'"unread":true'
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class PageComments:
    """A page of comments in JSON, each of them as if it had been read."""

    version: int
    people_version: int
    #: When each was written, in microseconds: never falling.
    moments: Sequence[int]
    #: The ids of the first and the last of them; none of an empty page.
    end_ids: Sequence[int]
    #: Whether there is more beyond a page that a cursor led to.
    is_more: bool
    json: bytes

    @property
    def last_at(self) -> datetime | None:
        """When the last of them was written."""
        return _moment(self.moments[-1]) if self.moments else None

    @property
    def end_keys(self) -> tuple[Key, Key] | None:
        """The sort keys of the first and the last of them."""
        if not self.moments:
            return None
        first_id, last_id = self.end_ids
        return (_moment(self.moments[0]), first_id), (_moment(self.moments[-1]), last_id)

    def read_count(self, read_at: datetime | None) -> int:
        """How many of them somebody has read who has read up to then; guests (None) have nothing unread."""
        return len(self.moments) if read_at is None else bisect_right(self.moments, _microseconds(read_at))

    def as_seen(self, read_at: datetime | None) -> bytes:
        """The JSON for somebody who has read up to then."""
        read_count = self.read_count(read_at)
        if read_count == len(self.moments):
            return self.json
        pieces = self.json.split(_READ)
        return b"".join([_READ.join(pieces[: read_count + 1]), _UNREAD, _UNREAD.join(pieces[read_count + 1 :])])


def page_comments(*, site_id: int, item_id: int, paging: Paging) -> PageComments | None:
    """What is kept of a page, right or not."""
    kept = shared_cache().get(_key(site_id=site_id, item_id=item_id, paging=paging))
    if kept is None:
        return None
    head, _, json = kept.partition(b"\n")
    version, people_version, moments, end_ids, is_more = orjson.loads(head)
    return PageComments(
        version=version, people_version=people_version, moments=moments, end_ids=end_ids, is_more=is_more, json=json
    )


def keep_page_comments(page: PageComments, *, site_id: int, item_id: int, paging: Paging) -> None:
    """Keep a page for the next reader."""
    head = orjson.dumps([page.version, page.people_version, page.moments, page.end_ids, page.is_more])
    shared_cache().put(_key(site_id=site_id, item_id=item_id, paging=paging), head + b"\n" + page.json)


def page_comments_of(row: Any, *, comments: Sequence[Any], is_more: bool, json: bytes) -> PageComments:
    """A page made from the versions in a row of the statement `item_page`, every comment in `json` read."""
    return PageComments(
        version=row.version,
        people_version=row.people_version,
        moments=[_microseconds(comment.created_at) for comment in comments],
        end_ids=[comments[0].id, comments[-1].id] if comments else [],
        is_more=is_more,
        json=json,
    )


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND


def _key(*, site_id: int, item_id: int, paging: Paging) -> str:
    place = str(paging.offset)
    if paging.key is not None:
        at, id = paging.key
        place = f"{'before' if paging.is_before else 'after'}:{_microseconds(at)}:{id}"
    return f"page:{site_id}:{item_id}:{paging.limit}:{place}"

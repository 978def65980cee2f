"""Pages by limit and offset (contract A 6) or by cursors (docs/api/paging.md), and their links."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict

from apps.core.cursors import Cursors, Key
from apps.core.errors import OutOfRange, WrongType

DEFAULT_LIMIT = 25
MAX_LIMIT = 250
#: The largest offset that PostgreSQL's bigint arithmetic is asked to carry.
MAX_OFFSET = 2**53
#: The parameters that hold a cursor.
AFTER, BEFORE = "after", "before"
#: All that say where a page is.
PLACES = ("offset", AFTER, BEFORE)
#: A longer `Link` header is left out: proxies refuse an answer whose headers do not fit what they set aside for them.
MAX_LINK_HEADER = 8_000


@dataclass(frozen=True)
class RequestUrl:
    """Path and query of a request, without its access token."""

    path: str
    query: tuple[tuple[str, str], ...]
    #: The query string as sent, or None if it had to be rewritten.
    raw: str | None

    @classmethod
    def of(cls, request: HttpRequest) -> "RequestUrl":
        """The URL that page links of `request` are made from."""
        query = tuple(
            (key, value) for key in request.GET for value in request.GET.getlist(key) if key != "access_token"
        )
        raw = None if "access_token" in request.GET else request.META.get("QUERY_STRING", "")
        return cls(path=request.path, query=query, raw=raw)

    def with_offset(self, offset: int) -> str:
        """This URL at another offset: keys sorted, values of one key in their order, offset 0 left out."""
        query = [pair for pair in self.query if pair[0] not in PLACES]
        if offset > 0:
            query.append(("offset", str(offset)))
        query.sort(key=lambda pair: pair[0])
        return f"{self.path}?{urlencode(query)}" if query else self.path

    def with_cursor(self, name: str, cursor: str) -> str:
        """This URL after or before the place of a cursor, which stands in front of all else."""
        return f"{self.path}?{name}={cursor}{self._elsewhere}"

    @cached_property
    def _elsewhere(self) -> str:
        query = sorted((pair for pair in self.query if pair[0] not in PLACES), key=lambda pair: pair[0])
        return f"&{urlencode(query)}" if query else ""

    def as_sent(self, offset: int) -> str:
        """This URL as the client wrote it, if nothing had to be taken out of it and it is beyond page one."""
        has_cursor = any(name in (AFTER, BEFORE) and value for name, value in self.query)
        if self.raw and (offset > 0 or has_cursor):
            return f"{self.path}?{self.raw}"
        if has_cursor:
            return f"{self.path}?{urlencode(sorted(self.query, key=lambda pair: pair[0]))}"
        return self.with_offset(offset)


@dataclass(frozen=True)
class Ends:
    """The cursors of the first and of the last row of a page, each where the list goes on beyond it, else empty."""

    prev: str = ""
    next: str = ""

    def links(self, url: RequestUrl) -> list[dict[str, str]]:
        """The pages before and after, by cursors."""
        links = []
        if self.prev:
            links.append({"rel": "prev", "href": url.with_cursor(BEFORE, self.prev)})
        if self.next:
            links.append({"rel": "next", "href": url.with_cursor(AFTER, self.next)})
        return links

    def headers(self, url: RequestUrl) -> dict[str, str]:
        """The same as a header (RFC 8288)."""
        value = ", ".join(f'<{link["href"]}>; rel="{link["rel"]}"' for link in self.links(url))
        return {"Link": value} if value and len(value) <= MAX_LINK_HEADER else {}


@dataclass(frozen=True)
class Paging:
    """The page a request asks for: at an offset, or after or before the place of a cursor."""

    limit: int
    offset: int = 0
    #: The sort key of the row that a cursor stands for.
    key: Key | None = None
    #: Whether the page is before it, instead of after it.
    is_before: bool = False
    #: What the cursors of the list are; None for a list without.
    cursors: Cursors | None = None

    @classmethod
    def of(cls, query: QueryDict, *, cursors: Cursors | None = None) -> "Paging":
        """Read `limit` and `offset`, or a cursor; raises WrongType, OutOfRange or BadCursor."""
        limit = _whole_number(query.get("limit"), name="limit", default=DEFAULT_LIMIT)
        if limit < 1 or limit > MAX_LIMIT or limit % 5:
            raise OutOfRange(f"limit must be a multiple of 5 from 5 to {MAX_LIMIT}")
        offset = _whole_number(query.get("offset"), name="offset", default=0)
        if offset < 0 or offset > MAX_OFFSET or offset % limit:
            raise OutOfRange("offset must be a multiple of limit, 0 or more")
        after, before = query.get(AFTER), query.get(BEFORE)
        cursor = after or before
        if not cursor:
            return cls(limit=limit, offset=offset, cursors=cursors)
        if cursors is None:
            raise OutOfRange("this list has no cursors")
        if (after and before) or query.get("offset"):
            raise OutOfRange("only one of offset, after and before can be given")
        return cls(limit=limit, key=cursors.read(cursor), is_before=not after, cursors=cursors)

    @property
    def row_limit(self) -> int:
        """How many rows to read: with a cursor one more than are shown, which tells whether the list goes on."""
        return self.limit if self.key is None else self.limit + 1

    def values(self, *names: str) -> dict[str, Any]:
        """What statements are given: `limit`, `offset`, `is_before` and, as `names`, the sort key or nulls."""
        key = self.key or (None,) * len(names)
        place = dict(zip(names, key, strict=True))
        return {"limit": self.row_limit, "offset": self.offset, "is_before": self.is_before, **place}

    def without_probe(self, rows: list[Any]) -> tuple[list[Any], bool]:
        """The rows of a page without the one that only tells that the list goes on beyond it, and whether it does."""
        is_more = len(rows) > self.limit
        if is_more:
            rows = rows[1:] if self.is_before else rows[:-1]
        return rows, is_more

    def cut(self, rows: list[Any], *, total: int, key: Callable[[Any], Key]) -> tuple[list[Any], Ends]:
        """The rows of a page, each with the sort key `key`, without the probe, and the cursors of its ends."""
        rows, is_more = self.without_probe(rows)
        if not rows:
            return rows, Ends()
        return rows, self.ends(key(rows[0]), key(rows[-1]), total=total, is_more=is_more)

    def ends(self, first: Key, last: Key, *, total: int, is_more: bool) -> Ends:
        """The cursors of a page from its first and its last sort key; `is_more` says, with a cursor, that it goes on.

        Where a cursor came from, the list goes on: there is the row that it stands for, or was.
        """
        if self.cursors is None:
            return Ends()
        if self.key is None:
            has_prev, has_next = self.offset > 0, self.offset + self.limit < total
        else:
            has_prev, has_next = (is_more, True) if self.is_before else (True, is_more)
        return Ends(
            prev=self.cursors.write(first) if has_prev else "", next=self.cursors.write(last) if has_next else ""
        )

    def reaches_end(self, *, total: int, is_more: bool) -> bool:
        """Whether the page is the last one of its list; `is_more` as in `ends`."""
        if self.key is None:
            return self.offset >= max_offset(total, self.limit)
        return not (self.is_before or is_more)

    def check(self, total: int) -> None:
        """Refuse a page beyond the end of `total` items with OutOfRange; with a cursor it is empty."""
        if self.offset > max_offset(total, self.limit):
            raise OutOfRange("there is no such page: offset is beyond the end")


def _whole_number(text: str | None, *, name: str, default: int) -> int:
    if not text:
        return default
    digits = text[1:] if text[0] in "+-" else text
    if not (digits.isascii() and digits.isdigit()):
        raise WrongType(f"{name} must be a whole number")
    if len(digits) > 19:
        raise OutOfRange(f"{name} is too large")
    return int(text)


def max_offset(total: int, limit: int) -> int:
    """Offset of the last page, 0 when there is nothing."""
    return (total - 1) // limit * limit if total > 0 else 0


def collection(
    *, paging: Paging, total: int, items: list[Any], type: str, url: RequestUrl | None, ends: Ends | None = None
) -> dict[str, Any]:
    """The collection object of A 6.2, or with a cursor that of docs/api/paging.md; raises OutOfRange beyond the end."""
    paging.check(total)
    limit, offset = paging.limit, paging.offset
    by_offset = paging.key is None
    shape: dict[str, Any] = {"total": total, "limit": limit}
    if by_offset:
        shape["offset"] = offset
    shape |= {"maxOffset": max_offset(total, limit), "totalPages": -(-total // limit)}
    if by_offset:
        shape["page"] = offset // limit + 1
    if url is not None:
        by_cursor = cursor_links(ends or Ends(), url=url)
        shape["links"] = page_links(paging=paging, total=total, url=url) if by_offset else by_cursor
    shape["type"] = type
    shape["items"] = items
    return shape


def cursor_links(ends: Ends, *, url: RequestUrl) -> list[dict[str, str]]:
    """Links of a page that a cursor led to: to the first page, those around it and itself; nobody knows its number."""
    links = {link["rel"]: link for link in ends.links(url)}
    links |= {"first": {"rel": "first", "href": url.with_offset(0)}, "self": {"rel": "self", "href": url.as_sent(0)}}
    return [links[rel] for rel in ("first", "prev", "self", "next") if rel in links]


def page_links(*, paging: Paging, total: int, url: RequestUrl) -> list[dict[str, str]]:
    """Links to the first, previous, this, next and last page (A 6.3)."""
    limit, offset, last = paging.limit, paging.offset, max_offset(total, paging.limit)

    def link(rel: str, to: int) -> dict[str, str]:
        href = url.as_sent(to) if rel == "self" else url.with_offset(to)
        return {"rel": rel, "href": href, "title": str(to // limit + 1)}

    links = []
    if offset > limit:
        links.append(link("first", 0))
    if offset > 0:
        links.append(link("prev", offset - limit))
    links.append(link("self", offset))
    if offset < last:
        links.append(link("next", offset + limit))
    if offset + limit < last:
        links.append(link("last", last))
    return links


def rows_of(found: QuerySet[Any], *, paging: Paging, columns: Sequence[str]) -> list[Any]:
    """The rows of a page of a queryset in the order of `columns`, all ascending or all (`-id`) descending.

    They have to be unique together, and the queryset comes without an order. With a cursor as in `Paging.cut`.
    """
    ordered = found.order_by(*columns)
    if paging.key is None:
        return list(ordered[paging.offset : paging.offset + paging.limit])
    goes_up = columns[0].startswith("-") is paging.is_before
    beyond = Q()
    equal = Q()
    for column, value in zip((column.removeprefix("-") for column in columns), paging.key, strict=True):
        beyond |= equal & Q(**{f"{column}__{'gt' if goes_up else 'lt'}": value})
        equal &= Q(**{column: value})
    rows = list((ordered.reverse() if paging.is_before else ordered).filter(beyond)[: paging.row_limit])
    return rows[::-1] if paging.is_before else rows

"""Pages by limit and offset, and their links (contract A 6)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict

from apps.core.errors import OutOfRange, WrongType

DEFAULT_LIMIT = 25
MAX_LIMIT = 250
#: The largest offset that PostgreSQL's bigint arithmetic is asked to carry.
MAX_OFFSET = 2**53


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
        query = [(key, value) for key, value in self.query if key != "offset"]
        if offset > 0:
            query.append(("offset", str(offset)))
        query.sort(key=lambda pair: pair[0])
        return f"{self.path}?{urlencode(query)}" if query else self.path

    def as_sent(self, offset: int) -> str:
        """This URL as the client wrote it, if nothing had to be taken out of it and it is beyond page one."""
        if offset > 0 and self.raw:
            return f"{self.path}?{self.raw}"
        return self.with_offset(offset)


@dataclass(frozen=True)
class Paging:
    """The page a request asks for."""

    limit: int
    offset: int

    @classmethod
    def of(cls, query: QueryDict) -> "Paging":
        """Read `limit` and `offset`; raises WrongType or OutOfRange."""
        limit = _whole_number(query.get("limit"), name="limit", default=DEFAULT_LIMIT)
        if limit < 1 or limit > MAX_LIMIT or limit % 5:
            raise OutOfRange(f"limit must be a multiple of 5 from 5 to {MAX_LIMIT}")
        offset = _whole_number(query.get("offset"), name="offset", default=0)
        if offset < 0 or offset > MAX_OFFSET or offset % limit:
            raise OutOfRange("offset must be a multiple of limit, 0 or more")
        return cls(limit=limit, offset=offset)

    def check(self, total: int) -> None:
        """Refuse a page beyond the end of `total` items with OutOfRange."""
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


def collection(*, paging: Paging, total: int, items: list[Any], type: str, url: RequestUrl | None) -> dict[str, Any]:
    """The collection object of A 6.2; raises OutOfRange for a page beyond the end."""
    paging.check(total)
    limit, offset = paging.limit, paging.offset
    shape: dict[str, Any] = {
        "total": total,
        "limit": limit,
        "offset": offset,
        "maxOffset": max_offset(total, limit),
        "totalPages": -(-total // limit),
        "page": offset // limit + 1,
    }
    if url is not None:
        shape["links"] = page_links(paging=paging, total=total, url=url)
    shape["type"] = type
    shape["items"] = items
    return shape


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

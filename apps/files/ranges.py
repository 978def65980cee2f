"""Parts of a file and copies that are still good: Range, If-Range, If-None-Match, If-Modified-Since (RFC 9110)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.http import parse_etags, parse_http_date_safe

from apps.core.errors import ApiError

_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


class UnsatisfiableRange(ApiError):
    """The file has no bytes in this range."""

    status = 416
    code = 4

    def __init__(self, *, size: int) -> None:
        super().__init__()
        self.headers = {"Content-Range": f"bytes */{size}"}


@dataclass(frozen=True)
class ByteRange:
    """Bytes `start` to `end`, both included."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes it is."""
        return self.end - self.start + 1


def is_unchanged(headers: Mapping[str, str], *, etag: str, modified_at: datetime) -> bool:
    """Whether the copy that the client has is still good."""
    if "If-None-Match" in headers:
        given = parse_etags(headers["If-None-Match"])
        return "*" in given or etag in {one.removeprefix("W/") for one in given}
    since = parse_http_date_safe(headers.get("If-Modified-Since", ""))
    return since is not None and int(modified_at.timestamp()) <= since


def requested_range(headers: Mapping[str, str], *, size: int, etag: str, modified_at: datetime) -> ByteRange | None:
    """The one part asked for; None for the whole, also where several parts or something unreadable is asked for.

    Raises UnsatisfiableRange for a part that begins behind the end.
    """
    match = _RANGE.fullmatch(headers.get("Range", ""))
    if match is None or match.groups() == ("", "") or not _is_same(headers, etag=etag, modified_at=modified_at):
        return None
    first, last = match.groups()
    if not first:
        wanted = ByteRange(max(size - int(last), 0), size - 1)
        if int(last) == 0:
            raise UnsatisfiableRange(size=size)
        return wanted
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise UnsatisfiableRange(size=size)
    return ByteRange(int(first), min(int(last), size - 1) if last else size - 1)


def _is_same(headers: Mapping[str, str], *, etag: str, modified_at: datetime) -> bool:
    """Whether the part continues the client's copy: If-Range, which takes strong tags and exact dates."""
    condition = headers.get("If-Range", "").strip()
    if not condition:
        return True
    if condition.startswith(('"', "W/")):
        return condition == etag
    return parse_http_date_safe(condition) == int(modified_at.timestamp())

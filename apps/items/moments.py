"""Moments in bodies: RFC 3339 with an offset (contract B 3.1, B 4.1)."""

import re
from datetime import UTC, datetime

from apps.core.errors import OutOfRange

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
#: Years that every reader of the answer can add an offset to.
_FIRST_YEAR, _LAST_YEAR = 1000, 9998


def read_moment(name: str, text: str) -> datetime:
    """The moment a text says, with the offset it was written in; raises OutOfRange naming the key."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise OutOfRange(f"{name} must be a time like 2026-05-01T18:00:00+01:00")
    day, time, fraction, offset = match.groups()
    # Microseconds are the most that is stored.
    digits = (fraction or ".0")[1:7].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{day}T{time}.{digits}{'+00:00' if offset in 'Zz' else offset}")
    except ValueError:
        raise OutOfRange(f"{name} is no time of the calendar") from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise OutOfRange(f"{name} must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment


def read_instant(name: str, text: str) -> datetime:
    """The same in UTC."""
    return read_moment(name, text).astimezone(UTC)

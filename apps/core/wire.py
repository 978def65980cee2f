"""How values look on the wire: times, and JSON as bytes."""

from datetime import UTC, datetime
from typing import Any

import orjson

#: What the wire shows for "never" (contract A 8.2).
ZERO_TIME = "0001-01-01T00:00:00Z"


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z`; a fraction only when there is one, trailing zeros trimmed."""
    text = moment.isoformat() if moment.tzinfo is UTC else moment.astimezone(UTC).isoformat()
    # "2026-11-21T09:14:25+00:00", or with six digits of a fraction before the "+".
    return f"{text[:26].rstrip('0')}Z" if moment.microsecond else f"{text[:19]}Z"


def dump(value: Any) -> bytes:
    """JSON bytes of a shaped value; moments come out as the contract writes them."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return timestamp(value)
    raise TypeError(f"{type(value).__name__} has no form on the wire")

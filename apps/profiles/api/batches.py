"""Many members at once, as JSON or as CSV (contract A 13.3)."""

import csv
import io
from collections.abc import Mapping
from email.utils import getaddresses
from typing import IO, Any

from apps.core.errors import OutOfRange, UnreadableBody, WrongType
from apps.core.parsing import BodyParser, check_text, read_limited
from apps.profiles.serializers import BatchRowInput

MAX_BATCH_ROWS = 5000

_BOOLS = dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True) | dict.fromkeys(
    ("0", "f", "F", "FALSE", "false", "False"), False
)


class CsvBody(list[list[str]]):
    """A decoded CSV file: its rows."""


class BatchParser(BodyParser):
    """Decodes CSV too."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (parser_context or {})["request"]
        kind = request.META.get("CONTENT_TYPE", "").split(";")[0].strip().lower()
        if kind != "text/csv":
            return super().parse(stream, media_type, parser_context)
        return decode_csv(read_limited(stream))


def decode_csv(raw: bytes) -> CsvBody:
    """The rows of a file without header, all as long as the first; empty lines do not count."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableBody("the CSV is not UTF-8") from error
    check_text(text)
    rows = CsvBody()
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            if not row:
                continue
            if len(row) < 2 or (rows and len(row) != len(rows[0])):
                raise UnreadableBody("each line of the CSV has the same number of fields, at least two")
            rows.append(row)
    except csv.Error as error:
        raise UnreadableBody(f"the body is not CSV: {error}") from error
    return rows


def batch_rows(data: Any) -> list[tuple[str, bool]]:
    """The address and the mark of each row of a decoded body."""
    if isinstance(data, CsvBody):
        rows = [(_address(row[0]), _mark(row[1])) for row in data if row[0] and row[1]]
        if len(rows) > MAX_BATCH_ROWS:
            raise OutOfRange(f"a batch may hold {MAX_BATCH_ROWS} rows")
        return rows
    return [(row["email"], row["isMember"]) for row in BatchRowInput.read_list(data, max_length=MAX_BATCH_ROWS)]


def _address(field: str) -> str:
    """The address of `Name <address>`; whether it is one is checked where users are made."""
    addresses = [address for _name, address in getaddresses([field])]
    return addresses[0] if len(addresses) == 1 and addresses[0] else field


def _mark(field: str) -> bool:
    if field not in _BOOLS:
        raise WrongType(f"{field[:50]!r} is neither true nor false")
    return _BOOLS[field]

"""Values of an export's JSON: names in any case and of both generations of samples, types checked."""

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

import orjson

_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_WHOLE = 2**63 - 1


class FileError(Exception):
    """A file of the export cannot be imported as it is."""


def parse(content: bytes, *, warnings: list[str]) -> "Fields":
    """The object in a file; what is odd but usable is added to `warnings`. Raises FileError."""
    content = content.removeprefix(_BOM)
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        document = _parse_slowly(content)
    if not isinstance(document, dict):
        raise FileError("is no JSON object")
    return Fields(document, warnings=warnings)


def _parse_slowly(content: bytes) -> Any:
    """The standard library's parser lets lone surrogates pass, which `Fields.text` replaces."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FileError(f"is no JSON: {error}") from error


class Fields:
    """The keys of one JSON object; each getter takes all the names that a value has had and reads the first present."""

    def __init__(self, document: dict[str, Any], *, warnings: list[str], place: str = "") -> None:
        self._values = {key.lower(): value for key, value in document.items() if value is not None}
        self._warnings, self._place = warnings, place

    def has(self, *names: str) -> bool:
        """Whether there is such a key with a value."""
        return any(name.lower() in self._values for name in names)

    def warn(self, message: str) -> None:
        """Note something odd about this file."""
        self._warnings.append(message)

    def text(self, *names: str) -> str:
        """A string, "" if absent; characters that no database can hold are replaced, with a warning."""
        name, value = self._find(names)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise FileError(f"{name} must be a string")
        if "\0" in value:
            self.warn(f"{name} holds NUL characters, which are left out")
            value = value.replace("\0", "")
        if _SURROGATE.search(value):
            self.warn(f"{name} holds broken characters, which are replaced")
            value = _SURROGATE.sub("\ufffd", value)
        return value

    def whole(self, *names: str) -> int:
        """A whole number of 64 bits, 0 if absent."""
        name, value = self._find(names)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int):
            raise FileError(f"{name} must be a whole number")
        if not 0 <= value <= _MAX_WHOLE:
            raise FileError(f"{name} must be from 0 to {_MAX_WHOLE}")
        return value

    def whole_up_to(self, limit: int, *names: str) -> int:
        """A whole number that is not beyond a limit, 0 if absent."""
        value = self.whole(*names)
        if value > limit:
            raise FileError(f"{self._find(names)[0]} must be from 0 to {limit}")
        return value

    def number(self, *names: str) -> float:
        """A number, 0 if absent."""
        name, value = self._find(names)
        if value is None:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FileError(f"{name} must be a number")
        try:
            number = float(value)
        except OverflowError as error:
            raise FileError(f"{name} is too large") from error
        if not math.isfinite(number):
            raise FileError(f"{name} must be a number")
        return number

    def texts(self, *names: str) -> list[str]:
        """An array of strings, empty if absent."""
        name, values = self._array(names)
        if not all(isinstance(value, str) for value in values):
            raise FileError(f"{name} must hold strings")
        return values

    def flag(self, *names: str) -> bool:
        """True or false, false if absent."""
        name, value = self._find(names)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise FileError(f"{name} must be true or false")
        return value

    def moment(self, *names: str) -> datetime | None:
        """A time in UTC, None if absent or the year 1, which stands for none."""
        name, value = self._find(names)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise FileError(f"{name} must be a time")
        try:
            moment = datetime.fromisoformat(value.upper())
            if moment.tzinfo is None:
                self.warn(f"{name} has no time zone and is taken as UTC")
                moment = moment.replace(tzinfo=UTC)
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise FileError(f"{name} is no time: {value[:40]!r}") from error
        return moment if moment.year > 1 else None

    def scalar(self, *names: str) -> str | int | float | bool:
        """A string, number or bool that has to be there."""
        name, value = self._find(names)
        if isinstance(value, str):
            return self.text(*names)
        if not isinstance(value, int | float):
            raise FileError(f"{name} must be a string, a number or a bool")
        return value

    def object(self, *names: str) -> "Fields | None":
        """An object, None if absent."""
        name, value = self._find(names)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise FileError(f"{name} must be an object")
        return Fields(value, warnings=self._warnings, place=f"{name}.")

    def objects(self, *names: str) -> "list[Fields]":
        """An array of objects, empty if absent."""
        name, values = self._array(names)
        if not all(isinstance(value, dict) for value in values):
            raise FileError(f"{name} must hold objects")
        return [
            Fields(value, warnings=self._warnings, place=f"{name}[{number}].") for number, value in enumerate(values)
        ]

    def ids(self, *names: str) -> list[int]:
        """The ids in an array of `{id}` or of bare numbers, without repetitions."""
        name, values = self._array(names)
        found: dict[int, None] = {}
        for value in values:
            if isinstance(value, dict):
                value = {key.lower(): inner for key, inner in value.items()}.get("id")
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_WHOLE:
                raise FileError(f"{name} must hold ids")
            found[value] = None
        return list(found)

    def _array(self, names: tuple[str, ...]) -> tuple[str, list[Any]]:
        name, value = self._find(names)
        if value is None:
            return name, []
        if not isinstance(value, list):
            raise FileError(f"{name} must be an array")
        return name, value

    def _find(self, names: tuple[str, ...]) -> tuple[str, Any]:
        for name in names:
            if name.lower() in self._values:
                return self._place + name, self._values[name.lower()]
        return self._place + names[0], None

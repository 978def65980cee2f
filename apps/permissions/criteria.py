"""What a criterion may ask of a profile (contract A 22.6); `fn.criterion_holds` is what answers it."""

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.core.errors import OutOfRange, WrongType
from apps.core.serializers import MAX_ID
from apps.text.cleaning import clean_sentence, clean_word, unescape

MAX_KEY_LENGTH = 50
MAX_VALUE_LENGTH = 250

_EQUALITY = frozenset({"eq", "ne", "neq"})
_ORDER = _EQUALITY | {"lt", "le", "ge", "gt"}
_TEXT = _EQUALITY | {"substr", "nsubstr"}

_NUMBER_COLUMNS = frozenset({"id", "itemCount", "commentCount", "created"})
_TEXT_COLUMNS = frozenset({"profileName", "gender", "email"})
#: What only its holder and the owner of the site see of a profile (contract A 23.2), so only the owner tests it.
PRIVATE_COLUMNS = frozenset({"email"})
COLUMNS = _NUMBER_COLUMNS | _TEXT_COLUMNS | {"isBanned"}

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DIGITS = re.compile(r"-?\d{1,19}")


@dataclass(frozen=True)
class CheckedCriterion:
    """One criterion, checked: exactly one of `column` and `key` is set, and the predicate fits the value's type."""

    or_group: int
    column: str
    key: str
    predicate: str
    value: str | int | float | bool


def check_criterion(*, or_group: int, column: str, key: str, predicate: str, value: Any) -> CheckedCriterion:
    """What a client wrote as one that can be evaluated; a column wins over a key.

    Raises OutOfRange or WrongType when there is neither, or predicate and value do not fit it.
    """
    if column:
        if column not in COLUMNS:
            raise OutOfRange("profileColumn is not the name of a column")
        value, predicates = _column_value(column, value)
        key = ""
    else:
        key = clean_word(key)
        if not key:
            raise OutOfRange("a criterion needs profileColumn or attrKey")
        if len(key) > MAX_KEY_LENGTH:
            raise OutOfRange(f"attrKey may have {MAX_KEY_LENGTH} characters")
        value, predicates = _attribute_value(value)
    if predicate not in predicates:
        raise OutOfRange(f"predicate must be one of {', '.join(sorted(predicates))}")
    return CheckedCriterion(or_group=or_group, column=column, key=key, predicate=predicate, value=value)


def _column_value(column: str, value: Any) -> tuple[str | int | float | bool, frozenset[str]]:
    if column == "isBanned":
        if not isinstance(value, bool):
            raise WrongType("value must be true or false")
        return value, _EQUALITY
    if column in _TEXT_COLUMNS:
        if not isinstance(value, str):
            raise WrongType("value must be a string")
        return _text(value), _TEXT
    if column == "created" and isinstance(value, str) and _is_date(value.strip()):
        return value.strip(), _ORDER
    return _whole_number(value), _ORDER


def _attribute_value(value: Any) -> tuple[str | int | float | bool, frozenset[str]]:
    if isinstance(value, bool):
        return value, _EQUALITY
    if isinstance(value, str):
        text = _text(value)
        return text, _TEXT | _ORDER if _is_date(text) else _TEXT
    if not isinstance(value, int | float):
        raise WrongType("value must be a string, a number or a bool")
    if not math.isfinite(value) or abs(value) > MAX_ID:
        raise OutOfRange("value does not fit 64 bits")
    return value, _ORDER


def _text(value: str) -> str:
    """A text as attributes are stored, so that both compare: cleaned and escaped."""
    text = clean_sentence(value).strip()
    if len(unescape(text)) > MAX_VALUE_LENGTH:
        raise OutOfRange(f"value may have {MAX_VALUE_LENGTH} characters")
    return text


def _whole_number(value: Any) -> int:
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongType("value must be a whole number")
    if not math.isfinite(value) or value != int(value) or abs(value) > MAX_ID:
        raise OutOfRange("value must be a whole number of 64 bits")
    return int(value)


def _is_date(text: str) -> bool:
    if not (text.isascii() and _DATE.fullmatch(text)):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

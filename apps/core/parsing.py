"""Request bodies: JSON or a form, whatever the method (contract A 2.5)."""

import json
from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import parse_qsl

import orjson
from django.conf import settings
from rest_framework.parsers import BaseParser

from apps.core.errors import OutOfRange, TooLarge, UnknownBodyType, UnreadableBody


class FormBody(dict[str, Any]):
    """A decoded form: flat, every value a string."""


class BodyParser(BaseParser):
    """Decodes JSON by `application/json`, a form by its type or by no type at all; anything else is refused."""

    media_type = "*/*"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (parser_context or {})["request"]
        kind = request.META.get("CONTENT_TYPE", "").split(";")[0].strip().lower()
        if kind not in ("application/json", "application/x-www-form-urlencoded", ""):
            raise UnknownBodyType(f"a body of type {kind[:100]!r} is not read here")
        raw = read_limited(stream)
        if kind == "application/json":
            return decode_json(raw)
        return decode_form(raw, query=request.META.get("QUERY_STRING", "").encode("latin-1", "replace"))


def read_limited(stream: IO[bytes]) -> bytes:
    """The whole body, or TooLarge."""
    raw = stream.read(settings.MAX_BODY_BYTES + 1)
    if len(raw) > settings.MAX_BODY_BYTES:
        raise TooLarge(f"a body may have {settings.MAX_BODY_BYTES} bytes")
    return raw


def decode_json(raw: bytes) -> Any:
    """The first JSON value of `raw`; text that PostgreSQL cannot hold and deep nesting are refused."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        value = _first_json_value(raw, error)
    _check(value)
    return value


def _first_json_value(raw: bytes, error: orjson.JSONDecodeError) -> Any:
    """What stands before trailing data: clients may send more than one value, only the first counts."""
    try:
        text = raw.decode().lstrip(" \t\r\n")
        value, end = _FIRST_VALUE.raw_decode(text)
    except (ValueError, RecursionError):
        raise UnreadableBody(f"the body is not JSON: {error}") from error
    if end == len(text.rstrip()):
        # The strict parser refused what the lax one takes: a lone surrogate, a control character, depth.
        raise UnreadableBody(f"the body is not JSON: {error}") from error
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


#: Reads numbers as the strict parser does: none is infinite, and a whole one has 64 bits or becomes a float.
_FIRST_VALUE = json.JSONDecoder(parse_int=orjson.loads, parse_float=orjson.loads, parse_constant=_refuse_constant)


def decode_form(raw: bytes, *, query: bytes) -> FormBody:
    """A form; parameters of the URL count as its values too, the body wins."""
    if raw.count(b"&") >= settings.MAX_FORM_FIELDS:
        raise OutOfRange(f"a form may have {settings.MAX_FORM_FIELDS} fields")
    try:
        # Strictly: what Django makes of bytes that are no UTF-8 would be stored as something else than was sent.
        pairs = [pair for part in (query, raw) for pair in parse_qsl(part.decode(), True, errors="strict")]
    except UnicodeDecodeError as error:
        raise UnreadableBody("the form is not UTF-8") from error
    values = FormBody(pairs)
    _check(dict(values))
    return values


def _check(value: Any) -> None:
    """Refuse what cannot be stored intact, without recursion."""
    pending = [(value, 1)]
    while pending:
        current, depth = pending.pop()
        if depth > settings.MAX_JSON_DEPTH:
            raise OutOfRange(f"the body is nested deeper than {settings.MAX_JSON_DEPTH} levels")
        if isinstance(current, str):
            check_text(current)
        elif isinstance(current, dict):
            pending += [(key, depth) for key in current]
            pending += [(item, depth + 1) for item in current.values()]
        elif isinstance(current, list):
            pending += [(item, depth + 1) for item in current]


def check_text(text: str) -> None:
    """Refuse a NUL or a lone surrogate: neither can be stored."""
    if "\0" in text:
        raise OutOfRange("a text holds the character NUL")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise OutOfRange("a text holds half a surrogate pair") from error

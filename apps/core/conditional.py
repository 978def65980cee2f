"""`ETag` and `If-None-Match`: a client that holds a body is told so instead of being sent it again (decision 0040)."""

import hashlib
import re

from django.http import HttpRequest

_ETAG = re.compile(r'(?:W/)?"[^"]*"')
_DIGITS = 24


def etag_of(content: bytes) -> str:
    """A tag for a body, or for the versions of all that it is made from.

    Weak, because a proxy that compresses makes other bytes of the same JSON.
    """
    # Processors have instructions for SHA-256; BLAKE2b takes twice as long on them.
    return f'W/"{hashlib.sha256(content).hexdigest()[:_DIGITS]}"'


def is_held(if_none_match: str, *, etag: str) -> bool:
    """Whether the tags of an If-None-Match header name the body of `etag`, however strong either is."""
    if if_none_match.strip() == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(given.removeprefix("W/") == opaque for given in _ETAG.findall(if_none_match))


def asks_conditionally(request: HttpRequest) -> bool:
    """Whether 304 can be the answer: to a real GET or HEAD, and not where the status line has to say 200."""
    return (
        request.META["REQUEST_METHOD"] in ("GET", "HEAD")
        and "HTTP_IF_NONE_MATCH" in request.META
        and not wants_always_200(request)
    )


def wants_always_200(request: HttpRequest) -> bool:
    """Whether the status line says 200 whatever the envelope says (contract A 3)."""
    return "always200" in request.GET or bool(request.META.get("HTTP_X_ALWAYS_200"))

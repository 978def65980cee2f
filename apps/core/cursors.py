"""Cursors: places in lists that stay right while rows come and go (docs/api/paging.md).

A cursor holds the whole sort key of a row and is signed for one list: a site, a name and what the list is filtered by.
Whoever may read the list may use it; it opens nothing by itself.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import Any

import orjson
from django.conf import settings
from django.utils.crypto import salted_hmac

from apps.core.errors import OutOfRange

#: Changes with the form of all cursors; a list whose order changes gets another name.
_FORM = 1
_SIGNATURE_BYTES = 16
#: Longer than any that was ever given out: the longest titles have 1,000 characters.
_MAX_LENGTH = 6_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: The values that a list is sorted by, in their order.
Key = tuple[Any, ...]


class BadCursor(OutOfRange):
    """The cursor was not given out for this list."""


@dataclass(frozen=True)
class Cursors:
    """The cursors of one list of a site: `of` names it, with all that decides which rows it has in which order."""

    site_id: int
    of: tuple[Any, ...]

    def write(self, key: Key) -> str:
        """The cursor of a row with a sort key of texts, numbers, bools, moments and nulls."""
        values = orjson.dumps([_told(value) for value in key])
        return base64.urlsafe_b64encode(self._signature(values) + values).rstrip(b"=").decode()

    def read(self, cursor: str) -> Key:
        """The sort key that a cursor of this list holds; raises BadCursor for anything else."""
        if len(cursor) > _MAX_LENGTH:
            raise BadCursor
        try:
            signed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise BadCursor from None
        signature, values = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(values)):
            raise BadCursor
        # One way to write each: base64 has idle bits at its end.
        if base64.urlsafe_b64encode(signed).rstrip(b"=").decode() != cursor:
            raise BadCursor
        return tuple(_read(value) for value in orjson.loads(values))

    def _signature(self, values: bytes) -> bytes:
        digest = self._begun.copy()
        digest.update(values)
        return digest.digest()

    @cached_property
    def _begun(self) -> hashlib.blake2b:
        """What all cursors of the list have in common; a page has two."""
        of = orjson.dumps([_FORM, self.site_id, *self.of]) + b"\n"
        return hashlib.blake2b(of, key=_secret(settings.SECRET_KEY), digest_size=_SIGNATURE_BYTES)


@cache
def _secret(secret_key: str) -> bytes:
    """What cursors are signed with; another SECRET_KEY makes another one."""
    return salted_hmac("apps.core.cursors", b"", secret=secret_key, algorithm="sha256").digest()


def _told(value: Any) -> Any:
    """A value of a key in JSON: a moment is a list of its microseconds, which no other value is."""
    return [(value - _EPOCH) // _MICROSECOND] if isinstance(value, datetime) else value


def _read(value: Any) -> Any:
    return _EPOCH + value[0] * _MICROSECOND if isinstance(value, list) else value

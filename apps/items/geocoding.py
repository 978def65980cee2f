"""Where a place with this name is (contract A 29): the back ends that GEOCODER names, and what they said before.

Asking another server takes its time, so an answer is kept and a member may ask only so often. Both are rows of one
table, which all processes share; nothing is held locked while the other server is asked (docs/decisions/0022).
"""

import logging
import math
from datetime import timedelta
from typing import Any, ClassVar, Protocol

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from apps.core import clock
from apps.core.errors import OutOfRange, ServerError, TooManyRequests
from apps.core.outbound import BrokenAnswer, Limits, OutboundError, fetch
from apps.items.models import PlaceLookup

log = logging.getLogger(__name__)

MAX_WORDS_LENGTH = 250
#: How long an answer is taken for true.
_KEPT = timedelta(days=7)
#: Old answers that one lookup clears away.
_CLEARED_AT_ONCE = 100
_MINUTE = timedelta(minutes=1)
_LIMITS = Limits(total=5.0, connect=2.0, size=256 * 1024, redirects=0)
_TEXTS = ("place_id", "licence", "lat", "lon", "display_name")

#: A place as the wire has it; empty where there is none.
Place = dict[str, Any]


class BlankWords(OutOfRange):
    """q must not be blank."""


class WordsTooLong(OutOfRange):
    """q may have 250 characters."""


class GeocoderFailed(ServerError):
    """The geocoder gives no answer; try again later."""


class TooManyLookups(TooManyRequests):
    """Too many places were looked up; try again later."""


class Geocoder(Protocol):
    """What GEOCODER names."""

    #: Whether it asks another server, so that its answers are kept and its questions counted.
    is_remote: ClassVar[bool]

    def find(self, words: str) -> Place:
        """The first match, or an empty place; raises an OutboundError."""
        ...


class NoPlaces:
    """The local default: knows no place."""

    is_remote: ClassVar[bool] = False

    def find(self, words: str) -> Place:
        """None."""
        return {}


class Nominatim:
    """Asks a server with the interface of Nominatim at GEOCODER_URL."""

    is_remote: ClassVar[bool] = True

    def find(self, words: str) -> Place:
        """The first match."""
        params = {"q": words, "format": "json", "limit": "1"}
        if settings.GEOCODER_KEY:
            params["key"] = settings.GEOCODER_KEY
        answer = fetch(settings.GEOCODER_URL, params=params, limits=_LIMITS, content_types={"application/json"})
        # Some say with a 404 that they found nothing.
        if answer.status == 404:
            return {}
        if answer.status != 200:
            raise BrokenAnswer(f"the geocoder answers {answer.status}")
        found = answer.json()
        if not isinstance(found, list):
            raise BrokenAnswer("the geocoder answers no list")
        return _place(found[0]) if found else {}


def _place(found: Any) -> Place:
    """What we pass on of a match: texts and the box, as clients know them."""
    if not isinstance(found, dict):
        raise BrokenAnswer("the geocoder answers no place")
    place: Place = {name: _text(found[name]) for name in _TEXTS if _is_scalar(found.get(name))}
    box = found.get("boundingbox")
    if isinstance(box, list) and len(box) == 4 and all(_is_scalar(edge) for edge in box):
        place["boundingbox"] = [_text(edge) for edge in box]
    if not {"lat", "lon"} <= place.keys():
        raise BrokenAnswer("the geocoder answers a place without coordinates")
    return place


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _text(value: str | int | float) -> str:
    # PostgreSQL keeps no NUL.
    return str(value).replace("\0", "")


def find_place(words: str, *, site_id: int, profile_id: int) -> Place:
    """The first match of some words; raises BlankWords, WordsTooLong, TooManyLookups or GeocoderFailed."""
    words = checked_words(words)
    geocoder: Geocoder = import_string(settings.GEOCODER)()
    if not geocoder.is_remote:
        return geocoder.find(words)
    key = words.lower()
    known = (
        PlaceLookup.objects.filter(site_id=site_id, words=key, answered_at__gt=clock.now() - _KEPT)
        .order_by("-answered_at", "-id")
        .first()
    )
    if known:
        return dict(known.place)
    lookup = _begin_lookup(key, site_id=site_id, profile_id=profile_id)
    try:
        place = geocoder.find(words)
    except OutboundError as error:
        log.warning("the geocoder gives no answer: %s", error)
        raise GeocoderFailed from error
    lookup.place, lookup.answered_at = place, clock.now()
    lookup.save(update_fields=["place", "answered_at"])
    return place


def checked_words(words: str) -> str:
    """The words with single spaces between them; raises BlankWords or WordsTooLong."""
    words = " ".join(words.split())
    if not words:
        raise BlankWords
    # Lower case may be longer.
    if len(words) > MAX_WORDS_LENGTH or len(words.lower()) > MAX_WORDS_LENGTH:
        raise WordsTooLong
    return words


def _begin_lookup(words: str, *, site_id: int, profile_id: int) -> PlaceLookup:
    """Count a question; raises TooManyLookups. Committed before it is asked, so that those asked at once count too."""
    _clear_lookups(site_id)
    now = clock.now()
    lookup = PlaceLookup.objects.create(site_id=site_id, profile_id=profile_id, words=words, asked_at=now)
    limit = settings.GEOCODER_LOOKUPS_PER_MINUTE
    counted = PlaceLookup.objects.filter(site_id=site_id, profile_id=profile_id, asked_at__gt=now - _MINUTE)
    times = list(counted.order_by("-asked_at", "-id").values_list("asked_at", flat=True)[: limit + 1])
    if len(times) > limit:
        lookup.delete()
        wait = times[-1] + _MINUTE - now
        raise TooManyLookups(retry_after_seconds=max(1, math.ceil(wait.total_seconds())))
    return lookup


@transaction.atomic
def _clear_lookups(site_id: int) -> None:
    old = PlaceLookup.objects.filter(site_id=site_id, asked_at__lte=clock.now() - _KEPT).order_by("asked_at")
    ids = list(old.select_for_update(skip_locked=True).values_list("id", flat=True)[:_CLEARED_AT_ONCE])
    if ids:
        PlaceLookup.objects.filter(site_id=site_id, id__in=ids).delete()

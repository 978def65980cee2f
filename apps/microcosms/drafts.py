"""What a member wrote of a microcosm, cleaned and checked (contract A 21.4, A 21.5)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from apps.core.errors import OutOfRange
from apps.sites.types import PLACED_ITEMS, ItemType
from apps.text.characters import is_blank
from apps.text.cleaning import clean_description, clean_sentence, unescape

TITLE_LENGTH = 50
DESCRIPTION_LENGTH = 10_000
EDIT_REASON_LENGTH = 150
LOGO_URL_LENGTH = 2000
DEFAULT_VISIBILITY = "public"
VISIBILITIES = frozenset({"public", "protected", "private"})
#: What a microcosm may say that it holds.
ITEM_TYPE_WORDS = frozenset(kind.word for kind in (ItemType.MICROCOSM, *PLACED_ITEMS))
#: What ends a URL, or the attribute of an HTML page that clients print it into.
_NOT_IN_URL = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")


@dataclass(frozen=True)
class Draft:
    """The texts and choices of a microcosm; what is None was not given."""

    title: str | None = None
    description: str | None = None
    visibility: str | None = None
    item_types: list[str] | None = None
    logo_url: str | None = None
    edit_reason: str | None = None


def read_draft(
    *,
    title: str | None = None,
    description: str | None = None,
    visibility: str | None = None,
    item_types: Sequence[str] | None = None,
    logo_url: str | None = None,
    edit_reason: str | None = None,
) -> Draft:
    """Clean what was given; raises OutOfRange for what is blank, too long or no address."""
    if visibility is not None and visibility not in VISIBILITIES:
        visibility = DEFAULT_VISIBILITY
    return Draft(
        title=None if title is None else _required("title", clean_sentence(title), length=TITLE_LENGTH),
        description=None
        if description is None
        else _required("description", clean_description(description), length=DESCRIPTION_LENGTH),
        visibility=visibility,
        item_types=None if item_types is None else _known_types(item_types),
        logo_url=None if logo_url is None else _checked_url(logo_url),
        edit_reason=None
        if edit_reason is None
        else _short("meta.editReason", clean_sentence(edit_reason).strip(), length=EDIT_REASON_LENGTH),
    )


def _required(name: str, text: str, *, length: int) -> str:
    if is_blank(text):
        raise OutOfRange(f"{name} must not be blank")
    return _short(name, text, length=length)


def _short(name: str, text: str, *, length: int) -> str:
    """Limits count characters as people see them, not the entities they are stored as."""
    if len(unescape(text)) > length:
        raise OutOfRange(f"{name} may have {length} characters")
    return text


def _known_types(words: Sequence[str]) -> list[str]:
    return [word for word in dict.fromkeys(words) if word in ITEM_TYPE_WORDS]


def _checked_url(url: str) -> str:
    """An http or https address, or a path on the site itself."""
    url = url.strip()
    if len(url) > LOGO_URL_LENGTH:
        raise OutOfRange(f"logoUrl may have {LOGO_URL_LENGTH} characters")
    if not url:
        return url
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        raise OutOfRange("logoUrl is not an address") from None
    is_path = not parts.scheme and not parts.netloc and url.startswith("/") and not url.startswith("//")
    if _NOT_IN_URL.search(url) or not (is_address or is_path):
        raise OutOfRange("logoUrl is not an address")
    return url

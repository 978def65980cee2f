"""Bodies of sites as values of columns: cleaned, which is done above sites, and checked."""

from collections.abc import Callable, Mapping
from typing import Any

from apps.accounts.services import checked_email
from apps.core.errors import OutOfRange
from apps.sites.appearance import (
    background_position,
    checked_analytics_id,
    checked_colour,
    checked_href,
    checked_image_url,
)
from apps.sites.services import Link
from apps.text.cleaning import clean_description, clean_sentence, unescape

MAX_TITLE_LENGTH = 50
MAX_DESCRIPTION_LENGTH = 10_000
MAX_LINK_TEXT_LENGTH = 50
MAX_LINK_TITLE_LENGTH = 512
#: The columns with addresses of pictures.
PICTURES = ("logo_url", "favicon_url", "background_url")


def site_columns(body: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that a site's body sets; keys that are not there set none. Raises OutOfRange for a bad value."""
    columns = {column: check(body[key]) for key, (column, check) in _COLUMNS.items() if key in body}
    flags = body.get("meta", {}).get("flags", {})
    if "deleted" in flags:
        columns["is_deleted"] = flags["deleted"]
    return columns


def menu_link(entry: Mapping[str, Any]) -> Link:
    """One link of a menu's body; raises OutOfRange."""
    return Link(
        href=checked_href(entry["href"].strip()),
        text=_sentence(entry["text"], name="text", max_length=MAX_LINK_TEXT_LENGTH),
        title=_sentence(entry.get("title", ""), name="title", max_length=MAX_LINK_TITLE_LENGTH, may_be_blank=True),
    )


def _sentence(text: str, *, name: str, max_length: int, may_be_blank: bool = False) -> str:
    return _checked_length(clean_sentence(text).strip(), name=name, max_length=max_length, may_be_blank=may_be_blank)


def _checked_length(cleaned: str, *, name: str, max_length: int, may_be_blank: bool = False) -> str:
    length = len(unescape(cleaned))
    if length > max_length:
        raise OutOfRange(f"{name} has at most {max_length} characters")
    if not length and not may_be_blank:
        raise OutOfRange(f"{name} is needed")
    return cleaned


def _title(text: str) -> str:
    return _sentence(text, name="title", max_length=MAX_TITLE_LENGTH)


def _description(text: str) -> str:
    cleaned = clean_description(text).strip()
    return _checked_length(cleaned, name="description", max_length=MAX_DESCRIPTION_LENGTH)


def _image(name: str) -> Callable[[str], str]:
    return lambda text: checked_image_url(text.strip(), name=name)


def _theme_id(theme_id: int) -> int:
    if theme_id < 1:
        raise OutOfRange("there is no theme with this themeId")
    return theme_id


def _contact_email(text: str) -> str:
    return checked_email(text) if text.strip() else ""


_COLUMNS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "title": ("title", _title),
    "description": ("description", _description),
    "themeId": ("theme_id", _theme_id),
    "logoUrl": ("logo_url", _image("logoUrl")),
    "faviconUrl": ("favicon_url", _image("faviconUrl")),
    "backgroundUrl": ("background_url", _image("backgroundUrl")),
    "backgroundPosition": ("background_position", background_position),
    "backgroundColor": ("background_color", checked_colour),
    "linkColor": ("link_color", checked_colour),
    "gaWebPropertyId": ("analytics_id", checked_analytics_id),
    "contactEmail": ("contact_email", _contact_email),
}

"""Results of search in the contract's JSON (B 10.6), around the summaries of what was found."""

import html
from collections import namedtuple
from functools import cache
from typing import Any

from apps.comments.shapes import comment_summary
from apps.huddles.shapes import huddle_summary
from apps.items.shapes import item_summary
from apps.microcosms.shapes import microcosm_summary
from apps.profiles.shapes import profile_summary_of
from apps.sites.types import ItemType

_START, _STOP = "\x01", "\x02"


def result(row: Any, *, site_id: int) -> dict[str, Any]:
    """One result from a row of the statement `search`."""
    kind = ItemType(row.kind)
    shape: dict[str, Any] = {"itemType": kind.word, "item": _thing(row, kind, site_id=site_id)}
    if kind == ItemType.COMMENT:
        parent = ItemType.PROFILE if row.item_id is None else ItemType(row.item_kind)
        shape |= {"parentItemType": parent.word, "parentItem": _thing(row, parent, site_id=site_id)}
    return shape | {
        "unread": row.is_unread,
        "rank": row.rank,
        "lastModified": row.last_activity_at,
        "highlight": highlight(row.headline, is_source=kind == ItemType.COMMENT),
    }


def person(row: Any, *, site_id: int) -> dict[str, Any]:
    """One result from a row of the statement `profiles_by_email`."""
    return {
        "itemType": ItemType.PROFILE.word,
        "item": profile_summary_of(row, "home", site_id=site_id),
        "unread": False,
        "rank": 1,
        "lastModified": row.last_active_at,
        "highlight": "",
    }


def highlight(headline: str, *, is_source: bool) -> str:
    """A fragment as HTML: escaped first, and only then the matches in bold.

    Names and titles are stored escaped; what somebody wrote as markdown (`is_source`) is not.
    """
    text = headline if is_source else html.unescape(headline)
    return html.escape(text).replace(_START, "<b>").replace(_STOP, "</b>")


def _thing(row: Any, kind: ItemType, *, site_id: int) -> dict[str, Any]:
    match kind:
        case ItemType.MICROCOSM:
            return microcosm_summary(row, site_id=site_id, most_recent_update=None)
        case ItemType.PROFILE:
            return profile_summary_of(row, "home", site_id=site_id)
        case ItemType.COMMENT:
            return comment_summary(_part(row, "comment_"), site_id=site_id)
        case ItemType.HUDDLE:
            return huddle_summary(_part(row, "item_"), site_id=site_id)
        case _:
            return item_summary(_part(row, "item_"), site_id=site_id)


def _part(row: Any, prefix: str) -> Any:
    """The columns behind a prefix as a row of their own."""
    names, make = _part_of(row._fields, prefix)
    return make(*(getattr(row, name) for name in names))


@cache
def _part_of(fields: tuple[str, ...], prefix: str) -> tuple[list[str], Any]:
    names = [name for name in fields if name.startswith(prefix)]
    return names, namedtuple("Part", [name.removeprefix(prefix) for name in names])  # type: ignore[misc]

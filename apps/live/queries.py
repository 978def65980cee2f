"""Statements over the change log that know who may see what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from apps.core import clock
from apps.core.sql import Statements
from apps.items.models import Item
from apps.live.frames import ITEM_WORDS
from apps.profiles.viewer import Viewer

statements = Statements(__file__)

#: How many changes of the log one statement looks at for somebody who may see few of them.
SCAN_LIMIT = 1000
#: After how long somebody counts as gone whose process does not say that it is alive.
PRESENCE_PERIOD = timedelta(seconds=60)


@dataclass(frozen=True)
class Filter:
    """What somebody wants to hear of: kinds (`comment.created`) or families of them (`comment`), and microcosms."""

    kinds: tuple[str, ...] = ()
    microcosm_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class FeedPage:
    """Some changes, as `shapes.change` takes them."""

    rows: list[Any]
    #: Where to go on.
    position: int
    #: Whether there is more behind it already.
    has_more: bool


def feed_page(viewer: Viewer, *, after: int, limit: int, wanted: Filter) -> FeedPage:
    """What a viewer may know now of the changes behind a position."""
    rows = statements.change_feed.rows(
        site_id=viewer.site_id,
        profile_id=viewer.profile_id,
        after=after,
        scan_limit=SCAN_LIMIT,
        kinds=list(wanted.kinds),
        microcosms=list(wanted.microcosm_ids),
    )
    scanned, last = rows[0].scanned, rows[0].last
    shown = [row for row in rows if row.position is not None]
    if len(shown) > limit:
        return FeedPage(rows=shown[:limit], position=shown[limit - 1].position, has_more=True)
    return FeedPage(rows=shown, position=after if last is None else last, has_more=scanned == SCAN_LIMIT)


def change_facts(*, site_id: int, positions: Sequence[int]) -> list[Any]:
    """What changes are about, as `shapes.change` takes them, whoever may know."""
    return statements.change_facts.rows(site_id=site_id, positions=list(positions))


def change_audience(*, site_id: int, positions: Sequence[int], profile_ids: Sequence[int]) -> list[Any]:
    """Who of some profiles (0 is a guest) may know of changes, in the order of their positions.

    A row for each change and way to know of it: verdict, knows_source, profile_ids, and what
    `shapes.change` takes.
    """
    return statements.change_audience.rows(site_id=site_id, positions=list(positions), profile_ids=list(profile_ids))


# --- Sockets --------------------------------------------------------------------------------------


def item_readers(*, site_id: int, item_ids: Sequence[int], profile_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """Who of some profiles (0 is a guest) may read each of some items now."""
    rows = statements.item_readers.rows(site_id=site_id, item_ids=list(item_ids), profile_ids=list(profile_ids))
    return {row.item_id: frozenset(row.profile_ids) for row in rows}


def may_follow(viewer: Viewer, *, to: str, id: int) -> bool:
    """Whether a viewer may read what they want to follow at this moment."""
    site_id, profile_id = viewer.site_id, viewer.profile_id
    if to == "inbox":
        return profile_id != 0
    if to == "site" or (to == "presence" and id == 0):
        return True
    if to == "microcosm":
        return bool(statements.microcosm_readers.rows(site_id=site_id, microcosm_id=id, profile_ids=[profile_id]))
    if profile_id not in item_readers(site_id=site_id, item_ids=[id], profile_ids=[profile_id]).get(id, ()):
        return False
    return to == "presence" or Item.objects.filter(site_id=site_id, id=id, kind=ITEM_WORDS[to].value).exists()


def item_counts(*, site_id: int, item_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The numbers of some items as frames show them."""
    counts: dict[int, dict[str, Any]] = {}
    for row in statements.item_counts.rows(site_id=site_id, item_ids=list(item_ids), now=clock.now()):
        shape = counts.setdefault(row.id, {"comments": row.comment_count})
        if row.attending_count is not None:
            shape["attending"] = row.attending_count
        if row.choice_id is not None:
            shape["voters"] = row.voter_count
            if row.vote_count is not None:
                shape.setdefault("choices", []).append({"id": row.choice_id, "votes": row.vote_count})
    return counts


def ended_visits(*, pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Which of some pairs of site and token (0 for guests) may not be here any more."""
    sites, tokens = zip(*pairs, strict=True)
    rows = statements.ended_visits.rows(site_ids=list(sites), token_ids=list(tokens), now=clock.now())
    return {(row.site_id, row.token_id) for row in rows}


def people_present(*, site_id: int, item_id: int) -> Any:
    """Who is at a place through any process: a row of profile_ids, member_count, guest_count."""
    return statements.people_present.row(site_id=site_id, item_id=item_id, alive_after=clock.now() - PRESENCE_PERIOD)

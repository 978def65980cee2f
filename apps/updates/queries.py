"""Statements over what members watch, ignore and are told."""

from array import array
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from apps.core.cache import Memory
from apps.core.pagination import Paging
from apps.core.sql import Statements
from apps.sites.types import ItemType
from apps.updates.models import PushSubscription, Watcher
from apps.updates.types import Digest, UpdateType

statements = Statements(__file__)

#: What a process remembers of who is shown which updates.
MAX_LISTS_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Page:
    """The rows of a page and how many there are in all."""

    total: int
    rows: list[Any]


def ignored_page(*, site_id: int, profile_id: int, paging: Paging) -> Page:
    """A page of what a member ignores and may read, in one statement."""
    rows = statements.ignored_page.rows(
        site_id=site_id, profile_id=profile_id, **paging.values("from_kind", "from_title", "from_id")
    )
    return Page(total=rows[0].total, rows=[row for row in rows if row.position is not None])


def watcher_page(*, site_id: int, profile_id: int, paging: Paging) -> Page:
    """A page of what a member watches and may read, in one statement."""
    rows = statements.watcher_page.rows(
        site_id=site_id, profile_id=profile_id, **paging.values("from_at", "from_kind", "from_id")
    )
    return Page(total=rows[0].total, rows=[row for row in rows if row.position is not None])


@dataclass(frozen=True)
class Choice:
    """Whether a member wants mail and short messages about a type of update."""

    type: UpdateType
    send_email: bool
    send_sms: bool
    digest: Digest = Digest.NONE


def preferences(*, site_id: int, profile_id: int) -> Sequence[Choice]:
    """What a member wants to be mailed about, by type: as chosen, else as the type and their global switch say."""
    rows = statements.preferences.rows(site_id=site_id, profile_id=profile_id)
    chosen = {row.type: row for row in rows if row.type is not None}
    takes_email = bool(rows) and rows[0].takes_email
    return [
        Choice(
            type=type,
            send_email=chosen[type].send_email,
            send_sms=chosen[type].send_sms,
            digest=Digest(chosen[type].digest),
        )
        if type in chosen
        else Choice(type=type, send_email=takes_email and type.mails_by_default, send_sms=False)
        for type in UpdateType
    ]


def target_columns(kind: ItemType, target_id: int) -> dict[str, int | None]:
    """Which column of a `Target` holds the id of a thing; none for the site and for all profiles (id 0)."""
    column = {ItemType.PROFILE: "target_profile_id", ItemType.MICROCOSM: "microcosm_id"}.get(kind, "item_id")
    ids: dict[str, int | None] = {"item_id": None, "microcosm_id": None, "target_profile_id": None}
    return ids | ({column: target_id} if target_id and kind is not ItemType.SITE else {})


def sends_email(*, profile_id: int, kind: ItemType, target_id: int) -> bool:
    """Whether the watcher of a member on something asks for mail; false without one."""
    mine = Watcher.objects.filter(profile_id=profile_id, kind=kind.value, **target_columns(kind, target_id))
    return mine.filter(send_email=True).exists()


@dataclass(frozen=True)
class _Shown:
    """The ids of all updates that a member is shown in some state, in their order."""

    state: str
    ids: "array[int]"

    def page(self, paging: Paging) -> list[int] | None:
        """Those of a page; None if what its cursor stands for is not among them."""
        first, last = paging.offset, paging.offset + paging.row_limit
        if paging.key is not None:
            try:
                place = self.ids.index(paging.key[-1])
            except ValueError:
                return None
            first, last = place + 1, place + 1 + paging.row_limit
            if paging.is_before:
                first, last = max(place - paging.row_limit, 0), place
        return list(self.ids[first:last])


@cache
def shown_lists() -> Memory[_Shown]:
    """What this process remembers, by whose it is."""
    return Memory(max_bytes=MAX_LISTS_BYTES, size=lambda shown: len(shown.ids) * shown.ids.itemsize)


def update_page(*, site_id: int, profile_id: int, paging: Paging, state: str = "") -> Page:
    """A page of what a member is told, in one statement, as `shapes.update` wants it.

    To find a page each update is looked at. So it is remembered which of them are shown, for the viewer's `state`, in
    which nothing changes that (apps.core.response_cache); a state of "" is not known.
    """
    key = f"{site_id}:{profile_id}"
    known = shown_lists().get(key) if state else None
    ids = known.page(paging) if known and known.state == state else None
    rows = statements.update_page.rows(
        site_id=site_id,
        profile_id=profile_id,
        update_id=None,
        known_ids=ids,
        known_total=None if known is None or ids is None else len(known.ids),
        **paging.values("from_at", "from_id"),
    )
    if state and rows[0].shown_ids is not None:
        shown_lists().put(key, _Shown(state, array("q", rows[0].shown_ids)))
    return Page(total=rows[0].total, rows=[row for row in rows if row.position is not None])


def update(*, site_id: int, profile_id: int, update_id: int) -> Any | None:
    """One update of a member, if it is in their list."""
    first = Paging(limit=1).values("from_at", "from_id")
    row = statements.update_page.row(
        site_id=site_id, profile_id=profile_id, update_id=update_id, known_ids=None, known_total=None, **first
    )
    return row if row is not None and row.position is not None else None


def comment_of(row: Any) -> Any:
    """The columns of the comment in a row of `update_page`, as `comments.shapes.comment_summary` wants them."""
    first, last = row._fields.index("comment_id"), row._fields.index("comment_reply_author_name")
    return _comment_row(row._fields[first : last + 1])._make(row[first : last + 1])


@cache
def _comment_row(fields: tuple[str, ...]) -> Any:
    """The row type of comments, whose columns stand behind a prefix because they share a row with an item's."""
    return namedtuple("CommentRow", [field.removeprefix("comment_") for field in fields])  # type: ignore[misc]


def push_subscriptions(*, profile_id: int) -> Sequence[PushSubscription]:
    """The browsers in which a member gets push messages, in the order they came."""
    return list(PushSubscription.objects.filter(profile_id=profile_id).order_by("id"))

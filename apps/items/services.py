"""Writes of items.

Every write locks the microcosm, then the item, then (in `comments`) the comment; the counters of one profile come last.
docs/decisions/0015-counters-and-locks.md says why, and what each counter counts.
"""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.core import clock
from apps.core.errors import Closed, DeleteForbidden, Missing, OutOfRange
from apps.core.events import publish
from apps.core.recounting import Difference, repair
from apps.items.events import NEWS, ConversationEdited, News
from apps.items.models import Item
from apps.items.queries import locked_item, statements
from apps.microcosms import services as microcosms
from apps.microcosms.models import Microcosm
from apps.permissions.queries import permissions_on
from apps.profiles import services as profiles
from apps.sites.types import ItemType
from apps.text.characters import is_blank
from apps.text.cleaning import clean_title, unescape

#: Characters of a title and of an edit reason, entities counted as what they stand for (contract B 0.8).
MAX_TITLE_LENGTH = 150
#: How long the same submission by the same person counts as a repetition (contract B 1.4).
REPETITION_PERIOD = timedelta(minutes=5)


class BlankTitle(OutOfRange):
    """title must not be blank."""


class TitleTooLong(OutOfRange):
    """title may have 150 characters."""


class ReasonMissing(OutOfRange):
    """meta.editReason must not be blank."""


class ReasonTooLong(OutOfRange):
    """meta.editReason may have 150 characters."""


class KindNotAllowed(OutOfRange):
    """This microcosm does not hold items of this type."""


class MicrocosmClosed(Closed):
    """This microcosm is closed."""


class ItemClosed(Closed):
    """This is closed."""


# --- Conversations --------------------------------------------------------------------------------


@transaction.atomic
def create_conversation(
    *, site_id: int, author_id: int, microcosm_id: int, title: str, flags: Mapping[str, bool], by_moderator: bool
) -> int:
    """Start a conversation and return its id; the same again within five minutes returns the first one's.

    `flags` are `is_*` fields and count only from moderators, who may also post where it is closed. Raises BlankTitle,
    TitleTooLong, KindNotAllowed, MicrocosmClosed, and Missing for a microcosm that has just gone.
    """
    title = usable_title(title)
    fingerprint = submission_hash(ItemType.CONVERSATION, author_id, microcosm_id, title)
    await_same_submission(fingerprint, site_id=site_id)
    first_id = repeated_item(site_id=site_id, author_id=author_id, fingerprint=fingerprint)
    if first_id is not None:
        return first_id
    return insert_item(
        ItemType.CONVERSATION,
        site_id=site_id,
        author_id=author_id,
        microcosm_id=microcosm_id,
        title=title,
        flags=flags,
        by_moderator=by_moderator,
        fingerprint=fingerprint,
    ).id


# --- Items of all kinds ---------------------------------------------------------------------------


def insert_item(
    kind: ItemType,
    *,
    site_id: int,
    author_id: int,
    microcosm_id: int,
    title: str,
    flags: Mapping[str, bool],
    by_moderator: bool,
    fingerprint: str = "",
) -> Item:
    """Store a new item with a usable title, count it and tell of it; part of a kind's creation, see there."""
    place = lock_microcosms(site_id=site_id, ids=[microcosm_id])[microcosm_id]
    _require_place(place, kind=kind, by_moderator=by_moderator)
    now = clock.now()
    item = Item.objects.create(
        site_id=site_id,
        kind=kind.value,
        microcosm=place,
        title=title,
        created_at=now,
        created_by_id=author_id,
        last_activity_at=now,
        submission_hash=fingerprint,
        **(flags if by_moderator else {}),
    )
    if is_visible(item):
        _count(item, change=1)
    publish(NEWS[kind].created(site_id=site_id, actor_id=author_id, item_id=item.id, microcosm_id=place.id))
    return item


@transaction.atomic
def edit_item(
    *,
    site_id: int,
    actor_id: int,
    item_id: int,
    title: str | None,
    microcosm_id: int | None,
    reason: str | None,
    moderates_target: bool,
) -> Item:
    """Change the title of an item, file it elsewhere, or both; None keeps what is. Returns it locked.

    A reason is needed unless an earlier one is stored. Raises BlankTitle, TitleTooLong, ReasonMissing, ReasonTooLong,
    KindNotAllowed, MicrocosmClosed, and Missing for an item or microcosm that has just gone.
    """
    item = lock_item(site_id=site_id, item_id=item_id, target_id=microcosm_id)
    item.edit_reason = usable_reason(item.edit_reason if reason is None else reason)
    item.edited_at, item.edited_by_id = clock.now(), actor_id
    if title is not None:
        item.title = usable_title(title)
    source_id = _place_id(item)
    fields = ["title", "edit_reason", "edited_at", "edited_by"]
    if microcosm_id is None or microcosm_id == source_id:
        item.save(update_fields=fields)
        publish(edited_news(item, actor_id=actor_id))
        return item
    target = Microcosm.objects.get(site_id=site_id, id=microcosm_id)
    _require_place(target, kind=ItemType(item.kind), by_moderator=moderates_target)
    item.microcosm = target
    item.save(update_fields=[*fields, "microcosm"])
    if is_visible(item):
        microcosms.adjust_counts(site_id=site_id, microcosm_id=source_id, **_microcosm_counts(item, change=-1))
        microcosms.recompute_last_activity(site_id=site_id, microcosm_id=source_id)
        microcosms.adjust_counts(
            site_id=site_id,
            microcosm_id=target.id,
            active_at=item.last_activity_at,
            **_microcosm_counts(item, change=1),
        )
    publish(
        _news(item).moved(
            site_id=site_id,
            actor_id=actor_id,
            item_id=item.id,
            microcosm_id=target.id,
            from_microcosm_id=source_id,
            was_visible=is_visible(item),
        )
    )
    return item


@transaction.atomic
def flag_item(*, site_id: int, actor_id: int, item_id: int, flags: Mapping[str, bool]) -> None:
    """Set `is_*` fields of an item; counters follow when that hides or shows it."""
    item = lock_item(site_id=site_id, item_id=item_id)
    was_visible = is_visible(item)
    for field, value in flags.items():
        setattr(item, field, value)
    name, value = list(flags.items())[-1]
    item.edit_reason = f"Set {name.removeprefix('is_')} to {str(value).lower()}"
    item.edited_at, item.edited_by_id = clock.now(), actor_id
    item.save(update_fields=[*flags, "edit_reason", "edited_at", "edited_by"])
    _follow_visibility(item, was_visible=was_visible)
    publish(
        _news(item).flagged(
            site_id=site_id,
            actor_id=actor_id,
            item_id=item.id,
            microcosm_id=_place_id(item),
            was_visible=was_visible,
        )
    )


@transaction.atomic
def delete_item(*, site_id: int, actor_id: int, item_id: int) -> None:
    """Hide an item for good, its comments with it; nothing more happens to one that is deleted already.

    Raises DeleteForbidden where that is not the actor's to do, or not any more.
    """
    item = lock_item(site_id=site_id, item_id=item_id)
    if item.is_deleted:
        return
    # Others may have commented, or it was closed, since its author was let through to it.
    if not permissions_on(site_id=site_id, profile_id=actor_id, kind=ItemType(item.kind), thing_id=item_id).can_delete:
        raise DeleteForbidden
    was_visible = is_visible(item)
    item.is_deleted = True
    item.save(update_fields=["is_deleted"])
    _follow_visibility(item, was_visible=was_visible)
    publish(
        _news(item).deleted(
            site_id=site_id,
            actor_id=actor_id,
            item_id=item.id,
            microcosm_id=_place_id(item),
            was_visible=was_visible,
        )
    )


def edited_news(item: Item, *, actor_id: int) -> ConversationEdited:
    """What to tell of an item of the tree that shows something else, where it was."""
    return _news(item).edited(site_id=item.site_id, actor_id=actor_id, item_id=item.id, microcosm_id=_place_id(item))


def _news(item: Item) -> News:
    return NEWS[ItemType(item.kind)]


# --- Huddles --------------------------------------------------------------------------------------


def create_unplaced_item(
    *, site_id: int, kind: ItemType, author_id: int, title: str, fingerprint: str, at: datetime
) -> Item:
    """Store an item outside the tree, which counts nowhere; `huddles` does what else makes one."""
    return Item.objects.create(
        site_id=site_id,
        kind=kind.value,
        title=title,
        created_at=at,
        created_by_id=author_id,
        last_activity_at=at,
        submission_hash=fingerprint,
    )


def delete_items_for_good(ids: Collection[int]) -> None:
    """Delete items that count nowhere from the tables, with all that hangs on them: comments, their versions, marks."""
    Item.objects.filter(id__in=ids, microcosm=None).delete()


# --- What comments change -------------------------------------------------------------------------


def note_comment(item: Item, *, comment_id: int, author_id: int, at: datetime) -> None:
    """A visible comment is new on a locked item; it is the newest one."""
    item.comment_count += 1
    item.last_comment_id, item.last_comment_at, item.last_comment_by_id = comment_id, at, author_id
    item.last_activity_at = at
    statements.note_comment.send(
        site_id=item.site_id, item_id=item.id, comment_id=comment_id, author_id=author_id, at=at
    )
    if is_counted(item):
        microcosms.adjust_counts(site_id=item.site_id, microcosm_id=_place_id(item), comments=1, active_at=at)


def note_comment_visibility(item: Item, *, is_shown: bool) -> None:
    """A comment on a locked item was hidden, or is shown again."""
    change = 1 if is_shown else -1
    item.comment_count = max(0, item.comment_count + change)
    item.save(update_fields=["comment_count"])
    statements.refresh_last_comment.execute(site_id=item.site_id, item_id=item.id)
    if is_counted(item):
        microcosms.adjust_counts(site_id=item.site_id, microcosm_id=_place_id(item), comments=change)
        microcosms.recompute_last_activity(site_id=item.site_id, microcosm_id=_place_id(item))


def require_open(item: Item) -> None:
    """Raise ItemClosed or MicrocosmClosed where only moderators may post."""
    if not item.is_open:
        raise ItemClosed
    if item.microcosm is not None and not item.microcosm.is_open:
        raise MicrocosmClosed


# --- Locks and repetitions ------------------------------------------------------------------------


def submission_hash(*parts: object) -> str:
    """What tells one submission from another."""
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()


def await_same_submission(fingerprint: str, *, site_id: int) -> None:
    """Wait until nobody else is writing the same submission; holds until the transaction ends. Take no lock before."""
    statements.await_same_submission.send(site_id=site_id, fingerprint=fingerprint)


def await_turn(*, site_id: int, item_id: int) -> None:
    """Wait for those who wanted to comment on an item before; holds until the transaction ends. Take no row before.

    Rows are given to whoever comes just when they are free, so that one who waits may wait again and again.
    """
    statements.await_turn.send(site_id=site_id, item_id=item_id)


def repeated_item(*, site_id: int, author_id: int, fingerprint: str) -> int | None:
    """The id of the item that the same submission made a short while ago."""
    same = Item.objects.filter(
        site_id=site_id,
        created_by_id=author_id,
        created_at__gt=clock.now() - REPETITION_PERIOD,
        submission_hash=fingerprint,
        is_deleted=False,
    )
    return same.order_by("id").values_list("id", flat=True).first()


def lock_microcosms(*, site_id: int, ids: list[int]) -> dict[int, Microcosm]:
    """Microcosms by id, locked in the order of their ids; raises Missing if one is not on the site."""
    locked = (
        Microcosm.objects.select_for_update(no_key=True).filter(site_id=site_id, id__in=ids).order_by("id").in_bulk()
    )
    if not set(ids) <= locked.keys():
        raise Missing
    return locked


def lock_item(*, site_id: int, item_id: int, target_id: int | None = None) -> Item:
    """An item, locked after its microcosm and the one it is about to move to; raises Missing if one is not there."""
    item = locked_item(site_id=site_id, item_id=item_id, target_id=target_id)
    if item is None:
        raise Missing
    return item


# --- Counters -------------------------------------------------------------------------------------


def is_visible(item: Item) -> bool:
    """Whether an item itself is neither deleted nor moderated."""
    return not (item.is_deleted or item.is_moderated)


def is_counted(item: Item) -> bool:
    """Whether an item's comments count for its microcosm: not those of hidden items, and huddles have none."""
    return item.kind != ItemType.HUDDLE and is_visible(item)


def _place_id(item: Item) -> int:
    """The microcosm of an item that has to be in one; a constraint holds that only huddles are not."""
    if item.microcosm_id is None:
        raise TypeError("a huddle is in no microcosm")
    return item.microcosm_id


def _follow_visibility(item: Item, *, was_visible: bool) -> None:
    if is_visible(item) != was_visible:
        _count(item, change=-1 if was_visible else 1)


def _count(item: Item, *, change: int) -> None:
    """Add a locked item with all its visible comments to the counters, or take it out of them."""
    place_id = _place_id(item)
    microcosms.adjust_counts(
        site_id=item.site_id,
        microcosm_id=place_id,
        active_at=item.last_activity_at if change > 0 else None,
        **_microcosm_counts(item, change=change),
    )
    if change < 0:
        microcosms.recompute_last_activity(site_id=item.site_id, microcosm_id=place_id)
    profiles.adjust_counts(site_id=item.site_id, profile_id=item.created_by_id, items=change)


def _microcosm_counts(item: Item, *, change: int) -> dict[str, Any]:
    return {ItemType(item.kind).plural: change, "comments": change * item.comment_count}


# --- Texts ----------------------------------------------------------------------------------------


def usable_title(text: str) -> str:
    """A title as it is stored; raises BlankTitle or TitleTooLong."""
    title = clean_title(text)
    if is_blank(title):
        raise BlankTitle
    if len(unescape(title)) > MAX_TITLE_LENGTH:
        raise TitleTooLong
    return title


def usable_reason(text: str) -> str:
    """The reason of an edit as it is stored; raises ReasonMissing or ReasonTooLong."""
    reason = clean_title(text)
    if is_blank(reason):
        raise ReasonMissing
    if len(unescape(reason)) > MAX_TITLE_LENGTH:
        raise ReasonTooLong
    return reason


def _require_place(place: Microcosm, *, kind: ItemType, by_moderator: bool) -> None:
    if not place.is_live and not by_moderator:
        raise Missing
    if kind.word not in place.item_types:
        raise KindNotAllowed
    if not place.is_open and not by_moderator:
        raise MicrocosmClosed


# --- Repair ---------------------------------------------------------------------------------------


def repair_counters(*, site_id: int) -> list[Difference]:
    """Count what each item of a site keeps of its comments again and correct what differs.

    Locks one row at a time, and none whose numbers are right.
    """
    return repair(
        Item.objects.filter(site_id=site_id),
        fields=("comment_count", "last_comment_id", "last_comment_at", "last_comment_by_id", "last_activity_at"),
        differing=lambda ids: statements.differing_items.rows(site_id=site_id, item_ids=ids),
    )

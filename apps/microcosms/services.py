"""Writes of microcosms.

Whatever changes the shape of a tree (new, moved, hidden and shown microcosms) locks the row of its site first, so that
there is one such change at a time: two moves can then not make a ring, and nothing is put below what is just going.
The microcosms that it writes are locked next, in the order of their ids (docs/decisions/0015-counters-and-locks.md).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from apps.core import clock
from apps.core.errors import Missing, OutOfRange
from apps.core.events import publish
from apps.core.recounting import Difference, repair
from apps.microcosms.drafts import DEFAULT_VISIBILITY, Draft
from apps.microcosms.events import MicrocosmCreated, MicrocosmDeleted, MicrocosmEdited
from apps.microcosms.models import Microcosm
from apps.microcosms.queries import statements
from apps.sites.models import Site
from apps.sites.types import ItemType

#: What the root of a new site may hold.
ROOT_ITEM_TYPES = ["microcosm", "conversation", "event", "poll"]
#: What a new microcosm may hold if nobody says (A 21.4).
DEFAULT_ITEM_TYPES = ["microcosm", "conversation", "event"]
ROOT_TITLE = "Forums"
#: Wire names of the flags that a patch sets, and where they are kept.
FLAG_FIELDS = {"sticky": "is_sticky", "open": "is_open", "deleted": "is_deleted", "moderated": "is_moderated"}


class NoMicrocosmsHere(OutOfRange):
    """This microcosm may not hold microcosms."""


class RootStays(OutOfRange):
    """The root microcosm cannot be moved, deleted or moderated."""


class InsideItself(OutOfRange):
    """A microcosm cannot be moved into itself or below itself."""


class EditReasonMissing(OutOfRange):
    """meta.editReason must not be blank."""


@transaction.atomic
def create_root(*, site_id: int, owner_id: int, description: str) -> Microcosm:
    """The root of a new site's tree; a second one is refused by the database."""
    root = Microcosm.objects.create(
        site_id=site_id,
        title=ROOT_TITLE,
        description=description,
        item_types=ROOT_ITEM_TYPES,
        owner_id=owner_id,
        created_by_id=owner_id,
        created_at=clock.now(),
    )
    root.path = [root.id]
    root.save(update_fields=["path"])
    publish(MicrocosmCreated(site_id=site_id, actor_id=owner_id, microcosm_id=root.id))
    return root


@transaction.atomic
def create_microcosm(draft: Draft, *, site_id: int, parent_id: int, creator_id: int) -> Microcosm:
    """A microcosm below another, owned by its creator and last in order.

    Raises Missing when the parent is gone and NoMicrocosmsHere when it may not hold microcosms.
    """
    if draft.title is None or draft.description is None:
        raise OutOfRange("title and description are needed")
    _lock_tree(site_id)
    parent = _live_parent(site_id=site_id, parent_id=parent_id)
    if ItemType.MICROCOSM.word not in parent.item_types:
        raise NoMicrocosmsHere
    last = Microcosm.objects.filter(site_id=site_id).aggregate(last=Max("sequence"))["last"] or 0
    microcosm = Microcosm.objects.create(
        site_id=site_id,
        parent=parent,
        title=draft.title,
        description=draft.description,
        visibility=draft.visibility or DEFAULT_VISIBILITY,
        item_types=DEFAULT_ITEM_TYPES if draft.item_types is None else draft.item_types,
        logo_url=draft.logo_url or "",
        owner_id=creator_id,
        created_by_id=creator_id,
        created_at=clock.now(),
        sequence=last + 1,
    )
    microcosm.path = [*parent.path, microcosm.id]
    microcosm.save(update_fields=["path"])
    publish(MicrocosmCreated(site_id=site_id, actor_id=creator_id, microcosm_id=microcosm.id))
    return microcosm


@transaction.atomic
def edit_microcosm(
    draft: Draft,
    *,
    site_id: int,
    microcosm_id: int,
    editor_id: int,
    parent_id: int | None = None,
    remove_logo: bool = False,
) -> None:
    """Put what was given over what is stored, and move the microcosm below `parent_id` if that is another one.

    Raises EditReasonMissing unless a reason is given or stored (A 2.6), RootStays, InsideItself, and Missing when the
    microcosm or the new parent is gone.
    """
    if parent_id is not None:
        _lock_subtree(site_id=site_id, microcosm_id=microcosm_id)
    microcosm = _locked(site_id=site_id, microcosm_id=microcosm_id)
    changes: dict[str, Any] = {
        "title": draft.title,
        "description": draft.description,
        "visibility": draft.visibility,
        "item_types": draft.item_types,
        # A blank address keeps the picture; `removeLogo` takes it away.
        "logo_url": "" if remove_logo else (draft.logo_url or None),
        "edit_reason": draft.edit_reason or None,
    }
    given = {field: value for field, value in changes.items() if value is not None}
    if "edit_reason" not in given and not microcosm.edit_reason:
        raise EditReasonMissing
    was_visible = microcosm.is_live
    _save_edit(microcosm, editor_id=editor_id, **given)
    old_parent_id = microcosm.parent_id
    if parent_id is not None and parent_id != old_parent_id:
        _move(microcosm, parent_id=parent_id)
    publish(
        MicrocosmEdited(
            site_id=site_id,
            actor_id=editor_id,
            microcosm_id=microcosm_id,
            was_visible=was_visible,
            is_moved=microcosm.parent_id != old_parent_id,
        )
    )


@transaction.atomic
def flag_microcosm(*, site_id: int, microcosm_id: int, editor_id: int, flags: Mapping[str, bool]) -> None:
    """Set flags by their wire names (A 21.6); hiding and showing takes everything below along.

    Raises RootStays when the root would be hidden, and Missing when the microcosm is gone.
    """
    hides = flags.keys() & {"deleted", "moderated"}
    if hides:
        _lock_subtree(site_id=site_id, microcosm_id=microcosm_id)
    microcosm = _locked(site_id=site_id, microcosm_id=microcosm_id)
    if microcosm.parent_id is None and any(flags[name] for name in hides):
        raise RootStays
    was_deleted, was_visible = microcosm.is_deleted, microcosm.is_live
    _save_edit(
        microcosm,
        editor_id=editor_id,
        edit_reason=", ".join(f"Set {name} to {str(value).lower()}" for name, value in flags.items()),
        **{FLAG_FIELDS[name]: value for name, value in flags.items()},
    )
    if hides:
        statements.recompute_tree.execute(site_id=site_id, microcosm_id=microcosm_id)
    news = MicrocosmDeleted if microcosm.is_deleted and not was_deleted else MicrocosmEdited
    publish(news(site_id=site_id, actor_id=editor_id, microcosm_id=microcosm_id, was_visible=was_visible))


@transaction.atomic
def delete_microcosm(*, site_id: int, microcosm_id: int, editor_id: int) -> None:
    """Take a microcosm and everything below it out of view.

    Raises RootStays for the root and Missing when it is deleted already.
    """
    _lock_subtree(site_id=site_id, microcosm_id=microcosm_id)
    microcosm = _locked(site_id=site_id, microcosm_id=microcosm_id)
    if microcosm.parent_id is None:
        raise RootStays
    if microcosm.is_deleted:
        raise Missing
    was_visible = microcosm.is_live
    microcosm.is_deleted = True
    microcosm.save(update_fields=["is_deleted"])
    statements.recompute_tree.execute(site_id=site_id, microcosm_id=microcosm_id)
    publish(MicrocosmDeleted(site_id=site_id, actor_id=editor_id, microcosm_id=microcosm_id, was_visible=was_visible))


@transaction.atomic
def recompute_tree(*, site_id: int) -> None:
    """Set path and liveness of all microcosms of a site from their parents and flags, after an import."""
    _lock_subtree(site_id=site_id, microcosm_id=None)
    statements.recompute_tree.execute(site_id=site_id, microcosm_id=None)


@transaction.atomic
def recompute_sequence(*, site_id: int) -> None:
    """Put the busiest microcosms of a site first (B 17): most items and comments including everything below."""
    _lock_tree(site_id)
    statements.recompute_sequence.execute(site_id=site_id)


def repair_counters(*, site_id: int) -> list[Difference]:
    """Count again what is visible directly inside each microcosm of a site and correct what differs.

    Comments are summed from the counters of items, so repair those first. Locks one microcosm at a time, and none whose
    counters are right.
    """
    return repair(
        Microcosm.objects.filter(site_id=site_id),
        fields=("conversation_count", "event_count", "poll_count", "comment_count", "last_activity_at"),
        differing=lambda ids: statements.differing_microcosms.rows(site_id=site_id, microcosm_ids=ids),
    )


def adjust_counts(
    *,
    site_id: int,
    microcosm_id: int,
    conversations: int = 0,
    events: int = 0,
    polls: int = 0,
    comments: int = 0,
    active_at: datetime | None = None,
) -> None:
    """Add to the counters of visible things directly inside; negative numbers take away.

    `active_at` is when something visible happened there, if it did; the time of the last activity never moves
    backwards. Call it in the transaction that makes the things visible or hides them.
    """
    statements.adjust_counts.send(
        site_id=site_id,
        microcosm_id=microcosm_id,
        conversations=conversations,
        events=events,
        polls=polls,
        comments=comments,
        active_at=active_at,
    )


@transaction.atomic
def recompute_last_activity(*, site_id: int, microcosm_id: int) -> None:
    """Find the time of the newest visible thing directly inside again, after one was hidden or moved away."""
    # Lock first: the statement that follows then sees what other writers of this microcosm have committed.
    own = Microcosm.objects.filter(site_id=site_id, id=microcosm_id)
    own.select_for_update(no_key=True).values_list("id").first()
    statements.recompute_last_activity.execute(site_id=site_id, microcosm_id=microcosm_id)


def _lock_tree(site_id: int) -> None:
    # Weak enough not to stop the foreign keys of whatever else is written on the site meanwhile.
    Site.objects.select_for_update(no_key=True).filter(id=site_id).values_list("id").first()


def _lock_subtree(*, site_id: int, microcosm_id: int | None) -> None:
    """The tree, then a microcosm and all below it, or all of the site: an item on its way may hold one of them."""
    _lock_tree(site_id)
    statements.lock_subtree.execute(site_id=site_id, microcosm_id=microcosm_id)


def _locked(*, site_id: int, microcosm_id: int) -> Microcosm:
    microcosm = Microcosm.objects.select_for_update(no_key=True).filter(site_id=site_id, id=microcosm_id).first()
    if microcosm is None:
        raise Missing
    return microcosm


def _live_parent(*, site_id: int, parent_id: int) -> Microcosm:
    parent = Microcosm.objects.filter(site_id=site_id, id=parent_id, is_live=True).first()
    if parent is None:
        raise Missing
    return parent


def _move(microcosm: Microcosm, *, parent_id: int) -> None:
    if microcosm.parent_id is None:
        raise RootStays
    parent = _live_parent(site_id=microcosm.site_id, parent_id=parent_id)
    if microcosm.id in parent.path:
        raise InsideItself
    microcosm.parent = parent
    microcosm.save(update_fields=["parent"])
    statements.recompute_tree.execute(site_id=microcosm.site_id, microcosm_id=microcosm.id)


def _save_edit(microcosm: Microcosm, *, editor_id: int, **changes: Any) -> None:
    changes |= {"edited_at": clock.now(), "edited_by_id": editor_id}
    for field, value in changes.items():
        setattr(microcosm, field, value)
    microcosm.save(update_fields=[field.removesuffix("_id") for field in changes])

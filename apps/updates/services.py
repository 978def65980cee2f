"""Writes of what members ignore, watch and are told."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.core import clock
from apps.core.errors import Missing, OutOfRange
from apps.core.events import publish
from apps.huddles.services import recompute_unread
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from apps.updates.events import IgnoringChanged, UpdateViewed
from apps.updates.models import Ignore, Preference, Update, Watcher
from apps.updates.queries import Choice, preferences, statements, target_columns
from apps.updates.types import Digest, UpdateType

#: What can be ignored to some effect (contract B 9).
IGNORABLE = frozenset(
    {
        ItemType.MICROCOSM,
        ItemType.PROFILE,
        ItemType.HUDDLE,
        ItemType.CONVERSATION,
        ItemType.POLL,
        ItemType.EVENT,
    }
)


#: Members whose updates one statement prunes.
READERS_AT_ONCE = 100


class NotWatched(OutOfRange):
    """You are not watching this."""


# --- Ignoring -------------------------------------------------------------------------------------


@transaction.atomic
def ignore(*, site_id: int, profile_id: int, kind: ItemType, target_id: int) -> None:
    """A member does not want to see something; nothing happens for what is not there or cannot be ignored."""
    if kind in IGNORABLE and statements.ignore.execute(
        site_id=site_id, profile_id=profile_id, kind=int(kind), now=clock.now(), **target_columns(kind, target_id)
    ):
        _follow_ignored(site_id=site_id, profile_id=profile_id, kind=kind)


@transaction.atomic
def stop_ignoring(*, site_id: int, profile_id: int, kind: ItemType, target_id: int) -> None:
    """A member wants to see something again; nothing happens for what they did not ignore."""
    if kind not in IGNORABLE:
        return
    mine = Ignore.objects.filter(profile_id=profile_id, kind=kind.value, **target_columns(kind, target_id))
    if mine.delete()[0]:
        _follow_ignored(site_id=site_id, profile_id=profile_id, kind=kind)


def _follow_ignored(*, site_id: int, profile_id: int, kind: ItemType) -> None:
    """What ignored people say in huddles is no news (contract B 8.5)."""
    if kind is ItemType.PROFILE:
        recompute_unread(site_id=site_id, profile_ids=[profile_id])
    publish(IgnoringChanged(site_id=site_id, actor_id=profile_id, profile_id=profile_id))


# --- Watching -------------------------------------------------------------------------------------


def watch(*, site_id: int, profile_id: int, kind: ItemType, target_id: int, type: UpdateType) -> None:
    """A member follows something that they may read; the flags of a new watcher are their preference for `type`.

    Following it again changes nothing. `target_id` 0 stands for all profiles. One statement.
    """
    statements.watch.send(
        site_id=site_id,
        profile_id=profile_id,
        kind=int(kind),
        type=int(type),
        default_email=type.mails_by_default,
        now=clock.now(),
        **target_columns(kind, target_id),
    )


def watch_item(*, site_id: int, profile_id: int, item_id: int) -> None:
    """A member follows an item of whatever kind, with the flags of their preference for what is usual there."""
    statements.watch_item.send(
        site_id=site_id,
        profile_id=profile_id,
        item_id=item_id,
        huddle_type=int(UpdateType.NEW_COMMENT_IN_HUDDLE),
        type=int(UpdateType.NEW_COMMENT),
        now=clock.now(),
    )


@transaction.atomic
def stop_watching(*, profile_id: int, kind: ItemType, target_id: int) -> None:
    """A member follows something no longer; nothing happens for what they did not follow."""
    Watcher.objects.filter(profile_id=profile_id, kind=kind.value, **target_columns(kind, target_id)).delete()


@transaction.atomic
def delete_watcher(*, profile_id: int, watcher_id: int) -> None:
    """The same by the watcher's id; raises Missing unless it is the member's."""
    deleted, _by_model = Watcher.objects.filter(profile_id=profile_id, id=watcher_id).delete()
    if not deleted:
        raise Missing


@transaction.atomic
def edit_watcher(*, profile_id: int, watcher_id: int, send_email: bool, send_sms: bool) -> None:
    """Set both flags of a watcher; raises Missing unless it is the member's."""
    mine = Watcher.objects.filter(profile_id=profile_id, id=watcher_id)
    if not mine.update(send_email=send_email, send_sms=send_sms):
        raise Missing


@transaction.atomic
def edit_watcher_of(*, profile_id: int, kind: ItemType, target_id: int, send_email: bool, send_sms: bool) -> None:
    """Set both flags of the member's watcher on something; raises NotWatched when there is none."""
    mine = Watcher.objects.filter(profile_id=profile_id, kind=kind.value, **target_columns(kind, target_id))
    if not mine.update(send_email=send_email, send_sms=send_sms):
        raise NotWatched


# --- Preferences ----------------------------------------------------------------------------------


@transaction.atomic
def choose(
    *,
    site_id: int,
    profile_id: int,
    type: UpdateType,
    send_email: bool | None = None,
    send_sms: bool | None = None,
    digest: Digest | None = None,
) -> Choice:
    """Keep whether a member wants mail or short messages about a type of update; None leaves it as it is."""
    now = next(choice for choice in preferences(site_id=site_id, profile_id=profile_id) if choice.type is type)
    new = Choice(
        type=type,
        send_email=now.send_email if send_email is None else send_email,
        send_sms=now.send_sms if send_sms is None else send_sms,
        digest=now.digest if digest is None else digest,
    )
    Preference.objects.update_or_create(
        profile_id=profile_id,
        type=type.value,
        defaults={"send_email": new.send_email, "send_sms": new.send_sms, "digest": int(new.digest)},
    )
    return new


# --- Reading ---------------------------------------------------------------------------------------


@transaction.atomic
def mark_viewed(*, site_id: int, profile_id: int, update_id: int, is_viewed: bool) -> None:
    """An update counts as read from now on, or as unread until its item is read again."""
    changes: dict[str, Any] = {"is_viewed": is_viewed} | ({} if is_viewed else {"unread_since": clock.now()})
    if not Update.objects.filter(profile_id=profile_id, id=update_id).update(**changes):
        raise Missing
    publish(UpdateViewed(site_id=site_id, actor_id=profile_id, profile_id=profile_id, update_id=update_id))


# --- Forgetting -----------------------------------------------------------------------------------


def prune_updates(*, site_id: int) -> int:
    """Delete the updates of a site that nobody misses (contract B 17), some members at a time; returns how many.

    Of comments on one item everybody keeps the newest, of new items those of the last NEW_ITEM_UPDATE_DAYS.
    """
    before = clock.now() - timedelta(days=settings.NEW_ITEM_UPDATE_DAYS)
    readers, pruned, last_id = Profile.objects.filter(site_id=site_id), 0, 0
    while ids := list(readers.filter(id__gt=last_id).order_by("id").values_list("id", flat=True)[:READERS_AT_ONCE]):
        pruned += statements.prune_updates.execute(site_id=site_id, profile_ids=ids, before=before)
        last_id = ids[-1]
    return pruned

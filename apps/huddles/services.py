"""Writes of huddles: who is in them, and what has been read of them.

Locks are taken in the order of `items.services`: the huddle's item, then read marks, then profiles by their ids.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from apps.core import clock
from apps.core.errors import Missing
from apps.core.events import publish
from apps.files.services import withdraw
from apps.huddles import queries
from apps.huddles.events import HuddleCreated, ParticipantLeft, ParticipantsAdded
from apps.huddles.models import Huddle, Participant
from apps.items import reading
from apps.items.events import MarkedRead
from apps.items.models import Item
from apps.items.services import (
    BlankTitle,
    TitleTooLong,
    await_same_submission,
    create_unplaced_item,
    delete_items_for_good,
    lock_item,
    submission_hash,
)
from apps.profiles.models import Profile
from apps.profiles.services import adjust_counts, set_unread_huddle_counts
from apps.sites.types import ItemType
from apps.text.characters import is_blank
from apps.text.cleaning import clean_title

#: The contract knows no limit for titles of huddles; this is what the column holds, HTML-escaped.
MAX_TITLE_LENGTH = 1000
#: How long the same huddle by the same person counts as a repetition (contract B 1.4).
REPETITION_PERIOD = timedelta(seconds=5)
#: Huddles that are deleted in one transaction.
ORPHAN_BATCH = 100


class ProfileMissing(Missing):
    """One of the profiles is not on this site."""


# --- Who is in a huddle ---------------------------------------------------------------------------


@transaction.atomic
def create_huddle(
    *, site_id: int, author_id: int, title: str, is_confidential: bool, invited_ids: Collection[int]
) -> int:
    """Start a huddle of its author and those invited, and return its id; the same within 5 seconds returns the first's.

    Raises BlankTitle, TitleTooLong and ProfileMissing.
    """
    title = _usable_title(title)
    people = sorted({author_id, *invited_ids})
    # Who is in it is part of the key: two messages with one title to two people must never become one huddle.
    fingerprint = submission_hash(ItemType.HUDDLE, author_id, is_confidential, *people, title)
    await_same_submission(fingerprint, site_id=site_id)
    first_id = _repeated(site_id=site_id, author_id=author_id, fingerprint=fingerprint)
    if first_id is not None:
        return first_id
    _require_profiles(people, site_id=site_id)
    now = clock.now()
    item = create_unplaced_item(
        site_id=site_id, kind=ItemType.HUDDLE, author_id=author_id, title=title, fingerprint=fingerprint, at=now
    )
    huddle = Huddle.objects.create(item=item, is_confidential=is_confidential)
    _insert_participants(huddle.item_id, people, at=now)
    invited = tuple(profile_id for profile_id in people if profile_id != author_id)
    publish(HuddleCreated(site_id=site_id, actor_id=author_id, item_id=item.id, invited_ids=invited))
    return item.id


@transaction.atomic
def add_participants(*, site_id: int, actor_id: int, huddle_id: int, profile_ids: Collection[int]) -> None:
    """Bring people into a huddle; those who are in it already stay in it, and nobody is told of them again.

    Raises ProfileMissing, and Missing when the actor is not in the huddle any more.
    """
    lock_item(site_id=site_id, item_id=huddle_id)
    present = participant_ids(huddle_id)
    if actor_id not in present:
        raise Missing
    new = sorted(set(profile_ids) - present)
    if not new:
        return
    _require_profiles(new, site_id=site_id)
    _insert_participants(huddle_id, new, at=clock.now())
    recompute_unread(site_id=site_id, profile_ids=new)
    publish(ParticipantsAdded(site_id=site_id, actor_id=actor_id, item_id=huddle_id, invited_ids=tuple(new)))


@transaction.atomic
def leave_huddle(*, site_id: int, profile_id: int, huddle_id: int) -> None:
    """Take a participant out of a huddle, which ends their access, also as its creator; raises Missing if out."""
    lock_item(site_id=site_id, item_id=huddle_id)
    left, _by_model = Participant.objects.filter(huddle_id=huddle_id, profile_id=profile_id).delete()
    if not left:
        raise Missing
    recompute_unread(site_id=site_id, profile_ids=[profile_id])
    publish(ParticipantLeft(site_id=site_id, actor_id=profile_id, item_id=huddle_id))


def participant_ids(huddle_id: int) -> set[int]:
    """The profiles in a huddle."""
    return set(Participant.objects.filter(huddle_id=huddle_id).values_list("profile_id", flat=True))


def _insert_participants(huddle_id: int, profile_ids: Iterable[int], *, at: datetime) -> None:
    Participant.objects.bulk_create(
        [Participant(huddle_id=huddle_id, profile_id=profile_id, joined_at=at) for profile_id in profile_ids]
    )


def _require_profiles(profile_ids: Collection[int], *, site_id: int) -> None:
    if Profile.objects.filter(site_id=site_id, id__in=profile_ids).count() != len(profile_ids):
        raise ProfileMissing


def _repeated(*, site_id: int, author_id: int, fingerprint: str) -> int | None:
    same = Item.objects.filter(
        site_id=site_id,
        kind=ItemType.HUDDLE.value,
        created_by_id=author_id,
        created_at__gt=clock.now() - REPETITION_PERIOD,
        submission_hash=fingerprint,
        # One that they have left already is out of their reach, so it is no answer.
        huddle__participants__profile_id=author_id,
    )
    return same.order_by("id").values_list("id", flat=True).first()


def _usable_title(text: str) -> str:
    title = clean_title(text)
    if is_blank(title):
        raise BlankTitle
    if len(title) > MAX_TITLE_LENGTH:
        raise TitleTooLong("title is too long")
    return title


# --- Huddles that nobody is in --------------------------------------------------------------------


@transaction.atomic
def delete_orphaned_huddles() -> int:
    """Delete for good, on all sites, a batch of the huddles that everybody has left, with all that was said in them.

    Returns how many, 0 when there are no more. Nobody can come back into one, so nobody is told.
    """
    orphans = Item.objects.filter(
        ~Exists(Participant.objects.filter(huddle_id=OuterRef("id"))), kind=ItemType.HUDDLE.value
    )
    # One that is locked is being left at this moment; the next run takes it.
    locked = orphans.select_for_update(skip_locked=True).order_by("id").values_list("id", flat=True)
    ids = list(locked[:ORPHAN_BATCH])
    if not ids:
        return 0
    authors, attached = queries.authors_in(ids), queries.files_in(ids)
    delete_items_for_good(ids)
    withdraw(attached)
    for author in authors:
        adjust_counts(site_id=author.site_id, profile_id=author.id, comments=-author.comment_count)
    return len(ids)


# --- What has been read ---------------------------------------------------------------------------


@transaction.atomic
def note_comment(*, site_id: int, huddle_id: int, author_id: int, at: datetime) -> None:
    """A comment is new in a locked huddle: its author has read all of it, and to the others it is news.

    Raises Missing for an author who is not in it any more. Locks the profiles of all participants by their ids, so no
    other profile may be locked before.
    """
    present = participant_ids(huddle_id)
    if author_id not in present:
        raise Missing
    reading.mark_item_read(site_id=site_id, profile_id=author_id, kind=ItemType.HUDDLE, item_id=huddle_id, at=at)
    recompute_unread(site_id=site_id, profile_ids=present)


@transaction.atomic
def note_comment_visibility(*, site_id: int, huddle_id: int, author_id: int) -> None:
    """A comment in a locked huddle was hidden, or is shown again: for some it is no news any more, or news again.

    Locks the profiles of all participants and of its author by their ids, so no other profile may be locked before.
    """
    recompute_unread(site_id=site_id, profile_ids=participant_ids(huddle_id) | {author_id})


@transaction.atomic
def mark_huddle_read(*, site_id: int, profile_id: int, huddle_id: int, at: datetime) -> None:
    """A participant has read a huddle up to a moment; nothing for anybody else or an unknown huddle."""
    if Participant.objects.filter(huddle_id=huddle_id, profile_id=profile_id).exists():
        reading.mark_item_read(site_id=site_id, profile_id=profile_id, kind=ItemType.HUDDLE, item_id=huddle_id, at=at)
        recompute_unread(site_id=site_id, profile_ids=[profile_id])


@transaction.atomic
def mark_all_huddles_read(*, site_id: int, profile_id: int, at: datetime) -> None:
    """A member has read all of their huddles up to a moment; the single marks that this makes needless go."""
    moved = queries.statements.mark_all_huddles_read.execute(site_id=site_id, profile_id=profile_id, at=at)
    reading.drop_huddle_marks(site_id=site_id, profile_id=profile_id, at=at)
    recompute_unread(site_id=site_id, profile_ids=[profile_id])
    if moved:
        publish(MarkedRead(site_id=site_id, actor_id=profile_id, profile_id=profile_id))


@transaction.atomic
def recompute_unread(*, site_id: int, profile_ids: Collection[int]) -> None:
    """Count the unread huddles of some members again (contract B 8.5)."""
    ids = sorted(profile_ids)
    # Lock first, so that of two counts at once the later one, which sees more, is the one that stays; in one order, so
    # that two comments in huddles with the same people do not wait for each other.
    locked = Profile.objects.select_for_update(no_key=True).filter(site_id=site_id, id__in=ids).order_by("id")
    stored = dict(locked.values_list("id", "unread_huddle_count"))
    counts = queries.unread_counts(site_id=site_id, profile_ids=ids)
    changed = {profile_id: count for profile_id, count in counts.items() if count != stored.get(profile_id)}
    if changed:
        set_unread_huddle_counts(site_id=site_id, counts=changed)

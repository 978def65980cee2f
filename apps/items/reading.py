"""Writes of read marks: up to when a member has read what (contract B 12). No mark ever moves backwards.

An item is unread when its last activity is later than the latest of the member's mark on it, their mark on its
microcosm and the profile's `read_all_at`; a huddle has the mark on all huddles instead of the last two.
"""

from datetime import datetime

from django.db import transaction

from apps.core.events import publish
from apps.items.events import MarkedRead
from apps.items.queries import statements
from apps.profiles.services import mark_site_read as move_site_mark
from apps.sites.types import ItemType


def mark_item_read(*, site_id: int, profile_id: int, kind: ItemType, item_id: int, at: datetime) -> None:
    """A member has read an item up to a moment; one statement, nothing for an unknown item or one of another kind."""
    statements.mark_item_read.execute(site_id=site_id, profile_id=profile_id, kind=int(kind), item_id=item_id, at=at)


@transaction.atomic
def mark_microcosm_read(*, site_id: int, profile_id: int, microcosm_id: int, at: datetime) -> None:
    """A member has read a microcosm and everything below it; nothing for an unknown one."""
    moved = statements.mark_microcosms_read.execute(
        site_id=site_id, profile_id=profile_id, microcosm_id=microcosm_id, at=at
    )
    statements.drop_item_marks_in.execute(site_id=site_id, profile_id=profile_id, microcosm_id=microcosm_id, at=at)
    if moved:
        publish(MarkedRead(site_id=site_id, actor_id=profile_id, profile_id=profile_id, microcosm_id=microcosm_id))


@transaction.atomic
def mark_site_read(*, site_id: int, profile_id: int, at: datetime) -> None:
    """A member has read everything outside huddles; the single marks that this makes needless go."""
    statements.drop_item_marks.execute(site_id=site_id, profile_id=profile_id, at=at)
    statements.drop_microcosm_marks.execute(site_id=site_id, profile_id=profile_id, at=at)
    # Last, because whoever writes marks and profiles locks the profile last.
    if move_site_mark(site_id=site_id, profile_id=profile_id, at=at):
        publish(MarkedRead(site_id=site_id, actor_id=profile_id, profile_id=profile_id))


def drop_huddle_marks(*, site_id: int, profile_id: int, at: datetime) -> None:
    """Forget a member's marks on single huddles, which a mark on all of them makes needless."""
    statements.drop_huddle_marks.execute(site_id=site_id, profile_id=profile_id, at=at)

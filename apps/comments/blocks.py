"""Blocks of long discussions: where each begins and how many visible comments it holds (docs/decisions/0045).

An item has blocks when it has `BLOCK_SIZE` visible comments or more; then they cover all of them. Whoever changes how
many there are holds the lock of the item and calls one of these.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from apps.comments.models import Comment, CommentBlock
from apps.comments.queries import statements
from apps.items.models import Item
from apps.items.services import lock_item

#: Comments of one block, and of the shortest discussion that has any.
BLOCK_SIZE = 200


def note_newest(item: Item, *, comment_id: int, at: datetime) -> None:
    """Count a new comment, the newest of its item, whose own counter counts it already."""
    if item.comment_count < BLOCK_SIZE:
        return
    statements.note_newest.send(
        site_id=item.site_id,
        item_id=item.id,
        created_at=at,
        comment_id=comment_id,
        size=BLOCK_SIZE,
    )


def note_visibility(item: Item, *, comment: Comment, is_shown: bool) -> None:
    """Count a comment that was just hidden or shown, as its item's own counter does already."""
    if item.comment_count < BLOCK_SIZE:
        if not is_shown:
            statements.drop_blocks.execute(site_id=item.site_id, item_id=item.id)
        return
    counted = statements.note_visibility.execute(
        site_id=item.site_id,
        item_id=item.id,
        created_at=comment.created_at,
        comment_id=comment.id,
        change=1 if is_shown else -1,
    )
    if not counted:
        _make_blocks(item.id, site_id=item.site_id)


def divide_site_anew(*, site_id: int) -> None:
    """Make the blocks of a whole site again, after comments were written past the services and their items counted."""
    long = Q(comment_count__gte=BLOCK_SIZE) | Exists(CommentBlock.objects.filter(item_id=OuterRef("id")))
    for item_id in Item.objects.filter(long, site_id=site_id).order_by("id").values_list("id", flat=True):
        # One at a time: nobody waits for more than the item they write to.
        with transaction.atomic():
            lock_item(site_id=site_id, item_id=item_id)
            statements.drop_blocks.execute(site_id=site_id, item_id=item_id)
            _make_blocks(item_id, site_id=site_id)


def _make_blocks(item_id: int, *, site_id: int) -> None:
    statements.make_blocks.execute(site_id=site_id, item_id=item_id, size=BLOCK_SIZE)

"""Files attached to comments (contract A 25). Locks: the comment, then the file."""

from django.db import transaction
from django.db.models import F

from apps.comments.events import CommentEdited
from apps.comments.models import Attachment, Comment
from apps.comments.services import lock_comment
from apps.core import clock
from apps.core.events import publish
from apps.core.pagination import Paging, rows_of
from apps.files.attaching import Choice, UnknownFile
from apps.files.services import count_link, withdraw


def attachment_page(*, comment_id: int, paging: Paging) -> tuple[int, list[Attachment]]:
    """How many files are attached to a comment, and a page of them in the order of their attaching."""
    attached = Attachment.objects.filter(comment_id=comment_id).select_related("file")
    return attached.count(), rows_of(attached, paging=paging, columns=("id",))


@transaction.atomic
def attach_to_comment(choice: Choice, *, site_id: int, comment_id: int, actor_id: int) -> None:
    """Attach a file to a comment; nothing happens if it is attached already."""
    comment = lock_comment(site_id=site_id, comment_id=comment_id)
    _attached, is_new = Attachment.objects.get_or_create(
        comment=comment,
        file=choice.file,
        defaults={
            "name": choice.name,
            "extension": choice.extension,
            "created_by_id": actor_id,
            "created_at": clock.now(),
        },
    )
    if is_new:
        _note(comment, by=1, actor_id=actor_id)
        count_link(file_id=choice.file.id)


@transaction.atomic
def detach_from_comment(*, site_id: int, comment_id: int, hash: str, actor_id: int) -> None:
    """Take a file off a comment; raises UnknownFile for one that is not attached to it."""
    comment = lock_comment(site_id=site_id, comment_id=comment_id)
    attached = Attachment.objects.filter(comment=comment, file__hash=hash).first()
    if attached is None:
        raise UnknownFile
    attached.delete()
    _note(comment, by=-1, actor_id=actor_id)
    withdraw({attached.file_id: 1})


def _note(comment: Comment, *, by: int, actor_id: int) -> None:
    """Count, and tell that the comment shows something else."""
    Comment.objects.filter(id=comment.id).update(attachment_count=F("attachment_count") + by)
    publish(
        CommentEdited(
            site_id=comment.site_id,
            actor_id=actor_id,
            comment_id=comment.id,
            item_id=comment.item_id,
            home_id=comment.profile_id,
            mentioned_ids=(),
        )
    )

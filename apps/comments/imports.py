"""Bulk writes of imported history: comments with all their versions, mentions and replies (docs/decisions/0013)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.comments.models import Attachment, Comment, CommentAttribute, Mention, Revision
from apps.core.attributes import Value
from apps.core.attributes import import_attributes as write_attributes
from apps.core.bulk import copy_rows
from apps.core.sql import Statements
from apps.text.rendering import RENDERER_VERSION

statements = Statements(__file__)


@dataclass(frozen=True, slots=True)
class ImportedRevision:
    """A version of a text, rendered."""

    markdown: str
    html: str
    created_at: datetime
    created_by_id: int


@dataclass(frozen=True, slots=True)
class ImportedComment:
    """A comment as an import makes it, on an item or on a profile; revisions are oldest first."""

    id: int
    item_id: int | None
    profile_id: int | None
    created_at: datetime
    created_by_id: int
    is_moderated: bool
    is_deleted: bool
    revisions: tuple[ImportedRevision, ...]
    mentioned_profile_ids: tuple[int, ...]


def import_comments(comments: Sequence[ImportedComment], *, site_id: int) -> None:
    """Write comments with their revisions and mentions; nobody is told."""
    copy_rows(
        [
            Comment(
                id=comment.id,
                site_id=site_id,
                item_id=comment.item_id,
                profile_id=comment.profile_id,
                created_at=comment.created_at,
                created_by_id=comment.created_by_id,
                revision_count=len(comment.revisions),
                is_moderated=comment.is_moderated,
                is_deleted=comment.is_deleted,
            )
            for comment in comments
        ]
    )
    copy_rows(
        [
            Revision(
                comment_id=comment.id,
                number=number,
                markdown=revision.markdown,
                html=revision.html,
                renderer_version=RENDERER_VERSION,
                created_at=revision.created_at,
                created_by_id=revision.created_by_id,
            )
            for comment in comments
            for number, revision in enumerate(comment.revisions, start=1)
        ]
    )
    copy_rows(
        [
            Mention(comment_id=comment.id, profile_id=profile_id)
            for comment in comments
            for profile_id in comment.mentioned_profile_ids
        ]
    )


def import_attributes(values: Mapping[int, Mapping[str, Value]]) -> None:
    """Write the attributes of comments, by the comments' ids."""
    write_attributes(CommentAttribute, "comment_id", values)


@dataclass(frozen=True, slots=True)
class ImportedAttachment:
    """A file on a comment; the name is clean."""

    comment_id: int
    file_id: int
    name: str
    extension: str
    created_at: datetime
    created_by_id: int


def import_attachments(attachments: Sequence[ImportedAttachment]) -> None:
    """Attach files to comments; one that is attached already stays as it is. `recount_attachments` comes later."""
    Attachment.objects.bulk_create(
        [
            Attachment(
                comment_id=attachment.comment_id,
                file_id=attachment.file_id,
                name=attachment.name,
                extension=attachment.extension,
                created_at=attachment.created_at,
                created_by_id=attachment.created_by_id,
            )
            for attachment in attachments
        ],
        ignore_conflicts=True,
    )


def recount_attachments(*, site_id: int) -> int:
    """Count the files on all comments of a site again; returns how many counts were wrong."""
    return statements.recount_attachments_of_site.execute(site_id=site_id)


def thread_replies(*, site_id: int) -> int:
    """Join imported comments to what they answer, where that is imported and has the same parent; returns how many."""
    return statements.thread_imported_replies.execute(site_id=site_id)

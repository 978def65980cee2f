"""Step: private messages, each of which becomes a confidential huddle with one comment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from apps.comments.imports import ImportedComment, import_attributes, import_comments
from apps.comments.models import Comment
from apps.core.attributes import Value
from apps.huddles.imports import ImportedHuddle, import_huddles
from apps.items.imports import ImportedItem, import_items
from apps.items.models import Item
from apps.sites.types import ItemType
from apps.text.cleaning import clean_title
from apps.transfer.importer.conversations import TITLE_LIMIT
from apps.transfer.importer.documents import MessageFile
from apps.transfer.importer.fields import FileError
from apps.transfer.importer.run import Read, Run, batches
from apps.transfer.importer.texts import Renderer, time_of
from apps.transfer.importer.titles import stored_title
from apps.transfer.services import record_imports

#: The title of a message that had none.
PLACEHOLDER = "Private message"


@dataclass(frozen=True, slots=True)
class _Conversation:
    """What one message becomes."""

    old_id: int
    item: ImportedItem
    comment: ImportedComment
    huddle: ImportedHuddle
    attributes: Mapping[str, Value]
    #: Of the comment, which others may answer; 0 if it has none.
    comment_old_id: int


def import_messages(run: Run) -> None:
    """Make a huddle for each file."""
    run.huddles = run.load_map(ItemType.HUDDLE)
    renderer = Renderer(run)
    for batch in batches(run, "messages", MessageFile):
        ready = [read for read in batch if _has_text(run, read)]
        item_ids, comment_ids = run.reserve_ids(Item, len(ready)), run.reserve_ids(Comment, len(ready))
        made = [
            _conversation(run, read, item_id=item_id, comment_id=comment_id, renderer=renderer)
            for read, item_id, comment_id in zip(ready, item_ids, comment_ids, strict=True)
        ]
        if run.is_dry:
            run.imagined_comments |= {conversation.comment_old_id for conversation in made}
        else:
            _write(run, made)
        run.huddles |= {conversation.old_id: conversation.item.id for conversation in made}
        run.report.tally("messages").imported += len(made)


def _has_text(run: Run, read: Read[MessageFile]) -> bool:
    if not read.document.versions:
        run.report.skip("messages", read.path, "has no text")
        return False
    return True


def _write(run: Run, made: Sequence[_Conversation]) -> None:
    with transaction.atomic():
        import_items([conversation.item for conversation in made], site_id=run.place.site_id)
        import_huddles([conversation.huddle for conversation in made])
        import_comments([conversation.comment for conversation in made], site_id=run.place.site_id)
        import_attributes({conversation.comment.id: conversation.attributes for conversation in made})
        record_imports(
            {conversation.old_id: conversation.item.id for conversation in made},
            origin_id=run.place.origin_id,
            kind=ItemType.HUDDLE,
        )
        record_imports(
            {made_one.comment_old_id: made_one.comment.id for made_one in made if made_one.comment_old_id},
            origin_id=run.place.origin_id,
            kind=ItemType.COMMENT,
        )


def _conversation(
    run: Run, read: Read[MessageFile], *, item_id: int, comment_id: int, renderer: Renderer
) -> _Conversation:
    file = read.document

    def warn(message: str) -> None:
        run.report.warn(read.path, message)

    author_id = run.author(file.author_id, path=read.path)
    created_at = time_of(file.created_at, file.versions, now=run.now, warn=warn)
    said = file.comment
    speaker_id = run.author(said.author_id, path=read.path) if said else author_id
    said_at = (said.created_at if said else None) or created_at
    revisions, mentioned = renderer.revisions(
        file.versions, author_id=speaker_id, created_at=said_at, path=read.path, is_private=True
    )
    return _Conversation(
        old_id=file.old_id,
        item=ImportedItem(
            id=item_id,
            kind=ItemType.HUDDLE,
            microcosm_id=None,
            title=_title(read, warn=warn),
            created_at=created_at,
            created_by_id=author_id,
        ),
        comment=ImportedComment(
            id=comment_id,
            item_id=item_id,
            profile_id=None,
            created_at=said_at,
            created_by_id=speaker_id,
            is_moderated=said.is_moderated if said else False,
            is_deleted=said.is_deleted if said else file.is_deleted,
            revisions=revisions,
            mentioned_profile_ids=mentioned,
        ),
        huddle=ImportedHuddle(
            item_id=item_id,
            is_confidential=file.is_confidential,
            joined_at=_participants(run, file, author_id=author_id, created_at=created_at),
        ),
        attributes=said.attributes if said else {},
        comment_old_id=said.old_id if said else 0,
    )


def _participants(run: Run, file: MessageFile, *, author_id: int, created_at: datetime) -> dict[int, datetime]:
    """Who is in a huddle since when: exactly those it names, else whoever wrote the message and whoever got it."""
    named = joined_at(run, file.participants, created_at=created_at)
    got = [run.known_profile(old_id) for old_id in file.recipient_ids]
    return named or dict.fromkeys([author_id, *(id_ for id_ in got if id_ is not None)], created_at)


def joined_at(
    run: Run, participants: Sequence[tuple[int, datetime | None]], *, created_at: datetime
) -> dict[int, datetime]:
    """Since when each known participant of a huddle is in it, at the latest moment if they were two people once."""
    joined: dict[int, datetime] = {}
    for old_id, at in participants:
        profile_id = run.known_profile(old_id)
        if profile_id is not None:
            joined[profile_id] = at or created_at
    return joined


def _title(read: Read[MessageFile], *, warn: Callable[[str], object]) -> str:
    """The headline of the first version, else the name, else a placeholder."""
    for text in (read.document.versions[0].headline, read.document.name):
        try:
            return stored_title(text, clean=clean_title, limit=TITLE_LIMIT, warn=warn)
        except FileError:
            continue
    return PLACEHOLDER

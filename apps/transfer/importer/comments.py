"""Step: posts with all their versions, and what they answer."""

from dataclasses import dataclass, field

from django.db import transaction

from apps.comments.imports import ImportedComment, import_attributes, import_comments
from apps.comments.models import Comment
from apps.sites.types import ItemType
from apps.transfer.importer.documents import CommentFile
from apps.transfer.importer.run import UNKNOWN, Read, Run, batches
from apps.transfer.importer.texts import Renderer, time_of
from apps.transfer.services import record_imports, record_replies

#: The item or the profile that a comment is on.
_Parent = tuple[int | None, int | None]


@dataclass
class _Imagined:
    """The comments of a dry run with their parents, and the replies to be checked once all are known."""

    parents: dict[int, _Parent] = field(default_factory=dict)
    replies: list[tuple[str, int, int]] = field(default_factory=list)


def import_all_comments(run: Run) -> None:
    """Make a comment for each file whose parent is there."""
    renderer, imagined = Renderer(run), _Imagined()
    for folder in ("comments", "item-comments"):
        _import_folder(run, folder, renderer=renderer, imagined=imagined)
    _check_imagined_replies(run, imagined)


def _import_folder(run: Run, folder: str, *, renderer: Renderer, imagined: _Imagined) -> None:
    for batch in batches(run, folder, CommentFile):
        ready = [(read, parent) for read in batch if (parent := _parent(run, folder, read)) is not None]
        ids = run.reserve_ids(Comment, len(ready))
        made = {
            read.document.old_id: _comment(run, read, id_=id_, parent=parent, renderer=renderer)
            for (read, parent), id_ in zip(ready, ids, strict=True)
        }
        replies = [
            (made[read.document.old_id].id, read.document.reply_to_id) for read, _ in ready if read.document.reply_to_id
        ]
        if run.is_dry:
            _imagine(imagined, ready)
            run.imagined_comments |= made.keys()
        else:
            with transaction.atomic():
                import_comments(list(made.values()), site_id=run.place.site_id)
                new_ids = {old_id: comment.id for old_id, comment in made.items()}
                record_imports(new_ids, origin_id=run.place.origin_id, kind=ItemType.COMMENT)
                import_attributes({made[read.document.old_id].id: read.document.attributes for read, _ in ready})
                record_replies(replies, origin_id=run.place.origin_id)
        run.report.tally(folder).imported += len(made)


def _parent(run: Run, folder: str, read: Read[CommentFile]) -> _Parent | None:
    """The item or profile that a comment belongs to, or None when the report says why it is left out."""
    file = read.document
    if not file.versions:
        run.report.skip(folder, read.path, "has no text")
        return None
    parent: _Parent
    if file.on_type in ("user", "profile"):
        parent = (None, run.profiles.get(file.on_id) if file.on_id != UNKNOWN else None)
    elif file.on_type in (items := _items_by_word(run)):
        parent = (items[file.on_type].get(file.on_id), None)
    else:
        run.report.error(folder, read.path, f"is on something of the unknown type {file.on_type[:40]!r}")
        return None
    if parent == (None, None):
        run.report.skip(folder, read.path, f"is on {file.on_type} {file.on_id}, which is not imported")
        return None
    return parent


def _items_by_word(run: Run) -> dict[str, dict[int, int]]:
    return {"conversation": run.conversations, "message": run.huddles, "event": run.events, "poll": run.polls}


def _comment(run: Run, read: Read[CommentFile], *, id_: int, parent: _Parent, renderer: Renderer) -> ImportedComment:
    file = read.document
    author_id = run.author(file.author_id, path=read.path)
    created_at = time_of(
        file.created_at, file.versions, now=run.now, warn=lambda message: run.report.warn(read.path, message)
    )
    revisions, mentioned = renderer.revisions(
        file.versions,
        author_id=author_id,
        created_at=created_at,
        path=read.path,
        is_private=file.on_type == "message",
    )
    return ImportedComment(
        id=id_,
        item_id=parent[0],
        profile_id=parent[1],
        created_at=created_at,
        created_by_id=author_id,
        is_moderated=file.is_moderated,
        is_deleted=file.is_deleted,
        revisions=revisions,
        mentioned_profile_ids=mentioned,
    )


def _imagine(imagined: _Imagined, ready: list[tuple[Read[CommentFile], _Parent]]) -> None:
    for read, parent in ready:
        imagined.parents[read.document.old_id] = parent
        if read.document.reply_to_id:
            imagined.replies.append((read.path, read.document.old_id, read.document.reply_to_id))


def _check_imagined_replies(run: Run, imagined: _Imagined) -> None:
    """What a real run finds out when it joins replies; comments of an earlier run count as being in place."""
    unknown = [answered for _, _, answered in imagined.replies if answered not in imagined.parents]
    earlier = run.new_ids(ItemType.COMMENT, unknown) if unknown else {}
    for path, old_id, answered in imagined.replies:
        parent = imagined.parents.get(answered)
        if parent is None and str(answered) not in earlier:
            run.report.warn(path, f"answers comment {answered}, which is not imported")
        elif parent is not None and parent != imagined.parents[old_id]:
            run.report.warn(path, f"answers comment {answered}, which is somewhere else")

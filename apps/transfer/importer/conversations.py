"""Step: threads."""

from django.db import transaction

from apps.items.imports import ImportedItem, import_attributes, import_items
from apps.items.models import Item
from apps.sites.types import ItemType
from apps.text.cleaning import clean_title
from apps.transfer.importer.documents import ConversationFile
from apps.transfer.importer.fields import FileError
from apps.transfer.importer.run import Run, batches
from apps.transfer.importer.titles import stored_title
from apps.transfer.services import record_imports

#: What the format allows (export-format 2.5).
TITLE_LIMIT = 150
#: The most that the column of a counter holds.
MAX_COUNT = 2**31 - 1


def import_conversations(run: Run) -> None:
    """Make a conversation for each file whose forum is there."""
    run.conversations = run.load_map(ItemType.CONVERSATION)
    for batch in batches(run, "conversations", ConversationFile):
        ids = run.reserve_ids(Item, len(batch))
        items: dict[int, ImportedItem] = {}
        for read, id_ in zip(batch, ids, strict=True):
            try:
                items[read.document.old_id] = placed_item(run, read.document, path=read.path, id_=id_)
            except FileError as error:
                run.report.error("conversations", read.path, str(error))
        made = {old_id: item.id for old_id, item in items.items()}
        if not run.is_dry:
            with transaction.atomic():
                import_items(list(items.values()), site_id=run.place.site_id)
                import_attributes(
                    {
                        made[read.document.old_id]: read.document.attributes
                        for read in batch
                        if read.document.old_id in made
                    }
                )
                record_imports(made, origin_id=run.place.origin_id, kind=ItemType.CONVERSATION)
        run.conversations |= made
        run.report.tally("conversations").imported += len(made)


def placed_item(
    run: Run, file: ConversationFile, *, path: str, id_: int, kind: ItemType = ItemType.CONVERSATION
) -> ImportedItem:
    """What things in a section have in common; raises FileError."""

    def warn(message: str) -> None:
        run.report.warn(path, message)

    microcosm_id = run.forums.get(file.forum_id)
    if microcosm_id is None:
        raise FileError(f"its forum, {file.forum_id}, is not imported")
    title = stored_title(file.name, clean=clean_title, limit=TITLE_LIMIT, warn=warn)
    if file.created_at is None:
        warn("has no dateCreated; the time of the import stands in")
    return ImportedItem(
        id=id_,
        kind=kind,
        microcosm_id=microcosm_id,
        title=title,
        created_at=file.created_at or run.now,
        created_by_id=run.author(file.author_id, path=path),
        view_count=min(file.view_count, MAX_COUNT),
        is_open=file.flags.is_open,
        is_sticky=file.flags.is_sticky,
        is_moderated=file.flags.is_moderated,
        is_deleted=file.flags.is_deleted,
        edited_at=file.edit.at if file.edit else None,
        edited_by_id=run.author(file.edit.by_id, path=path) if file.edit else None,
        edit_reason=file.edit.reason if file.edit else "",
    )

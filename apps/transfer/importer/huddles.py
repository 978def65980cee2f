"""Step: huddles that nothing is said in. Only exports of ours have them; all others are messages."""

from collections.abc import Sequence

from django.db import transaction

from apps.huddles.imports import ImportedHuddle
from apps.huddles.imports import import_huddles as write_huddles
from apps.items.imports import ImportedItem, import_items
from apps.items.models import Item
from apps.sites.types import ItemType
from apps.text.cleaning import clean_title
from apps.transfer.importer.conversations import TITLE_LIMIT
from apps.transfer.importer.extensions import HuddleFile
from apps.transfer.importer.fields import FileError
from apps.transfer.importer.messages import joined_at
from apps.transfer.importer.run import Read, Run, batches
from apps.transfer.importer.titles import stored_title
from apps.transfer.services import record_imports


def import_huddles(run: Run) -> None:
    """Make a huddle for each file that somebody known is in."""
    for batch in batches(run, "huddles", HuddleFile):
        ids = run.reserve_ids(Item, len(batch))
        made = [
            (read.document.old_id, *found)
            for read, id_ in zip(batch, ids, strict=True)
            if (found := _huddle(run, read, id_=id_)) is not None
        ]
        if not run.is_dry:
            _write(run, made)
        run.huddles |= {old_id: item.id for old_id, item, _ in made}
        run.report.tally("huddles").imported += len(made)


def _write(run: Run, made: Sequence[tuple[int, ImportedItem, ImportedHuddle]]) -> None:
    with transaction.atomic():
        import_items([item for _, item, _ in made], site_id=run.place.site_id)
        write_huddles([huddle for _, _, huddle in made])
        record_imports(
            {old_id: item.id for old_id, item, _ in made}, origin_id=run.place.origin_id, kind=ItemType.HUDDLE
        )


def _huddle(run: Run, read: Read[HuddleFile], *, id_: int) -> tuple[ImportedItem, ImportedHuddle] | None:
    """What a file becomes, or None when the report says why it is left out."""
    file = read.document
    created_at = file.created_at or run.now
    people = joined_at(run, file.participants, created_at=created_at)
    if not people:
        run.report.skip("huddles", read.path, "has nobody in it who is imported")
        return None
    try:
        title = stored_title(
            file.name,
            clean=clean_title,
            limit=TITLE_LIMIT,
            warn=lambda message: run.report.warn(read.path, message),
        )
    except FileError as error:
        run.report.error("huddles", read.path, str(error))
        return None
    item = ImportedItem(
        id=id_,
        kind=ItemType.HUDDLE,
        microcosm_id=None,
        title=title,
        created_at=created_at,
        created_by_id=run.author(file.author_id, path=read.path),
    )
    return item, ImportedHuddle(item_id=id_, is_confidential=file.is_confidential, joined_at=people)

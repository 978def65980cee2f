"""Step: sections. Parents come before their children; what has no parent hangs below the root."""

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from apps.core.attributes import Value
from apps.core.errors import OutOfRange
from apps.microcosms.imports import ImportedMicrocosm, import_attributes, import_microcosms
from apps.microcosms.models import Microcosm
from apps.microcosms.services import DEFAULT_ITEM_TYPES
from apps.sites.appearance import checked_image_url
from apps.sites.types import PLACED_ITEMS, ItemType
from apps.text.cleaning import clean_block, clean_sentence
from apps.transfer.importer.documents import ForumFile
from apps.transfer.importer.fields import FileError
from apps.transfer.importer.run import UNKNOWN, Read, Run, batches, chunks
from apps.transfer.importer.titles import stored_title
from apps.transfer.services import record_imports

#: What a section may hold.
_ITEM_TYPES = frozenset({ItemType.MICROCOSM.word, *(kind.word for kind in PLACED_ITEMS)})
#: What the API allows (contract A 34.2).
TITLE_LIMIT = 50


def import_forums(run: Run) -> None:
    """Make a microcosm for each file."""
    run.forums = run.load_map(ItemType.MICROCOSM)
    wanted = {read.document.old_id: read for batch in batches(run, "forums", ForumFile) for read in batch}
    _find_root(run, wanted)
    places = _Places(run)
    for chunk in chunks(_parents_first(run, wanted), run.batch_size):
        ids = run.reserve_ids(Microcosm, len(chunk))
        made: dict[int, int] = {}
        attributes: dict[int, Mapping[str, Value]] = {}
        microcosms = []
        for read, id_ in zip(chunk, ids, strict=True):
            try:
                microcosm = _microcosm(run, read, id_=id_, places=places)
            except FileError as error:
                run.report.error("forums", read.path, str(error))
                continue
            microcosms.append(microcosm)
            attributes[id_] = read.document.attributes
            made[read.document.old_id] = id_
            places.add(read.document.old_id, microcosm)
        if not run.is_dry:
            _write(run, microcosms, made, attributes)
        run.forums |= made
        run.report.tally("forums").imported += len(made)


def _write(
    run: Run,
    microcosms: Sequence[ImportedMicrocosm],
    made: dict[int, int],
    attributes: Mapping[int, Mapping[str, Value]],
) -> None:
    with transaction.atomic():
        import_microcosms(microcosms, site_id=run.place.site_id)
        import_attributes(attributes)
        record_imports(made, origin_id=run.place.origin_id, kind=ItemType.MICROCOSM)


def _find_root(run: Run, wanted: dict[int, Read[ForumFile]]) -> None:
    """Take the sections that stand for the root of the site out of those to be made; the root is there already."""
    roots = {old_id: run.place.root_id for old_id, read in wanted.items() if read.document.is_root}
    for old_id in roots:
        del wanted[old_id]
    if not run.is_dry:
        with transaction.atomic():
            record_imports(roots, origin_id=run.place.origin_id, kind=ItemType.MICROCOSM)
    run.forums |= roots
    run.report.tally("forums").imported += len(roots)


class _Places:
    """Path and liveness of the microcosms that others may hang below."""

    def __init__(self, run: Run) -> None:
        self._known: dict[int, tuple[tuple[int, ...], bool]] = {}
        self._root: tuple[tuple[int, ...], bool] = ((run.place.root_id,), True)
        old_ids = {new_id: old_id for old_id, new_id in run.forums.items()}
        existing = Microcosm.objects.filter(site_id=run.place.site_id)
        for id_, path, is_live in existing.values_list("id", "path", "is_live"):
            if id_ == run.place.root_id:
                self._root = (tuple(path), is_live)
            if id_ in old_ids:
                self._known[old_ids[id_]] = (tuple(path), is_live)

    def add(self, old_id: int, microcosm: ImportedMicrocosm) -> None:
        """Others may hang below this one from now on."""
        self._known[old_id] = (microcosm.path, microcosm.is_live)

    def below(self, parent_old_id: int) -> tuple[tuple[int, ...], bool]:
        """Path and liveness of a parent; 0 is the root. Raises FileError."""
        if parent_old_id == 0:
            return self._root
        if parent_old_id not in self._known:
            raise FileError(f"its parent, forum {parent_old_id}, is not imported")
        return self._known[parent_old_id]


def _parents_first(run: Run, wanted: dict[int, Read[ForumFile]]) -> Iterable[Read[ForumFile]]:
    """All that are wanted, each after its parent; those on a cycle are reported and left out."""
    done: set[int] = set()
    for old_id in wanted:
        chain: list[int] = []
        step = old_id
        while step in wanted and step not in done and step not in chain:
            chain.append(step)
            step = wanted[step].document.parent_id
        if step in chain:
            for member in chain[chain.index(step) :]:
                run.report.error("forums", wanted[member].path, "is its own ancestor: parentId goes round in a circle")
            done.update(chain[chain.index(step) :])
            chain = chain[: chain.index(step)]
        for member in reversed(chain):
            done.add(member)
            yield wanted[member]


def _microcosm(run: Run, read: Read[ForumFile], *, id_: int, places: _Places) -> ImportedMicrocosm:
    file = read.document
    path, is_parent_live = places.below(file.parent_id)
    owner_id = run.profiles.get(file.author_id)
    if owner_id is None:
        raise FileError(f"its author, profile {file.author_id}, is not imported")
    title = stored_title(
        file.name, clean=clean_sentence, limit=TITLE_LIMIT, warn=lambda message: run.report.warn(read.path, message)
    )
    if file.author_id == UNKNOWN:
        run.report.warn(read.path, "has no author; the placeholder for removed people owns it")
    return ImportedMicrocosm(
        id=id_,
        path=(*path, id_),
        title=title,
        description=clean_block(file.text).strip() or title,
        owner_id=owner_id,
        is_open=file.flags.is_open,
        is_sticky=file.flags.is_sticky,
        is_moderated=file.flags.is_moderated,
        is_deleted=file.flags.is_deleted,
        is_live=is_parent_live and not file.flags.is_deleted and not file.flags.is_moderated,
        created_at=file.created_at or run.now,
        created_by_id=owner_id if file.creator_id is None else run.author(file.creator_id, path=read.path),
        visibility=checked_visibility(file.visibility),
        logo_url=checked_logo(file.logo_url),
        item_types=checked_item_types(file.item_types),
        edited_at=file.edit.at if file.edit else None,
        edited_by_id=run.author(file.edit.by_id, path=read.path) if file.edit else None,
        edit_reason=file.edit.reason if file.edit else "",
    )


def checked_visibility(word: str) -> str:
    """How open a section says it is; raises FileError."""
    if word not in dict(Microcosm.VISIBILITIES):
        raise FileError(f"has the unknown visibility {word[:20]!r}")
    return word


def checked_logo(url: str) -> str:
    """The address of a section's picture; raises FileError."""
    try:
        return checked_image_url(url, name="logoUrl")
    except OutOfRange as error:
        raise FileError(str(error)) from error


def checked_item_types(words: tuple[str, ...] | None) -> tuple[str, ...]:
    """What a section may hold, the usual unless it says so; raises FileError."""
    if words is None:
        return tuple(DEFAULT_ITEM_TYPES)
    unknown = [word for word in words if word not in _ITEM_TYPES]
    if unknown:
        raise FileError(f"may hold things of the unknown type {unknown[0][:20]!r}")
    return tuple(dict.fromkeys(words))

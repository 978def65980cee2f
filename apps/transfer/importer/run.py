"""What all steps of an import share: the site, the old-id maps, batches and the report."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count, islice
from typing import Generic, TypeVar, cast

from django.db import models

from apps.core.bulk import reserve_ids
from apps.sites.types import ItemType
from apps.transfer import queries
from apps.transfer.importer.archive import Export, ExportFile
from apps.transfer.importer.extensions import ALL_READERS
from apps.transfer.importer.fields import FileError, parse
from apps.transfer.importer.report import Report

Document = TypeVar("Document")

#: The kind that the old-id map has for the files of each folder.
KINDS = {
    "profiles": ItemType.PROFILE,
    "roles": ItemType.ROLE,
    "forums": ItemType.MICROCOSM,
    "conversations": ItemType.CONVERSATION,
    "events": ItemType.EVENT,
    "polls": ItemType.POLL,
    "comments": ItemType.COMMENT,
    "item-comments": ItemType.COMMENT,
    "messages": ItemType.HUDDLE,
    "huddles": ItemType.HUDDLE,
    "follows": ItemType.WATCHER,
    "attachments": ItemType.ATTACHMENT,
    "uploads": ItemType.ATTACHMENT,
    "avatars": ItemType.ATTACHMENT,
}
#: Folders whose ids are not those of their kind have their name in the old-id map.
_APART = frozenset({"uploads", "avatars"})
#: The author who stands for all that are unknown.
UNKNOWN = 0


class TransferError(Exception):
    """The import cannot go on, whatever its files hold."""


@dataclass(frozen=True)
class Place:
    """Where the import goes."""

    site_id: int
    site_key: str
    root_id: int
    owner_id: int
    owner_user_ids: frozenset[int]
    origin_id: int
    #: The default roles are those of a new site and give way to imported ones.
    has_founded_site: bool
    is_finished: bool
    #: Whose profile came into being with the site, in this very run.
    founder_old_id: int | None = None


@dataclass
class Run:
    """One run of an import."""

    export: Export
    report: Report
    place: Place
    #: The moment that counts as "now" for the whole run.
    now: datetime
    is_dry: bool
    batch_size: int
    #: Told how many files there are of a type, it answers with what to call after so many of them.
    progress: Callable[[str, int], Callable[[int], object]]
    #: New ids by old id.
    profiles: dict[int, int] = field(default_factory=dict)
    forums: dict[int, int] = field(default_factory=dict)
    conversations: dict[int, int] = field(default_factory=dict)
    events: dict[int, int] = field(default_factory=dict)
    polls: dict[int, int] = field(default_factory=dict)
    huddles: dict[int, int] = field(default_factory=dict)
    #: Old ids of the comments that a dry run would have made.
    imagined_comments: set[int] = field(default_factory=set)
    _imaginary_ids: Iterator[int] = field(default_factory=lambda: count(-1, -1))

    def reserve_ids(self, model: type[models.Model], number: int) -> list[int]:
        """Fresh ids of a table; a dry run, which may not touch its sequence, imagines them."""
        return list(islice(self._imaginary_ids, number)) if self.is_dry else reserve_ids(model, number)

    def new_ids(self, kind: ItemType, old_ids: Collection[int | str]) -> dict[str, int]:
        """New ids by old id, of those that an earlier batch or run has imported."""
        return queries.new_ids(site_id=self.place.site_id, kind=kind, old_ids=old_ids)

    def load_map(self, kind: ItemType) -> dict[int, int]:
        """New ids by old id of everything of a kind."""
        return {int(old): new for old, new in queries.all_new_ids(site_id=self.place.site_id, kind=kind).items()}

    def author(self, old_id: int, *, path: str) -> int:
        """The profile of an author; whoever is unknown is the placeholder for removed people."""
        known = self.profiles.get(old_id)
        if known is None:
            self.report.warn(path, f"the author {old_id} is unknown; the placeholder for removed people stands in")
            return self.profiles[UNKNOWN]
        return known

    def known_profile(self, old_id: int) -> int | None:
        """The profile with an old id; None for an unknown one and for the placeholder for removed people."""
        return self.profiles.get(old_id) if old_id != UNKNOWN else None


@dataclass(frozen=True, slots=True)
class Read(Generic[Document]):
    """A file and what is in it."""

    path: str
    document: Document


def batches(run: Run, folder: str, document: type[Document]) -> Iterator[list[Read[Document]]]:
    """The files of a type that are not imported yet, in order of their ids, read and counted, a batch at a time.

    Files that cannot be read are in the report and left out.
    """
    for files in missing_files(run, folder):
        read = [found for file in files if (found := read_file(run, folder, file, document)) is not None]
        if read:
            yield read


def missing_files(run: Run, folder: str) -> Iterator[list[ExportFile]]:
    """The files of a type that are not imported yet, in order of their ids, counted but not read, a batch at a time."""
    listing = run.export.listing(folder)
    tally = run.report.tally(folder)
    tally.found += len(listing.files) + len(listing.problems)
    for path, message in listing.problems:
        run.report.error(folder, path, message)
    advance = run.progress(folder, len(listing.files))
    for files in chunks(listing.files, run.batch_size):
        known = run.new_ids(KINDS[folder], [map_key(folder, file.old_id) for file in files])
        tally.present += len(known)
        yield [file for file in files if map_key(folder, file.old_id) not in known]
        advance(len(files))


def map_key(folder: str, old_id: int) -> str:
    """What the old-id map calls a file of a folder."""
    return f"{folder}@{old_id}" if folder in _APART else str(old_id)


def read_file(run: Run, folder: str, file: ExportFile, document: type[Document]) -> Read[Document] | None:
    """One file, or None when the report says what is wrong with it."""
    warnings: list[str] = []
    try:
        fields = parse(run.export.read(file.path), warnings=warnings)
        own_id = fields.whole("id")
        if fields.has("id") and own_id == 0:
            raise FileError("has the id 0, which stands for an unknown author")
        if own_id not in (0, file.old_id):
            warnings.append(f"says that its id is {own_id}; the id {file.old_id} of its name or index counts")
        found = ALL_READERS[folder](fields, file.old_id)
    except FileError as error:
        run.report.error(folder, file.path, str(error))
        return None
    except OSError as error:
        run.report.error(folder, file.path, error.strerror or str(error))
        return None
    for warning in warnings:
        run.report.warn(file.path, warning)
    return Read(file.path, cast(Document, found))


def chunks(values: Iterable[Document], size: int) -> Iterator[list[Document]]:
    """Lists of at most `size` values."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk

"""A whole export: one snapshot of the site, its types one after the other."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.core import clock
from apps.core.sql import Statement
from apps.files.storage import file_storage, stored_name
from apps.sites.types import ItemType
from apps.transfer.exporter.documents import CONTENTS, Documents, content_path
from apps.transfer.exporter.reading import snapshot, stream
from apps.transfer.exporter.writing import Folder, Target, open_folder, open_target, write_document
from apps.transfer.queries import statements
from apps.transfer.resolvers import RESOLVERS
from apps.transfer.resolvers.target import ADDRESSED

SITE_FILE = "site.json"
#: Old ids of a kind in one file.
_IDS_IN_A_FILE = 1000
#: Smaller files stay in memory while they are copied.
_SPOOLED_BYTES = 1024 * 1024


class NoSuchSiteError(Exception):
    """There is no site with this key."""


def _no_progress(folder: str) -> Callable[[], object]:
    return lambda: None


@dataclass
class ExportReport:
    """What an export holds."""

    owner_id: int | None
    counts: dict[str, int] = field(default_factory=dict)
    #: Files whose bytes the storage does not have.
    missing_files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Source:
    """Where the documents of a folder come from."""

    statement: Statement
    document: Callable[[Any], dict[str, Any]]
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportOptions:
    """What is exported, where to, and how."""

    site_key: str
    path: Path
    has_emails: bool = True
    #: Private messages, and the files that may have been meant for them.
    has_huddles: bool = True
    #: Read everything and write nothing.
    is_dry: bool = False
    #: Told the name of a folder, it answers with what to call for each of its files.
    progress: Callable[[str], Callable[[], object]] = _no_progress


def export_forum(options: ExportOptions) -> ExportReport:
    """Write a site to a new directory or archive, as it was at one moment; memory does not grow with the site.

    Raises NoSuchSiteError, FileExistsError or OSError; nothing is left at the path then.
    """
    with snapshot():
        found = list(stream(statements.exported_site, site_key=options.site_key.lower()))
        if not found:
            raise NoSuchSiteError(f"there is no site {options.site_key}")
        report = ExportReport(owner_id=found[0].owner_id)
        with open_target(options.path, is_dry=options.is_dry) as target:
            _write_all(target, site=found[0], options=options, report=report)
    return report


def _write_all(target: Target, *, site: Any, options: ExportOptions, report: ExportReport) -> None:
    documents = Documents(placeholder_id=site.placeholder_id, has_emails=options.has_emails)
    (root,) = stream(statements.exported_root, site_id=site.id)
    write_document(target, SITE_FILE, documents.site(site, root))
    for name, source in _sources(documents, site=site, options=options).items():
        advance = options.progress(name)
        with open_folder(name, target) as folder:
            for row in stream(source.statement, **source.parameters):
                _write_row(folder, row, source.document(row))
                advance()
            report.counts[name] = folder.count
    files = stream(statements.exported_files, site_id=site.id, has_huddles=options.has_huddles)
    _write_contents(target, files, site_id=site.id, report=report, advance=options.progress(CONTENTS))


def _sources(documents: Documents, *, site: Any, options: ExportOptions) -> dict[str, _Source]:
    """The folders of an export in the order in which they are written."""
    place = {"site_id": site.id, "placeholder_id": site.placeholder_id}
    shared = {"site_id": site.id, "has_huddles": options.has_huddles}
    said = {**place, "kinds": [int(ItemType.CONVERSATION)], "has_biographies": True}
    huddles = {
        "messages": _Source(statements.exported_messages, documents.message, place),
        "huddles": _Source(statements.exported_huddles, documents.huddle, place),
    }
    if options.has_huddles:
        said["kinds"].append(int(ItemType.HUDDLE))
    placed = {**place, "kinds": [int(ItemType.POLL), int(ItemType.EVENT)], "has_biographies": False}
    return {
        "profiles": _Source(statements.exported_profiles, documents.profile, {**place, "now": clock.now()}),
        "roles": _Source(statements.exported_roles, documents.role, place),
        "forums": _Source(statements.exported_forums, documents.forum, {"site_id": site.id}),
        "conversations": _Source(statements.exported_conversations, documents.conversation, {"site_id": site.id}),
        "events": _Source(statements.exported_events, documents.event, place),
        "polls": _Source(statements.exported_polls, documents.poll, place),
        **(huddles if options.has_huddles else {}),
        "comments": _Source(statements.exported_comments, documents.comment, said),
        "item-comments": _Source(statements.exported_comments, documents.comment, placed),
        "follows": _Source(statements.exported_follows, documents.follows, {**place, **shared}),
        "attachments": _Source(statements.exported_attachments, documents.attachment, {**place, **shared}),
        "uploads": _Source(statements.exported_uploads, documents.upload, shared),
        "former-ids": _Source(
            statements.exported_former_ids,
            documents.former_ids,
            {**shared, "kinds": _addressed(options), "products": list(RESOLVERS), "portion": _IDS_IN_A_FILE},
        ),
    }


def _addressed(options: ExportOptions) -> list[int]:
    """The kinds of things that old addresses lead to."""
    kinds = [kind for kind in ADDRESSED if options.has_huddles or kind is not ItemType.HUDDLE]
    return [int(kind) for kind in kinds]


def _write_row(folder: Folder, row: Any, document: dict[str, Any]) -> None:
    listed = {"email": document["email"]} if document.get("email") else {}
    folder.write(row.id, document, **listed)


def _write_contents(
    target: Target, files: Iterator[Any], *, site_id: int, report: ExportReport, advance: Callable[[], object]
) -> None:
    """The bytes of files, each once, under their hashes."""
    storage = file_storage()
    report.counts[CONTENTS] = 0
    for file in files:
        with tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES) as content:
            try:
                for piece in storage.open_slice(
                    stored_name(site_id=site_id, hash=file.hash), start=0, length=file.size
                ):
                    content.write(piece)
            except FileNotFoundError:
                report.missing_files.append(file.hash)
                continue
            size = content.tell()
            content.seek(0)
            target.write(content_path(file.hash), content, size)
            report.counts[CONTENTS] += 1
            advance()

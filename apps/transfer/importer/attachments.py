"""Steps: the files of posts, the pictures of people, and files that nothing is attached to.

The bytes come first, one file at a time, each stored as an upload is (decision 0020); what they are attached to is
written a batch at a time, together with the old-id map. A run that ends in between stores the same bytes again, which
changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction

from apps.comments.imports import ImportedAttachment, import_attachments
from apps.files.attaching import UNKNOWN_EXTENSION, file_path
from apps.files.models import File
from apps.files.names import clean_file_name, extension_of
from apps.files.preparing import Prepared
from apps.files.services import store_file
from apps.profiles.imports import ImportedPicture, import_pictures, show_avatars
from apps.sites.types import ItemType
from apps.transfer import queries
from apps.transfer.importer.contents import prepare_content
from apps.transfer.importer.documents import AttachmentFile, Target
from apps.transfer.importer.fields import FileError
from apps.transfer.importer.report import Report
from apps.transfer.importer.run import UNKNOWN, Read, Run, chunks, map_key, missing_files, read_file
from apps.transfer.services import record_imports

_PROFILES = frozenset({"profile", "user"})
#: What the report and the old-id map call the avatars that are part of profiles.
AVATARS = "avatars"


@dataclass
class _Batch:
    """What is attached to what, ready to be written."""

    #: Ids of files by what the old-id map calls the thing that held them.
    file_ids: dict[str, int] = field(default_factory=dict)
    on_comments: list[ImportedAttachment] = field(default_factory=list)
    on_profiles: list[ImportedPicture] = field(default_factory=list)
    #: The avatar of each of these profiles, unless they have one.
    shown: dict[int, str] = field(default_factory=dict)


def import_all_attachments(run: Run) -> None:
    """Store the bytes of each file and attach them to the comments and profiles that it names."""
    for files in missing_files(run, "attachments"):
        batch = _Batch()
        for file in files:
            read = read_file(run, "attachments", file, AttachmentFile)
            if read is not None:
                _take(run, "attachments", read, batch, targets=_known_targets(run, read))
        _write(run, batch)


def import_avatars(run: Run) -> None:
    """Store the avatars that are part of profiles, and show them on those who have none yet.

    At the end everybody who has pictures and shows none shows the latest.
    """
    # What is wrong with a profile is in the report of its own step.
    quiet = replace(run, report=Report())
    files = [file for file in run.export.listing("profiles").files if file.old_id in run.profiles]
    advance = run.progress(AVATARS, len(files))
    for chunk in chunks(files, run.batch_size):
        known = run.new_ids(ItemType.ATTACHMENT, [map_key(AVATARS, file.old_id) for file in chunk])
        _count(run, found=len(known), present=len(known))
        batch = _Batch()
        for file in chunk:
            is_known = map_key(AVATARS, file.old_id) in known
            read = None if is_known else read_file(quiet, AVATARS, file, AttachmentFile)
            if read is not None and read.document.content_url:
                _count(run, found=1, present=0)
                _take(run, AVATARS, read, batch, targets=[Target("profile", file.old_id, is_current=True)])
        _write(run, batch)
        advance(len(chunk))
    if not run.is_dry:
        with transaction.atomic():
            show_avatars(queries.unshown_avatars(site_id=run.place.site_id), site_id=run.place.site_id)


def import_uploads(run: Run) -> None:
    """Store the files that nothing is attached to; texts may show them by their addresses."""
    for files in missing_files(run, "uploads"):
        batch = _Batch()
        for file in files:
            read = read_file(run, "uploads", file, AttachmentFile)
            if read is not None:
                _take(run, "uploads", read, batch, targets=None)
        _write(run, batch)


def _count(run: Run, *, found: int, present: int) -> None:
    tally = run.report.tally(AVATARS)
    tally.found += found
    tally.present += present


# --- Targets ------------------------------------------------------------------------------------


def _known_targets(run: Run, read: Read[AttachmentFile]) -> list[Target]:
    """The things an attachment is on that are imported; the report names the others."""
    known = []
    for target in read.document.targets:
        if target.kind != "comment" and target.kind not in _PROFILES:
            run.report.warn(read.path, f"is on something of the unknown type {target.kind[:40]!r}, which is left out")
        elif _new_id(run, target) is None:
            run.report.warn(read.path, f"is on {target.kind} {target.old_id}, which is not imported")
        else:
            known.append(target)
    return known


def _new_id(run: Run, target: Target) -> int | None:
    if target.kind in _PROFILES:
        return run.profiles.get(target.old_id) if target.old_id != UNKNOWN else None
    if target.old_id in run.imagined_comments:
        return 0
    return run.new_ids(ItemType.COMMENT, [target.old_id]).get(str(target.old_id))


# --- Bytes --------------------------------------------------------------------------------------


def _take(
    run: Run,
    folder: str,
    read: Read[AttachmentFile],
    batch: _Batch,
    *,
    targets: Sequence[Target] | None,
) -> None:
    """Store the bytes and note what they are attached to; without known targets, or with bad bytes, it is left out."""
    if targets is not None and not targets:
        run.report.skip(folder, read.path, "is attached to nothing that is imported")
        return
    try:
        prepared = prepare_content(run, read.document)
        if any(target.kind in _PROFILES for target in targets or ()) and prepared.width is None:
            raise FileError("is no picture, which an avatar has to be")
    except FileError as error:
        run.report.skip(folder, read.path, str(error))
        return
    run.report.tally(folder).imported += 1
    if not run.is_dry:
        with prepared.content:
            author_id, file = _store(run, read, prepared)
        batch.file_ids[map_key(folder, read.document.old_id)] = file.id
        for target in targets or ():
            _attach(run, read, batch, file=file, target=target, author_id=author_id)


def _store(run: Run, read: Read[AttachmentFile], prepared: Prepared) -> tuple[int, File]:
    """Who attached it, and the file, which belongs to them."""
    author_id = run.author(read.document.author_id, path=read.path)
    is_known = author_id != run.profiles[UNKNOWN]
    users = queries.profile_users(site_id=run.place.site_id, profile_ids=[author_id]) if is_known else {}
    file = store_file(
        prepared,
        site_id=run.place.site_id,
        user_id=users.get(author_id),
        profile_id=author_id,
        created_at=read.document.created_at or run.now,
    )
    return author_id, file


def _attach(run: Run, read: Read[AttachmentFile], batch: _Batch, *, file: File, target: Target, author_id: int) -> None:
    name = clean_file_name(read.document.name) if read.document.name.strip() else ""
    extension = extension_of(name) or UNKNOWN_EXTENSION
    created_at: datetime = read.document.created_at or run.now
    target_id = _new_id(run, target)
    if target_id is None:
        raise AssertionError("only known targets are attached to")
    if target.kind in _PROFILES:
        batch.on_profiles.append(
            ImportedPicture(
                profile_id=target_id,
                file_id=file.id,
                name=name,
                extension=extension,
                created_at=created_at,
                created_by_id=author_id if read.document.author_id != UNKNOWN else target_id,
            )
        )
        if target.is_current:
            batch.shown.setdefault(target_id, file_path(file.hash, extension))
    else:
        batch.on_comments.append(
            ImportedAttachment(
                comment_id=target_id,
                file_id=file.id,
                name=name,
                extension=extension,
                created_at=created_at,
                created_by_id=author_id,
            )
        )


def _write(run: Run, batch: _Batch) -> None:
    if batch.file_ids:
        with transaction.atomic():
            import_attachments(batch.on_comments)
            import_pictures(batch.on_profiles)
            show_avatars(batch.shown, site_id=run.place.site_id)
            record_imports(batch.file_ids, origin_id=run.place.origin_id, kind=ItemType.ATTACHMENT)

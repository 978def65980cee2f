"""Storing files: the bytes first, then the row; and what is made of them afterwards."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from apps.core import clock
from apps.core.events import publish
from apps.core.recounting import Difference, repair
from apps.files.errors import UploadExpired
from apps.files.events import FileStored
from apps.files.images import Picture, make_thumbnails
from apps.files.models import File, PendingFile, Thumbnail, Upload
from apps.files.preparing import Prepared
from apps.files.queries import file_by_hash, statements
from apps.files.sizes import sides_below
from apps.files.sniffing import PICTURES
from apps.files.storage import file_storage, stored_name
from apps.jobs.services import defer

log = logging.getLogger(__name__)

#: How old bytes without a row are before they are removed; no upload takes that long.
ORPHANED_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class StoredFile:
    """A file of the site, and what this upload called it."""

    file: File
    name: str


def store_files(
    prepared: list[Prepared], *, site_id: int, user_id: int | None, profile_id: int | None = None
) -> list[StoredFile]:
    """Store each file unless the site has its bytes already; in the order given."""
    stored = [
        StoredFile(file=store_file(one, site_id=site_id, user_id=user_id, profile_id=profile_id), name=one.name)
        for one in prepared
    ]
    if user_id is not None:
        # Whoever sends bytes again decides anew who may have them.
        again = [one.file.id for one in stored if one.file.is_withdrawn]
        File.objects.filter(id__in=again).update(is_withdrawn=False)
        uploads = [Upload(file=one.file, user_id=user_id) for one in stored]
        Upload.objects.bulk_create(uploads, ignore_conflicts=True)
    return stored


def store_file(
    prepared: Prepared,
    *,
    site_id: int,
    user_id: int | None,
    profile_id: int | None = None,
    created_at: datetime | None = None,
) -> File:
    """The site's file with these bytes; made if it has none. Must not be called inside a transaction.

    A note that bytes are on their way is committed before they are written, and goes away in the transaction that makes
    their row. So a row never exists without its bytes, and bytes without a row are always known to the sweeper.
    """
    known = file_by_hash(site_id, prepared.hash)
    if known is not None:
        return known
    PendingFile.objects.bulk_create(
        [PendingFile(site_id=site_id, hash=prepared.hash, started_at=clock.now())],
        update_conflicts=True,
        unique_fields=["site", "hash"],
        update_fields=["started_at"],
    )
    prepared.content.seek(0)
    file_storage().save(stored_name(site_id=site_id, hash=prepared.hash), prepared.content)
    return _record_file(
        prepared, site_id=site_id, user_id=user_id, profile_id=profile_id, created_at=created_at or clock.now()
    )


@transaction.atomic
def _record_file(
    prepared: Prepared, *, site_id: int, user_id: int | None, profile_id: int | None, created_at: datetime
) -> File:
    """Give bytes that are in place their row."""
    noted, _ = PendingFile.objects.filter(site_id=site_id, hash=prepared.hash).delete()
    if not noted and file_by_hash(site_id, prepared.hash) is None:
        # The sweeper took this for the leftovers of a dead process and removed the bytes.
        raise UploadExpired
    file, created = File.objects.get_or_create(
        site_id=site_id,
        hash=prepared.hash,
        defaults={
            "name": prepared.name,
            "mime_type": prepared.mime_type,
            "extension": prepared.extension,
            "size": prepared.size,
            "width": prepared.width,
            "height": prepared.height,
            "uploaded_by_id": user_id,
            "created_at": created_at,
        },
    )
    if created:
        publish(FileStored(site_id=site_id, actor_id=profile_id, file_id=file.id))
        if _missing_sides(file):
            defer("files.make_thumbnails", file_id=file.id)
    return file


def count_link(*, file_id: int) -> None:
    """Something has the file now; call it in the transaction that writes the link."""
    File.objects.filter(id=file_id).update(attach_count=F("attach_count") + 1)


@transaction.atomic
def withdraw(links: Mapping[int, int]) -> None:
    """So many links to each of some files end; call it in the transaction that ends them.

    Who could not have a file while something had it cannot have it now either: only those can who have sent it.
    """
    # In the order of ids, so that two never wait for each other.
    for file_id, count in sorted(links.items()):
        File.objects.filter(id=file_id).update(attach_count=Greatest(F("attach_count") - count, 0), is_withdrawn=True)


def make_missing_thumbnails(*, file_id: int) -> int:
    """Make the thumbnails that a picture ought to have and lacks; returns how many. Runs outside a transaction."""
    file = File.objects.filter(id=file_id).first()
    sides = _missing_sides(file) if file else []
    if file is None or not sides:
        return 0
    storage = file_storage()
    name = stored_name(site_id=file.site_id, hash=file.hash)
    original = b"".join(storage.open_slice(name, start=0, length=file.size))
    for side, picture in make_thumbnails(original, mime_type=file.mime_type, sides=sides):
        # Named by what it was made of: whoever makes it again writes the same.
        storage.save(stored_name(site_id=file.site_id, hash=file.hash, side=side), ContentFile(picture.data))
        Thumbnail.objects.bulk_create([_thumbnail(file, side=side, picture=picture)], ignore_conflicts=True)
    return len(sides)


def _missing_sides(file: File) -> list[int]:
    if file.mime_type not in PICTURES or not file.width or not file.height:
        return []
    made = set(Thumbnail.objects.filter(file_id=file.id).values_list("side", flat=True))
    return [side for side in sides_below((file.width, file.height)) if side not in made]


def _thumbnail(file: File, *, side: int, picture: Picture) -> Thumbnail:
    return Thumbnail(
        file=file,
        side=side,
        mime_type=picture.mime_type,
        size=len(picture.data),
        width=picture.width,
        height=picture.height,
    )


def sweep_orphans(*, before: datetime | None = None) -> int:
    """Remove bytes that processes wrote and died before giving them a row; returns how many files it were."""
    before = before or clock.now() - ORPHANED_AFTER
    pending = PendingFile.objects.filter(started_at__lt=before).order_by("id").values_list("site_id", "hash", "id")
    swept = sum(_sweep(site_id=site_id, hash=hash, id=id, before=before) for site_id, hash, id in pending)
    leftovers = file_storage().remove_leftovers(before=before)
    if swept or leftovers:
        log.info("removed %d orphaned files and %d unfinished ones", swept, leftovers)
    return swept


@transaction.atomic
def _sweep(*, site_id: int, hash: str, id: int, before: datetime) -> bool:
    """Remove the bytes of one note and the note; whoever uploads the same meanwhile waits and writes them anew."""
    noted, _ = PendingFile.objects.filter(id=id, site_id=site_id, started_at__lt=before).delete()
    if not noted or file_by_hash(site_id, hash) is not None:
        return False
    file_storage().delete(stored_name(site_id=site_id, hash=hash))
    return True


# --- Repair ---------------------------------------------------------------------------------------


def repair_counters(*, site_id: int) -> list[Difference]:
    """Count how often each file of a site is attached again and correct what differs.

    Locks one row at a time, and none whose numbers are right.
    """
    return repair(
        File.objects.filter(site_id=site_id),
        fields=("attach_count",),
        differing=lambda ids: statements.differing_files.rows(site_id=site_id, file_ids=ids),
    )

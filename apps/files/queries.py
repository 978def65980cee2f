"""Statements over files."""

from typing import Any

from apps.core.sql import Statements
from apps.files.models import File, Upload

statements = Statements(__file__)


def readable_file(*, site_id: int, profile_id: int, hash: str) -> Any | None:
    """The row of a file that a profile (0: a guest) may have, with `is_public`; None for a missing or hidden one."""
    return statements.readable_file.row(site_id=site_id, profile_id=profile_id, hash=hash)


def thumbnail_of(*, site_id: int, file_id: int, side: int) -> Any | None:
    """The row of a thumbnail; None until it has been made."""
    return statements.thumbnail.row(site_id=site_id, file_id=file_id, side=side)


def file_by_hash(site_id: int, hash: str) -> File | None:
    """The site's file with these bytes; whether anyone may read it is not asked."""
    return File.objects.filter(site_id=site_id, hash=hash).first()


def attachable_file(*, site_id: int, profile_id: int, user_id: int, hash: str) -> File | None:
    """The site's file that somebody may attach: they may read it, or have sent its bytes themselves.

    Knowing the hash of what is hidden is not enough: who attaches a file lets others read it (X3).
    """
    file = file_by_hash(site_id, hash)
    if file is None:
        return None
    if readable_file(site_id=site_id, profile_id=profile_id, hash=hash) is not None:
        return file
    return file if Upload.objects.filter(file=file, user_id=user_id).exists() else None

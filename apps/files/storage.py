"""Where bytes are: a Django storage that writes a file whole or not at all and reads any part of it.

`settings.STORAGES["default"]` names one of ours: `LocalFileStorage`, or `apps.files.s3.S3FileStorage`.
"""

import os
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol, cast

from django.core.files.storage import FileSystemStorage, storages

CHUNK_BYTES = 64 * 1024


class Slice(Protocol):
    """Pieces of a file, one after the other; `close()` frees what they are read from."""

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes: ...

    def close(self) -> None:
        """Stop reading."""


class FileStorage(Protocol):
    """What the app asks of a storage."""

    def save(self, name: str, content: Any) -> str:
        """Write the file whole or not at all; one of the same name is replaced."""

    def delete(self, name: str) -> None:
        """Remove the file; one that is not there is no error."""

    def open_slice(self, name: str, *, start: int, length: int) -> Slice:
        """`length` bytes from `start` on; raises FileNotFoundError."""

    def remove_leftovers(self, *, before: datetime) -> int:
        """Remove what processes left behind that died while writing; returns how many."""


def file_storage() -> FileStorage:
    """The storage of the settings."""
    return cast(FileStorage, storages["default"])


def stored_name(*, site_id: int, hash: str, side: int | None = None) -> str:
    """Where the bytes of a file or of its thumbnail are; the site is part of it."""
    suffix = "" if side is None else f"-{side}"
    return f"files/{site_id}/{hash[:2]}/{hash}{suffix}"


class FileSlice:
    """A part of a file on disk."""

    def __init__(self, path: str, *, start: int, length: int) -> None:
        self._file = Path(path).open("rb")  # noqa: SIM115 - closed by close(), which the server calls
        self._file.seek(start)
        self._left = length

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self._file.read(min(CHUNK_BYTES, self._left)) if self._left else b""
        if not chunk:
            self.close()
            raise StopIteration
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Close the file."""
        self._left = 0
        self._file.close()


class LocalFileStorage(FileSystemStorage):
    """Files below MEDIA_ROOT. A file appears there complete and on the disk, or not at all."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself: files are named by their content, so another writer writes the same."""
        return name

    def _save(self, name: str, content: Any) -> str:
        path, incoming = Path(self.path(name)), self._incoming()
        incoming.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = incoming / uuid.uuid4().hex
        try:
            with temporary.open("xb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_directory(path.parent)
        return name

    def open_slice(self, name: str, *, start: int, length: int) -> Slice:
        """`length` bytes from `start` on."""
        return FileSlice(self.path(name), start=start, length=length)

    def remove_leftovers(self, *, before: datetime) -> int:
        """Remove temporary files older than `before`."""
        old = [path for path in self._incoming().glob("*") if path.stat().st_mtime < before.timestamp()]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _incoming(self) -> Path:
        """Temporary files: on the same disk, so that moving one is a single step."""
        return Path(self.path("incoming"))


def _sync_directory(path: Path) -> None:
    """Make sure that a new name survives a power cut as well."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_all(source: IO[bytes]) -> bytes:
    """The whole of a file from its beginning."""
    source.seek(0)
    return source.read()

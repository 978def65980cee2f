"""The files of an export: a directory, or a tar archive that is read once from front to back.

Nothing of an archive is unpacked under its own name. The files in it are written one after the other into one
anonymous temporary file, and only as long as the archive keeps to the limits.
"""

import gzip
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import orjson

FOLDERS = ("profiles", "forums", "conversations", "comments", "messages", "attachments", "follows", "roles")
INDEX = "index.json"
MAX_ID = 2**63 - 1
_GZIP = b"\x1f\x8b"
_DIGITS = re.compile(r"[0-9]{1,40}")
#: Where the content of a file starts that is not kept.
_TOO_LARGE = (-1, 0)


class ExportError(Exception):
    """The export as a whole cannot be read, or is not safe to read."""


@dataclass(frozen=True)
class Limits:
    """How much an export may hold before it is taken for a trap."""

    max_files: int = 10_000_000
    #: The largest upload as base64, and the JSON around it.
    max_file_bytes: int = 48 * 1024 * 1024
    max_total_bytes: int = 256 * 1024**3


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file of an export and the old id of what is in it."""

    old_id: int
    path: str


@dataclass
class Listing:
    """The files of one type by old id, and what is wrong with those that are left out."""

    files: list[ExportFile] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


class Storage(Protocol):
    """Where the files of an export are; paths are relative to its root, with forward slashes."""

    def paths(self, folder: str) -> Iterator[str]:
        """The JSON files below a folder, in no particular order."""

    def holds(self, path: str) -> bool:
        """Whether there is such a file inside the export."""

    def read(self, path: str) -> bytes:
        """The content of a file; raises OSError."""


class Export:
    """A dump of a forum in the export format."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def read(self, path: str) -> bytes:
        """The content of a file; raises OSError when it cannot be read or is too large."""
        return self._storage.read(path)

    def find(self, folder: str, wanted: str) -> str | None:
        """The path meant by a file of a folder: from the root of the export, or from the folder; None if not there."""
        path = re.sub(r"/+", "/", wanted).removeprefix("./").removeprefix("/")
        if not _is_safe(path):
            return None
        return next((spelling for spelling in (path, f"{folder}/{path}") if self._storage.holds(spelling)), None)

    def listing(self, folder: str) -> Listing:
        """The files of a type in order of their ids: those of its index, or all that are there."""
        index = f"{folder}/{INDEX}"
        listing = self._indexed(folder, index) if self._storage.holds(index) else self._walked(folder)
        listing.files.sort(key=lambda file: (file.old_id, file.path))
        _drop_repeated(listing)
        return listing

    def _walked(self, folder: str) -> Listing:
        listing = Listing()
        for path in self._storage.paths(folder):
            digits = path.removeprefix(f"{folder}/").removesuffix(".json").replace("/", "")
            old_id = int(digits) if _DIGITS.fullmatch(digits) else None
            _add(listing, path=path, old_id=old_id)
        return listing

    def _indexed(self, folder: str, index: str) -> Listing:
        listing = Listing()
        for entry in _index_entries(self._storage.read(index), index):
            wanted = entry.get("path")
            if not isinstance(wanted, str):
                listing.problems.append((index, "an entry has no path"))
                continue
            path = self.find(folder, wanted) if wanted.endswith(".json") else None
            if path is None:
                listing.problems.append((wanted[:200], "is named in the index but is not in the export"))
                continue
            _add(listing, path=path, old_id=entry.get("id"))
        return listing


def _index_entries(content: bytes, index: str) -> list[dict[str, object]]:
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ExportError(f"{index} is no JSON: {error}") from error
    entries = document.get("files") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ExportError(f"{index} has no list of files")
    return [entry if isinstance(entry, dict) else {} for entry in entries]


def _add(listing: Listing, *, path: str, old_id: object) -> None:
    if isinstance(old_id, bool) or not isinstance(old_id, int):
        listing.problems.append((path, "has no numeric id"))
    elif not 0 < old_id <= MAX_ID:
        listing.problems.append((path, f"has the id {old_id}: ids are 1 to {MAX_ID}"))
    else:
        listing.files.append(ExportFile(old_id=old_id, path=path))


def _drop_repeated(listing: Listing) -> None:
    kept: list[ExportFile] = []
    for file in listing.files:
        if kept and kept[-1].old_id == file.old_id:
            listing.problems.append((file.path, f"has the id {file.old_id} of {kept[-1].path}"))
        else:
            kept.append(file)
    listing.files = kept


def _is_safe(path: str) -> bool:
    parts = path.split("/")
    return not path.startswith("/") and "\\" not in path and "\0" not in path and ".." not in parts and "" not in parts


# --- A directory --------------------------------------------------------------------------------


class DirectoryStorage:
    """An export as a directory; links that lead out of it are not followed."""

    def __init__(self, root: Path, *, limits: Limits) -> None:
        self._root = root.resolve()
        self._limits = limits

    def paths(self, folder: str) -> Iterator[str]:
        """The JSON files below a folder."""
        count = 0
        for directory, _, names in os.walk(self._root / folder):
            for name in names:
                count += 1
                if count > self._limits.max_files:
                    raise ExportError(f"{folder} has more than {self._limits.max_files:,} files")
                if name.endswith(".json") and name != INDEX:
                    yield (Path(directory) / name).relative_to(self._root).as_posix()

    def holds(self, path: str) -> bool:
        """Whether there is such a file inside the directory."""
        try:
            found = (self._root / path).resolve()
            return found.is_relative_to(self._root) and found.is_file()
        except (OSError, RuntimeError):
            # A name that is too long for any file, or links that lead round in a circle.
            return False

    def read(self, path: str) -> bytes:
        """The content of a file."""
        try:
            found = (self._root / path).resolve()
        except RuntimeError as error:
            raise OSError("leads round in a circle") from error
        if not found.is_relative_to(self._root):
            raise OSError("leads out of the export")
        if not found.is_file():
            raise OSError("is no file")
        if found.stat().st_size > self._limits.max_file_bytes:
            raise OSError(f"is larger than {self._limits.max_file_bytes:,} bytes")
        return found.read_bytes()


# --- An archive ---------------------------------------------------------------------------------


class ArchiveStorage:
    """The files of a tar archive, spooled into one temporary file."""

    def __init__(self, spool: BinaryIO) -> None:
        self._spool = spool
        #: Path to where the content starts, and its length.
        self._places: dict[str, tuple[int, int]] = {}

    def keep(self, path: str, content: bytes) -> None:
        """Take a file in; of two with one path the later one counts, as in any tar archive."""
        self._places[path] = (self._spool.seek(0, os.SEEK_END), len(content))
        self._spool.write(content)

    def note_large(self, path: str) -> None:
        """Remember that there is a file which is too large to be taken in."""
        self._places[path] = _TOO_LARGE

    def strip(self, root: str) -> None:
        """Make paths relative to a folder of the archive."""
        self._places = {path.removeprefix(root): place for path, place in self._places.items() if path.startswith(root)}

    def paths(self, folder: str = "") -> Iterator[str]:
        """The JSON files below a folder, or all of them."""
        prefix = f"{folder}/" if folder else ""
        for path in self._places:
            if path.startswith(prefix) and path.endswith(".json") and path.rsplit("/", 1)[-1] != INDEX:
                yield path

    def holds(self, path: str) -> bool:
        """Whether there is such a file in the archive."""
        return path in self._places

    def read(self, path: str) -> bytes:
        """The content of a file."""
        if path not in self._places:
            raise OSError("is not in the archive")
        if self._places[path] == _TOO_LARGE:
            raise OSError("is too large")
        start, length = self._places[path]
        self._spool.seek(start)
        return self._spool.read(length)


class _Guarded:
    """A decompressed archive that refuses to become too large, whatever its headers claim."""

    def __init__(self, file: BinaryIO, *, limits: Limits) -> None:
        self._file, self._limits = file, limits

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > self._limits.max_file_bytes:
            raise ExportError(f"the archive holds something larger than {self._limits.max_file_bytes:,} bytes")
        content = self._file.read(size)
        self._check(self._file.tell())
        return content

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        self._check(position)
        return self._file.seek(position, whence)

    def tell(self) -> int:
        return self._file.tell()

    def _check(self, position: int) -> None:
        if position > self._limits.max_total_bytes:
            raise ExportError(f"the archive unpacks to more than {self._limits.max_total_bytes:,} bytes")


@contextmanager
def open_export(path: Path, *, limits: Limits = Limits()) -> Iterator[Export]:
    """The export in a directory or .tar(.gz) file, at its top or in the one folder there; raises ExportError."""
    if path.is_dir():
        yield Export(DirectoryStorage(_root_directory(path), limits=limits))
        return
    if not path.is_file():
        raise ExportError(f"{path} is neither a directory nor a file")
    with tempfile.TemporaryFile() as spool:
        storage = ArchiveStorage(spool)  # type: ignore[arg-type]
        try:
            _spool(path, storage, limits=limits)
        except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ExportError(f"{path} is no readable tar archive: {error}") from error
        storage.strip(_root_folder(storage, path))
        yield Export(storage)


def _root_directory(path: Path) -> Path:
    if any((path / folder).is_dir() for folder in FOLDERS):
        return path
    inner = [entry for entry in sorted(path.iterdir()) if entry.is_dir() and not entry.is_symlink()]
    if len(inner) == 1 and any((inner[0] / folder).is_dir() for folder in FOLDERS):
        return inner[0]
    raise ExportError(f"{path} holds none of the folders {', '.join(FOLDERS)}")


def _root_folder(storage: ArchiveStorage, path: Path) -> str:
    tops = {name.split("/", 1)[0] for name in storage.paths()}
    if tops & set(FOLDERS):
        return ""
    inner = {name.split("/")[1] for name in storage.paths() if name.count("/") > 1}
    if len(tops) == 1 and inner & set(FOLDERS):
        return f"{tops.pop()}/"
    raise ExportError(f"{path} holds none of the folders {', '.join(FOLDERS)}")


def _spool(path: Path, storage: ArchiveStorage, *, limits: Limits) -> None:
    with path.open("rb") as file:
        is_compressed = file.read(2) == _GZIP
        file.seek(0)
        plain = gzip.GzipFile(fileobj=file) if is_compressed else file
        guarded = _Guarded(plain, limits=limits)  # type: ignore[arg-type]
        with tarfile.open(fileobj=guarded, mode="r:") as archive:  # type: ignore[call-overload]
            count = 0
            while (member := archive.next()) is not None:
                count += 1
                if count > limits.max_files:
                    raise ExportError(f"the archive has more than {limits.max_files:,} files")
                _take(archive, member, storage, limits=limits)
                # tarfile remembers every member, which is memory that grows with the archive.
                archive.members.clear()


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, storage: ArchiveStorage, *, limits: Limits) -> None:
    name = member.name.removeprefix("./")
    if member.isdir():
        return
    if not member.isreg() or member.issparse():
        raise ExportError(f"{member.name!r} in the archive is a link or a device, which no export has")
    if not _is_safe(name):
        raise ExportError(f"{member.name!r} in the archive is no safe path")
    if member.size > limits.max_file_bytes:
        if name.endswith(".json"):
            raise ExportError(f"{member.name!r} in the archive is larger than {limits.max_file_bytes:,} bytes")
        storage.note_large(name)
        return
    content = archive.extractfile(member)
    if content is None:
        raise ExportError(f"{member.name!r} in the archive has no content")
    storage.keep(name, content.read())

"""Where an export goes: a directory or a tar archive, complete or not there at all.

Files hold names, addresses and private messages, so only their owner may read them.
"""

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import orjson

from apps.transfer.importer.archive import INDEX, Limits

#: A longer index is left out: importers refuse a file of that size, and the ids are in the paths as well.
MAX_INDEX_BYTES = Limits.max_file_bytes
_ARCHIVES = (".tar.gz", ".tgz", ".tar")
#: The same for every member, so that two exports of one state are the same.
_MEMBER_TIME = 0


class Target(Protocol):
    """Takes the files of an export."""

    def write(self, path: str, content: IO[bytes], size: int) -> None:
        """One file, at a path from the root of the export."""


class _Directory:
    """Files of a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: set[str] = set()

    def write(self, path: str, content: IO[bytes], size: int) -> None:
        """One file; nothing has its path already."""
        folder = path.rpartition("/")[0]
        if folder not in self._known:
            (self._root / folder).mkdir(parents=True, exist_ok=True)
            # Ids come in order, so a folder that is left behind is hardly ever needed again.
            self._known = {folder}
        with (self._root / path).open("xb") as file:
            shutil.copyfileobj(content, file)


class _Archive:
    """Members of a tar archive."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive

    def write(self, path: str, content: IO[bytes], size: int) -> None:
        """One member."""
        member = tarfile.TarInfo(path)
        member.size, member.mtime, member.mode = size, _MEMBER_TIME, 0o600
        self._archive.addfile(member, content)
        # tarfile remembers every member, which is memory that grows with the archive.
        self._archive.members.clear()  # type: ignore[attr-defined]


class _Nowhere:
    """Takes everything and keeps nothing: what a dry run writes to."""

    def write(self, path: str, content: IO[bytes], size: int) -> None:
        """Nothing is written."""


def write_document(target: Target, path: str, document: dict[str, Any]) -> None:
    """One JSON file."""
    content = orjson.dumps(document, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
    target.write(path, io.BytesIO(content), len(content))


class Folder:
    """The files of one type, and their index."""

    def __init__(self, name: str, target: Target, *, index: IO[bytes]) -> None:
        self._name, self._target, self._index = name, target, index
        self.count = 0

    def write(self, id_: int, document: dict[str, Any], **listed: str) -> None:
        """One thing; `listed` is what the index says of it beside its id and path."""
        path = f"{self._name}/{split_id(id_)}.json"
        write_document(self._target, path, document)
        self._index.write(b",\n" if self.count else b"")
        self._index.write(orjson.dumps({"id": id_, "path": path, **listed}))
        self.count += 1


@contextmanager
def open_folder(name: str, target: Target) -> Iterator[Folder]:
    """A folder whose index is written when all of its files are."""
    with tempfile.TemporaryFile() as index:
        index.write(b'{"type": "%b", "files": [\n' % name.encode())
        yield Folder(name, target, index=index)
        index.write(b"\n]}\n")
        size = index.tell()
        if size <= MAX_INDEX_BYTES:
            index.seek(0)
            target.write(f"{name}/{INDEX}", index, size)


def split_id(id_: int) -> str:
    """The digits of an id in groups of three, so that no directory becomes too full: 1234567 is 1/234/567."""
    return f"{id_:,}".replace(",", "/")


@contextmanager
def open_target(path: Path, *, is_dry: bool = False) -> Iterator[Target]:
    """A new export at a path that nothing is at yet; what is not finished is removed. Raises FileExistsError."""
    path = Path(os.path.abspath(path))
    if os.path.lexists(path):
        raise FileExistsError(f"{path} exists already")
    if is_dry:
        yield _Nowhere()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same directory, so that it can take its place in one step; mkdtemp keeps others out.
    workspace = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        if path.name.endswith(_ARCHIVES):
            unfinished = workspace / "archive"
            with unfinished.open("xb") as file:
                os.chmod(file.fileno(), 0o600)
                mode = "w" if path.name.endswith(".tar") else "w:gz"
                with tarfile.open(fileobj=file, mode=mode, format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
                    yield _Archive(archive)
        else:
            unfinished = workspace / "directory"
            unfinished.mkdir(mode=0o700)
            yield _Directory(unfinished)
        if os.path.lexists(path):
            raise FileExistsError(f"{path} exists already")
        unfinished.rename(path)
    finally:
        shutil.rmtree(workspace)

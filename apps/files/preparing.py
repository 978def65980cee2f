"""From what somebody sent to what is stored: sniffed, cleaned, scaled, hashed."""

import hashlib
import io
from dataclasses import dataclass
from typing import IO

from django.conf import settings

from apps.core.errors import OutOfRange
from apps.files.errors import BadImage, FileTooLarge
from apps.files.images import prepare_picture
from apps.files.names import clean_file_name, extension_of
from apps.files.sizes import Box
from apps.files.sniffing import HEAD_BYTES, PICTURES, UNCLEANABLE, kind_of
from apps.files.storage import read_all

_CHUNK_BYTES = 1024 * 1024
_PICTURE_EXTENSIONS = {"gif", "jpg", "jpeg", "png", "webp"}
#: What a file without any extension is said to have (contract A 25.2).
_NO_EXTENSION = "unk"


@dataclass(frozen=True)
class Prepared:
    """Bytes ready to be stored; `content` is open."""

    content: IO[bytes]
    name: str
    hash: str
    size: int
    mime_type: str
    extension: str
    width: int | None = None
    height: int | None = None


def prepare_file(content: IO[bytes], *, name: str, claimed_type: str = "", box: Box | None = None) -> Prepared:
    """What is stored of a file.

    Raises FileTooLarge, OutOfRange for an empty one, and BadImage for a picture that cannot be read, which includes
    everything that calls itself a picture by name or type and is none.
    """
    size = content.seek(0, io.SEEK_END)
    if size > settings.MAX_FILE_BYTES:
        raise FileTooLarge.over_limit()
    if size == 0:
        raise OutOfRange("a file is empty")
    name = clean_file_name(name)
    content.seek(0)
    kind = kind_of(content.read(HEAD_BYTES))
    named = extension_of(name)
    if kind.is_picture:
        return _prepare_picture(content, name=name, mime_type=kind.mime_type, box=box or Box())
    if kind.mime_type in UNCLEANABLE:
        raise BadImage("pictures are taken as GIF, JPEG, PNG and WebP; this format may tell where it was taken")
    if named in _PICTURE_EXTENSIONS or claimed_type.lower() in PICTURES:
        raise BadImage("the file is not the picture that it says it is")
    return Prepared(
        content=content,
        name=name,
        hash=_hash_of(content),
        size=size,
        mime_type=kind.mime_type,
        # Only the extension of a picture is put right: WEB takes them by their names.
        extension="svg" if kind.extension == "svg" else named or kind.extension or _NO_EXTENSION,
    )


def _prepare_picture(content: IO[bytes], *, name: str, mime_type: str, box: Box) -> Prepared:
    picture = prepare_picture(read_all(content), mime_type=mime_type, box=box)
    stored = io.BytesIO(picture.data)
    return Prepared(
        content=stored,
        name=name,
        hash=_hash_of(stored),
        size=len(picture.data),
        mime_type=picture.mime_type,
        extension=PICTURES[mime_type],
        width=picture.width,
        height=picture.height,
    )


def _hash_of(content: IO[bytes]) -> str:
    """The public id: SHA-1, as the contract says; nothing is trusted because of it."""
    digest = hashlib.sha1(usedforsecurity=False)
    content.seek(0)
    while chunk := content.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()

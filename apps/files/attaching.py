"""What attachments of everything have in common: the file meant, its name, and the rule for its size."""

from dataclasses import dataclass

from django.conf import settings

from apps.core.errors import OutOfRange
from apps.files.models import File
from apps.files.names import clean_file_name, extension_of
from apps.files.queries import attachable_file

#: The extension of what has no name (contract A 25.2).
UNKNOWN_EXTENSION = "unk"


class UnknownFile(OutOfRange):
    """There is no file with this hash."""


@dataclass(frozen=True)
class Choice:
    """A file that somebody attaches, and what they call it."""

    file: File
    name: str
    extension: str


def choose_file(*, site_id: int, profile_id: int, user_id: int, hash: str, name: str) -> Choice:
    """The file of a site with a hash; raises UnknownFile also for one that the caller may not read."""
    file = attachable_file(site_id=site_id, profile_id=profile_id, user_id=user_id, hash=hash.strip().lower())
    if file is None:
        raise UnknownFile
    if file.size > settings.MAX_FILE_BYTES:
        raise OutOfRange(f"an attachment may have {settings.MAX_FILE_BYTES} bytes")
    name = clean_file_name(name) if name.strip() else ""
    return Choice(file=file, name=name, extension=extension_of(name) or UNKNOWN_EXTENSION)


def file_path(hash: str, extension: str) -> str:
    """Where the bytes are: with the extension, if it is known."""
    return f"/api/v1/files/{hash}" if extension == UNKNOWN_EXTENSION else f"/api/v1/files/{hash}.{extension}"

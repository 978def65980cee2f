"""What attachments of everything have in common: the file meant, its name, and the rule for its size."""

import re
from dataclasses import dataclass

from django.conf import settings

from apps.core.errors import OutOfRange
from apps.files.models import File
from apps.files.names import clean_file_name, extension_of
from apps.files.queries import attachable_file
from apps.sites.hosts import SiteInfo

#: The extension of what has no name (contract A 25.2).
UNKNOWN_EXTENSION = "unk"
#: The host, if there is one, and the hash in the address of a file; `fn.names_file` reads addresses in the same way.
_ADDRESS = re.compile(r"(?:https?://([^/]*))?/api/v1/files/([0-9a-f]{40})")


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


def check_picture(url: str, *, site: SiteInfo, profile_id: int, user_id: int) -> None:
    """Raise UnknownFile for the address of a file of the site that somebody may not attach, known or not.

    Whoever sees the picture of a site or of a microcosm may have its file, so it must not open what is hidden (X3).
    """
    found = _ADDRESS.match(url)
    if found is None:
        return
    host, hash = (found[1] or "").lower(), found[2]
    is_own = not host or host.startswith(f"{site.key}.") or host == site.domain
    if is_own and attachable_file(site_id=site.id, profile_id=profile_id, user_id=user_id, hash=hash) is None:
        raise UnknownFile


def file_path(hash: str, extension: str) -> str:
    """Where the bytes are: with the extension, if it is known."""
    return f"/api/v1/files/{hash}" if extension == UNKNOWN_EXTENSION else f"/api/v1/files/{hash}.{extension}"

"""The bytes of an export's attachments: inside their JSON as a data URL, or in a file of the export beside it."""

import base64
import binascii
import io
import re
from urllib.parse import unquote

from apps.core.errors import OutOfRange
from apps.files.errors import BadImage, FileTooLarge
from apps.files.names import MAX_NAME
from apps.files.preparing import Prepared, prepare_file
from apps.transfer.importer.documents import AttachmentFile
from apps.transfer.importer.fields import FileError
from apps.transfer.importer.run import Run

_BLANKS = re.compile(r"\s+")
#: Where the paths of attachments may also start.
_FOLDER = "attachments"


def prepare_content(run: Run, file: AttachmentFile) -> Prepared:
    """What is stored of an attachment, checked and cleaned as an upload is; raises FileError."""
    content = _content(run, file.content_url)
    try:
        return prepare_file(io.BytesIO(content), name=file.file_name[-MAX_NAME:], claimed_type=file.mime_type)
    except (FileTooLarge, BadImage, OutOfRange) as error:
        raise FileError(f"is not taken: {error}") from error


def _content(run: Run, url: str) -> bytes:
    if url[:5].lower() == "data:":
        return _decoded(url)
    wanted = unquote(url.removeprefix("file:"))
    path = run.export.find(_FOLDER, wanted) if wanted else None
    if path is None:
        raise FileError(f"its bytes are not in the export: {url[:200]!r}" if url else "has no contentUrl")
    try:
        return run.export.read(path)
    except OSError as error:
        raise FileError(f"its bytes cannot be read: {path}: {error.strerror or error}") from error


def _decoded(url: str) -> bytes:
    """Everything after the first comma is base64 (export-format 2.6)."""
    try:
        return base64.b64decode(_BLANKS.sub("", url.partition(",")[2]), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FileError(f"its data URL is no base64: {error}") from error

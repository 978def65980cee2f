"""Uploads: the file parts of a multipart body, read piece by piece into temporary files."""

import re
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.http import UnreadablePostError
from django.utils.http import parse_header_parameters
from rest_framework.parsers import BaseParser

from apps.core.errors import OutOfRange, UnknownBodyType, UnreadableBody
from apps.files.errors import FileTooLarge

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,199}[0-9A-Za-z'()+_,./:=?-]")
_CHUNK_BYTES = 64 * 1024
_MAX_HEADER_BYTES = 8192
#: Smaller files stay in memory.
_SPOOLED_BYTES = 1024 * 1024
_PLAIN_ENCODINGS = ("", "binary", "7bit", "8bit")


@dataclass(frozen=True)
class Upload:
    """One file part; `content` is an open temporary file."""

    #: As sent, not cleaned.
    name: str
    #: As sent: good for finding out that something is not what it is meant to be, and for nothing else.
    claimed_type: str
    content: IO[bytes]
    size: int


class UploadParser(BaseParser):
    """Reads a multipart body into a list of `Upload`; whoever gets it closes the files."""

    media_type = "*/*"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (parser_context or {})["request"]
        kind, options = _header_parameters(request.META.get("CONTENT_TYPE", ""))
        if kind != "multipart/form-data":
            raise UnknownBodyType("files are sent as multipart/form-data")
        boundary = options.get("boundary", "")
        if not _BOUNDARY.fullmatch(boundary):
            raise UnreadableBody("the boundary of the body is missing or not valid")
        # The server reads no further than the length that was announced.
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_UPLOAD_BYTES:
            raise FileTooLarge(f"an upload may have {settings.MAX_UPLOAD_BYTES} bytes")
        return _Reader(stream, boundary=boundary.encode()).uploads()


def close_uploads(uploads: Iterable[Upload]) -> None:
    """Remove the temporary files."""
    for upload in uploads:
        upload.content.close()


class _Reader:
    """A multipart body, of which never more than a few pieces are in memory."""

    def __init__(self, stream: IO[bytes], *, boundary: bytes) -> None:
        self._stream = stream
        self._delimiter = b"\r\n--" + boundary
        # The first delimiter may stand at the very beginning.
        self._buffer = b"\r\n"
        self._count = 0

    def uploads(self) -> list[Upload]:
        """All parts that have a file name."""
        uploads = []
        with ExitStack() as opened:
            self._copy_part(None)
            while not self._is_last():
                self._count += 1
                if self._count > settings.MAX_UPLOAD_PARTS:
                    raise OutOfRange(f"an upload may have {settings.MAX_UPLOAD_PARTS} parts")
                upload = self._part(opened)
                if upload is not None:
                    uploads.append(upload)
            opened.pop_all()
        return uploads

    def _part(self, opened: ExitStack) -> Upload | None:
        headers = self._headers()
        _, disposition = _header_parameters(headers.get("content-disposition", ""))
        if headers.get("content-transfer-encoding", "").lower() not in _PLAIN_ENCODINGS:
            raise UnreadableBody("a part has a transfer encoding")
        name = disposition.get("filename", "")
        if not name:
            self._copy_part(None)
            return None
        content = tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES)  # noqa: SIM115 - handed on
        opened.callback(content.close)
        size = self._copy_part(content)
        claimed_type, _ = _header_parameters(headers.get("content-type", ""))
        return Upload(name=name, claimed_type=claimed_type, content=content, size=size)

    def _is_last(self) -> bool:
        """Whether the delimiter just read ends the body."""
        while len(self._buffer) < 2 and self._fill():
            pass
        return self._buffer.startswith(b"--")

    def _headers(self) -> dict[str, str]:
        """The header lines of a part, by their names in lower case."""
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > _MAX_HEADER_BYTES or not self._fill():
                raise UnreadableBody("a part has no end of its headers")
        block, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        padding, *lines = block.split(b"\r\n")
        if padding.strip(b" \t") or len(block) > _MAX_HEADER_BYTES:
            raise UnreadableBody("the headers of a part cannot be read")
        headers = {}
        for line in lines:
            name, _, value = line.decode(errors="replace").partition(":")
            headers[name.strip().lower()] = value.strip()
        return headers

    def _copy_part(self, target: IO[bytes] | None) -> int:
        """Everything up to the next delimiter, which is passed over; returns how many bytes it was."""
        size = 0
        while True:
            found = self._buffer.find(self._delimiter)
            # What may be the beginning of a delimiter waits for more.
            ready = found if found >= 0 else max(len(self._buffer) - len(self._delimiter) + 1, 0)
            size += ready
            if target is not None:
                if size > settings.MAX_FILE_BYTES:
                    raise FileTooLarge.over_limit()
                target.write(self._buffer[:ready])
            if found >= 0:
                self._buffer = self._buffer[found + len(self._delimiter) :]
                return size
            self._buffer = self._buffer[ready:]
            if not self._fill():
                raise UnreadableBody("the body ends before its last part does")

    def _fill(self) -> bool:
        try:
            chunk = self._stream.read(_CHUNK_BYTES)
        except UnreadablePostError as error:
            raise UnreadableBody("the connection ended before the body did") from error
        self._buffer += chunk
        return bool(chunk)


def _header_parameters(value: str) -> tuple[str, dict[str, str]]:
    """The value of a header in lower case and its parameters by their names in lower case."""
    if len(value) > _MAX_HEADER_BYTES:
        raise UnreadableBody("a header of the body is too long")
    try:
        kind, options = parse_header_parameters(value)
    except (ValueError, LookupError, TypeError) as error:
        raise UnreadableBody("a header of the body cannot be read") from error
    return kind, {name.lower(): option for name, option in options.items()}

"""Routes of files: uploads, and the bytes themselves (docs/api/files.md)."""

import logging
from datetime import timedelta
from typing import Any

from django.utils.http import content_disposition_header, http_date
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from apps.core import clock
from apps.core.api import Answer, Api
from apps.core.errors import Missing, OutOfRange, WrongType
from apps.core.openapi import LAX_FLAG, NUMBER_OR_EMPTY, operation, query_parameter
from apps.files.names import download_name
from apps.files.parsing import UploadParser, close_uploads
from apps.files.preparing import prepare_file
from apps.files.queries import readable_file, thumbnail_of
from apps.files.ranges import is_unchanged, requested_range
from apps.files.serializers import FileOutput
from apps.files.services import store_files
from apps.files.shapes import uploaded_file
from apps.files.sizes import THUMBNAIL_SIDE, Box, side_for
from apps.files.sniffing import PICTURES
from apps.files.storage import file_storage, stored_name

log = logging.getLogger(__name__)

_YEAR = timedelta(days=365)
_MAX_SIDE_DIGITS = 9
#: Shared caches ask again after a second, so that what is hidden is hidden everywhere at once (C3).
_PUBLIC = "public, max-age=31536000, s-maxage=1, immutable"
#: What not everybody may have is asked for anew each time, and answered with 304 if it may still be had.
_RESTRICTED = "private, no-cache"
#: The thumbnail has not been made yet: ask again soon.
_PROVISIONAL = "private, max-age=10"
_EXPOSED = "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, X-Request-Id"

_BOX_PARAMETERS = (
    query_parameter("maxWidth", NUMBER_OR_EMPTY, "Pixels; 0 is any."),
    query_parameter("maxHeight", NUMBER_OR_EMPTY, "Pixels; 0 is any."),
)
_UPLOAD_BODY = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}},
        "required": ["files"],
    }
}


class FileList(Api):
    """`/files` (contract A 24.1)."""

    parser_classes = [UploadParser]

    @operation(
        "Upload files",
        answer=FileOutput(many=True),
        body=_UPLOAD_BODY,
        query=_BOX_PARAMETERS,
        errors=(413,),
    )
    def post(self, request: Request) -> Answer:
        """Every part with a file name is stored, whatever its field is called; pictures are scaled down to the box."""
        profile_id = self.viewer.require_profile()
        box = _box(request)
        uploads = request.data if isinstance(request.data, list) else []
        try:
            if not uploads:
                raise OutOfRange("the body has no part with a file name")
            # All are checked before any is stored: an upload is taken whole or not at all.
            prepared = [
                prepare_file(upload.content, name=upload.name, claimed_type=upload.claimed_type, box=box)
                for upload in uploads
            ]
            stored = store_files(
                prepared, site_id=self.viewer.site_id, user_id=self.viewer.user_id, profile_id=profile_id
            )
        finally:
            close_uploads(uploads)
        return Answer([uploaded_file(one) for one in stored])


class FileDetail(Api):
    """`/files/{hash}[.ext]` (contract A 24.2)."""

    @operation(
        "The bytes of a file",
        answer={"type": "string", "format": "binary"},
        raw="*/*",
        success=(200, 206, 304),
        errors=(416,),
        query=(
            *_BOX_PARAMETERS,
            query_parameter("thumbnail", LAX_FLAG, f"A still picture of at most {THUMBNAIL_SIDE} pixels each way."),
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One range of bytes."),
            OpenApiParameter("If-Range", str, OpenApiParameter.HEADER, description="An ETag or a date."),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="ETags."),
            OpenApiParameter("If-Modified-Since", str, OpenApiParameter.HEADER, description="A date."),
        ),
    )
    def get(self, request: Request, file_hash: str) -> Answer:
        """An extension in the address is ignored."""
        box = Box(THUMBNAIL_SIDE, THUMBNAIL_SIDE) if self.query_flag("thumbnail") else _box(request)
        file = readable_file(
            site_id=self.viewer.site_id, profile_id=self.viewer.profile_id, hash=file_hash.partition(".")[0]
        )
        if file is None:
            raise Missing
        side = side_for((file.width, file.height), box=box) if file.width and file.height else None
        smaller = thumbnail_of(site_id=self.viewer.site_id, file_id=file.id, side=side) if side else None
        headers = _headers(file, smaller=smaller, is_final=side is None or smaller is not None)
        return self._bytes(file, smaller=smaller, headers=headers)

    def _bytes(self, file: Any, *, smaller: Any | None, headers: dict[str, str]) -> Answer:
        """The whole, a part, or that the client has it already."""
        etag, size = headers["ETag"], (smaller or file).size
        if is_unchanged(self.request.headers, etag=etag, modified_at=file.created_at):
            kept = ("ETag", "Last-Modified", "Cache-Control", "Expires", "Access-Control-Expose-Headers")
            return Answer(raw=b"", status=304, headers={name: headers[name] for name in kept if name in headers})
        if self.request.method == "HEAD":
            # A range is a matter of GET alone (RFC 9110, 14.2).
            return Answer(raw=b"", headers=headers | {"Content-Length": str(size)})
        part = requested_range(self.request.headers, size=size, etag=etag, modified_at=file.created_at)
        start, length = (part.start, part.length) if part else (0, size)
        name = stored_name(site_id=self.viewer.site_id, hash=file.hash, side=smaller.side if smaller else None)
        try:
            stream = file_storage().open_slice(name, start=start, length=length)
        except FileNotFoundError as error:
            log.error("the bytes of file %s are not in the storage", name)
            raise Missing from error
        headers["Content-Length"] = str(length)
        if part:
            headers["Content-Range"] = f"bytes {part.start}-{part.end}/{size}"
        return Answer(stream=stream, status=206 if part else 200, headers=headers)


def _headers(file: Any, *, smaller: Any | None, is_final: bool) -> dict[str, str]:
    """What is said about the bytes; only pictures that were decoded here are shown in the page."""
    mime_type = smaller.mime_type if smaller else file.mime_type
    extension = PICTURES.get(mime_type, file.extension)
    disposition = content_disposition_header(mime_type not in PICTURES, download_name(file.name, extension=extension))
    headers = {
        "Content-Type": mime_type,
        "Content-Disposition": disposition or "attachment",
        # Whatever it is, it runs nothing, loads nothing and belongs to no origin.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "ETag": f'"{file.hash}-{smaller.side}"' if smaller else f'"{file.hash}"',
        "Last-Modified": http_date(int(file.created_at.timestamp())),
        "Accept-Ranges": "bytes",
        "Access-Control-Expose-Headers": _EXPOSED,
        "Cache-Control": _RESTRICTED if not file.is_public else _PUBLIC if is_final else _PROVISIONAL,
    }
    if file.is_public and is_final:
        headers["Expires"] = http_date((clock.now() + _YEAR).timestamp())
    return headers


def _box(request: Request) -> Box:
    return Box(_pixels(request, "maxWidth"), _pixels(request, "maxHeight"))


def _pixels(request: Request, name: str) -> int:
    text = request.query_params.get(name) or "0"
    if not (text.isascii() and text.isdigit()):
        raise WrongType(f"{name} must be a whole number, 0 or more")
    if len(text) > _MAX_SIDE_DIGITS:
        raise OutOfRange(f"{name} is too large")
    return int(text)

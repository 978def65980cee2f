"""What bytes are, by looking at them; what the client says about them is never believed."""

import re
from dataclasses import dataclass

import filetype

#: How much of a file is looked at.
HEAD_BYTES = 8192
#: Pictures that are decoded, cleaned and shown in the page.
PICTURES = {"image/gif": "gif", "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
#: Photographs that may tell where they were taken and that are not cleaned here.
UNCLEANABLE = {"image/heic", "image/heif", "image/avif", "image/tiff", "image/x-canon-cr2", "image/vnd.ms-photo",
               "image/jp2", "image/jpx", "image/jxl"}  # fmt: skip
_SVG = re.compile(rb"<(?:[a-z][\w.-]*:)?svg[\s>/]", re.IGNORECASE)
_HTML_ANYWHERE = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe)[\s>/]", re.IGNORECASE)
_HTML_FIRST = re.compile(
    rb"<(?:style|title|meta|link|table|div|span|p|h1|br|img|a|b|object|embed)[\s>/]", re.IGNORECASE
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MARKS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True)
class Kind:
    """A type of content and the extension that goes with it; "" leaves the one of the file's name."""

    mime_type: str
    extension: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether it is shown in the page."""
        return self.mime_type in PICTURES


def kind_of(head: bytes) -> Kind:
    """The kind of a file that begins with `head`."""
    head = head[:HEAD_BYTES]
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")) or _is_webp(head):
        mime_type = _picture_type(head)
        return Kind(mime_type, PICTURES[mime_type])
    if head.startswith(b"%PDF-"):
        return Kind("application/pdf", "pdf")
    guess = filetype.guess(head)
    if guess is not None and not _is_markup(head):
        # The library calls some tables and archives by names of its own; only plain ones go on the wire.
        mime_type = guess.mime if re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", guess.mime) else "application/octet-stream"
        return Kind("application/octet-stream" if mime_type in PICTURES else mime_type, guess.extension)
    return _text_kind(head)


def _picture_type(head: bytes) -> str:
    if head.startswith(b"\x89PNG"):
        return "image/png"
    if head.startswith(b"\xff\xd8"):
        return "image/jpeg"
    return "image/gif" if head.startswith(b"GIF") else "image/webp"


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_markup(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n\x0c").startswith(b"<")


def _text_kind(head: bytes) -> Kind:
    """Text of some sort, or bytes nobody knows."""
    text = _as_ascii_superset(head)
    start = text.lstrip(b" \t\r\n\x0c")
    if start.startswith(b"<") and _SVG.search(text):
        return Kind("image/svg+xml", "svg")
    if _HTML_ANYWHERE.search(text) or _HTML_FIRST.match(start):
        return Kind("text/html")
    if start.lower().startswith(b"<?xml"):
        return Kind("application/xml")
    if _CONTROL.search(text):
        return Kind("application/octet-stream")
    return Kind("text/plain")


def _as_ascii_superset(head: bytes) -> bytes:
    """Text in an encoding whose markup can be searched for; two bytes a character become one or more."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return head[2 : len(head) // 2 * 2].decode(encoding, errors="ignore").encode(errors="ignore")
    return head.removeprefix(b"\xef\xbb\xbf")

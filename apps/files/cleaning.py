"""Pictures without what they tell beside the picture: EXIF, GPS, XMP, comments, text chunks, thumbnails, appended data.

The parts of a file that draw it are copied as they are, so nothing is lost, the same picture cleaned again is the same
file, and whatever stands behind its end is gone. Each function returns the file anew and how many frames it has, and
raises `Malformed` for a file that is not built as its format demands.
"""

import re
from collections.abc import Callable, Iterator

#: Parts of one file; only a hostile file has more.
_MAX_PARTS = 500_000
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]")
#: SOF, DHT, DAC, DQT, DRI, SOS, DNL, DHP, EXP: what draws a JPEG. APPn and COM are not in it.
_JPEG_KEPT = {*range(0xC0, 0xD0), 0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF}
_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
#: What draws a PNG, its colours and its animation.
_PNG_KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"cICP",
             b"acTL", b"fcTL", b"fdAT"}  # fmt: skip
_GIF_KEPT_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_WEBP_KEPT = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_WEBP_EXIF_AND_XMP = 0x08 | 0x04


class Malformed(Exception):
    """The file is not built as its format demands."""


class TooManyParts(Malformed):
    """The file is in more pieces than any picture: whoever reads it would work for long."""


def clean_picture(data: bytes, *, mime_type: str) -> tuple[bytes, int]:
    """The picture without metadata and the number of its frames."""
    try:
        return _CLEANERS[mime_type](data)
    except IndexError as error:
        raise Malformed("the file ends too early") from error


def _clean_jpeg(data: bytes) -> tuple[bytes, int]:
    out, at = bytearray(b"\xff\xd8"), 2
    for _ in range(_MAX_PARTS):
        if data[at] != 0xFF:
            raise Malformed("no marker where one has to be")
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker == 0xD9:
            return bytes(out + b"\xff\xd9"), 1
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        end = at + _checked(int.from_bytes(data[at : at + 2], "big"), minimum=2)
        segment = data[at + 2 : end]
        _check_end(data, end)
        out += _jpeg_segment(marker, segment)
        at = end
        if marker == 0xDA:
            found = _END_OF_SCAN.search(data, at)
            end = found.start() if found else len(data)
            out += data[at:end]
            at = end
    raise TooManyParts("too many parts")


def _jpeg_segment(marker: int, segment: bytes) -> bytes:
    """A segment as it is kept; of JFIF only the mark itself, because it may hold a picture of the uncut original."""
    if marker == 0xE0 and segment.startswith(b"JFIF\0"):
        return _JFIF
    is_colour = (marker == 0xE2 and segment.startswith(b"ICC_PROFILE\0")) or (
        marker == 0xEE and segment.startswith(b"Adobe") and len(segment) == 12
    )
    if marker not in _JPEG_KEPT and not is_colour:
        return b""
    return bytes((0xFF, marker)) + (len(segment) + 2).to_bytes(2, "big") + segment


def _clean_png(data: bytes) -> tuple[bytes, int]:
    out, at, frames = bytearray(data[:8]), 8, 0
    for _ in range(_MAX_PARTS):
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + length
        _check_end(data, end)
        frames += name == b"fcTL"
        if name in _PNG_KEPT:
            out += data[at:end]
        if name == b"IEND":
            return bytes(out), max(frames, 1)
        at = end
    raise TooManyParts("too many parts")


def _clean_gif(data: bytes) -> tuple[bytes, int]:
    at = 13 + _gif_palette_bytes(data[10])
    _check_end(data, at)
    out, frames = bytearray(data[:at]), 0
    for _ in range(_MAX_PARTS):
        # Without a trailer the file is whole if it ends between two blocks.
        kind = data[at] if at < len(data) else 0x3B
        if kind == 0x3B:
            if not frames:
                raise Malformed("no picture in it")
            return bytes(out + b"\x3b"), frames
        if kind == 0x2C:
            frames += 1
            start = at + 11 + _gif_palette_bytes(data[at + 9])
            end = _gif_end_of_blocks(data, start)
            out += data[at:end]
        elif kind == 0x21:
            end = _gif_end_of_blocks(data, at + 2)
            if _is_kept_extension(data[at:end]):
                out += data[at:end]
        else:
            raise Malformed("an unknown block")
        at = end
    raise TooManyParts("too many parts")


def _is_kept_extension(block: bytes) -> bool:
    """Timing and transparency of a frame, and how often the animation repeats."""
    return block[1] == 0xF9 or (block[1] == 0xFF and block[3:14] in _GIF_KEPT_APPLICATIONS and len(block) <= 32)


def _gif_palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_end_of_blocks(data: bytes, at: int) -> int:
    """Where a chain of data blocks ends, its terminator included."""
    for _ in range(_MAX_PARTS):
        length = data[at]
        at += length + 1
        if length == 0:
            return at
    raise TooManyParts("too many parts")


def _clean_webp(data: bytes) -> tuple[bytes, int]:
    end = _checked(int.from_bytes(data[4:8], "little"), minimum=4) + 8
    if end > len(data):
        raise Malformed("the file ends too early")
    out, frames = bytearray(), 0
    for name, chunk in _webp_chunks(data, start=12, end=end):
        if name == b"VP8X":
            chunk = bytes((chunk[0] & ~_WEBP_EXIF_AND_XMP,)) + chunk[1:]
        elif name == b"ANMF":
            frames += 1
            inner = _webp_chunks(chunk, start=16, end=len(chunk))
            chunk = chunk[:16] + b"".join(_webp_chunk(n, c) for n, c in inner if n in _WEBP_KEPT)
        if name in _WEBP_KEPT:
            out += _webp_chunk(name, chunk)
    return b"RIFF" + (len(out) + 4).to_bytes(4, "little") + b"WEBP" + bytes(out), max(frames, 1)


def _webp_chunks(data: bytes, *, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    at = start
    for _ in range(_MAX_PARTS):
        if at >= end:
            return
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        _check_end(data, at + 8 + length)
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    raise TooManyParts("too many parts")


def _webp_chunk(name: bytes, chunk: bytes) -> bytes:
    return name + len(chunk).to_bytes(4, "little") + chunk + b"\0" * (len(chunk) % 2)


def webp_canvas(data: bytes) -> tuple[int, int]:
    """The size a WebP says it has; asked before any decoder sees the file, since decoders allocate it at once."""
    for name, chunk in _webp_chunks(data, start=12, end=len(data)):
        if name == b"VP8X" and len(chunk) >= 10:
            return int.from_bytes(chunk[4:7], "little") + 1, int.from_bytes(chunk[7:10], "little") + 1
        if name == b"VP8L" and len(chunk) >= 5:
            bits = int.from_bytes(chunk[1:5], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        if name == b"VP8 " and len(chunk) >= 10:
            return int.from_bytes(chunk[6:8], "little") & 0x3FFF, int.from_bytes(chunk[8:10], "little") & 0x3FFF
    raise Malformed("no picture in it")


def _checked(length: int, *, minimum: int) -> int:
    if length < minimum:
        raise Malformed("a length is too small")
    return length


def _check_end(data: bytes, end: int) -> None:
    if end > len(data):
        raise Malformed("the file ends too early")


_CLEANERS: dict[str, Callable[[bytes], tuple[bytes, int]]] = {
    "image/gif": _clean_gif,
    "image/jpeg": _clean_jpeg,
    "image/png": _clean_png,
    "image/webp": _clean_webp,
}

"""Pictures: checked, upright, scaled down, and without anything that is not the picture."""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from PIL import Image, ImageSequence, JpegImagePlugin

from apps.files.cleaning import Malformed, TooManyParts, clean_picture, webp_canvas
from apps.files.errors import BadImage
from apps.files.sizes import Box

_FORMATS = {"image/gif": "GIF", "image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
#: Pixels of all frames of an animation together, in pictures of the largest size.
_LARGEST_ANIMATION = 2
#: Scans of a JPEG: encoders make about ten, and with each of them decoders walk over the whole picture.
_MAX_SCANS = 100
_START_OF_SCAN = b"\xff\xda"
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: What Pillow raises for files that are no pictures or broken ones.
_UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, KeyError, OverflowError, struct.error,
    zlib.error, Image.DecompressionBombError,
)  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """An encoded picture."""

    data: bytes
    mime_type: str
    width: int
    height: int


@contextmanager
def _reading() -> Iterator[None]:
    """Turn what Pillow raises for a broken picture into BadImage."""
    try:
        yield
    except _UNREADABLE as error:
        raise BadImage(f"the picture cannot be read: {error}"[:300]) from error


def prepare_picture(data: bytes, *, mime_type: str, box: Box) -> Picture:
    """What is stored of an uploaded picture: the picture alone, upright, not larger than `box`.

    Raises BadImage for what cannot be decoded and for what would take too much memory or time to show. A picture that
    is upright and small enough keeps its own encoding, so that cleaning it again changes nothing.
    """
    cleaned, frames = _cleaned(data, mime_type=mime_type)
    drawn = data
    if mime_type == "image/jpeg":
        # Decoded as it was cleaned, so that nothing of what is thrown away makes work or counts as a scan.
        drawn = cleaned or data
        _check_scans(drawn)
    with _reading(), _opened(drawn, mime_type=mime_type) as image:
        _check_pixels(image.size, frames=frames)
        orientation = 1
        if frames == 1:
            orientation = _orientation_of(image) if drawn is data else _orientation_in(data, mime_type=mime_type)
        size = image.size[::-1] if orientation >= 5 else image.size
        target = box.fit(size)
        if cleaned and orientation == 1 and target == size:
            return _verified(cleaned, mime_type=mime_type)
        if frames > 1:
            return _scaled_animation(image, mime_type=mime_type, size=target)
        return _encoded(_upright(image, orientation, size=target), mime_type=mime_type, source=image, size=target)


def _cleaned(data: bytes, *, mime_type: str) -> tuple[bytes | None, int]:
    """The file without metadata; None if it is built oddly, but may still be decoded and made anew."""
    try:
        if mime_type == "image/webp":
            _check_pixels(webp_canvas(data), frames=1)
        cleaned, frames = clean_picture(data, mime_type=mime_type)
    except Malformed as error:
        if mime_type == "image/webp" or isinstance(error, TooManyParts):
            raise BadImage(f"the picture cannot be read: {error}") from error
        return None, 1
    if frames > settings.MAX_IMAGE_FRAMES:
        raise BadImage(f"an animation may have {settings.MAX_IMAGE_FRAMES} frames")
    return cleaned, frames


def _opened(data: bytes, *, mime_type: str) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=[_FORMATS[mime_type]])


def _check_pixels(size: tuple[int, int], *, frames: int) -> None:
    pixels, limit = size[0] * size[1], settings.MAX_IMAGE_PIXELS
    if pixels > limit or pixels * frames > limit * _LARGEST_ANIMATION:
        raise BadImage(f"a picture may have {limit} pixels, an animation {limit * _LARGEST_ANIMATION} in all frames")


def _check_scans(data: bytes) -> None:
    """Refuse too many; the marker is looked for in all bytes, as decoders find it behind whatever is broken, too."""
    if data.count(_START_OF_SCAN) > _MAX_SCANS:
        raise BadImage(f"a JPEG may have {_MAX_SCANS} scans")


def _verified(cleaned: bytes, *, mime_type: str) -> Picture:
    """The cleaned file, once it has been decoded."""
    with _opened(cleaned, mime_type=mime_type) as image:
        image.load()
        return Picture(cleaned, mime_type, *image.size)


def _orientation_in(data: bytes, *, mime_type: str) -> int:
    with _opened(data, mime_type=mime_type) as image:
        return _orientation_of(image)


def _orientation_of(image: Image.Image) -> int:
    """How the camera was held; 1 if nothing sensible says so."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except _UNREADABLE:
        return 1
    return orientation if orientation in _UPRIGHT else 1


def _upright(image: Image.Image, orientation: int, *, size: tuple[int, int]) -> Image.Image:
    """The decoded first frame, turned and scaled to `size` (which is that of the turned picture)."""
    target = size[::-1] if orientation >= 5 else size
    if target != image.size:
        # Lets the JPEG decoder leave out what is scaled away anyway.
        image.draft(image.mode, (target[0] * 2, target[1] * 2))
    image.load()
    result = image
    if target != result.size:
        result = _smooth(image).resize(target, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return result.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else result


def _smooth(image: Image.Image) -> Image.Image:
    """The picture in a mode whose pixels can be averaged."""
    if "transparency" in image.info or image.mode in ("PA", "La"):
        return image.convert("RGBA")
    if image.mode == "P":
        return image.convert(image.palette.mode if image.palette and image.palette.mode == "RGBA" else "RGB")
    if image.mode.startswith("I"):
        return image.convert("I").point([value >> 8 for value in range(65536)], "L")
    return (
        image
        if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK")
        else image.convert("L" if image.mode == "1" else "RGB")
    )


def _encoded(image: Image.Image, *, mime_type: str, source: Image.Image, size: tuple[int, int]) -> Picture:
    """The picture in the format it came in; a JPEG that was only turned keeps its own precision."""
    options: dict[str, Any] = {"icc_profile": source.info.get("icc_profile")}
    if mime_type == "image/jpeg":
        options |= {"optimize": True, "quality": 88}
        if sorted(size) == sorted(source.size) and isinstance(source, JpegImagePlugin.JpegImageFile):
            options |= {"qtables": source.quantization, "subsampling": JpegImagePlugin.get_sampling(source)}
            del options["quality"]
    elif mime_type == "image/webp":
        options |= {"quality": 90}
    # Everything else that Pillow read would be written again.
    image.info = {key: value for key, value in image.info.items() if key == "transparency"}
    out = io.BytesIO()
    image.save(out, _FORMATS[mime_type], **options)
    return Picture(out.getvalue(), mime_type, *size)


def _scaled_animation(image: Image.Image, *, mime_type: str, size: tuple[int, int]) -> Picture:
    frames, durations = [], []
    loop = image.info.get("loop")
    for frame in ImageSequence.Iterator(image):
        _check_pixels(frame.size, frames=1)
        # Pillow knows how long a frame is shown only once it is decoded.
        frames.append(frame.convert("RGBA").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))
        durations.append(int(frame.info.get("duration") or 0))
    options: dict[str, Any] = {} if loop is None else {"loop": loop}
    if mime_type == "image/gif":
        options["disposal"] = 2
    for frame in frames:
        frame.info = {}
    out = io.BytesIO()
    frames[0].save(out, _FORMATS[mime_type], save_all=True, append_images=frames[1:], duration=durations, **options)
    return Picture(out.getvalue(), mime_type, *size)


def make_thumbnails(data: bytes, *, mime_type: str, sides: list[int]) -> Iterator[tuple[int, Picture]]:
    """Still, smaller copies of a stored picture by the length of their longer side, largest first."""
    with _reading(), _opened(data, mime_type=mime_type) as image:
        size = image.size
        _check_pixels(size, frames=1)
        # Pictures without a palette keep their kind; of an animation the first frame is shown.
        kind = "image/png" if mime_type == "image/gif" else mime_type
        profile = image.info.get("icc_profile")
        current: Image.Image | None = None
        for side in sorted(sides, reverse=True):
            target = Box(side, side).fit(size)
            if current is None:
                current = _upright(image, 1, size=target)
            else:
                current = current.resize(target, Image.Resampling.LANCZOS, reducing_gap=3.0)
            current.info = {"icc_profile": profile} if profile else {}
            yield side, _thumbnail(current, mime_type=kind)


def _thumbnail(image: Image.Image, *, mime_type: str) -> Picture:
    options: dict[str, Any] = {"image/jpeg": {"quality": 85, "optimize": True}, "image/webp": {"quality": 85}}.get(
        mime_type, {}
    )
    out = io.BytesIO()
    image.save(out, _FORMATS[mime_type], icc_profile=image.info.get("icc_profile"), **options)
    return Picture(out.getvalue(), mime_type, *image.size)

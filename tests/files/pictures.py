"""Pictures that tell more than they show."""

import io
import struct
import zlib
from typing import Any

from PIL import Image, PngImagePlugin

#: Stands in every kind of metadata; no stored byte may hold it.
SECRET = b"51.5007N-SECRET"
ORIENTATION, GPS, MAKE, COMMENT = 0x0112, 0x8825, 0x010F, 0x9286


def encode(image: Image.Image, format: str, **options: Any) -> bytes:
    """The bytes of a picture."""
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def gradient(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture whose corners can be told apart."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    image.paste((255, 0, 0), (0, 0, max(width // 4, 1), max(height // 4, 1)))
    return image.convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    """EXIF with a place, a camera and an orientation."""
    data = Image.Exif()
    data[ORIENTATION] = orientation
    data[MAKE] = SECRET.decode()
    data.get_ifd(GPS).update({1: "N", 2: (51.0, 30.0, 2.6), 3: "W", 4: (0.0, 7.0, 28.0), 29: SECRET.decode()})
    return data


def jpeg(width: int = 40, height: int = 20, *, orientation: int = 1, **options: Any) -> bytes:
    """A JPEG with EXIF, GPS, XMP, a comment, a JFIF thumbnail's place and something behind its end."""
    data = encode(
        gradient(width, height),
        "JPEG",
        exif=exif(orientation),
        comment=SECRET,
        quality=90,
        xmp=b"<x>" + SECRET,
        **options,
    )
    return data + b"appended" + SECRET


def png(width: int = 40, height: int = 20, mode: str = "RGB", *, orientation: int = 1, **options: Any) -> bytes:
    """A PNG with EXIF, text chunks of all three kinds, a time and something behind its end."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Location", SECRET.decode())
    info.add_text("Compressed", SECRET.decode() * 3, zip=True)
    info.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    info.add(b"tIME", b"\x07\xea\x01\x01\x01\x01\x01")
    info.add(b"prVt", SECRET)
    return (
        encode(gradient(width, height, mode), "PNG", exif=exif(orientation), pnginfo=info, dpi=(72, 72), **options)
        + SECRET
    )


def gif(frames: int = 1, width: int = 40, height: int = 20) -> bytes:
    """A GIF with a comment, an XMP block and something behind its end."""
    images = [gradient(width, height).rotate(90 * n) for n in range(frames)]
    more = {"save_all": True, "append_images": images[1:], "duration": 70, "loop": 3} if frames > 1 else {}
    data = encode(images[0], "GIF", comment=SECRET, **more)
    xmp = b"\x21\xff\x0bXMP DataXMP" + bytes((len(SECRET),)) + SECRET + b"\0"
    return data[:-1] + xmp + b"\x3b" + b"<script>" + SECRET


def webp(frames: int = 1, width: int = 40, height: int = 20, *, orientation: int = 1, **options: Any) -> bytes:
    """A WebP with EXIF and XMP and something behind its end."""
    images = [gradient(width, height).rotate(90 * n) for n in range(frames)]
    more = {"save_all": True, "append_images": images[1:], "duration": 70, "loop": 3} if frames > 1 else {}
    return encode(images[0], "WEBP", exif=exif(orientation), xmp=b"<x>" + SECRET, **more, **options) + SECRET


def decoded(data: bytes) -> Image.Image:
    """The picture in some bytes."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def png_chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_bomb(width: int, height: int) -> bytes:
    """A few bytes that say they are a huge picture."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + png_chunk(b"IEND", b"")


def jpeg_of_scans(count: int, width: int = 40, height: int = 20, **options: Any) -> bytes:
    """A JPEG whose last scan, of twelve bytes, comes so often that there are `count` of them."""
    whole = encode(Image.new("L", (width, height), 128), "JPEG", progressive=True, **options)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * (count - whole.count(b"\xff\xda")) + whole[-2:]


def webp_bomb(width: int, height: int) -> bytes:
    """An animation whose canvas alone would take more than a gigabyte."""
    small = webp(2)
    at = small.index(b"VP8X") + 8
    return small[: at + 4] + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little") + small[at + 10 :]


def gif_of_frames(count: int) -> bytes:
    """A GIF with many tiny frames, some twenty bytes each."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return head + frame * count + b"\x3b"

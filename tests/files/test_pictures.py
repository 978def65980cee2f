"""X3: what is stored of a picture is the picture alone, and nothing else is taken for one."""

import io
import random
import time
import zlib
from typing import Any

import pytest
from PIL import Image

from apps.files.cleaning import clean_picture
from apps.files.models import File
from apps.files.sniffing import kind_of
from tests.client import ApiClient
from tests.files.pictures import (
    GPS,
    SECRET,
    decoded,
    encode,
    exif,
    gif,
    gif_of_frames,
    gradient,
    jpeg,
    jpeg_of_scans,
    png,
    png_bomb,
    png_chunk,
    webp,
    webp_bomb,
)
from tests.files.uploads import upload

pytestmark = pytest.mark.django_db
KINDS = {"jpeg": jpeg(), "png": png(), "gif": gif(), "webp": webp(), "animated gif": gif(4), "animated webp": webp(4)}


def stored(client: ApiClient, content: bytes, **options: Any) -> bytes:
    """The bytes that come back of an upload."""
    (entry,) = upload(client, content, **options).data
    return client.get(f"files/{entry['fileHash']}").content


# --- Metadata --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("query", ["", "?maxWidth=30", "?maxWidth=4000"])
def test_x3_metadata_is_gone_from_the_stored_bytes(uploader: ApiClient, kind: str, query: str) -> None:
    assert SECRET in KINDS[kind]
    content = stored(uploader, KINDS[kind], query=query)
    image = decoded(content)
    assert image.size == ((30, 15) if query == "?maxWidth=30" else (40, 20))
    assert SECRET not in content
    assert not image.getexif()
    assert not image.getexif().get_ifd(GPS)
    assert not set(image.info) & {
        "exif",
        "xmp",
        "comment",
        "Location",
        "Compressed",
        "XML:com.adobe.xmp",
        "dpi",
        "parsed_exif",
    }


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_x3_pictures_are_turned_upright_and_forget_how_they_were_held(
    uploader: ApiClient, kind: str, orientation: int
) -> None:
    made = {"jpeg": jpeg, "png": png, "webp": webp}[kind](
        orientation=orientation, **({"lossless": True} if kind == "webp" else {})
    )
    content = stored(uploader, made)
    image = decoded(content).convert("RGB")
    assert image.size == ((20, 40) if orientation >= 5 else (40, 20))
    assert SECRET not in content
    # Where the red corner has to be once the picture stands upright (TIFF 6.0, tag 274).
    right, bottom = orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8)
    corner = (image.width - 2 if right else 1, image.height - 2 if bottom else 1)
    red, green, blue = image.getpixel(corner)
    assert red > 200
    assert max(green, blue) < 60


def test_x3_a_turned_picture_is_scaled_as_it_is_seen(uploader: ApiClient) -> None:
    (entry,) = upload(uploader, jpeg(400, 200, orientation=6), query="?maxWidth=50").data
    assert (entry["width"], entry["height"]) == (50, 100)


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "animated gif", "animated webp"])
def test_cleaning_changes_no_pixel_and_cleaning_again_no_byte(kind: str) -> None:
    mime_type = f"image/{kind.split()[-1]}"
    cleaned, frames = clean_picture(KINDS[kind], mime_type=mime_type)
    assert frames == (4 if "animated" in kind else 1)
    assert decoded(cleaned).tobytes() == decoded(KINDS[kind]).tobytes()
    assert clean_picture(cleaned, mime_type=mime_type) == (cleaned, frames)


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"restart_marker_blocks": 1}, {"subsampling": 0}, {"streamtype": 0}]
)
def test_jpegs_of_every_build_are_cleaned(options: dict[str, Any]) -> None:
    made = encode(gradient(300, 200), "JPEG", exif=exif(), **options)
    cleaned, _ = clean_picture(made, mime_type="image/jpeg")
    assert decoded(cleaned).tobytes() == decoded(made).tobytes()
    assert b"Exif" not in cleaned


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("query", ["", "?maxWidth=20"])
def test_pngs_of_every_mode_are_taken(uploader: ApiClient, mode: str, query: str) -> None:
    source = Image.new("I;16", (40, 20), 40000) if mode == "I;16" else gradient(40, 20, mode)
    image = decoded(stored(uploader, encode(source, "PNG"), query=query))
    assert image.size == ((20, 10) if query else (40, 20))
    if mode == "I;16" and query:
        assert image.getpixel((3, 3)) == 40000 >> 8


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("query", ["", "?maxWidth=20"])
def test_jpegs_of_every_mode_are_taken(uploader: ApiClient, mode: str, orientation: int, query: str) -> None:
    content = stored(uploader, encode(gradient(40, 20, mode), "JPEG", exif=exif(orientation)), query=query)
    assert decoded(content).mode == mode
    assert SECRET not in content


@pytest.mark.parametrize("query", ["", "?maxWidth=30"])
def test_transparency_survives(uploader: ApiClient, query: str) -> None:
    source = gradient(40, 20, "RGBA")
    source.putalpha(Image.new("L", (40, 20), 0))
    for format in ("PNG", "WEBP", "GIF"):
        assert decoded(stored(uploader, encode(source, format), query=query)).convert("RGBA").getpixel((20, 8))[3] == 0
    palette = gradient(40, 20).quantize(8)
    content = stored(uploader, encode(palette, "PNG", transparency=palette.getpixel((30, 10))), query=query)
    assert min(decoded(content).convert("RGBA").getchannel("A").tobytes()) == 0


def test_a_colour_profile_stays(uploader: ApiClient) -> None:
    """It draws the picture: without it the colours would be others."""
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for format in ("JPEG", "PNG", "WEBP"):
        for query in ("", "?maxWidth=30"):
            content = stored(uploader, encode(gradient(40, 20), format, icc_profile=profile), query=query)
            assert decoded(content).info["icc_profile"] == profile


@pytest.mark.parametrize("kind", ["animated gif", "animated webp", "apng"])
@pytest.mark.parametrize("query", ["", "?maxWidth=20"])
def test_animations_keep_their_frames_and_their_time(uploader: ApiClient, kind: str, query: str) -> None:
    images = [gradient(40, 20).rotate(90 * n) for n in range(4)]
    apng = encode(images[0], "PNG", save_all=True, append_images=images[1:], duration=70, loop=3)
    image = decoded(stored(uploader, KINDS.get(kind, apng), query=query))
    assert image.size == ((20, 10) if query else (40, 20))
    assert (image.n_frames, image.info["loop"]) == (4, 3)
    durations = []
    for frame in range(4):
        image.seek(frame)
        image.load()
        durations.append(int(image.info["duration"]))
    assert durations == [70] * 4


# --- Hostile pictures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        png_bomb(60_000, 60_000),
        png_bomb(7072, 7072),
        png_bomb(2**31 - 1, 1),
        webp_bomb(16_383, 16_383),
        webp_bomb(2**24, 2**24),
        gif_of_frames(1001),
        gif_of_frames(400_000),
        # 8,000 x 8,000 black pixels that compress to almost nothing.
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", b"\0\0\x1f\x40\0\0\x1f\x40\x08\x02\0\0\0")
        + png_chunk(b"IDAT", zlib.compress(b"\0" * 24_001 * 8_000, 9)) + png_chunk(b"IEND", b""),
        # A text chunk that grows to a hundred megabytes.
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0")
        + png_chunk(b"IDAT", b"\0") + png_chunk(b"zTXt", b"a\0\0" + zlib.compress(b"a" * 100_000_000, 9))
        + png_chunk(b"IEND", b""),
    ],
    ids=range(9),
)  # fmt: skip
def test_x3_picture_bombs_are_refused_quickly(uploader: ApiClient, content: bytes) -> None:
    started = time.process_time()
    reply = upload(uploader, content)
    assert (reply.status, reply.code) == (400, 21)
    assert time.process_time() - started < 2
    assert not File.objects.exists()


@pytest.mark.parametrize("query", ["", "?maxWidth=30"])
@pytest.mark.parametrize("options", [{}, {"exif": exif(6)}], ids=["upright", "turned"])
def test_x3_a_jpeg_has_a_hundred_scans_at_most(uploader: ApiClient, query: str, options: dict[str, Any]) -> None:
    """Decoders walk over all of a picture with each scan, and one of twelve bytes is enough."""
    assert upload(uploader, jpeg_of_scans(100, **options), query=query).status == 200
    assert upload(uploader, jpeg_of_scans(101, **options), query=query).code == 21
    large = jpeg_of_scans(20_000, 2_000, 2_000, **options)
    # One that is built oddly is decoded, too: what stands between its scans, or seems to end it, hides none of them.
    odd = [b"junk", b"\xff\xff\x00\x04\xff\xd9", b"\xff\xff\x00\xff\xff"]
    hidden = [large[:-16] + between + large[-16:] for between in odd]
    first = large.index(b"\xff\xda", large.index(b"\xff\xda") + 2)
    hidden += [large[:first] + between + large[first:] for between in odd]
    for content in (large, *hidden):
        started = time.process_time()
        reply = upload(uploader, content, query=query)
        assert time.process_time() - started < 2
        assert reply.status == 200 or reply.code == 21


def test_x3_a_picture_in_very_many_pieces_is_not_read_at_all(uploader: ApiClient) -> None:
    content = jpeg()
    pieces = b"\xff\xfe\0\x02" * 500_000
    assert upload(uploader, content[:2] + pieces + content[2:]).code == 21


def test_what_stands_behind_a_jpeg_counts_for_nothing(uploader: ApiClient) -> None:
    film = b"\xff\xda\0\x02" * 1_000
    for query in ("", "?maxWidth=30"):
        assert upload(uploader, jpeg() + film, query=query).status == 200


def test_x3_an_animation_may_not_have_more_pixels_than_two_pictures(uploader: ApiClient, settings: Any) -> None:
    settings.MAX_IMAGE_PIXELS = 40 * 20
    assert upload(uploader, webp(2)).status == 200
    for content in (webp(3), gif(3)):
        assert upload(uploader, content).code == 21


@pytest.mark.parametrize("name", ["bad.png", "bad.JPG", "bad.gif", "bad.webp", "bad.jpeg"])
@pytest.mark.parametrize("content", [b"notapng", b"<html>", b"\0\1\2", b"%PDF-1.4"])
def test_x3_what_calls_itself_a_picture_has_to_be_one(uploader: ApiClient, name: str, content: bytes) -> None:
    reply = upload(uploader, content, name=name)
    assert (reply.status, reply.code) == (400, 21)


def test_x3_a_claimed_type_of_a_picture_is_held_against_the_bytes(uploader: ApiClient) -> None:
    reply = upload(uploader, b"notapng", name="bad", type="image/png; charset=x")
    assert (reply.status, reply.code) == (400, 21)


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_x3_cut_off_pictures_are_refused(uploader: ApiClient, kind: str, share: float) -> None:
    whole = clean_picture(
        {"jpeg": jpeg, "png": png, "gif": gif, "webp": webp}[kind](width=400, height=300), mime_type=f"image/{kind}"
    )[0]
    reply = upload(uploader, whole[: int(len(whole) * share)])
    assert (reply.status, reply.code) == (400, 21)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("query", ["", "?maxWidth=30"])
def test_x3_damaged_pictures_never_fail_the_server(uploader: ApiClient, kind: str, query: str) -> None:
    """Bytes changed at random, the same each time: taken, or refused with code 21."""
    chance = random.Random(f"{kind}{query}")
    for _ in range(60):
        content = bytearray(KINDS[kind])
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(3, len(content))] = chance.randrange(256)
        reply = upload(uploader, bytes(content), name="a", query=query)
        assert reply.status == 200 or reply.code == 21, reply
        if reply.status == 200 and reply.data[0]["mimeType"].startswith("image/"):
            assert Image.open(io.BytesIO(uploader.get(f"files/{reply.data[0]['fileHash']}").content)).size[0] > 0


@pytest.mark.parametrize(
    "content",
    [
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40,
        b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + b"\0" * 40,
        b"II*\0\x08\0\0\0" + b"\0" * 300,
        b"MM\0*\0\0\0\x08" + b"\0" * 300,
        encode(gradient(10, 10), "TIFF", exif=exif()),
        encode(gradient(10, 10), "AVIF", exif=exif()),
    ],
    ids=["heic", "avif", "tiff little", "tiff big", "real tiff", "real avif"],
)
def test_x3_photographs_that_cannot_be_cleaned_are_refused(uploader: ApiClient, content: bytes) -> None:
    reply = upload(uploader, content, name="photo")
    assert (reply.status, reply.code) == (400, 21)


# --- Two things at once ----------------------------------------------------------------------------

SCRIPT = b"*/=1;alert(document.domain)//<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("content", "mime_type"),
    [
        (gif()[:-1] + b"\x21\xfe" + bytes((len(SCRIPT),)) + SCRIPT + b"\0\x3b" + SCRIPT, "image/gif"),
        (b"GIF89a/*" + gif()[8:] + SCRIPT, "image/gif"),
        (png() + b"<html>" + SCRIPT, "image/png"),
        (clean_picture(jpeg(), mime_type="image/jpeg")[0] + b"<?php " + SCRIPT, "image/jpeg"),
        (jpeg()[:2] + b"\xff\xfe" + (len(SCRIPT) + 2).to_bytes(2, "big") + SCRIPT + jpeg()[2:], "image/jpeg"),
        (webp() + SCRIPT, "image/webp"),
    ],
    ids=["gif comment", "gif header", "png and html", "jpeg and php", "jpeg comment", "webp and script"],
)
def test_x3_a_picture_that_is_also_a_script_is_a_picture_only(
    uploader: ApiClient, content: bytes, mime_type: str
) -> None:
    (entry,) = upload(uploader, content, name="page.html", type="text/html").data
    reply = uploader.get(f"files/{entry['fileHash']}.html")
    assert reply.headers["Content-Type"] == mime_type
    assert b"alert" not in reply.content
    assert b"<html" not in reply.content
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("content", "mime_type"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
        (
            b"\xef\xbb\xbf <?xml version='1.0'?><!-- x --><!DOCTYPE svg><svg:svg xmlns:svg='http://www.w3.org/2000/svg'/>",
            "image/svg+xml",
        ),
        ("\ufeff<svg onload='alert(1)'></svg>".encode("utf-16-le"), "image/svg+xml"),
        ("\ufeff<html><script>alert(1)</script>".encode("utf-16-be"), "text/html"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "text/html"),
        (b"   <script>alert(1)</script>", "text/html"),
        (b"hello <iframe src=javascript:alert(1)>", "text/html"),
        (
            b"<?xml version='1.0'?><x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>",
            "application/xml",
        ),
        (b"alert(1)", "text/plain"),
        (b"#!/bin/sh\nrm -rf /", "text/plain"),
        (b"%PDF-1.4 <script>alert(1)</script>", "application/pdf"),
        (b"MZ" + b"\0" * 100, "application/x-msdownload"),
        (b"PK\x03\x04" + b"\0" * 100, "application/zip"),
        (b"BM" + b"\0" * 100, "image/bmp"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_x3_nothing_but_known_pictures_is_ever_shown_in_the_page(
    uploader: ApiClient, content: bytes, mime_type: str
) -> None:
    (entry,) = upload(uploader, content, name="x.svg", type="image/svg+xml").data
    assert (entry["mimeType"], "width" in entry) == (mime_type, False)
    for query in ("", "?thumbnail=true", "?maxWidth=10"):
        reply = uploader.get(f"files/{entry['fileHash']}.png{query}")
        assert (reply.status, reply.content) == (200, content)
        assert reply.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in reply.headers["Content-Security-Policy"]
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_x3_the_type_comes_from_the_bytes_and_nothing_else(uploader: ApiClient) -> None:
    (entry,) = upload(uploader, KINDS["gif"], name="a.png", type="text/html").data
    assert (entry["mimeType"], entry["fileExt"]) == ("image/gif", "gif")


def test_every_kind_has_a_plain_name() -> None:
    chance = random.Random(5)
    for _ in range(500):
        head = bytes(chance.randrange(256) for _ in range(chance.randrange(0, 60)))
        assert kind_of(head).mime_type.isprintable()

"""`POST /files` (contract A 24.1)."""

import hashlib
import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from apps.core.wire import timestamp
from apps.files.models import File, PendingFile
from tests.client import ApiClient
from tests.factories import Forum, Person, ban
from tests.files.pictures import decoded, encode, gradient, png
from tests.files.uploads import BOUNDARY, MULTIPART, body, part, upload

pytestmark = pytest.mark.django_db
TRANSFER = b"Content-Transfer-Encoding"
RECORDED_PNG = encode(gradient(40, 20), "PNG")


def test_an_upload_answers_an_array_with_the_keys_of_the_contract(
    uploader: ApiClient, forum: Forum, member: Person
) -> None:
    reply = upload(uploader, RECORDED_PNG, name="test.png", type="image/png")
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "private, no-cache, max-age=0"
    (entry,) = reply.data
    file = File.objects.get()
    assert entry == {
        "created": timestamp(file.created_at),
        "fileName": "test.png",
        "fileExt": "png",
        "fileSize": len(RECORDED_PNG),
        "fileHash": hashlib.sha1(RECORDED_PNG).hexdigest(),
        "mimeType": "image/png",
        "width": 40,
        "height": 20,
    }
    assert (file.site_id, file.uploaded_by_id, file.attach_count) == (forum.site.id, member.profile.user_id, 0)


def test_every_part_with_a_file_name_is_stored_whatever_its_field(uploader: ApiClient) -> None:
    """The recorded case: a text and two bytes that nobody knows."""
    parts = (
        part(b"hello", name="note.txt", type="text/plain"),
        part(b"a value", name=None, field="comment", type=None),
        part(b"\0\1", name="a.bin", field="another"),
    )
    reply = uploader.post("files", body=body(*parts), content_type=MULTIPART)
    assert reply.status == 200
    assert [list(entry) for entry in reply.data] == [
        ["created", "fileName", "fileExt", "fileSize", "fileHash", "mimeType"]
    ] * 2
    assert [entry["fileHash"] for entry in reply.data] == [
        "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
        "3f29546453678b855931c174a97d6c0894b8f546",
    ]
    assert [(entry["fileName"], entry["fileExt"], entry["fileSize"], entry["mimeType"]) for entry in reply.data] == [
        ("note.txt", "txt", 5, "text/plain"),
        ("a.bin", "bin", 2, "application/octet-stream"),
    ]


def test_the_same_bytes_are_stored_once(uploader: ApiClient, api: ApiClient, forum: Forum, media_root: Path) -> None:
    first = upload(uploader, RECORDED_PNG, name="one.png").data[0]
    again = upload(api.as_(forum.owner), RECORDED_PNG, name="two.png").data[0]
    assert again == first | {"fileName": "two.png"}
    assert File.objects.count() == 1
    assert len([path for path in (media_root / "files").rglob("*") if path.is_file()]) == 1
    assert not PendingFile.objects.exists()


def test_a_cleaned_picture_uploaded_again_is_the_same_file(uploader: ApiClient) -> None:
    first = upload(uploader, png()).data[0]
    stored = uploader.get(f"files/{first['fileHash']}").content
    assert upload(uploader, stored).data[0] == first


def test_guests_may_not_upload_and_their_body_is_not_read(api: ApiClient) -> None:
    reply = upload(api, RECORDED_PNG)
    assert (reply.status, reply.code) == (403, 5)
    reply = api.post("files?maxWidth=x", body=b"no multipart", content_type="text/plain")
    assert reply.status == 403
    assert not File.objects.exists()


def test_the_banned_may_not_upload(uploader: ApiClient, forum: Forum, member: Person) -> None:
    ban(forum.site, member)
    reply = upload(uploader, RECORDED_PNG)
    assert (reply.status, reply.code) == (403, 13)
    assert not File.objects.exists()


@pytest.mark.parametrize(
    ("content_type", "content", "code"),
    [
        ("", b"", 4),
        (MULTIPART, b"", 4),
        ("application/json", b"{}", 1),
        ("text/plain", b"x", 1),
        ("multipart/mixed; boundary=x", b"--x--", 1),
        ("multipart/form-data", b"x", 2),
        ("multipart/form-data; boundary=", b"x", 2),
        ("multipart/form-data; boundary=" + "x" * 201, b"x", 2),
        (MULTIPART, b"no boundary at all", 2),
        (MULTIPART, body(part(b"x"))[:-20], 2),
        (MULTIPART, f"--{BOUNDARY}\r\nContent-Disposition: form-data".encode(), 2),
        (MULTIPART, f"--{BOUNDARY}garbage\r\n\r\nx\r\n--{BOUNDARY}--".encode(), 2),
        (MULTIPART, f"--{BOUNDARY}\r\nA: {'x' * 9000}\r\n\r\nx\r\n--{BOUNDARY}--".encode(), 2),
        (MULTIPART, body(part(b"x", disposition="form-data; name=f; filename*=nonsense''x")), 2),
        (MULTIPART, body(b"Content-Disposition: form-data; filename=x\r\n" + TRANSFER + b": base64\r\n\r\neA=="), 2),
        (MULTIPART, f"--{BOUNDARY}--\r\n".encode(), 4),
        (MULTIPART, body(part(b"x", name=None)), 4),
        (MULTIPART, body(part(b"x", name="")), 4),
        (MULTIPART, body(part(b"")), 4),
        (MULTIPART, body(part(b"x", name="x" * 513)), 4),
    ],
    ids=count(),
)  # fmt: skip
def test_a_body_that_is_no_upload_is_400(uploader: ApiClient, content_type: str, content: bytes, code: int) -> None:
    reply = uploader.post("files", body=content, content_type=content_type)
    assert (reply.status, reply.code) == (400, code), reply
    assert not File.objects.exists()


def test_a_body_may_have_a_preamble_padding_no_headers_and_an_epilogue(uploader: ApiClient) -> None:
    mark = f"--{BOUNDARY}".encode()
    content = (
        b"preamble\r\n" + mark + b"  \t\r\n" + part(b"one\r\n--XXBOUNDARY\r\n", name="a") + b"\r\n"
        + mark + b"\r\n\r\nwithout headers\r\n" + mark + b"--\r\nepilogue"
    )  # fmt: skip
    (entry,) = uploader.post("files", body=content, content_type=MULTIPART).data
    assert uploader.get(f"files/{entry['fileHash']}").content == b"one\r\n--XXBOUNDARY\r\n"


@pytest.mark.parametrize("size", [64 * 1024 - 100 + n for n in range(0, 120, 7)] + [1024 * 1024 + 1, 3_000_000])
def test_a_delimiter_may_lie_anywhere_between_two_reads(uploader: ApiClient, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"\r" * (size % 256)
    (entry,) = upload(uploader, content, name="a.bin").data
    assert (entry["fileSize"], entry["fileHash"]) == (size, hashlib.sha1(content).hexdigest())


@pytest.mark.parametrize("name", ["maxWidth", "maxHeight"])
@pytest.mark.parametrize("value", ["x", "-1", "1.5", "1e3", "٣", "9999999999"])
def test_a_box_is_made_of_whole_numbers(uploader: ApiClient, name: str, value: str) -> None:
    assert upload(uploader, RECORDED_PNG, query=f"?{name}={value}").status == 400
    assert not File.objects.exists()


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ("maxWidth=100&maxHeight=100", (100, 50)),
        ("maxWidth=64&maxHeight=64", (64, 32)),
        ("maxWidth=100", (100, 50)),
        ("maxHeight=10", (20, 10)),
        ("maxWidth=0&maxHeight=0", (400, 200)),
        ("maxWidth=&maxHeight=", (400, 200)),
        ("maxWidth=400&maxHeight=200", (400, 200)),
        ("maxWidth=1000", (400, 200)),
        ("maxWidth=1&maxHeight=1", (1, 1)),
    ],
)
def test_pictures_are_scaled_down_into_the_box_and_keep_their_proportions(
    uploader: ApiClient, box: str, size: tuple[int, int]
) -> None:
    (entry,) = upload(uploader, encode(gradient(400, 200), "PNG"), query=f"?{box}").data
    assert (entry["width"], entry["height"]) == size
    assert decoded(uploader.get(f"files/{entry['fileHash']}").content).size == size


def test_a_file_may_have_30_mebibytes_and_no_byte_more(uploader: ApiClient, settings: Any) -> None:
    assert (settings.MAX_FILE_BYTES, settings.MAX_UPLOAD_BYTES) == (31_457_280, 33_554_432)
    settings.MAX_FILE_BYTES = 100_000
    assert upload(uploader, b"x" * 100_000, name="a.txt").status == 200
    reply = upload(uploader, b"y" * 100_001, name="a.txt")
    assert (reply.status, reply.code) == (413, 20)
    assert File.objects.count() == 1


def test_an_upload_as_a_whole_is_limited_before_it_is_read(uploader: ApiClient, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 1000
    reply = upload(uploader, b"x" * 1000, name="a.txt")
    assert (reply.status, reply.code) == (413, 20)


def test_the_parts_of_an_upload_are_limited(uploader: ApiClient) -> None:
    twenty = [part(str(n).encode(), name=f"{n}.txt") for n in range(20)]
    assert len(uploader.post("files", body=body(*twenty), content_type=MULTIPART).data) == 20
    fields = [part(b"", name=None)] * 21
    reply = uploader.post("files", body=body(*fields), content_type=MULTIPART)
    assert (reply.status, reply.code) == (400, 4)


def test_an_upload_is_taken_whole_or_not_at_all(uploader: ApiClient, media_root: Path) -> None:
    parts = (part(b"good", name="a.txt"), part(b"notapng", name="bad.png", type="image/png"))
    assert uploader.post("files", body=body(*parts), content_type=MULTIPART).status == 400
    assert not File.objects.exists()
    assert not media_root.exists()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\Users\\\\me\\\\a.txt", "a.txt"),
        ("..", "file"),
        ("a\x01b\x7f.txt", "ab.txt"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("<img src=x onerror=y>.txt", "_img src=x onerror=y_.txt"),
        ("naïve ☃.txt", "naïve ☃.txt"),
        ("\udcff.txt", "\ufffd.txt"),
    ],
)
def test_file_names_lose_what_is_dangerous(uploader: ApiClient, sent: str, kept: str) -> None:
    assert upload(uploader, b"text", name=sent).data[0]["fileName"] == kept


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("a.TXT", "txt"),
        ("a.tar.gz", "gz"),
        ("a", "unk"),
        (".profile", "unk"),
        ("a.", "unk"),
        ("a.b c", "unk"),
        ("a.ü", "unk"),
        ("a." + "x" * 33, "unk"),
    ],
)
def test_the_extension_is_what_stands_behind_the_last_dot(uploader: ApiClient, name: str, extension: str) -> None:
    assert upload(uploader, b"text", name=name).data[0]["fileExt"] == extension


def test_an_extended_file_name_is_read(uploader: ApiClient) -> None:
    given = part(b"text", disposition="form-data; name=files; filename*=UTF-8''na%C3%AFve.txt")
    assert uploader.post("files", body=body(given), content_type=MULTIPART).data[0]["fileName"] == "naïve.txt"


def test_json_p_and_disable_boiler_work_as_anywhere(uploader: ApiClient) -> None:
    assert json.loads(upload(uploader, b"text", name="a.txt", query="?disableBoiler").content)[0]["fileName"] == "a.txt"

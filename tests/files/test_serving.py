"""`GET /files/{hash}` (contract A 24.2, 5.4)."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from apps.core import clock
from apps.core.clock import set_clock
from apps.files.models import File
from apps.files.storage import file_storage, stored_name
from tests.client import ApiClient
from tests.factories import Forum, Person, ban
from tests.files.pictures import encode, gradient
from tests.files.uploads import upload
from tests.queries import count_statements

pytestmark = pytest.mark.django_db
TEXT = bytes(range(32, 127)) * 2


@pytest.fixture
def text(uploader: ApiClient) -> str:
    """The hash of a text of 190 bytes."""
    hash: str = upload(uploader, TEXT, name="notes.txt").data[0]["fileHash"]
    return hash


@pytest.fixture
def picture(uploader: ApiClient) -> str:
    """The hash of a PNG."""
    hash: str = upload(uploader, encode(gradient(40, 20), "PNG"), name="cat.png").data[0]["fileHash"]
    return hash


def test_anyone_who_knows_the_hash_gets_the_bytes(api: ApiClient, forum: Forum, text: str) -> None:
    for person in (None, forum.owner, forum.member()):
        reply = api.as_(person).get(f"files/{text}")
        assert (reply.status, reply.content) == (200, TEXT)


def test_the_headers_of_a_file(api: ApiClient, text: str) -> None:
    file = File.objects.get(hash=text)
    headers = api.get(f"files/{text}").headers
    assert {name: headers[name] for name in headers if name not in ("X-Request-Id", "Expires", "Last-Modified")} == {
        "Content-Type": "text/plain",
        "Content-Length": "190",
        "ETag": f'"{text}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "public, max-age=31536000, s-maxage=1, immutable",
        "Content-Disposition": 'attachment; filename="notes.txt"',
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag,"
        " X-Request-Id",
        "Vary": "Authorization, X-Always-200, X-Disable-Boiler",
    }
    assert parsedate_to_datetime(headers["Last-Modified"]) == file.created_at.replace(microsecond=0)
    assert headers["Expires"].endswith(" GMT")
    in_a_year = clock.now() + timedelta(days=365)
    assert abs(parsedate_to_datetime(headers["Expires"]) - in_a_year) < timedelta(minutes=1)


def test_head_has_the_same_headers_and_no_body(api: ApiClient, text: str) -> None:
    set_clock(frozen=clock.now())
    got, head = api.get(f"files/{text}"), api.head(f"files/{text}")
    assert (head.status, head.content) == (200, b"")
    assert {**head.headers} | {"X-Request-Id": ""} == {**got.headers} | {"X-Request-Id": ""}
    assert api.head(f"files/{text}", headers={"Range": "bytes=0-1"}).headers["Content-Length"] == "190"


@pytest.mark.parametrize("extension", [".txt", ".png", ".exe", ".tar.gz", ".%0d%0aX-Evil:1"])
def test_an_extension_is_ignored(api: ApiClient, text: str, extension: str) -> None:
    reply = api.get(f"files/{text}{extension}")
    assert (reply.status, reply.headers["Content-Type"], reply.content) == (200, "text/plain", TEXT)
    assert "X-Evil" not in reply.headers


def test_i7_a_guest_costs_one_statement_that_reads(api: ApiClient, text: str) -> None:
    api.get(f"files/{text}")
    with count_statements() as statements:
        api.get(f"files/{text}")
    # The site is remembered for a second: only the file is asked for.
    (statement,) = statements
    assert statement.startswith("-- The file of a site with a hash")


@pytest.mark.parametrize("hash", ["0" * 40, "0", "x", "A" * 40, "f" * 4000])
def test_a_missing_file_is_404_in_the_envelope(api: ApiClient, hash: str) -> None:
    reply = api.get(f"files/{hash}.png")
    assert (reply.status, reply.json["status"], reply.data["errorCode"]) == (404, 404, 0)
    assert reply.headers["Cache-Control"] == "private, no-cache, max-age=0"


def test_t1_a_file_of_another_site_is_missing(api: ApiClient, forum: Forum, other_forum: Forum, text: str) -> None:
    there = api.at(other_forum.host)
    missing = there.get(f"files/{'0' * 40}")
    for person in (None, other_forum.owner, other_forum.member()):
        for method in ("GET", "HEAD"):
            reply = there.as_(person).request(
                method, f"files/{text}", headers={"If-None-Match": "*", "Range": "bytes=500-"}
            )
            assert reply.status == 404
            assert method == "HEAD" or person or reply.content == missing.content
    assert there.as_(forum.owner).get(f"files/{text}").status == 404


def test_t3_the_same_bytes_on_two_sites_are_two_files(
    api: ApiClient, forum: Forum, other_forum: Forum, text: str
) -> None:
    member = other_forum.member()
    again = upload(api.at(other_forum.host).as_(member), TEXT, name="theirs.txt").data[0]
    assert again["fileHash"] == text
    assert File.objects.filter(hash=text).count() == 2
    file_storage().delete(stored_name(site_id=other_forum.site.id, hash=text))
    assert api.get(f"files/{text}").content == TEXT
    assert api.at(other_forum.host).get(f"files/{text}").status == 404


def test_the_root_host_has_no_files(api: ApiClient, root_forum: Forum, text: str) -> None:
    assert api.at(root_forum.host).get(f"files/{text}").status == 404


def test_the_banned_are_refused_with_their_token(api: ApiClient, forum: Forum, member: Person, text: str) -> None:
    ban(forum.site, member)
    assert api.as_(member).get(f"files/{text}").status == 403
    assert api.get(f"files/{text}").status == 200


def test_a_row_without_its_bytes_is_404(api: ApiClient, forum: Forum, text: str) -> None:
    file_storage().delete(stored_name(site_id=forum.site.id, hash=text))
    assert api.get(f"files/{text}").status == 404


# --- Parts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-9", 0, 9),
        ("bytes=10-", 10, 189),
        ("bytes=189-", 189, 189),
        ("bytes=-1", 189, 189),
        ("bytes=-190", 0, 189),
        ("bytes=-9999", 0, 189),
        ("bytes=0-9999", 0, 189),
        ("bytes=5-999999999999999999", 5, 189),
        ("Bytes= 1-2 ", 1, 2),
    ],
)
def test_one_range_is_206(api: ApiClient, text: str, asked: str, start: int, end: int) -> None:
    reply = api.get(f"files/{text}", headers={"Range": asked})
    assert (reply.status, reply.content) == (206, TEXT[start : end + 1])
    assert reply.headers["Content-Range"] == f"bytes {start}-{end}/190"
    assert reply.headers["Content-Length"] == str(end - start + 1)


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "items=0-1", "bytes=0-1x", "bytes 0-1", "0-1",
     "bytes=--1", "bytes=" + "9" * 19 + "-", "bytes=" + "0-1," * 1000],
)  # fmt: skip
def test_several_ranges_and_unreadable_ones_are_answered_with_the_whole(api: ApiClient, text: str, asked: str) -> None:
    reply = api.get(f"files/{text}", headers={"Range": asked})
    assert (reply.status, reply.content) == (200, TEXT)
    assert "Content-Range" not in reply.headers


@pytest.mark.parametrize("asked", ["bytes=190-", "bytes=190-200", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_behind_the_end_is_416_with_the_size(api: ApiClient, text: str, asked: str) -> None:
    reply = api.get(f"files/{text}", headers={"Range": asked})
    assert (reply.status, reply.code, reply.headers["Content-Range"]) == (416, 4, "bytes */190")
    assert reply.headers["Content-Type"] == "application/json"


def test_if_range_gives_the_part_only_of_the_same_file(api: ApiClient, text: str) -> None:
    modified = api.get(f"files/{text}").headers["Last-Modified"]
    later = "Fri, 01 Jan 2100 00:00:00 GMT"
    for condition, status in [
        (f'"{text}"', 206), (modified, 206), (f'W/"{text}"', 200), ('"other"', 200), (later, 200), ("nonsense", 200),
    ]:  # fmt: skip
        reply = api.get(f"files/{text}", headers={"Range": "bytes=0-1", "If-Range": condition})
        assert reply.status == status, condition


# --- Copies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tags", ['"{}"', 'W/"{}"', '"a", "{}"', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_copy_that_is_still_good_is_304(api: ApiClient, text: str, tags: str, method: str) -> None:
    reply = api.request(method, f"files/{text}", headers={"If-None-Match": tags.format(text), "Range": "bytes=500-"})
    assert (reply.status, reply.content) == (304, b"")
    assert reply.headers["ETag"] == f'"{text}"'
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, s-maxage=1, immutable"
    assert "Content-Length" not in reply.headers
    assert "Content-Type" not in reply.headers


def test_dates_count_where_no_tag_is_given(api: ApiClient, text: str) -> None:
    modified = api.get(f"files/{text}").headers["Last-Modified"]
    assert api.get(f"files/{text}", headers={"If-Modified-Since": modified}).status == 304
    assert api.get(f"files/{text}", headers={"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}).status == 200
    assert api.get(f"files/{text}", headers={"If-Modified-Since": "yesterday"}).status == 200
    other = {"If-None-Match": '"other"', "If-Modified-Since": modified}
    assert api.get(f"files/{text}", headers=other).status == 200


# --- Names -----------------------------------------------------------------------------------------


def test_pictures_are_shown_in_the_page(api: ApiClient, picture: str) -> None:
    headers = api.get(f"files/{picture}").headers
    assert (headers["Content-Type"], headers["Content-Disposition"]) == ("image/png", 'inline; filename="cat.png"')
    assert "sandbox" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ('a\\"; x=y.txt', 'attachment; filename="a_; x=y.txt"'),
        ("a\x85\u2028b\r.txt", 'attachment; filename="ab.txt"'),
        ("naïve ☃.txt", "attachment; filename*=utf-8''na%C3%AFve%20%E2%98%83.txt"),
        ("plain", 'attachment; filename="plain"'),
    ],
)
def test_names_cannot_break_out_of_their_header(uploader: ApiClient, name: str, header: str) -> None:
    (entry,) = upload(uploader, b"some text", name=name).data
    assert uploader.get(f"files/{entry['fileHash']}").headers["Content-Disposition"] == header


def test_a_picture_is_saved_under_a_name_of_its_kind(uploader: ApiClient) -> None:
    (entry,) = upload(uploader, encode(gradient(40, 20), "PNG"), name="page.html").data
    assert (entry["fileName"], entry["fileExt"], entry["mimeType"]) == ("page.html", "png", "image/png")
    assert uploader.get(f"files/{entry['fileHash']}").headers["Content-Disposition"] == 'inline; filename="page.png"'

"""Smaller copies of pictures, made by a job and had by query (docs/api/files.md)."""

from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.files.models import File, Thumbnail
from apps.files.services import make_missing_thumbnails
from apps.files.sizes import Box, side_for, sides_below
from apps.files.tasks import make_thumbnails
from tests.client import ApiClient
from tests.files.pictures import SECRET, decoded, encode, gif, gradient, jpeg, webp
from tests.files.uploads import upload

pytestmark = pytest.mark.django_db


def picture(client: ApiClient, content: bytes) -> File:
    """An uploaded picture whose job has not run."""
    return File.objects.get(hash=upload(client, content).data[0]["fileHash"])


def test_an_upload_queues_one_job_for_the_thumbnails(uploader: ApiClient) -> None:
    file = picture(uploader, jpeg(400, 300))
    picture(uploader, jpeg(400, 300))
    assert [(job.task_name, job.args) for job in ProcrastinateJob.objects.all()] == [
        ("files.make_thumbnails", {"file_id": file.id})
    ]


@pytest.mark.parametrize("content", [b"no picture", jpeg(64, 64)], ids=["text", "small"])
def test_nothing_is_queued_where_there_is_nothing_to_make(uploader: ApiClient, content: bytes) -> None:
    upload(uploader, content, name="a")
    assert not ProcrastinateJob.objects.exists()


def test_the_job_makes_each_size_below_the_picture_once(uploader: ApiClient) -> None:
    file = picture(uploader, jpeg(500, 250))
    for _ in range(2):
        make_thumbnails(file_id=file.id)
    rows = Thumbnail.objects.order_by("side").values_list("side", "width", "height", "mime_type")
    assert list(rows) == [
        (64, 64, 32, "image/jpeg"),
        (100, 100, 50, "image/jpeg"),
        (200, 200, 100, "image/jpeg"),
        (400, 400, 200, "image/jpeg"),
    ]
    assert make_missing_thumbnails(file_id=file.id) == 0


def test_a_job_that_died_halfway_is_finished_by_its_next_try(uploader: ApiClient) -> None:
    file = picture(uploader, jpeg(500, 250))
    make_thumbnails(file_id=file.id)
    kept = Thumbnail.objects.get(side=400)
    Thumbnail.objects.exclude(id=kept.id).delete()
    assert make_missing_thumbnails(file_id=file.id) == 3
    assert Thumbnail.objects.count() == 4
    assert Thumbnail.objects.filter(id=kept.id).exists()


def test_a_job_for_a_file_that_is_gone_does_nothing(db: Any) -> None:
    make_thumbnails(file_id=999_999)


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("thumbnail=true", (200, 100)),
        ("maxWidth=100&maxHeight=100", (100, 50)),
        ("maxWidth=399", (200, 100)),
        ("maxHeight=200", (400, 200)),
        ("maxHeight=199", (200, 100)),
        ("maxWidth=1", (64, 32)),
        ("maxWidth=500", (500, 250)),
        ("maxWidth=0&maxHeight=0", (500, 250)),
        ("thumbnail=false", (500, 250)),
    ],
)
def test_a_query_gets_the_largest_size_that_fits(
    uploader: ApiClient, api: ApiClient, query: str, size: tuple[int, int]
) -> None:
    file = picture(uploader, jpeg(500, 250))
    make_thumbnails(file_id=file.id)
    reply = api.get(f"files/{file.hash}.jpg?{query}")
    assert (reply.status, decoded(reply.content).size) == (200, size)
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, s-maxage=1, immutable"
    assert reply.headers["ETag"] == (f'"{file.hash}"' if size == (500, 250) else f'"{file.hash}-{max(size)}"')
    assert reply.headers["Content-Length"] == str(len(reply.content))
    assert SECRET not in reply.content


def test_until_it_is_made_the_picture_itself_is_answered_and_not_kept(uploader: ApiClient, api: ApiClient) -> None:
    file = picture(uploader, jpeg(500, 250))
    reply = api.get(f"files/{file.hash}?thumbnail=true")
    assert decoded(reply.content).size == (500, 250)
    assert (reply.headers["Cache-Control"], "Expires" in reply.headers) == ("private, max-age=10", False)
    make_thumbnails(file_id=file.id)
    assert decoded(api.get(f"files/{file.hash}?thumbnail=true").content).size == (200, 100)


def test_parts_and_copies_of_a_thumbnail(uploader: ApiClient, api: ApiClient) -> None:
    file = picture(uploader, jpeg(500, 250))
    make_thumbnails(file_id=file.id)
    path = f"files/{file.hash}?thumbnail=true"
    whole = api.get(path).content
    part = api.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status, part.content, part.headers["Content-Range"]) == (
        206,
        whole[10:20],
        f"bytes 10-19/{len(whole)}",
    )
    assert api.get(path, headers={"If-None-Match": f'"{file.hash}-200"'}).status == 304
    assert api.get(path, headers={"If-None-Match": f'"{file.hash}"'}).status == 200
    assert api.head(path).headers["Content-Length"] == str(len(whole))


@pytest.mark.parametrize(
    ("content", "format"),
    [(gif(3, 300, 200), "PNG"), (webp(3, 300, 200), "WEBP"), (encode(gradient(300, 200, "P"), "PNG"), "PNG"),
     (encode(gradient(300, 200, "CMYK"), "JPEG"), "JPEG"), (encode(gradient(300, 200, "LA"), "PNG"), "PNG")],
    ids=["gif", "webp", "palette", "cmyk", "grey with alpha"],
)  # fmt: skip
def test_thumbnails_are_still_pictures(uploader: ApiClient, content: bytes, format: str) -> None:
    file = picture(uploader, content)
    make_thumbnails(file_id=file.id)
    reply = uploader.get(f"files/{file.hash}?thumbnail=true")
    image = decoded(reply.content)
    assert (image.format, image.size, getattr(image, "n_frames", 1)) == (format, (200, 133), 1)
    assert reply.headers["Content-Type"] == f"image/{format.lower()}"


@pytest.mark.parametrize("query", ["maxWidth=x", "maxHeight=-1"])
def test_a_box_that_is_no_number_is_400(uploader: ApiClient, query: str) -> None:
    file = picture(uploader, jpeg())
    reply = uploader.get(f"files/{file.hash}?{query}")
    assert (reply.status, reply.code) == (400, 3)


def test_a_size_always_fits_the_box_it_is_chosen_for_unless_it_is_the_smallest() -> None:
    for width in (1, 63, 64, 65, 999, 5000):
        for height in (1, 100, 101, 3000):
            for box in (Box(50, 50), Box(100, 0), Box(0, 333), Box(1600, 1600)):
                side = side_for((width, height), box=box)
                if side is not None and side != min(sides_below((width, height))):
                    shown = Box(side, side).fit((width, height))
                    assert box.fit(shown) == shown

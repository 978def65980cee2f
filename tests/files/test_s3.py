"""Uploads in a bucket, over HTTP against a server of the S3 protocol that the test starts on this machine."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.core.clock import set_clock
from apps.files.models import File, PendingFile
from apps.files.services import sweep_orphans
from apps.files.storage import file_storage, stored_name
from apps.files.tasks import make_thumbnails
from microcosm.settings.base import file_storage as storage_settings
from tests.client import ApiClient
from tests.factories import Forum
from tests.files.pictures import SECRET, decoded, jpeg
from tests.files.uploads import upload

moto_server = pytest.importorskip("moto.server", reason="moto, a server of the S3 protocol, is not installed")

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A running server with a bucket."""
    import boto3

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    client.create_bucket(Bucket="uploads")
    yield url
    server.stop()


@pytest.fixture(autouse=True)
def bucket(endpoint: str, settings: Any) -> None:
    """The platform with its uploads in the bucket."""
    entry = storage_settings(f"s3://uploads/some/prefix?endpoint={endpoint}&region=us-east-1&addressing=path")
    entry["OPTIONS"] |= {"access_key": "testing", "secret_key": "testing"}
    settings.STORAGES = settings.STORAGES | {"default": entry}


def keys(storage: Any) -> set[str]:
    """The names of all objects in the bucket."""
    return {item.key for item in storage.bucket.objects.all()}


def test_an_upload_is_an_object_and_comes_back_whole_and_in_parts(
    uploader: ApiClient, api: ApiClient, forum: Forum
) -> None:
    content = bytes(range(256)) * 40_000
    (entry,) = upload(uploader, content, name="a.bin").data
    hash = entry["fileHash"]
    assert f"some/prefix/{stored_name(site_id=forum.site.id, hash=hash)}" in keys(file_storage())
    assert api.get(f"files/{hash}").content == content
    part = api.get(f"files/{hash}", headers={"Range": "bytes=1000000-1000999"})
    assert (part.status, part.content) == (206, content[1_000_000:1_001_000])
    assert api.get(f"files/{hash}", headers={"Range": "bytes=-5"}).content == content[-5:]
    assert api.head(f"files/{hash}").headers["Content-Length"] == str(len(content))
    assert api.get(f"files/{hash}", headers={"If-None-Match": f'"{hash}"'}).status == 304


def test_the_same_bytes_are_one_object(uploader: ApiClient) -> None:
    before = keys(file_storage())
    first, again = (upload(uploader, b"the same", name="a.txt").data[0] for _ in range(2))
    assert first == again
    assert len(keys(file_storage()) - before) == 1


def test_pictures_and_their_thumbnails(uploader: ApiClient, api: ApiClient) -> None:
    (entry,) = upload(uploader, jpeg(500, 250)).data
    file = File.objects.get()
    make_thumbnails(file_id=file.id)
    reply = api.get(f"files/{entry['fileHash']}.jpg?thumbnail=true")
    assert (decoded(reply.content).size, SECRET in reply.content) == ((200, 100), False)
    assert decoded(api.get(f"files/{entry['fileHash']}").content).size == (500, 250)


def test_an_object_that_is_gone_is_404(uploader: ApiClient, forum: Forum) -> None:
    (entry,) = upload(uploader, b"soon gone", name="a.txt").data
    file_storage().delete(stored_name(site_id=forum.site.id, hash=entry["fileHash"]))
    assert uploader.get(f"files/{entry['fileHash']}").status == 404


def test_orphaned_objects_are_removed(forum: Forum) -> None:
    import io

    name = stored_name(site_id=forum.site.id, hash="a" * 40)
    file_storage().save(name, io.BytesIO(b"orphan"))
    PendingFile.objects.create(site=forum.site, hash="a" * 40)
    set_clock(shift=timedelta(days=2))
    assert sweep_orphans() == 1
    assert f"some/prefix/{name}" not in keys(file_storage())


def test_r7_a_service_that_does_not_answer_stores_nothing(uploader: ApiClient, settings: Any) -> None:
    entry = storage_settings("s3://uploads?endpoint=http://127.0.0.1:9&region=us-east-1")
    entry["OPTIONS"] |= {"access_key": "testing", "secret_key": "testing"}
    settings.STORAGES = settings.STORAGES | {"default": entry}
    from dataclasses import replace

    reply = upload(replace(uploader, checked=False), b"text", name="a.txt")
    assert reply.status == 500
    assert "127.0.0.1" not in reply.content.decode()
    assert not File.objects.exists()


@pytest.mark.parametrize("url", ["http://bucket", "s3://", "s3:///prefix", "s3://bucket?secret=x", "bucket"])
def test_an_address_that_cannot_be_read_stops_the_start(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="FILE_STORAGE_URL"):
        storage_settings(url)

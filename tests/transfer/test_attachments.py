"""Files of an export: their bytes come in as uploads do, once, and go out again."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from apps.comments.models import Attachment, Comment
from apps.files.models import File, PendingFile
from apps.files.storage import file_storage, stored_name
from apps.profiles.models import Attachment as Picture
from apps.profiles.models import Profile
from apps.sites.models import Site
from apps.transfer.exporter.exporting import ExportOptions, export_forum
from apps.transfer.importer.archive import Limits
from apps.transfer.models import ImportedItem
from tests.files.pictures import SECRET, decoded, jpeg, png
from tests.transfer import fingerprints
from tests.transfer.exports import NOON, ExportWriter, read_all, run_import, small_export

pytestmark = pytest.mark.django_db
#: A snapshot is a transaction of its own, so no export can run inside the one of a test.
outside = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]
NOTES = b"Bring lamps.\n"
AVATAR = {"contentUrl": "avatars/1.png", "name": "me.png", "dateCreated": NOON}


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "media")


@pytest.fixture
def writer(tmp_path: Path) -> ExportWriter:
    """A small forum whose posts and people have files."""
    writer = small_export(tmp_path / "export")
    writer.bytes("attachments/7/photo.jpg", jpeg())
    writer.bytes("avatars/1.png", png())
    writer.attachment(1, contentUrl=data_url(NOTES), name="notes.txt")
    writer.attachment(2, contentUrl="attachments/7/photo.jpg", name="Photo.JPG", author=2)
    writer.attachment(3, contentUrl="file:7/photo.jpg", name="again.jpg", associations=on(("comment", 2)))
    writer.profile(1, avatar=AVATAR)
    return writer


def data_url(content: bytes) -> str:
    """Bytes as the format has them."""
    return f"data:text/plain;base64,{base64.b64encode(content).decode()}"


def on(*targets: tuple[str, int]) -> list[dict[str, Any]]:
    """What a file is attached to."""
    return [{"onType": kind, "onId": id} for kind, id in targets]


def stored(file: File) -> bytes:
    """The bytes in the storage."""
    name = stored_name(site_id=file.site_id, hash=file.hash)
    return b"".join(file_storage().open_slice(name, start=0, length=file.size))


def attached(site: str) -> list[Any]:
    """The files on the posts and people of a site."""
    prints = fingerprints.site(site)
    return [prints["attachments"], prints["avatars"], prints["files"]]


# --- In -----------------------------------------------------------------------------------------


def test_bytes_come_in_as_uploads_do_and_hang_where_they_hung(writer: ExportWriter) -> None:
    report = run_import(writer.root)
    assert [p for p in report.problems if "owner" not in p.message] == []
    tallies = {name: (t.found, t.imported) for name, t in report.tallies.items() if name in ("attachments", "avatars")}
    assert tallies == {"attachments": (3, 3), "avatars": (1, 1)}
    notes, photo, again = Attachment.objects.select_related("file", "comment", "created_by").order_by("id")
    assert (notes.name, notes.extension, notes.file.mime_type, stored(notes.file)) == (
        "notes.txt", "txt", "text/plain", NOTES,
    )  # fmt: skip
    assert str(notes.created_at) == str(notes.file.created_at) == "2020-05-01 12:00:00+00:00"
    assert (photo.name, photo.extension, photo.created_by.name) == ("Photo.JPG", "jpg", "person2")
    assert photo.file == again.file, "the same bytes are one file"
    assert photo.file.attach_count == 2
    assert [a.comment.attachment_count for a in (notes, again)] == [2, 1]
    assert {notes.comment_id, photo.comment_id} == {notes.comment_id}
    assert SECRET not in stored(photo.file)
    assert decoded(stored(photo.file)).size == (40, 20)
    assert photo.file.uploaded_by == photo.created_by.user
    assert not PendingFile.objects.exists()


def test_the_avatar_of_a_profile_is_shown(writer: ExportWriter) -> None:
    run_import(writer.root)
    profile = Profile.objects.get(name="person1")
    picture = Picture.objects.get(profile=profile)
    assert profile.avatar_url == f"/api/v1/files/{picture.file.hash}.png"
    assert SECRET not in stored(picture.file)


def test_pictures_of_profiles_are_shown_if_nothing_else_is(writer: ExportWriter) -> None:
    writer.attachment(4, contentUrl=data_url(png(8, 8)), name="old.png", associations=on(("profile", 1), ("user", 2)))
    writer.attachment(5, contentUrl=data_url(png(9, 9)), name="new.png", associations=on(("profile", 2)))
    run_import(writer.root)
    shown = dict(Profile.objects.values_list("name", "avatar_url"))
    hashes = {picture.name: picture.file.hash for picture in Picture.objects.select_related("file")}
    assert shown["person1"] == f"/api/v1/files/{hashes['me.png']}.png"
    assert shown["person2"] == f"/api/v1/files/{hashes['new.png']}.png", "the latest"
    assert Picture.objects.filter(profile__name="person1").count() == 2


def test_a_second_run_brings_nothing_twice(writer: ExportWriter) -> None:
    run_import(writer.root)
    before = fingerprints.database()
    second = run_import(writer.root)
    assert fingerprints.database() == before
    assert second.imported_count == 0
    assert (second.tally("attachments").present, second.tally("avatars").present) == (3, 1)


def test_a_dry_run_stores_nothing_and_says_the_same(writer: ExportWriter, tmp_path: Path) -> None:
    writer.attachment(9, contentUrl="attachments/none.bin")
    dry = run_import(writer.root, is_dry=True)
    assert not (tmp_path / "media").exists()
    real = run_import(writer.root)
    assert dry.tallies == real.tallies
    assert [p for p in dry.problems if "attachments" in p.path] == [p for p in real.problems if "attachments" in p.path]


BAD: dict[str, dict[str, Any]] = {
    "its bytes are not in the export: 'attachments/none.jpg'": {"contentUrl": "attachments/none.jpg"},
    "its bytes are not in the export: '../../secret.txt'": {"contentUrl": "../../secret.txt"},
    "its bytes are not in the export: 'file:///etc/passwd'": {"contentUrl": "file:///etc/passwd"},
    "its bytes are not in the export: 'https://example.org/a.png'": {"contentUrl": "https://example.org/a.png"},
    "its bytes are not in the export: '%2e%2e/%2e%2e/secret.txt'": {"contentUrl": "%2e%2e/%2e%2e/secret.txt"},
    "its bytes are not in the export: 'attachments/link.txt'": {"contentUrl": "attachments/link.txt"},
    "its bytes are not in the export: 'attachments/circle.txt'": {"contentUrl": "attachments/circle.txt"},
    "its bytes are not in the export: 'long": {"contentUrl": "long" * 2_000},
    "has no contentUrl": {},
    "its data URL is no base64": {"contentUrl": "data:text/plain;base64,***"},
    "is not taken: a file is empty": {"contentUrl": "data:text/plain;base64,"},
    "is not taken: the file is not the picture that it says it is": {
        "contentUrl": data_url(NOTES),
        "name": "photo.png",
    },
    "is not taken: a file may have 100 bytes": {"contentUrl": data_url(b"x" * 101)},
    "is attached to nothing that is imported": {"contentUrl": data_url(NOTES), "associations": on(("comment", 999))},
    "is no picture, which an avatar has to be": {
        "contentUrl": data_url(NOTES),
        "associations": on(("profile", 2)),
    },
}


@pytest.mark.parametrize(("message", "fields"), BAD.items(), ids=list(BAD))
def test_o5_what_cannot_be_taken_is_left_out_with_its_reason(
    tmp_path: Path, settings: Any, message: str, fields: dict[str, Any]
) -> None:
    settings.MAX_FILE_BYTES = 100
    (tmp_path / "secret.txt").write_bytes(NOTES)
    writer = small_export(tmp_path / "export")
    writer.write("attachments/0.txt", "x")
    (writer.root / "attachments/link.txt").symlink_to(tmp_path / "secret.txt")
    (writer.root / "attachments/circle.txt").symlink_to(writer.root / "attachments/circle.txt")
    writer.attachment(5, **fields)
    report = run_import(writer.root)
    found = [(p.level, p.message[: len(message)]) for p in report.problems if p.path == "attachments/5.json"]
    assert found[-1] == ("skipped", message)
    assert (report.tally("attachments").skipped, report.error_count) == (1, 0)
    assert not File.objects.exists()


def test_a_file_that_was_missing_comes_with_the_next_run(writer: ExportWriter) -> None:
    (writer.root / "attachments/7/photo.jpg").unlink()
    assert run_import(writer.root).tally("attachments").skipped == 2
    writer.bytes("attachments/7/photo.jpg", jpeg())
    assert run_import(writer.root).tally("attachments").imported == 2
    assert Attachment.objects.count() == 3


def test_older_samples_name_the_one_thing_at_the_top(tmp_path: Path) -> None:
    writer = small_export(tmp_path / "export")
    writer.attachment(1, contentUrl=data_url(NOTES), associations=..., onType="comment", onId=9)
    run_import(writer.root)
    assert Attachment.objects.get().comment.revision_count == 2


def test_unknown_targets_are_named_and_the_others_are_attached(writer: ExportWriter) -> None:
    writer.attachment(5, contentUrl=data_url(b"five"), associations=on(("comment", 1), ("comment", 99), ("blog", 1)))
    report = run_import(writer.root)
    assert [p.message for p in report.problems if p.path == "attachments/5.json"] == [
        "is on comment 99, which is not imported", "is on something of the unknown type 'blog', which is left out",
    ]  # fmt: skip
    assert Attachment.objects.filter(file__size=4).count() == 1


def test_an_archive_brings_its_files_too_and_large_ones_are_left_out(writer: ExportWriter, tmp_path: Path) -> None:
    writer.bytes("attachments/huge.bin", os.urandom(20_000))
    writer.attachment(6, contentUrl="attachments/huge.bin")
    with tarfile.open(tmp_path / "export.tar.gz", "w:gz") as tar:
        tar.add(writer.root, arcname="dump")
    report = run_import(tmp_path / "export.tar.gz", limits=Limits(max_file_bytes=15_000))
    assert [p.message for p in report.problems if p.path == "attachments/6.json"] == [
        "its bytes cannot be read: attachments/huge.bin: is too large"
    ]
    assert report.tally("attachments").imported == 3


@outside
def test_killed_between_files_the_result_is_the_same(tmp_path: Path) -> None:
    writer = small_export(tmp_path / "export")
    for id in range(1, 61):
        writer.attachment(id, contentUrl=data_url(b"%d" % (id // 2)), name=f"{id}.txt", associations=on(("comment", 1)))
    database = connection.settings_dict
    url = psycopg.conninfo.make_conninfo(
        dbname=database["NAME"], user=database["USER"], password=database["PASSWORD"], host=database["HOST"],
        port=database["PORT"],
    )  # fmt: skip
    environment = {**os.environ, "DATABASE_URL": url, "MEDIA_ROOT": str(tmp_path / "media")}
    command = [
        sys.executable,
        "manage.py",
        "import_forum",
        str(writer.root),
        "--site",
        "killed",
        "--description",
        "A forum.",
        "--batch-size",
        "7",
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while File.objects.count() < 9:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    assert ImportedItem.objects.filter(kind=21).count() < 60
    run_import(writer.root, site="killed", wait_seconds=10)
    run_import(writer.root, site="whole")
    assert fingerprints.site("killed") == fingerprints.site("whole")
    assert File.objects.filter(site__key="killed").count() == 31


# --- Out ----------------------------------------------------------------------------------------


@outside
@pytest.mark.parametrize("name", ["out", "out.tar.gz"])
def test_an_export_brings_files_and_avatars_to_the_same_places(writer: ExportWriter, tmp_path: Path, name: str) -> None:
    writer.attachment(4, contentUrl=data_url(png(8, 8)), name="former.png", associations=on(("profile", 1)))
    writer.upload(1, contentUrl=data_url(b"shown in a text"), name="plan.pdf")
    writer.attachment(5, contentUrl=data_url(b"no name"), fileName="given.doc")
    run_import(writer.root, site="former")
    report = export_forum(ExportOptions("former", tmp_path / name))
    assert {key: report.counts[key] for key in ("attachments", "uploads", "files")} == {
        "attachments": 6, "uploads": 1, "files": 6,
    }  # fmt: skip
    imported = run_import(tmp_path / name, site="copy", owner=report.owner_id)
    assert [p for p in imported.problems if p.level != "warning"] == []
    assert attached("copy") == attached("former")
    for file in File.objects.filter(site__key="copy"):
        assert stored(file) == stored(File.objects.get(site__key="former", hash=file.hash))


@outside
def test_the_index_names_attachments_and_each_content_is_there_once(writer: ExportWriter, tmp_path: Path) -> None:
    run_import(writer.root, site="former")
    export_forum(ExportOptions("former", tmp_path / "out"))
    documents = read_all(tmp_path / "out", "attachments")
    index = json.loads((tmp_path / "out/attachments/index.json").read_text())
    assert {entry["id"] for entry in index["files"]} == set(documents)
    contents = [path for path in (tmp_path / "out/files").rglob("*") if path.is_file()]
    assert sorted(p.relative_to(tmp_path / "out").as_posix() for p in contents) == sorted(
        {document["contentUrl"] for document in documents.values()}
    )
    photo = next(document for document in documents.values() if document["name"] == "Photo.JPG")
    file = File.objects.get(site__key="former", mime_type="image/jpeg")
    assert photo == {
        "id": photo["id"],
        "author": Profile.objects.get(site__key="former", name="person2").id,
        "dateCreated": NOON,
        "associations": [{"onType": "comment", "onId": Attachment.objects.get(name="Photo.JPG").comment_id}],
        "name": "Photo.JPG",
        "contentSize": file.size,
        "contentUrl": f"files/{file.hash[:2]}/{file.hash}",
        "mimetype": "image/jpeg",
        "width": 40,
        "height": 20,
    }


@outside
def test_bytes_that_are_gone_are_named_and_the_rest_is_exported(
    writer: ExportWriter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_import(writer.root, site="former")
    file = File.objects.get(mime_type="text/plain")
    file_storage().delete(stored_name(site_id=file.site_id, hash=file.hash))
    call_command("export_forum", "former", str(tmp_path / "out"))
    assert f"the bytes of 1 file are not in the storage: {file.hash}" in capsys.readouterr().err
    report = run_import(tmp_path / "out", site="copy", owner=Profile.objects.get(site__key="former", name="person1").id)
    assert report.tally("attachments").skipped == 1
    assert Site.objects.filter(key="copy").exists()


@outside
def test_a_huddles_files_stay_in_it(writer: ExportWriter, tmp_path: Path) -> None:
    run_import(writer.root, site="former")
    site = Site.objects.get(key="former")
    said = Comment.objects.get(item__kind=5)
    Attachment.objects.filter(name="notes.txt").update(comment=said)
    export_forum(ExportOptions("former", tmp_path / "all"))
    assert str(said.id) in json.dumps([d["associations"] for d in read_all(tmp_path / "all", "attachments").values()])
    export_forum(ExportOptions("former", tmp_path / "public", has_huddles=False))
    notes = File.objects.get(site=site, mime_type="text/plain").hash
    public = [path.name for path in (tmp_path / "public/files").rglob("*") if path.is_file()]
    assert notes not in public
    assert len(public) == 2
    assert len(read_all(tmp_path / "public", "attachments")) == 3


def all_bytes(root: Path) -> Iterator[bytes]:
    """The bytes of all files below a folder."""
    for path in root.rglob("*"):
        if path.is_file():
            yield path.read_bytes()


@outside
def test_what_is_stored_and_exported_tells_no_place(writer: ExportWriter, tmp_path: Path) -> None:
    run_import(writer.root, site="former")
    export_forum(ExportOptions("former", tmp_path / "out"))
    assert not any(SECRET in content for content in [*all_bytes(tmp_path / "out"), *all_bytes(tmp_path / "media")])
    assert io.BytesIO(next(all_bytes(tmp_path / "media"))).read(1)

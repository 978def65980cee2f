"""Bytes first, then the row: nothing is lost and nothing stays behind, whenever a process dies."""

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from apps.core import clock
from apps.core.clock import set_clock
from apps.core.models import Change
from apps.files.errors import UploadExpired
from apps.files.models import File, PendingFile
from apps.files.preparing import Prepared, prepare_file
from apps.files.queries import file_by_hash
from apps.files.services import ORPHANED_AFTER, _sweep, count_link, store_file, sweep_orphans, withdraw
from apps.files.storage import LocalFileStorage, file_storage, stored_name
from apps.files.tasks import sweep_orphaned_bytes
from tests.client import ApiClient
from tests.factories import Forum, make_forum
from tests.files.uploads import upload

CONTENT = b"what somebody wrote down"


class Died(BaseException):
    """The process ends here."""


def prepared(content: bytes = CONTENT) -> Prepared:
    """A file ready to be stored."""
    return prepare_file(io.BytesIO(content), name="a.txt")


def stored_paths(media_root: Path) -> list[Path]:
    """The files on the disk."""
    return [path for path in media_root.rglob("*") if path.is_file()]


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> Iterator[None]:
    """The process dies when it comes to a function."""

    def die(*_: Any, **__: Any) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, die)
        with pytest.raises(Died):
            yield


@pytest.mark.django_db
def test_a_file_that_is_new_is_news(forum: Forum) -> None:
    file = store_file(prepared(), site_id=forum.site.id, user_id=None, profile_id=forum.owner.id)
    store_file(prepared(), site_id=forum.site.id, user_id=None, profile_id=forum.owner.id)
    change = Change.objects.get(kind="file.stored")
    assert (change.site_id, change.ids, change.actor_id) == (forum.site.id, {"file_id": file.id}, forum.owner.id)


@pytest.mark.django_db
def test_a_process_that_dies_between_bytes_and_row_leaves_what_the_sweeper_finds(
    forum: Forum, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import apps.files.services as services

    with dying(monkeypatch, services, "_record_file"):
        store_file(prepared(), site_id=forum.site.id, user_id=None)
    assert len(stored_paths(media_root)) == 1
    assert not File.objects.exists()
    assert sweep_orphans() == 0
    set_clock(shift=ORPHANED_AFTER + timedelta(seconds=1))
    assert sweep_orphans() == 1
    assert stored_paths(media_root) == []
    assert not PendingFile.objects.exists()
    sweep_orphaned_bytes()


@pytest.mark.django_db
def test_a_process_that_dies_while_writing_leaves_no_half_file(
    forum: Forum, api: ApiClient, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dying(monkeypatch, os, "replace"):
        store_file(prepared(), site_id=forum.site.id, user_id=None)
    assert not list((media_root / "files").rglob("*.*"))
    # What a killed process could not even clean up.
    leftover = media_root / "incoming" / "leftover"
    leftover.write_bytes(CONTENT[:5])
    long_ago = (clock.now() - timedelta(days=2)).timestamp()
    os.utime(leftover, (long_ago, long_ago))
    sweep_orphans()
    assert stored_paths(media_root) == []


@pytest.mark.django_db
def test_an_upload_after_a_crash_makes_it_whole(forum: Forum, api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    import apps.files.services as services

    with dying(monkeypatch, services, "_record_file"):
        store_file(prepared(), site_id=forum.site.id, user_id=None)
    set_clock(shift=timedelta(days=2))
    (entry,) = upload(api.as_(forum.owner), CONTENT, name="a.txt").data
    assert sweep_orphans() == 0
    set_clock(shift=timedelta(days=9))
    assert sweep_orphans() == 0
    assert api.get(f"files/{entry['fileHash']}").content == CONTENT


@pytest.mark.django_db
def test_an_old_note_of_a_file_that_has_a_row_takes_nothing_away(forum: Forum, api: ApiClient) -> None:
    file = store_file(prepared(), site_id=forum.site.id, user_id=None)
    PendingFile.objects.create(site=forum.site, hash=file.hash, started_at=clock.now() - timedelta(days=2))
    assert sweep_orphans() == 0
    assert not PendingFile.objects.exists()
    assert api.get(f"files/{file.hash}").content == CONTENT


@pytest.mark.django_db
def test_a_note_that_was_renewed_after_the_sweeper_saw_it_stays(forum: Forum, media_root: Path) -> None:
    name = stored_name(site_id=forum.site.id, hash="a" * 40)
    file_storage().save(name, io.BytesIO(CONTENT))
    note = PendingFile.objects.create(site=forum.site, hash="a" * 40)
    before = clock.now() - ORPHANED_AFTER
    assert not _sweep(site_id=forum.site.id, hash=note.hash, id=note.id, before=before)
    assert PendingFile.objects.filter(id=note.id).exists()
    assert len(stored_paths(media_root)) == 1


@pytest.mark.django_db
def test_t1_the_sweeper_of_one_site_does_not_touch_another(forum: Forum, other_forum: Forum, api: ApiClient) -> None:
    file = store_file(prepared(), site_id=forum.site.id, user_id=None)
    PendingFile.objects.create(site=other_forum.site, hash=file.hash, started_at=clock.now() - timedelta(days=2))
    assert sweep_orphans() == 1
    assert api.get(f"files/{file.hash}").content == CONTENT


@pytest.mark.django_db
def test_an_upload_that_was_swept_meanwhile_makes_no_row(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    save = LocalFileStorage.save

    def save_slowly(self: LocalFileStorage, *given: Any, **options: Any) -> str:
        name = save(self, *given, **options)
        set_clock(shift=timedelta(days=2))
        assert sweep_orphans() == 1
        return name

    monkeypatch.setattr(LocalFileStorage, "save", save_slowly)
    with pytest.raises(UploadExpired):
        store_file(prepared(), site_id=forum.site.id, user_id=None)
    assert not File.objects.exists()


@pytest.mark.django_db
def test_links_to_a_file_are_counted(forum: Forum) -> None:
    file = store_file(prepared(), site_id=forum.site.id, user_id=None)
    for _ in range(2):
        count_link(file_id=file.id)
    withdraw({file.id: 1})
    found = file_by_hash(forum.site.id, file.hash)
    assert found is not None
    assert found.attach_count == 1
    assert file_by_hash(forum.site.id + 1, file.hash) is None


@pytest.mark.django_db(transaction=True)
def test_r2_the_same_upload_many_times_at_once_is_one_file(media_root: Path) -> None:
    forum, count = make_forum("gamma"), 12
    people = [forum.member() for _ in range(count)]
    client, replies, barrier = ApiClient(host=forum.host), [], threading.Barrier(count)

    def run(number: int) -> None:
        try:
            barrier.wait()
            replies.append(upload(client.as_(people[number]), CONTENT * 1000, name=f"{number}.txt"))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply.status for reply in replies] == [200] * count
    (file,) = File.objects.all()
    assert {reply.data[0]["fileHash"] for reply in replies} == {file.hash}
    assert len(stored_paths(media_root)) == 1
    assert Change.objects.filter(kind="file.stored").count() == 1
    assert client.get(f"files/{file.hash}").content == CONTENT * 1000
    set_clock(shift=timedelta(days=2))
    assert sweep_orphans() == 0
    assert not PendingFile.objects.exists()
    assert client.get(f"files/{file.hash}").content == CONTENT * 1000


@pytest.mark.django_db(transaction=True)
def test_r1_uploads_and_the_sweeper_at_once_never_lose_bytes(media_root: Path) -> None:
    """Old notes everywhere, the sweeper and uploads of the same bytes together: every row has its bytes."""
    forum, rounds = make_forum("delta"), 15
    contents = [f"{number} {CONTENT!r}".encode() for number in range(rounds)]
    for content in contents:
        hash = prepared(content).hash
        PendingFile.objects.create(site=forum.site, hash=hash, started_at=clock.now() - timedelta(days=2))
        file_storage().save(stored_name(site_id=forum.site.id, hash=hash), io.BytesIO(content))
    stop = threading.Event()

    def sweep() -> None:
        try:
            while not stop.is_set():
                sweep_orphans()
        finally:
            connection.close()

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        files = [store_file(prepared(content), site_id=forum.site.id, user_id=None) for content in contents]
    finally:
        stop.set()
        sweeper.join()
    for file, content in zip(files, contents, strict=True):
        name = stored_name(site_id=forum.site.id, hash=file.hash)
        assert b"".join(file_storage().open_slice(name, start=0, length=file.size)) == content


@pytest.mark.django_db
def test_the_names_of_stored_bytes_hold_the_site_and_the_hash_alone(
    uploader: ApiClient, forum: Forum, media_root: Path
) -> None:
    (entry,) = upload(uploader, CONTENT, name="../../../evil.html").data
    hash = entry["fileHash"]
    (path,) = stored_paths(media_root)
    assert path == media_root / "files" / str(forum.site.id) / hash[:2] / hash

"""Old addresses go on working when a site that was imported itself moves on: they lead to the same things there."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from apps.accounts.models import User
from apps.accounts.services import issue_token
from apps.comments.models import Revision
from apps.files.models import File
from apps.items.models import Item
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.sites.hosts import forget_sites
from apps.sites.models import Site
from apps.sites.types import ITEM_TYPES, ItemType
from apps.transfer import queries
from apps.transfer.exporter.exporting import ExportOptions, export_forum
from apps.transfer.models import FormerId, Origin
from tests.api.test_resolve import FOUND, write_old_forum
from tests.client import ApiClient
from tests.transfer import fingerprints
from tests.transfer.exports import ExportWriter, read_all, run_import, small_export

outside = pytest.mark.django_db(transaction=True)
#: Addresses of things that only some may read.
PRIVATE = ["showthread.php?t=38", "showthread.php?p=504", "private.php?pmid=9", "attachment.php?attachmentid=72"]
ADDRESSES = [address for address, *_ in FOUND] + PRIVATE


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "media")


def move(tmp_path: Path, *, old: str, new: str, **options: Any) -> Path:
    """Export a site and import it as another one."""
    path = tmp_path / f"{old}-to-{new}"
    report = export_forum(ExportOptions(old, path, **options))
    assert run_import(path, site=new, owner=report.owner_id).error_count == 0
    return path


def verdicts(key: str, *, person: int | None = None) -> dict[str, Any]:
    """Where each address leads on a site, with what the thing there says instead of its id."""
    forget_sites()
    user = User.objects.get(email=f"old{person}@example.org") if person else None
    client = ApiClient(host=f"{key}.localhost", token=issue_token(user=user, client=None) if user else "")
    return {address: verdict(client, address) for address in ADDRESSES}


def verdict(client: ApiClient, address: str) -> dict[str, Any]:
    data: dict[str, Any] = client.get(f"resolve?url={quote(f'http://old.example/{address}', safe='')}").data
    del data["url"], data["redirect"]
    if "itemId" in data:
        data["itemId"] = named(ITEM_TYPES[data["itemType"]], data["itemId"])
    return data


def named(kind: ItemType, id: int) -> str:
    """What a thing says."""
    if kind is ItemType.MICROCOSM:
        return Microcosm.objects.get(id=id).title
    if kind is ItemType.PROFILE:
        return Profile.objects.get(id=id).name
    if kind is ItemType.COMMENT:
        return str(Revision.objects.get(comment=id).created_at) + Revision.objects.get(comment=id).markdown
    return File.objects.get(id=id).hash if kind is ItemType.ATTACHMENT else Item.objects.get(id=id).title


@outside
def test_old_addresses_lead_to_the_same_on_a_copy_and_on_a_copy_of_that(tmp_path: Path) -> None:
    run_import(write_old_forum(tmp_path / "old"), site="former")
    # The copy has other ids than the first site, and the old ones are ids of other things there.
    for person in (None, 2, 3):
        before = verdicts("former", person=person)
        assert sum(entry["status"] == 301 for entry in before.values()) >= len(FOUND)
        if person is None:
            move(tmp_path, old="former", new="copy")
            move(tmp_path, old="copy", new="again")
        assert verdicts("copy", person=person) == verdicts("again", person=person) == before
    assert list(Origin.objects.order_by("id").values_list("product", flat=True)) == [
        "vbulletin", "microcosm", "microcosm",
    ]  # fmt: skip


@outside
def test_ids_of_the_site_before_are_not_taken_for_those_of_the_old_forum(tmp_path: Path) -> None:
    run_import(small_export(tmp_path / "small").root, site="former")
    move(tmp_path, old="former", new="copy")
    copy = Site.objects.get(key="copy")
    known = {int(old) for old in queries.all_new_ids(site_id=copy.id, kind=ItemType.CONVERSATION)}
    assert known == set(
        Item.objects.filter(site__key="former", kind=ItemType.CONVERSATION).values_list("id", flat=True)
    )
    client = ApiClient(host="copy.localhost")
    found = {id for id in range(1, max(known) + 1) if verdict(client, f"showthread.php?t={id}")["status"] == 301}
    assert found == {1, 2}, "the third is in a closed section"


@outside
def test_an_import_that_runs_again_changes_nothing_and_adds_what_was_missing(tmp_path: Path) -> None:
    run_import(write_old_forum(tmp_path / "old"), site="former")
    path = move(tmp_path, old="former", new="copy")
    before = fingerprints.database()
    report = run_import(path, site="copy")
    assert (report.imported_count, report.tally("former-ids").present) == (0, report.tally("former-ids").found)
    assert fingerprints.database() == before
    FormerId.objects.filter(kind=ItemType.COMMENT).delete()
    assert run_import(path, site="copy").tally("former-ids").imported == 1
    assert fingerprints.database()["transfer_formerid"] == before["transfer_formerid"]


@outside
def test_an_export_without_huddles_names_none_and_no_files_of_them(tmp_path: Path) -> None:
    writer = ExportWriter(write_old_forum(tmp_path / "old"))
    on = [{"onType": "comment", "onId": 600}]
    writer.comment(600, onType="message", onId=9)
    writer.attachment(73, contentUrl="data:,c2VjcmV0", name="secret.txt", associations=on)
    run_import(writer.root, site="former")
    whole, part = tmp_path / "whole", tmp_path / "part"
    export_forum(ExportOptions("former", whole))
    export_forum(ExportOptions("former", part, has_huddles=False))
    kinds = {path: {entry["onType"] for entry in read_all(path, "former-ids").values()} for path in (whole, part)}
    assert kinds[whole] - kinds[part] == {"huddle"}
    secret = File.objects.get(name="secret.txt").hash
    texts = {path: "".join(file.read_text() for file in (path / "former-ids").glob("*")) for path in (whole, part)}
    assert (secret in texts[whole], secret in texts[part]) == (True, False)
    files = [entry for entry in read_all(part, "former-ids").values() if entry["onType"] == "attachment"]
    assert [entry["oldId"] for entry in files[0]["ids"]] == ["71", "72"]


@outside
def test_many_are_divided_into_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.transfer.exporter.exporting._IDS_IN_A_FILE", 4)
    run_import(small_export(tmp_path / "small").root, site="former")
    export_forum(ExportOptions("former", tmp_path / "out"))
    documents = read_all(tmp_path / "out", "former-ids")
    old_ids = [
        [entry["oldId"] for entry in document["ids"]]
        for document in documents.values()
        if document["onType"] == "comment"
    ]
    assert old_ids == [["1", "2", "3", "4"], ["5", "6", "7", "8"], ["9"]]
    assert list(documents) == list(range(1, len(documents) + 1))


BAD: list[tuple[dict[str, Any], str]] = [
    ({"onType": "watcher"}, "names things of the unknown type 'watcher'"),
    ({"onType": "nothing"}, "names things of the unknown type 'nothing'"),
    ({"product": ""}, "product has 1 to 50 characters"),
    ({"product": "x" * 51}, "product has 1 to 50 characters"),
    ({"ids": [{"id": 1}]}, "ids[].oldId has 1 to 64 characters"),
    ({"ids": [{"oldId": "9" * 65, "id": 1}]}, "ids[].oldId has 1 to 64 characters"),
    ({"ids": [{"oldId": 7, "id": 1}]}, "ids[0].oldId must be a string"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("fields", "message"), BAD)
def test_what_is_wrong_is_said(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    writer = small_export(tmp_path)
    document = {"id": 1, "product": "vbulletin", "onType": "conversation", "ids": [{"oldId": "77", "id": 1}]}
    writer.write("former-ids/1.json", document | fields)
    report = run_import(tmp_path, continues_on_error=True)
    assert [(p.level, p.message) for p in report.problems if p.path == "former-ids/1.json"] == [("error", message)]
    assert not FormerId.objects.exists()


@pytest.mark.django_db
def test_what_is_not_in_the_export_is_left_out(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    ids = [{"oldId": "77", "id": 1}, {"oldId": "78", "id": 999}]
    document = {"id": 1, "product": "vbulletin", "onType": "conversation", "ids": ids}
    writer.write("former-ids/1.json", json.dumps(document))
    run_import(tmp_path)
    assert [former.old_id for former in FormerId.objects.all()] == ["77"]
    # What is imported itself is meant first: the two may have used the same number.
    writer.write("former-ids/2.json", document | {"id": 2, "ids": [{"oldId": "2", "id": 1}]})
    run_import(tmp_path)
    client = ApiClient(host="old.localhost")
    assert [verdict(client, f"showthread.php?t={id}")["itemId"] for id in (77, 2)] == ["Thread 1", "Thread 2"]

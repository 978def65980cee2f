"""Exports: the sample comes out as it went in, and an export imports as the same site."""

import json
import re
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from apps.comments.models import Comment, Revision
from apps.huddles.models import Participant
from apps.items.imports import recount_items
from apps.items.models import Item
from apps.microcosms.models import Microcosm
from apps.permissions.models import Role
from apps.profiles.imports import recount_profiles
from apps.profiles.models import Profile
from apps.sites.models import Site
from apps.sites.types import ItemType
from apps.transfer import queries
from apps.transfer.exporter import exporting, writing
from apps.transfer.exporter.exporting import ExportOptions, ExportReport, export_forum
from tests.transfer import fingerprints
from tests.transfer.exports import SAMPLE, ExportWriter, read_all, run_import, small_export, unpack_sample

#: A snapshot is a transaction of its own, so nothing here can run inside the one of a test.
pytestmark = pytest.mark.django_db(transaction=True)

#: Its name is in no address of the exports, which fingerprints blank out.
SITE = "former"
OWNER = "person1"
_KINDS = {
    "profiles": ItemType.PROFILE, "forums": ItemType.MICROCOSM, "conversations": ItemType.CONVERSATION,
    "comments": ItemType.COMMENT, "roles": ItemType.ROLE,
}  # fmt: skip


def export(path: Path, *, has_emails: bool = True) -> ExportReport:
    """Export the site."""
    return export_forum(ExportOptions(SITE, path, has_emails=has_emails))


def old_ids(kind: ItemType) -> dict[int, int]:
    """The ids in the export that was imported, by those here."""
    found = queries.all_new_ids(site_id=Site.objects.get(key=SITE).id, kind=kind)
    return {new: int(old) for old, new in found.items() if old != "0"}


def moment(text: str) -> datetime:
    """A time of a file, which has to say that it is in UTC."""
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def in_old_ids(document: dict[str, Any], **fields: dict[int, int]) -> dict[str, Any]:
    """A document with the ids that it was imported with."""
    return {**document, **{name: ids[document[name]] for name, ids in fields.items() if name in document}}


def site(key: str) -> dict[str, Any]:
    """What is in a site, without ids and without what importing it twice differs in: the old-id map."""
    prints = fingerprints.site(key)
    found = {name: value for name, value in prints.items() if name not in ("map", "origin")}
    return {**found, "mapped": sorted(kind for kind, old in prints["map"])}


def copy(path: Path) -> dict[str, Any]:
    """An export imported as the site `copy`: what is in that then."""
    report = run_import(path, site="copy", owner=Profile.objects.get(site__key=SITE, name=OWNER).id)
    assert [problem for problem in report.problems if problem.level != "warning"] == []
    return site("copy")


@pytest.fixture
def writer(tmp_path: Path) -> ExportWriter:
    """A bit of everything, every comment in one version."""
    writer = small_export(tmp_path / "small")
    writer.comment(9, "Once.", onId=2)
    return writer


# --- The sample ---------------------------------------------------------------------------------


def test_the_sample_comes_out_as_it_went_in_and_its_export_is_the_same_site(tmp_path: Path) -> None:
    sample = unpack_sample(tmp_path)
    run_import(SAMPLE, site=SITE)
    report = export(tmp_path / "out")
    assert report.counts == {
        "profiles": 247, "roles": 3, "forums": 11, "conversations": 300, "messages": 0, "comments": 2188, "follows": 0,
        "attachments": 0, "uploads": 0, "files": 0, "events": 0, "polls": 0, "huddles": 0, "item-comments": 0,
        "former-ids": 6,
    }  # fmt: skip
    ids = {folder: old_ids(kind) for folder, kind in _KINDS.items() if folder != "roles"}
    places = {
        "profiles": {},
        "forums": {"author": ids["profiles"]},
        "conversations": {"author": ids["profiles"], "forumId": ids["forums"]},
        "comments": {"author": ids["profiles"], "onId": ids["conversations"], "inReplyTo": ids["comments"]},
    }
    for folder, fields in places.items():
        given, written = read_all(sample, folder), read_all(tmp_path / "out", folder)
        assert {ids[folder][id] for id in written} == set(given)
        for id, document in written.items():
            found = in_old_ids(document, id=ids[folder], **fields)
            assert_equal(found, given[ids[folder][id]], people=ids["profiles"])
    roles = {role["name"]: role for role in read_all(tmp_path / "out", "roles").values()}
    for role in read_all(sample, "roles").values():
        grants = {name for name, granted in role["forumPermissions"].items() if granted}
        found_role = roles[role["name"]]
        assert {name for name, granted in found_role["forumPermissions"].items() if granted} == grants
        assert [found_role[name] for name in ("default", "includeGuests", "includeRegisteredUsers")] == [
            role.get(name, False) for name in ("default", "includeGuests", "includeRegisteredUsers")
        ]
    global_owner = Site.objects.get(key=SITE).owner
    imported = run_import(tmp_path / "out", site="copy", owner=report.owner_id)
    assert imported.error_count == 0
    assert Site.objects.get(key="copy").owner == global_owner
    old, new = site(SITE), site("copy")
    # A copy has the role for banned people from its export, where the first site had it from its founding.
    old["mapped"] = sorted([*old["mapped"], int(ItemType.ROLE)])
    for part, expected in old.items():
        assert new[part] == expected, part


def assert_equal(written: dict[str, Any], given: dict[str, Any], *, people: dict[int, int]) -> None:
    """Every key of the sample has the value it had; times are equal as times."""
    for key, value in given.items():
        if key == "displayOrder":
            continue
        if key == "versions":
            ((version,), (expected,)) = (written[key], value)
            assert moment(version["dateModified"]) == moment(expected["dateModified"])
            assert (people[version["editor"]], version["headline"], version["text"]) == (
                expected["editor"], expected["headline"], expected["text"],
            )  # fmt: skip
        elif key in ("dateCreated", "lastActive"):
            earliest = moment(given["dateCreated"])
            assert moment(written[key]) == max(moment(value), earliest)
        else:
            assert written[key] == value, key
    assert written.get("inReplyTo") == (given.get("inReplyTo") or None)


# --- Everything else ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["out", "out.tar.gz", "out.tar", "out.tgz"])
def test_an_export_imports_as_the_same_site(writer: ExportWriter, tmp_path: Path, name: str) -> None:
    run_import(writer.root, site=SITE)
    writer_comments_on_a_message()
    before = site(SITE)
    export(tmp_path / name)
    found = copy(tmp_path / name)
    assert len([row for row in found["comments"] if "Message 1" in row[0]]) == 3
    for part in before.keys() - {"mapped"}:
        assert found[part] == before[part], part


def writer_comments_on_a_message() -> None:
    """Two more comments in the huddle: one answers the first one there, the other one that."""
    huddle = Item.objects.get(kind=ItemType.HUDDLE)
    said = Comment.objects.get(item=huddle)
    for number, name in enumerate(["person2", "person1"], start=1):
        person = Profile.objects.get(site=huddle.site, name=name)
        at = datetime(2020, 5, 2, number, tzinfo=UTC)
        said = Comment.objects.create(
            site=huddle.site, item=huddle, created_by=person, created_at=at, in_reply_to=said, is_deleted=False
        )
        Revision.objects.create(
            comment=said, number=1, markdown=f"No. {number}.", html=f"<p>No. {number}.</p>\n", created_at=at,
            created_by=person, renderer_version=Revision.objects.filter(comment__item=huddle)[0].renderer_version,
        )  # fmt: skip
    recount_items(site_id=huddle.site_id)
    recount_profiles(site_id=huddle.site_id)


def test_sections_keep_exactly_their_own_roles(writer: ExportWriter, tmp_path: Path) -> None:
    run_import(writer.root, site=SITE)
    section = Microcosm.objects.get(site__key=SITE, title="Section 1")
    owner = section.owner
    closed = Role.objects.create(site=section.site, microcosm=section, title="Nothing", created_by=owner)
    closed.profiles.add(Profile.objects.get(site__key=SITE, name="person3"))
    Role.objects.create(
        site=section.site, microcosm=section, title="Half", can_read=True, include_guests=True, created_by=owner
    )
    export(tmp_path / "out")
    found = copy(tmp_path / "out")["roles"]
    assert found == site(SITE)["roles"]
    roles = {role["name"]: role["forumPermissions"] for role in read_all(tmp_path / "out", "roles").values()}
    assert not roles["Half"]["canView"], "the format has one word for both ways of reading: half of it opens nothing"


def test_what_is_in_the_root_stays_there(writer: ExportWriter, tmp_path: Path) -> None:
    run_import(writer.root, site=SITE)
    root = Microcosm.objects.get(site__key=SITE, parent=None)
    Item.objects.filter(title="Thread 1").update(microcosm=root)
    export(tmp_path / "out")
    copy(tmp_path / "out")
    item = Item.objects.get(site__key="copy", title="Thread 1")
    assert item.microcosm == Microcosm.objects.get(site__key="copy", parent=None)
    assert Microcosm.objects.filter(site__key="copy").count() == 3


def test_who_left_a_huddle_is_not_in_it_again(writer: ExportWriter, tmp_path: Path) -> None:
    run_import(writer.root, site=SITE)
    Participant.objects.filter(huddle__item__site__key=SITE, profile__name="person1").delete()
    export(tmp_path / "out")
    copy(tmp_path / "out")
    names = Participant.objects.filter(huddle__item__site__key="copy").values_list("profile__name", flat=True)
    assert list(names) == ["person2"]


def test_a_huddle_that_nobody_is_in_is_left_out(writer: ExportWriter, tmp_path: Path) -> None:
    run_import(writer.root, site=SITE)
    writer_comments_on_a_message()
    Participant.objects.all().delete()
    export(tmp_path / "out")
    assert read_all(tmp_path / "out", "messages") == {}
    assert {c["onType"] for c in read_all(tmp_path / "out", "comments").values()} == {"conversation", "user"}


def test_the_current_version_is_the_one_that_all_importers_read(tmp_path: Path) -> None:
    run_import(small_export(tmp_path / "small").root, site=SITE)
    export(tmp_path / "out")
    documents = read_all(tmp_path / "out", "comments").values()
    assert all(len(document["versions"]) == 1 for document in documents)
    (edited,) = [document for document in documents if "history" in document]
    assert edited["versions"][0]["text"] == "Second."
    assert edited["versions"][0]["editor"] == Profile.objects.get(name="person2").id
    assert [version["text"] for version in edited["history"]] == ["First."]
    assert copy(tmp_path / "out")["comments"] == site(SITE)["comments"]


def test_people_who_are_gone_are_author_0(writer: ExportWriter, tmp_path: Path) -> None:
    writer.conversation(1, author=0)
    run_import(writer.root, site=SITE)
    export(tmp_path / "out")
    (thread,) = [c for c in read_all(tmp_path / "out", "conversations").values() if c["name"] == "Thread 1"]
    assert thread["author"] == 0
    assert "deleted" not in {p["name"] for p in read_all(tmp_path / "out", "profiles").values()}


def test_titles_are_plain_text_and_texts_are_markdown(writer: ExportWriter, tmp_path: Path) -> None:
    writer.conversation(60, name='Tom & "Jerry" <3 Käse')
    writer.comment(60, "**Bold** & <b>html</b>", onId=60)
    run_import(writer.root, site=SITE)
    export(tmp_path / "out")
    assert 'Tom & "Jerry" <3 Käse' in {c["name"] for c in read_all(tmp_path / "out", "conversations").values()}
    texts = {c["versions"][0]["text"] for c in read_all(tmp_path / "out", "comments").values()}
    assert "**Bold** & <b>html</b>" in texts


def test_another_site_is_not_in_it(writer: ExportWriter, tmp_path: Path) -> None:
    run_import(writer.root, site=SITE)
    export(tmp_path / "before")
    writer.profile(70, email="secret@example.org")
    writer.conversation(70, name="Elsewhere")
    run_import(writer.root, site="other")
    export(tmp_path / "after")
    assert dict(contents(tmp_path / "after")) == dict(contents(tmp_path / "before"))


def contents(root: Path) -> Iterator[tuple[str, str]]:
    """All files with their text."""
    for path in sorted(root.rglob("*.json")):
        yield path.relative_to(root).as_posix(), path.read_text()


def test_addresses_can_be_left_out(writer: ExportWriter, tmp_path: Path) -> None:
    run_import(writer.root, site=SITE)
    export(tmp_path / "out", has_emails=False)
    assert "@example.org" not in "".join(text for _, text in contents(tmp_path / "out"))
    export(tmp_path / "full")
    index = json.loads((tmp_path / "full/profiles/index.json").read_text())
    assert {entry["email"] for entry in index["files"]} == {f"old{id}@example.org" for id in (1, 2, 3)}


def test_the_index_names_every_file_from_the_root(writer: ExportWriter, tmp_path: Path) -> None:
    run_import(writer.root, site=SITE)
    report = export(tmp_path / "out")
    folders = report.counts.keys() - {"files"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*folders, "site.json"}
    for folder in folders:
        count = report.counts[folder]
        index = json.loads((tmp_path / "out" / folder / "index.json").read_text())
        assert index["type"] == folder
        assert len(index["files"]) == count
        for entry in index["files"]:
            inner = entry["path"].removeprefix(f"{folder}/").removesuffix(".json")
            assert int(inner.replace("/", "")) == entry["id"]
            assert re.fullmatch(r"\d{1,3}(/\d{3})*", inner)
            document = json.loads((tmp_path / "out" / entry["path"]).read_text())
            assert document.get("id", document["author"] if folder == "follows" else None) == entry["id"]


def test_an_index_that_importers_would_refuse_is_left_out(
    writer: ExportWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_import(writer.root, site=SITE)
    monkeypatch.setattr(writing, "MAX_INDEX_BYTES", 200)
    export(tmp_path / "out.tar.gz")
    with tarfile.open(tmp_path / "out.tar.gz") as archive:
        names = archive.getnames()
    assert "comments/index.json" not in names
    assert "attachments/index.json" in names
    assert len(copy(tmp_path / "out.tar.gz")["comments"]) == len(site(SITE)["comments"])


@pytest.mark.parametrize(("id_", "path"), [(1, "1"), (999, "999"), (1000, "1/000"), (1234567, "1/234/567")])
def test_ids_are_split_in_groups_of_three_digits(id_: int, path: str) -> None:
    assert writing.split_id(id_) == path


def test_an_export_is_one_moment(writer: ExportWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_import(writer.root, site=SITE)
    write_row = exporting._write_row

    def write_and_change(folder: Any, row: Any, document: Any) -> None:
        write_row(folder, row, document)
        with other_connection() as other:
            other.execute("UPDATE items_item SET title = 'Too late'")
            other.execute("UPDATE comments_revision SET markdown = 'Too late'")

    monkeypatch.setattr(exporting, "_write_row", write_and_change)
    export(tmp_path / "out")
    assert "Too late" not in "".join(text for _, text in contents(tmp_path / "out"))
    assert Item.objects.filter(title="Too late").count() == 4


def other_connection() -> Any:
    """A connection beside that of the test."""
    settings = connection.settings_dict
    return psycopg.connect(
        dbname=settings["NAME"], user=settings["USER"], password=settings["PASSWORD"], host=settings["HOST"],
        port=settings["PORT"],
    )  # fmt: skip


def test_an_export_that_fails_leaves_nothing_behind(
    writer: ExportWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_import(writer.root, site=SITE)
    monkeypatch.setattr(writing, "split_id", lambda id_: "same")
    folder = tmp_path / "target"
    with pytest.raises(FileExistsError):
        export(folder / "out")
    assert list(folder.iterdir()) == []


def test_nothing_is_overwritten_and_only_the_owner_may_read_it(writer: ExportWriter, tmp_path: Path) -> None:
    run_import(writer.root, site=SITE)
    call_command("export_forum", SITE, str(tmp_path / "out"))
    call_command("export_forum", SITE, str(tmp_path / "out.tar.gz"))
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("out", "out.tar.gz")] == [0o700, 0o600]
    for name in ("out", "out.tar.gz"):
        with pytest.raises(CommandError, match="exists already"):
            call_command("export_forum", SITE, str(tmp_path / name))


def test_a_site_that_is_not_there_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no site nowhere"):
        call_command("export_forum", "nowhere", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()

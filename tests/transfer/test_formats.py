"""All the ways an export may be written down: directories, archives, indexes, both generations of samples."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.transfer.importer.archive import ExportError, Limits
from tests.transfer import fingerprints
from tests.transfer.exports import NOON, ExportWriter, run_import, small_export, unpack_sample

pytestmark = pytest.mark.django_db


def without_index(root: Path) -> None:
    """Files are found by walking."""
    for path in root.rglob("index.json"):
        path.unlink()


def index_from_type_folder(root: Path) -> None:
    """The index says `1/234.json` where it stands in `comments/`."""
    for folder in root.iterdir():
        ExportWriter(root).index(folder.name, prefix="")


def index_with_slashes(root: Path) -> None:
    """The index says `./comments//1/234.json`."""
    for folder in root.iterdir():
        ExportWriter(root).index(folder.name, prefix=f"./{folder.name}//")


@pytest.mark.parametrize("rewrite", [without_index, index_from_type_folder, index_with_slashes])
def test_the_sample_is_the_same_without_index_and_with_either_spelling(
    tmp_path: Path, rewrite: Callable[[Path], None]
) -> None:
    root = unpack_sample(tmp_path)
    run_import(root, site="indexed")
    rewrite(root)
    report = run_import(root, site="rewritten")
    assert report.tally("comments").imported == 2188
    assert fingerprints.site("rewritten") == fingerprints.site("indexed")


def test_what_an_index_does_not_name_is_invisible(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    writer.index("conversations", prefix="conversations/")
    writer.conversation(50)
    assert run_import(tmp_path).tally("conversations").found == 3


def test_an_index_may_name_other_ids_than_paths(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    writer.write("roles/index.json", {"files": [{"id": 70, "path": "roles/1.json"}]})
    report = run_import(tmp_path)
    assert [problem.message for problem in report.problems if problem.path == "roles/1.json"] == [
        "says that its id is 1; the id 70 of its name or index counts"
    ]


def pack(root: Path, archive: Path, *, below: str = "", mode: str = "w:gz") -> Path:
    """A directory as an archive."""
    with tarfile.open(archive, mode) as tar:
        for entry in sorted(root.iterdir()):
            tar.add(entry, arcname=f"{below}{entry.name}")
    return archive


@pytest.mark.parametrize(("below", "mode"), [("", "w:gz"), ("./", "w:gz"), ("dump/", "w:gz"), ("dump/", "w:")])
def test_an_archive_with_or_without_a_folder_is_the_same_as_a_directory(tmp_path: Path, below: str, mode: str) -> None:
    root = tmp_path / "export"
    small_export(root)
    run_import(root, site="unpacked")
    run_import(pack(root, tmp_path / "export.tar.gz", below=below, mode=mode), site="packed")
    assert fingerprints.site("packed") == fingerprints.site("unpacked")


def test_a_directory_may_hold_the_export_in_its_one_folder(tmp_path: Path) -> None:
    small_export(tmp_path / "dump")
    assert run_import(tmp_path).tally("comments").imported == 9


def hostile(archive: Path, member: tarfile.TarInfo, content: bytes = b"{}") -> Path:
    """An archive with one odd member between good ones."""
    with tarfile.open(archive, "w:gz") as tar:
        for name, body in (("profiles/1.json", b"{}"), (None, content), ("profiles/2.json", b"{}")):
            info = member if name is None else tarfile.TarInfo(name)
            info.size = len(body) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(body))
    return archive


def member(name: str, type: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    """A member of an archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type, target
    return info


@pytest.mark.parametrize(
    "odd",
    [
        member("../outside.json"),
        member("profiles/../../outside.json"),
        member("/etc/outside.json"),
        member("profiles/3.json", tarfile.SYMTYPE, "/etc/passwd"),
        member("profiles/3.json", tarfile.LNKTYPE, "profiles/1.json"),
        member("profiles/3.json", tarfile.CHRTYPE),
        member("profiles/3.json", tarfile.FIFOTYPE),
    ],
    ids=lambda odd: f"{odd.name} {odd.type!r}",
)
def test_o5_unsafe_members_refuse_the_archive(tmp_path: Path, odd: tarfile.TarInfo) -> None:
    with pytest.raises(ExportError, match=r"no safe path|link or a device"):
        run_import(hostile(tmp_path / "hostile.tar.gz", odd))


@pytest.mark.parametrize(
    "limits", [Limits(max_files=2), Limits(max_file_bytes=9_999), Limits(max_total_bytes=9_999)], ids=str
)
def test_o5_an_archive_beyond_the_limits_is_refused(tmp_path: Path, limits: Limits) -> None:
    archive = hostile(tmp_path / "large.tar.gz", member("profiles/3.json"), b" " * 10_000)
    with pytest.raises(ExportError, match=r"more than|larger than"):
        run_import(archive, limits=limits)


def test_o5_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    header = tarfile.TarInfo("profiles/3.json")
    header.size = 10 * 1024**3
    long_name = tarfile.TarInfo("name")
    long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 10 * 1024**3
    for number, info in enumerate((header, long_name)):
        bomb = tmp_path / f"bomb{number}.tar.gz"
        with gzip.open(bomb, "wb") as file:
            file.write(info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 1_000_000)
        with pytest.raises(ExportError, match="larger than"):
            run_import(bomb)


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", gzip.compress(b"no archive"), gzip.compress(b"x" * 5000)[:-30]],
    # gzip writes the time into its head, and workers must agree on names.
    ids=["empty", "text", "no tar", "cut"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "export.tar.gz").write_bytes(content)
    with pytest.raises(ExportError):
        run_import(tmp_path / "export.tar.gz")


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    small_export(tmp_path / "export")
    archive = pack(tmp_path / "export", tmp_path / "export.tar.gz")
    archive.write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(ExportError, match="no readable tar archive"):
        run_import(archive)


def test_o5_links_and_indexes_that_lead_out_of_a_directory_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"id": 8, "name": "Secret", "author": 1, "text": "s"}')
    writer = small_export(tmp_path / "export")
    (tmp_path / "export" / "forums" / "8.json").symlink_to(secret)
    writer.write("roles/index.json", {"files": [{"id": 8, "path": "../secret.json"}, {"id": 1, "path": str(secret)}]})
    report = run_import(tmp_path / "export", continues_on_error=True)
    assert [(p.path, p.message) for p in report.problems if p.level == "error"] == [
        ("../secret.json", "is named in the index but is not in the export"),
        (str(secret), "is named in the index but is not in the export"),
    ]
    assert report.is_stopped, "errors of roles always stop an import"
    writer.index("roles", prefix="roles/")
    report = run_import(tmp_path / "export", continues_on_error=True)
    assert [(p.path, p.message) for p in report.problems if p.level == "error"] == [
        ("forums/8.json", "leads out of the export")
    ]


def test_o5_links_that_lead_round_in_a_circle_are_said_to(tmp_path: Path) -> None:
    small_export(tmp_path)
    (tmp_path / "forums/8.json").symlink_to(tmp_path / "forums/8.json")
    report = run_import(tmp_path, continues_on_error=True)
    assert [(p.path, p.message) for p in report.problems if p.level == "error"] == [
        ("forums/8.json", "leads round in a circle")
    ]


def test_ids_are_the_digits_of_the_path(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    for path in ("comments/321/321/1.json", "comments/12/x.json", "comments/0.json", "comments/00/0.json"):
        document = {"onType": "conversation", "onId": 1, "author": 1, "dateCreated": NOON}
        writer.write(path, {**document, "versions": [writer.version("Deep.")]})
    report = run_import(tmp_path, continues_on_error=True)
    assert {(p.path, p.message) for p in report.problems if p.level == "error"} == {
        ("comments/12/x.json", "has no numeric id"),
        ("comments/0.json", f"has the id 0: ids are 1 to {2**63 - 1}"),
        ("comments/00/0.json", f"has the id 0: ids are 1 to {2**63 - 1}"),
    }
    assert (4, "3213211") in fingerprints.site("old")["map"]


def old_spelling(root: Path) -> None:
    """The older samples' names, cases and times, of the same forum as `new_spelling`."""
    writer = ExportWriter(root)
    writer.write(
        "profiles/1.json",
        {
            "ID": 1,
            "Name": "ann lee",
            "Email": "Ann@Example.org",
            "DateCreated": NOON[:-1],
            "emailNotifications": True,
            "ipaddress": "127.0.0.1",
        },
    )
    writer.write(
        "profiles/2.json",
        {
            "id": 2,
            "name": "bob",
            "email": "bob@example.org",
            "dateCreated": NOON,
            "banned": True,
            "emailFromAdmins": True,
        },
    )
    writer.write(
        "roles/1.json", {"id": 1, "name": "All", "default": True, "includeRegisteredUsers": True, "canView": True}
    )
    writer.write(
        "forums/1.json",
        {
            "id": 1,
            "name": "Talk",
            "author": 1,
            "open": True,
            "usergroups": [{"id": 1, "canView": True, "canPostNew": True}],
        },
    )
    writer.write(
        "conversations/1.json",
        {
            "id": 1,
            "name": "Hi",
            "forumid": 1,
            "author": 1,
            "datecreated": NOON,
            "open": True,
            "sticky": True,
            "moderated": False,
            "deleted": False,
        },
    )
    writer.write(
        "comments/1.json",
        {
            "id": 1,
            "onType": "Conversation",
            "onid": 1,
            "author": 2,
            "dateCreated": NOON,
            "deleted": True,
            "versions": [{"Editor": 2, "Text": "Hello", "DateModified": NOON}],
        },
    )
    writer.write(
        "messages/1.json",
        {
            "id": 1,
            "users": [{"id": 2}],
            "author": 1,
            "dateCreated": NOON,
            "versions": [{"headline": "Psst", "text": "You", "dateModified": NOON}],
        },
    )
    writer.write("follows/2.json", {"follows": [{"type": "user", "id": 1}, {"type": "conversation", "id": 1}]})


def new_spelling(root: Path) -> None:
    """The types that the reference importer decodes with."""
    writer = ExportWriter(root)
    writer.profile(1, name="ann lee", email="Ann@Example.org", receiveEmailNotifications=True)
    writer.profile(2, name="bob", email="bob@example.org", isBanned=True)
    writer.role(1, name="All", default=True, includeRegisteredUsers=True, forumPermissions={"canView": True})
    writer.forum(
        1, name="Talk", text="", usergroups=[{"id": 1, "forumPermissions": {"canView": True, "canPostNew": True}}]
    )
    writer.conversation(1, name="Hi", isSticky=True)
    writer.comment(1, author=2, isDeleted=True, versions=[writer.version("Hello", editor=2)])
    writer.message(1, to=[{"id": 2}], versions=[writer.version("You", headline="Psst", editor=0)])
    writer.follows(2, users=[{"id": 1}], conversations=[{"id": 1}])


def test_both_spellings_and_any_case_are_read(tmp_path: Path) -> None:
    old_spelling(tmp_path / "old")
    new_spelling(tmp_path / "new")
    old = run_import(tmp_path / "old", site="older")
    assert run_import(tmp_path / "new", site="newer").problems[1:] == []
    assert fingerprints.site("older") == fingerprints.site("newer")
    assert [(p.level, p.path, p.message) for p in old.problems[1:]] == []


def test_times_without_a_zone_are_utc_and_said_to_be(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    writer.conversation(50, dateCreated="2014-02-03T04:05:06")
    writer.conversation(51, dateCreated="2014-02-03T04:05:06.123456789+02:00")
    report = run_import(tmp_path)
    assert [(p.level, p.message) for p in report.problems if p.path == "conversations/50.json"] == [
        ("warning", "dateCreated has no time zone and is taken as UTC")
    ]
    times = {item[1]: item[4] for item in fingerprints.site("old")["items"]}
    assert times["Thread 50"] == "2014-02-03 04:05:06+00:00"
    assert times["Thread 51"] == "2014-02-03 02:05:06.123456+00:00"

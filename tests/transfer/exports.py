"""Exports for tests: the sample forum, and small ones written by hand."""

import json
import tarfile
from pathlib import Path
from typing import Any

from apps.transfer.importer.founding import SiteWish
from apps.transfer.importer.importing import ImportOptions, import_forum
from apps.transfer.importer.report import Report

SAMPLE = Path(__file__).parents[1] / "data" / "forum-export.tar.gz"
NOON = "2020-05-01T12:00:00Z"


def run_import(path: Path, *, site: str = "old", owner: int | None = None, **options: Any) -> Report:
    """Import an export as the command does, without waiting for other imports."""
    wish = SiteWish(key=site, title="", description="A forum.", owner_old_id=owner, product="")
    options.setdefault("wait_seconds", 0)
    return import_forum(ImportOptions(path=path, site=wish, **options))


def unpack_sample(folder: Path) -> Path:
    """The sample forum as a directory."""
    with tarfile.open(SAMPLE) as archive:
        archive.extractall(folder, filter="data")
    return folder / "export-sample"


def read_all(root: Path, folder: str) -> dict[int, dict[str, Any]]:
    """The documents of a type as they are in the files, by id; the test's own reader."""
    documents = {}
    for path in sorted((root / folder).rglob("*.json")):
        if path.name != "index.json":
            document = json.loads(path.read_text())
            documents[document["id"]] = document
    return documents


class ExportWriter:
    """Writes an export's files; things have what the format demands unless told otherwise."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, content: Any) -> None:
        """One file; what is no text becomes JSON."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))

    def profile(self, id: int, **fields: Any) -> None:
        """A person."""
        self._put("profiles", id, {"name": f"person{id}", "email": f"old{id}@example.org", "dateCreated": NOON}, fields)

    def forum(self, id: int, **fields: Any) -> None:
        """A section of person 1."""
        self._put("forums", id, {"name": f"Section {id}", "author": 1, "text": "About.", "isOpen": True}, fields)

    def conversation(self, id: int, **fields: Any) -> None:
        """A thread by person 1 in section 1."""
        given = {"name": f"Thread {id}", "forumId": 1, "author": 1, "dateCreated": NOON, "isOpen": True}
        self._put("conversations", id, given, fields)

    def comment(self, id: int, text: str = "Hello.", **fields: Any) -> None:
        """A post by person 1 in thread 1."""
        given = {
            "onType": "conversation",
            "onId": 1,
            "author": 1,
            "dateCreated": NOON,
            "versions": [self.version(text)],
        }
        self._put("comments", id, given, fields)

    def message(self, id: int, text: str = "Psst.", **fields: Any) -> None:
        """A private message by person 1."""
        versions = [self.version(text, headline=f"Message {id}")]
        self._put("messages", id, {"author": 1, "dateCreated": NOON, "versions": versions}, fields)

    def role(self, id: int, **fields: Any) -> None:
        """A role."""
        self._put("roles", id, {"name": f"Role {id}"}, fields)

    def follows(self, id: int, **fields: Any) -> None:
        """What a person follows."""
        self._put("follows", id, {"author": id}, fields)

    def attachment(self, id: int, **fields: Any) -> None:
        """A file of person 1 on comment 1."""
        on = [{"onType": "comment", "onId": 1}]
        self._put("attachments", id, {"author": 1, "dateCreated": NOON, "associations": on}, fields)

    def upload(self, id: int, **fields: Any) -> None:
        """A file of person 1 that is attached to nothing."""
        self._put("uploads", id, {"author": 1, "dateCreated": NOON}, fields)

    def bytes(self, path: str, content: bytes) -> None:
        """A file that is no JSON."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    @staticmethod
    def version(text: str, **fields: Any) -> dict[str, Any]:
        """One version of a text, by person 1."""
        return {"editor": 1, "dateModified": NOON, "text": text, **fields}

    def index(self, folder: str, *, prefix: str) -> None:
        """An index of all files of a type; `prefix` comes before the path inside the folder."""
        files = []
        for path in sorted((self.root / folder).rglob("*.json")):
            inner = path.relative_to(self.root / folder).as_posix()
            if path.name != "index.json":
                files.append({"id": int(inner.removesuffix(".json").replace("/", "")), "path": prefix + inner})
        self.write(f"{folder}/index.json", {"type": folder, "files": files})

    def _put(self, folder: str, id: int, defaults: dict[str, Any], fields: dict[str, Any]) -> None:
        document = {"id": id, **defaults, **fields}
        self.write(f"{folder}/{id}.json", {key: value for key, value in document.items() if value is not ...})


def small_export(root: Path) -> ExportWriter:
    """A bit of everything: three people, two sections with a role, threads, posts, a message, follows."""
    writer = ExportWriter(root)
    for id in (1, 2, 3):
        writer.profile(id, isBanned=id == 3, usergroups=[{"id": 2}] if id == 2 else [])
    writer.role(
        1,
        name="Everybody",
        default=True,
        includeGuests=True,
        includeRegisteredUsers=True,
        forumPermissions={"canView": True, "canPostNew": True},
    )
    writer.role(2, name="Staff", isModerator=True, forumPermissions={"canView": True, "canEditOthers": True})
    writer.forum(1)
    writer.forum(2, parentId=1, usergroups=[{"id": 1, "forumPermissions": {}}], moderators=[{"id": 2}])
    for id in (1, 2, 3):
        writer.conversation(id, forumId=1 if id < 3 else 2, author=id)
    for id in range(1, 8):
        writer.comment(id, f"Text {id} for @person2.", onId=(id % 3) + 1, author=(id % 3) + 1, inReplyTo=max(id - 3, 0))
    writer.comment(8, "I am person2.", onType="user", onId=2, author=2)
    writer.comment(9, onId=2, inReplyTo=1, versions=[writer.version("First."), writer.version("Second.", editor=2)])
    writer.message(1, to=[{"id": 2}])
    writer.follows(
        2,
        users=[{"id": 1, "notify": True}],
        forums=[{"id": 1}],
        conversations=[{"id": 1}],
        usersIgnored=[3],
        forumsIgnored=[2],
        conversationsIgnored=[3],
    )
    return writer

"""The sample forum, imported: everything equals its files, through the models and through the API."""

import html
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.accounts.services import issue_token
from apps.comments.models import Comment, Revision
from apps.items.models import Item
from apps.microcosms.models import Microcosm
from apps.permissions.models import Role
from apps.profiles.models import Profile
from apps.sites.hosts import forget_sites
from apps.sites.models import Site
from apps.sites.types import ItemType
from apps.transfer import queries
from apps.transfer.importer.report import Report
from tests.client import ApiClient
from tests.transfer import fingerprints
from tests.transfer.exports import SAMPLE, read_all, run_import, unpack_sample


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample as a directory, to compare with."""
    return unpack_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def report(django_db_setup: None, django_db_blocker: Any) -> Iterator[Report]:
    """The sample, imported once for all tests here and rolled back after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield run_import(SAMPLE)
        transaction.set_rollback(True)


@pytest.fixture
def site(report: Report, db: Any) -> Site:
    """The site that the import founded."""
    forget_sites()
    return Site.objects.get(key="old")


def new_ids(site: Site, kind: ItemType) -> dict[int, int]:
    """Old id to new id."""
    return {int(old): new for old, new in queries.all_new_ids(site_id=site.id, kind=kind).items() if old != "0"}


def moment(text: str) -> datetime:
    """A time of the files, which all have a zone."""
    return datetime.fromisoformat(text)


def test_the_report_counts_every_file(report: Report) -> None:
    found = {folder: (tally.found, tally.imported) for folder, tally in report.tallies.items() if tally.found}
    assert found == {
        "profiles": (247, 247), "roles": (2, 2), "forums": (11, 11), "conversations": (300, 300),
        "comments": (2188, 2188),
    }  # fmt: skip
    assert report.error_count == 0
    assert {problem.message for problem in report.problems} == {
        "no owner was named: profile 1, the lowest id, owns the new site"
    }


def test_profiles_equal_their_files(site: Site, files: Path) -> None:
    documents, ids = read_all(files, "profiles"), new_ids(site, ItemType.PROFILE)
    assert set(ids) == set(documents)
    profiles = Profile.objects.select_related("user", "options").in_bulk(ids.values())
    assert len(profiles) == 247
    for old_id, document in documents.items():
        profile = profiles[ids[old_id]]
        assert html.unescape(profile.name) == document["name"]
        assert profile.user.email == document["email"]
        assert profile.created_at == moment(document["dateCreated"])
        assert profile.last_active_at == max(moment(document["lastActive"]), moment(document["dateCreated"]))
        assert profile.options.send_email is document["receiveEmailNotifications"]
    assert site.owner_id == profiles[ids[1]].user_id


def test_sections_equal_their_files(site: Site, files: Path) -> None:
    documents, ids = read_all(files, "forums"), new_ids(site, ItemType.MICROCOSM)
    people = new_ids(site, ItemType.PROFILE)
    assert set(ids) == set(documents)
    root = Microcosm.objects.get(site=site, parent=None)
    for old_id, document in documents.items():
        microcosm = Microcosm.objects.get(id=ids[old_id])
        assert html.unescape(microcosm.title) == document["name"]
        assert html.unescape(microcosm.description) == document["text"]
        assert microcosm.owner_id == people[document["author"]]
        assert microcosm.path == [root.id, microcosm.id]
        assert_flags(microcosm, document)


def test_conversations_equal_their_files(site: Site, files: Path) -> None:
    documents, ids = read_all(files, "conversations"), new_ids(site, ItemType.CONVERSATION)
    people, forums = new_ids(site, ItemType.PROFILE), new_ids(site, ItemType.MICROCOSM)
    assert set(ids) == set(documents)
    items = Item.objects.in_bulk(ids.values())
    assert len(items) == 300 == Item.objects.filter(site=site).count()
    for old_id, document in documents.items():
        item = items[ids[old_id]]
        assert html.unescape(item.title) == document["name"]
        assert item.microcosm_id == forums[document["forumId"]]
        assert item.created_by_id == people[document["author"]]
        assert item.created_at == moment(document["dateCreated"])
        assert item.view_count == document["viewCount"]
        assert_flags(item, document)


def test_comments_equal_their_files(site: Site, files: Path) -> None:
    documents, ids = read_all(files, "comments"), new_ids(site, ItemType.COMMENT)
    people, conversations = new_ids(site, ItemType.PROFILE), new_ids(site, ItemType.CONVERSATION)
    assert set(ids) == set(documents)
    comments = Comment.objects.in_bulk(ids.values())
    assert len(comments) == 2188 == Comment.objects.filter(site=site).count()
    revisions = {revision.comment_id: revision for revision in Revision.objects.filter(comment__site=site)}
    assert len(revisions) == 2188 == Revision.objects.filter(comment__site=site).count()
    replies = 0
    for old_id, document in documents.items():
        comment, revision = comments[ids[old_id]], revisions[ids[old_id]]
        version = document["versions"][0]
        assert comment.item_id == conversations[document["onId"]]
        assert comment.created_by_id == people[document["author"]]
        assert comment.created_at == moment(document["dateCreated"])
        assert (comment.is_deleted, comment.is_moderated) == (document["isDeleted"], document["isModerated"])
        assert revision.markdown == version["text"]
        assert revision.created_by_id == people[version["editor"]]
        assert revision.created_at == moment(version["dateModified"])
        assert revision.html.strip()
        answered = ids[document["inReplyTo"]] if document.get("inReplyTo") else None
        assert comment.in_reply_to_id == answered
        replies += answered is not None
    assert replies == 683


def test_counters_equal_a_count_of_the_files(site: Site, files: Path) -> None:
    comments, conversations = read_all(files, "comments"), read_all(files, "conversations")
    items, forums = new_ids(site, ItemType.CONVERSATION), new_ids(site, ItemType.MICROCOSM)
    said_by, said_on = Counter(c["author"] for c in comments.values()), Counter(c["onId"] for c in comments.values())
    started_by = Counter(c["author"] for c in conversations.values())
    for old_id, id in new_ids(site, ItemType.PROFILE).items():
        profile = Profile.objects.get(id=id)
        assert (profile.item_count, profile.comment_count) == (started_by[old_id], said_by[old_id])
    ids = new_ids(site, ItemType.COMMENT)
    for old_id, id in items.items():
        item = Item.objects.get(id=id)
        said = [c for c in comments.values() if c["onId"] == old_id]
        newest = max(said, key=lambda c: (moment(c["dateCreated"]), c["id"]), default=None)
        assert item.comment_count == said_on[old_id] == len(said)
        assert item.last_comment_id == (ids[newest["id"]] if newest else None)
        assert item.last_activity_at == moment((newest or conversations[old_id])["dateCreated"])
    busy = {}
    for old_id, id in forums.items():
        microcosm = Microcosm.objects.get(id=id)
        inside = [c["id"] for c in conversations.values() if c["forumId"] == old_id]
        busy[id] = len(inside) + sum(said_on[c] for c in inside)
        assert microcosm.conversation_count == len(inside)
        assert microcosm.comment_count == sum(said_on[c] for c in inside)
    order = Microcosm.objects.filter(site=site, parent__isnull=False).order_by("sequence").values_list("id", flat=True)
    assert list(order) == sorted(busy, key=lambda id: (-busy[id], id))
    assert Microcosm.objects.get(site=site, parent=None).sequence == 1


def test_the_site_tells_at_once_how_much_there_is(site: Site) -> None:
    stats = ApiClient(host="old.localhost").get("site").data["meta"]["stats"]
    counts = {stat["metric"]: stat["value"] for stat in stats}
    assert (counts["totalProfiles"], counts["totalConversations"], counts["totalComments"]) == (247, 300, 2188)


def test_the_imported_roles_take_the_place_of_those_a_new_site_begins_with(site: Site) -> None:
    roles = Role.objects.filter(site=site)
    assert sorted(roles.values_list("title", "microcosm__parent")) == [
        ("Banned", None),
        ("Guests", None),
        ("Members", None),
    ]
    guests, members = roles.get(title="Guests"), roles.get(title="Members")
    assert (guests.include_guests, guests.can_read, guests.can_create) == (True, True, False)
    assert (members.include_users, members.can_create, members.can_close_own, members.can_open_own) == (
        True, True, True, False,
    )  # fmt: skip


def test_nothing_is_unread_after_the_import(site: Site) -> None:
    assert Profile.objects.filter(site=site).count() == 248
    newest = Item.objects.filter(site=site).latest("last_activity_at").last_activity_at
    assert not Profile.objects.filter(site=site, read_all_at__lte=newest).exists()


def test_a_second_run_changes_nothing(site: Site) -> None:
    before = fingerprints.database()
    report = run_import(SAMPLE)
    assert fingerprints.database() == before
    assert report.imported_count == report.error_count == 0
    assert report.tally("comments").present == 2188


@pytest.mark.parametrize("who", ["guest", "member"])
def test_the_site_is_readable_page_by_page_with_every_comment_once(site: Site, files: Path, who: str) -> None:
    documents, comment_ids = read_all(files, "comments"), new_ids(site, ItemType.COMMENT)
    old_conversations = {new: old for old, new in new_ids(site, ItemType.CONVERSATION).items()}
    token = issue_token(user=User.objects.get(email="member2@example.com"), client=None) if who == "member" else ""
    api = ApiClient(host="old.localhost", token=token)
    tree = [entry["id"] for entry in api.get("microcosms/tree").data]
    assert len(tree) == 12
    conversations: list[int] = []
    for microcosm_id in tree:
        for item in pages(api, f"microcosms/{microcosm_id}", "items"):
            if item["itemType"] == "conversation":
                conversations.append(item["item"]["id"])
    assert sorted(conversations) == sorted(old_conversations)
    seen: Counter[int] = Counter()
    for conversation_id in conversations:
        shown = list(pages(api, f"conversations/{conversation_id}", "comments"))
        seen.update(comment["id"] for comment in shown)
        expected = [
            comment_ids[c["id"]]
            for c in sorted(documents.values(), key=lambda c: (moment(c["dateCreated"]), comment_ids[c["id"]]))
            if c["onId"] == old_conversations[conversation_id]
        ]
        assert [comment["id"] for comment in shown] == expected
    assert seen == Counter(comment_ids.values())


def pages(api: ApiClient, path: str, key: str) -> Iterator[dict[str, Any]]:
    """The items of a collection inside an object, over all of its pages."""
    offset, total = 0, 1
    while offset < total:
        reply = api.get(f"{path}?offset={offset}" if offset else path)
        assert reply.status == 200, reply
        collection = reply.data[key]
        yield from collection["items"]
        offset, total = offset + collection["limit"], collection["total"]


def assert_flags(thing: Item | Microcosm, document: dict[str, Any]) -> None:
    """The four flags are those of the file."""
    assert (thing.is_open, thing.is_sticky, thing.is_moderated, thing.is_deleted) == (
        document["isOpen"], document["isSticky"], document["isModerated"], document["isDeleted"],
    )  # fmt: skip

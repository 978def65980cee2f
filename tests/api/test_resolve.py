"""`GET /resolve`: where addresses of the imported forum lead (contract A 28)."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import override_settings

from apps.accounts.models import User
from apps.accounts.services import issue_token
from apps.files.models import File
from apps.items.models import ItemReadMark
from apps.profiles.models import Profile
from apps.sites.hosts import forget_sites
from apps.sites.models import Site
from apps.sites.types import ItemType
from apps.transfer import queries
from apps.transfer.models import Origin
from tests.client import ApiClient
from tests.factories import Forum, make_forum
from tests.transfer.exports import ExportWriter, run_import


@dataclass
class Old:
    """An imported forum, with the new ids of things by their old ids."""

    site: Site
    host: str = "old.localhost"

    def id(self, kind: ItemType, old_id: int) -> int:
        """The new id."""
        return queries.new_ids(site_id=self.site.id, kind=kind, old_ids=[old_id])[str(old_id)]

    def client(self, person: int | None = None) -> ApiClient:
        """Somebody of the old forum, or a guest."""
        forget_sites()
        user = User.objects.get(email=f"old{person}@example.org") if person else None
        return ApiClient(host=self.host, token=issue_token(user=user, client=None) if user else "")

    def resolve(self, url: str, person: int | None = None) -> dict[str, Any]:
        """The verdict."""
        reply = self.client(person).get(f"resolve?url={quote(url, safe='')}")
        assert reply.status == 200, reply
        data: dict[str, Any] = reply.data
        assert data.pop("url") == url
        return data


@pytest.fixture(scope="module")
def imported(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The old forum, imported once for all tests here and rolled back after them."""
    media = override_settings(MEDIA_ROOT=str(tmp_path_factory.mktemp("media")))
    with media, django_db_blocker.unblock(), transaction.atomic():
        run_import(write_old_forum(tmp_path_factory.mktemp("old")))
        yield
        transaction.set_rollback(True)


@pytest.fixture
def old(imported: None, db: Any) -> Old:
    """The site of the old forum."""
    return Old(Site.objects.get(key="old"))


def write_old_forum(root: Path) -> Path:
    """Person 1 owns it; section 12 is open, section 13 closed to all but its moderator, person 2."""
    writer = ExportWriter(root)
    for id in (1, 2, 3, 37):
        writer.profile(id)
    writer.role(
        1,
        name="All",
        default=True,
        includeGuests=True,
        includeRegisteredUsers=True,
        forumPermissions={"canView": True, "canPostNew": True},
    )
    writer.forum(12)
    writer.forum(13, usergroups=[{"id": 1, "forumPermissions": {}}], moderators=[{"id": 2}])
    writer.forum(14, isDeleted=True)
    writer.conversation(37, forumId=12)
    writer.conversation(38, forumId=13)
    writer.conversation(39, forumId=12, isDeleted=True)
    writer.conversation(40, forumId=14)
    writer.conversation(41, forumId=12)
    for number, id in enumerate((501, 502, 503)):
        writer.comment(id, onId=37, dateCreated=f"2020-05-0{number + 1}T00:00:00Z")
    writer.comment(504, onId=38)
    writer.comment(505, onId=37, isDeleted=True)
    writer.message(9, to=[{"id": 3}])
    for id, comment in ((71, 501), (72, 504)):
        content = base64.b64encode(b"file %d" % id).decode()
        on = [{"onType": "comment", "onId": comment}]
        writer.attachment(id, contentUrl=f"data:,{content}", name="notes.txt", associations=on)
    return root


#: Address, type, old id, further keys of the answer, what the href has after the id.
FOUND: list[tuple[str, ItemType, int, dict[str, Any], str]] = [
    ("forumdisplay.php?f=12", ItemType.MICROCOSM, 12, {}, ""),
    ("forumdisplay.php?f=12&page=1", ItemType.MICROCOSM, 12, {}, ""),
    ("forumdisplay.php?f=12&page=3", ItemType.MICROCOSM, 12, {"offset": 50}, "?offset=50"),
    ("forumdisplay.php?forumid=12&page=2", ItemType.MICROCOSM, 12, {"offset": 25}, "?offset=25"),
    ("showthread.php?p=502", ItemType.COMMENT, 502, {}, ""),
    ("showthread.php?p=502&page=2", ItemType.COMMENT, 502, {"offset": 50}, ""),
    ("showpost.php?postid=502", ItemType.COMMENT, 502, {}, ""),
    ("showthread.php?t=37", ItemType.CONVERSATION, 37, {}, ""),
    ("showthread.php?T=37", ItemType.CONVERSATION, 37, {}, ""),
    ("showthread.php?t=37&page=0", ItemType.CONVERSATION, 37, {}, ""),
    ("showthread.php?t=37&page=x", ItemType.CONVERSATION, 37, {}, ""),
    ("showthread.php?t=37&page=2", ItemType.CONVERSATION, 37, {"offset": 50}, "?offset=50"),
    ("showthread.php?threadid=37&page=3", ItemType.CONVERSATION, 37, {"offset": 100}, "?offset=100"),
    ("showthread.php?t=0037", ItemType.CONVERSATION, 37, {}, ""),
    ("showthread.php?f=x&t=37", ItemType.CONVERSATION, 37, {}, ""),
    ("showthread.php?t=37&f=12", ItemType.MICROCOSM, 12, {}, ""),
    ("showthread.php?t=37&p=502", ItemType.COMMENT, 502, {}, ""),
    ("member.php?u=37", ItemType.PROFILE, 37, {}, ""),
    ("member.php?userid=37&page=2", ItemType.PROFILE, 37, {"offset": 50}, ""),
    ("printthread37.html", ItemType.CONVERSATION, 37, {}, ""),
    ("printthread37-1.html", ItemType.CONVERSATION, 37, {}, ""),
    ("printthread37-4.html", ItemType.CONVERSATION, 37, {"offset": 150}, "?offset=150"),
    ("thread37.html", ItemType.CONVERSATION, 37, {}, ""),
    ("thread37-4.html", ItemType.CONVERSATION, 37, {}, ""),
    ("general/thread37.html", ItemType.CONVERSATION, 37, {}, ""),
    ("Thread37.HTML", ItemType.CONVERSATION, 37, {}, ""),
    ("thread37.html#post501", ItemType.CONVERSATION, 37, {}, ""),
    ("post502.html", ItemType.COMMENT, 502, {"action": "incontext"}, ""),
    ("post502-7.html", ItemType.COMMENT, 502, {"action": "incontext"}, ""),
    ("forum12.html", ItemType.MICROCOSM, 12, {}, ""),
    ("forum12-2.html", ItemType.MICROCOSM, 12, {"offset": 25}, "?offset=25"),
    ("forum12-1.html", ItemType.MICROCOSM, 12, {}, ""),
    ("announcement12.html", ItemType.MICROCOSM, 12, {}, ""),
    ("announcement12-2.html", ItemType.MICROCOSM, 12, {}, ""),
    ("member37.html", ItemType.PROFILE, 37, {}, ""),
    ("members/member37-friends.html", ItemType.PROFILE, 37, {}, ""),
]


@pytest.mark.parametrize("prefix", ["http://www.example.com/", "/forum/"])
@pytest.mark.parametrize(("url", "kind", "old_id", "keys", "suffix"), FOUND, ids=[case[0] for case in FOUND])
def test_addresses_of_things(
    old: Old, prefix: str, url: str, kind: ItemType, old_id: int, keys: dict[str, Any], suffix: str
) -> None:
    id = old.id(kind, old_id)
    assert old.resolve(prefix + url) == {
        "status": 301,
        "redirect": {"rel": "self", "href": f"/api/v1/{kind.plural}/{id}{suffix}"},
        "itemType": kind.word,
        "itemId": id,
        **keys,
    }


@pytest.mark.parametrize(
    ("url", "type", "href", "keys"),
    [
        ("memberslist", "profile", "/api/v1/profiles", {}),
        ("memberslist/", "profile", "/api/v1/profiles", {}),
        ("memberslist?page=1", "profile", "/api/v1/profiles", {}),
        ("memberslist?page=3", "profile", "/api/v1/profiles?offset=100", {"offset": 100}),
        ("memberslist/a1.html", "profile", "/api/v1/profiles?q=a", {"action": "search", "search": "a"}),
        ("memberslist/Z12.html", "profile", "/api/v1/profiles?q=z", {"action": "search", "search": "z"}),
        ("online.php", "profile", "/api/v1/profiles?online=true", {"action": "online"}),
        ("private.php", "huddle", "/api/v1/huddles", {}),
        ("subscription.php", "update", "/api/v1/updates", {}),
        ("usercp.php", "update", "/api/v1/updates", {}),
    ],
)
def test_addresses_of_lists(old: Old, url: str, type: str, href: str, keys: dict[str, Any]) -> None:
    assert old.resolve(f"http://www.example.com/{url}") == {
        "status": 301, "redirect": {"rel": "self", "href": href}, "itemType": type, **keys,
    }  # fmt: skip


@pytest.mark.parametrize("url", ["attachments/71d1-notes.txt", "attachment.php?attachmentid=71&d=1391400000"])
def test_a_file_is_its_whole_address_on_the_host_of_the_site(old: Old, url: str) -> None:
    file_id = old.id(ItemType.ATTACHMENT, 71)
    hash = File.objects.get(id=file_id).hash
    Site.objects.filter(id=old.site.id).update(domain="forum.example.org")
    assert old.resolve(f"https://forum.example.org/{url}") == {
        "status": 301,
        "redirect": {"href": f"http://old.localhost/api/v1/files/{hash}.txt"},
        "itemType": "attachment",
        "itemId": file_id,
    }
    assert old.client().get(f"files/{hash}.txt").status == 200


NOT_FOUND = {"status": 404, "redirect": {"href": ""}}


@pytest.mark.parametrize(
    "url",
    [
        "http://www.example.com/",
        "http://old.localhost/conversations/1/",
        "no address",
        "http://[broken",
        "?",
        "http://www.example.com/showthread.php?t=99999",
        "http://www.example.com/showthread.php?t=" + "9" * 18,
        "http://www.example.com/showthread.php?t=" + "9" * 400,
        "http://www.example.com/showthread.php?t=-37",
        "http://www.example.com/showthread.php?t=\uff13\uff17",
        "http://www.example.com/showthread.php?" + "a=1&" * 200 + "t=37",
        "http://www.example.com/thread37.html.php",
        "http://www.example.com/thread37x.html",
        "http://www.example.com/threads.html",
        "http://www.example.com/attachments/37d1-picture.jpg",
        "http://www.example.com/memberslist/aa1.html",
        "http://www.example.com/thread" + "9" * 5000 + ".html",
    ],
)
def test_addresses_that_lead_nowhere(old: Old, url: str) -> None:
    assert old.resolve(url) == NOT_FOUND


@pytest.mark.parametrize("query", ["", "?url=", "?other=1"])
def test_without_an_address_it_is_an_error(old: Old, query: str) -> None:
    client = ApiClient(host=old.host)
    reply = client.get(f"resolve{query}")
    assert (reply.status, reply.code) == (400, 4)


@pytest.mark.django_db
def test_a_site_without_an_import_resolves_nothing(forum: Forum) -> None:
    reply = ApiClient(host=forum.host).get("resolve?url=thread37.html")
    assert (reply.status, reply.data) == (200, {"url": "thread37.html", **NOT_FOUND})


def test_a_product_without_a_resolver_resolves_nothing(old: Old) -> None:
    Origin.objects.update(product="another")
    assert old.resolve("thread37.html") == NOT_FOUND


def test_t1_old_ids_of_another_site_are_unknown(old: Old) -> None:
    other = make_forum("beta")
    Origin.objects.create(site=other.site, title="Other")
    reply = ApiClient(host=other.host).get("resolve?url=thread37.html")
    assert reply.data == {"url": "thread37.html", **NOT_FOUND}


# --- Who asks -----------------------------------------------------------------------------------

HIDDEN = [
    ("forum13.html", (1, 2), (None, 3)),
    ("thread38.html", (1, 2), (None, 3)),
    ("post504.html", (1, 2), (None, 3)),
    ("newpostinthread38.html", (1, 2), (None, 3)),
    ("forum14.html", (1,), (None, 2, 3)),
    ("thread39.html", (1,), (None, 2, 3)),
    ("thread40.html", (1,), (None, 2, 3)),
    ("post505.html", (1,), (None, 2, 3)),
    ("private.php?pmid=9", (1, 3), (None, 2)),
    ("attachments/72d1-notes.txt", (1, 2), (None, 3)),
]


@pytest.mark.parametrize(("url", "allowed", "refused"), HIDDEN, ids=[case[0] for case in HIDDEN])
def test_a1_what_somebody_may_not_read_is_as_unknown_as_what_never_was(
    old: Old, url: str, allowed: tuple[int, ...], refused: tuple[int | None, ...]
) -> None:
    assert [old.resolve(url, person)["status"] for person in allowed] == [301] * len(allowed)
    assert [old.resolve(url, person) for person in refused] == [NOT_FOUND] * len(refused)


def test_a_banned_member_gets_nothing(old: Old) -> None:
    from apps.permissions.models import Ban

    Ban.objects.create(site=old.site, user=User.objects.get(email="old3@example.org"))
    assert old.client(3).get("resolve?url=thread37.html").status == 403


# --- The first unread comment -------------------------------------------------------------------

NEWEST = ["newpostinthread37.html", "lastpostinthread37.html", "showthread.php?t=37&goto=newpost"]


def new_comment(id: int) -> dict[str, Any]:
    """A comment to be shown among its neighbours."""
    return {
        "status": 301,
        "redirect": {"rel": "self", "href": f"/api/v1/comments/{id}"},
        "itemType": "comment",
        "itemId": id,
        "action": "incontext",
    }


@pytest.mark.parametrize("url", NEWEST)
def test_new_posts_are_the_first_unread_else_the_last_comment(old: Old, url: str) -> None:
    first, second, last = (old.id(ItemType.COMMENT, id) for id in (501, 502, 503))
    assert old.resolve(url, 3) == new_comment(last), "all is read after the import"
    profile = Profile.objects.get(name="person3")
    Profile.objects.filter(id=profile.id).update(read_all_at="2000-01-01T00:00:00Z")
    assert old.resolve(url, 3) == new_comment(first)
    ItemReadMark.objects.create(
        profile=profile, item_id=old.id(ItemType.CONVERSATION, 37), read_at="2020-05-01T12:00:00Z"
    )
    assert old.resolve(url, 3) == new_comment(second)
    assert old.resolve(url) == new_comment(first), "everything is new to guests"


def test_a_conversation_without_comments_is_shown_itself(old: Old) -> None:
    id = old.id(ItemType.CONVERSATION, 41)
    assert old.resolve("newpostinthread41.html") == {
        "status": 301,
        "redirect": {"rel": "self", "href": f"/api/v1/conversations/{id}"},
        "itemType": "conversation",
        "itemId": id,
    }


def test_only_conversations_have_new_posts(old: Old) -> None:
    assert "action" not in old.resolve("member.php?u=37&goto=newpost")


# --- The frame ----------------------------------------------------------------------------------


def test_i7_a_guest_writes_nothing(old: Old, django_assert_max_num_queries: Any) -> None:
    from tests.transfer import fingerprints

    before = fingerprints.database()
    with django_assert_max_num_queries(8) as queries_:
        assert old.client().get("resolve?url=newpostinthread37.html").data["status"] == 301
    assert not [q for q in queries_ if q["sql"].lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
    assert fingerprints.database() == before


def test_head_and_options(old: Old) -> None:
    client = old.client()
    assert client.head("resolve?url=thread37.html").status == 200
    assert client.options("resolve").headers["Allow"] == "OPTIONS,GET,HEAD"
    assert client.post("resolve", {}).status == 405


def test_the_address_comes_back_as_it_was_given(old: Old) -> None:
    url = "http://www.example.com/thread37.html?x=ä&y=<b>"
    assert old.client().get(f"resolve?url={quote(url, safe='')}").data["url"] == url

"""No viewer ever sees a body made for another, or an old one (C1, C3, C5; acceptance of issue 4).

Several processes share a memcached in whatever state. Chance decides who writes what where, also beside the API, and
who reads; each answer is compared with one made without any cache. COHERENCE_STEPS is how many steps each kind
of memcached gets; a failure names its seed and its step.
"""

import os
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from apps.comments.models import Comment, Revision
from apps.comments.services import comment_on_item
from apps.core import cache as cache_module
from apps.core import clock
from apps.core.cache import Cache, Memcached, Memory
from apps.core.guest_cache import GuestCache
from apps.core.response_cache import Kept
from apps.items.models import Item, PollChoice
from apps.permissions.models import Ban, RoleProfile
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from microcosm.development.testing import free_port
from tests.factories import Forum, Person, ban
from tests.memcached import WRONG, Fake, fake_memcached, honest
from tests.trees import make_item, make_microcosm, make_moderator, make_role
from tests.walks import links_in
from tests.wsgi import Clock, Got, ask, wsgi_application

STEPS = int(os.environ.get("COHERENCE_STEPS", "80"))
SEED = int(os.environ.get("COHERENCE_SEED", "20261121"))
SECRET = "the same in every process"


class Nothing(Cache):
    """A cache that keeps nothing."""

    def get(self, key: str) -> bytes | None:
        return None

    def put(self, key: str, value: bytes) -> None:
        return None


@dataclass
class Process:
    """One server process: the cache in front of Django and the one behind it."""

    front: GuestCache
    cache: Cache
    answers: Memory[Kept] = field(default_factory=lambda: Memory(size=lambda held: len(held.body)))
    lists: Memory[Any] = field(default_factory=lambda: Memory(size=lambda shown: len(shown.ids)))


# --- Kinds of memcached -----------------------------------------------------------------------------


def _up(fake: Fake, numbers: random.Random) -> None:
    fake.answer, fake.stored = honest, b"STORED\r\n"


def _full(fake: Fake, numbers: random.Random) -> None:
    fake.stored = numbers.choice([b"STORED\r\n", b"SERVER_ERROR out of memory storing object\r\n"])
    for key in list(fake.values):
        if numbers.random() < 0.3:
            del fake.values[key]


def _garbage(fake: Fake, numbers: random.Random) -> None:
    fake.answer = numbers.choice([honest, *WRONG.values()])


def _slow(fake: Fake, numbers: random.Random) -> None:
    fake.seconds_a_byte = numbers.choice([0.0, 0.0, 0.0, 0.002])


MOODS: dict[str, Callable[[Fake, random.Random], None]] = {
    "up": _up,
    "full": _full,
    "garbage": _garbage,
    "slow": _slow,
}


@contextmanager
def memcached_that_is(kind: str) -> Iterator[tuple[str, Fake | None]]:
    """Its address, "" for none; and what can be told how to behave."""
    if kind in ("absent", "down"):
        yield f"127.0.0.1:{free_port()}" if kind == "down" else "", None
        return
    with fake_memcached() as fake:
        yield fake.address, fake


def _timeless(body: bytes) -> bytes:
    """A body without how long a search took, which is told of when it was made."""
    return re.sub(rb'"timeTakenInMs":[0-9]+,', b"", body)


# --- The world --------------------------------------------------------------------------------------


@dataclass
class World:
    """A forum, who is in it, and everything that can happen there."""

    forum: Forum
    numbers: random.Random
    processes: list[Process]
    django: Any
    front_clock: Clock
    monkeypatch: pytest.MonkeyPatch
    people: dict[str, Person | None] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    held: dict[tuple[str, str], Got] = field(default_factory=dict)
    #: Where cursors led on from what was read.
    further: list[str] = field(default_factory=list)
    writer: Process | None = None
    reads: int = 0
    hits_304: int = 0

    def found(self) -> None:
        """Two places, one of them private; people who may more and less; things that are talked about."""
        forum = self.forum
        self.people = {name: forum.member(name) for name in ("member", "author", "moderator", "ignorer", "shifting")}
        self.people |= {"guest": None, "owner": forum.owner}
        author = self.person("author")
        self.public = make_microcosm(forum, title="Public")
        self.private = make_microcosm(forum, title="Private")
        self.role = make_role(self.private, author, title="Readers", can_read=True, can_create=True)
        make_moderator(self.public, self.person("moderator"))
        self.items = [make_item(self.public, author) for _ in range(2)]
        self.items += [make_item(self.private, author)]
        self.items += [make_item(self.public, author, kind=kind) for kind in (ItemType.EVENT, ItemType.POLL)]
        for item in self.items:
            for number in range(7):
                self.say(item, text=f"Said {number} times.")

    def person(self, name: str) -> Person:
        person = self.people[name]
        assert person
        return person

    def say(self, item: Item, *, text: str) -> None:
        author = self.numbers.choice([self.person("author"), self.person("member"), self.person("moderator")])
        comment_on_item(
            site_id=item.site_id,
            author_id=author.id,
            item_id=item.id,
            markdown=text,
            in_reply_to_id=self.comment().id if Comment.objects.exists() else None,
            flags={},
            by_moderator=True,
        )

    def comment(self) -> Comment:
        return self.numbers.choice(list(Comment.objects.order_by("id")))

    # --- Reading --------------------------------------------------------------------------------

    def use(self, process: Process | None) -> None:
        cache = process.cache if process else Nothing()
        answers: Memory[Kept] = process.answers if process else Memory(size=lambda held: 0, max_bytes=0)
        self.monkeypatch.setattr("apps.items.cache.shared_cache", lambda: cache)
        self.monkeypatch.setattr("apps.core.response_cache.answers", lambda: answers)
        lists: Memory[Any] = process.lists if process else Memory(size=lambda held: 0, max_bytes=0)
        self.monkeypatch.setattr("apps.updates.queries.shown_lists", lambda: lists)

    def request(self, application: Any, path: str, person: Person | None, **options: Any) -> Got:
        headers = {"authorization": f"Bearer {person.token}"} if person else {}
        return ask(application, path, host=self.forum.host, **headers, **options)

    def path(self) -> str:
        if self.further and self.numbers.random() < 0.15:
            return self.numbers.choice(self.further[-20:])
        # Most of it on a few pages, so that they are often kept when something happens to them.
        item = self.numbers.choices(self.items, weights=[6, 1, 3, 1, 1])[0]
        query = self.numbers.choice(["", "", "", "?limit=5", "?limit=5&offset=5"])
        plural = ItemType(item.kind).plural
        return self.numbers.choice(
            [f"/api/v1/{plural}/{item.id}{query}"] * 8
            + [f"/api/v1/{plural}", f"/api/v1/comments/{self.comment().id}", f"/api/v1/microcosms/{item.microcosm_id}"]
            + [
                "/api/v1/microcosms",
                "/api/v1/microcosms/tree",
                "/api/v1/huddles",
                f"/api/v1/updates{query}",
                "/api/v1/trending",
            ]
            + ["/api/v1/search?q=said", "/api/v1/search?q=said&type=profile", "/api/v1/profiles"]
        )

    def read(self) -> None:
        """Ask for something as somebody, of some process, and compare."""
        name, path = self.numbers.choice(sorted(self.people)), self.path()
        person, process = self.people[name], self.numbers.choice(self.processes)
        if person is None and self.writer is not None and process is not self.writer:
            # A guest of another process may have to wait for a second.
            self.front_clock.now += 1.0
            self.writer = None
        self.use(None)
        with transaction.atomic():
            expected = self.request(self.django, path, person)
            transaction.set_rollback(True)
        self.use(process)
        held = self.held.get((name, path))
        asked = {"if_none_match": held.headers["ETag"]} if held and self.numbers.random() < 0.5 else {}
        got = self.request(process.front, path, person, **asked)
        self.reads += 1
        where = f"{name} reads {path}"
        if got.status == 304:
            assert held is not None
            self.hits_304 += 1
            assert (expected.status, _timeless(held.body)) == (200, _timeless(expected.body)), where
            return
        assert (got.status, _timeless(got.body)) == (expected.status, _timeless(expected.body)), where
        for header in (*(["ETag"] if got.body == expected.body else []), "Cache-Control", "Vary", "Link"):
            assert got.headers.get(header) == expected.headers.get(header), where
        if got.status == 200:
            self.held[name, path] = got
            self.further += links_in(got.headers.get("Link", "")).values()

    # --- Writing through the API ------------------------------------------------------------------

    def send(self, method: str, path: str, person: str, json: Any = None) -> None:
        process = self.numbers.choice(self.processes)
        self.use(process)
        got = self.request(process.front, f"/api/v1/{path}", self.people[person], method=method, json=json)
        assert got.status < 500, got
        if self.writer not in (None, process):
            self.front_clock.now += 1.0
        self.writer = process

    def comment_somewhere(self) -> None:
        item = self.numbers.choice(self.items)
        body = {"itemType": ItemType(item.kind).word, "itemId": item.id, "markdown": f"Said {self.numbers.random()}"}
        self.send("POST", "comments", self.numbers.choice(["member", "author", "owner"]), body)

    def edit_comment(self) -> None:
        body = {"markdown": f"Better {self.numbers.random()}"}
        self.send("PUT", f"comments/{self.comment().id}", self.numbers.choice(["owner", "author", "member"]), body)

    def moderate_comment(self) -> None:
        flag = self.numbers.choice(["deleted", "moderated"])
        patch = [{"op": "replace", "path": f"/meta/flags/{flag}", "value": self.numbers.random() < 0.5}]
        self.send("PATCH", f"comments/{self.comment().id}", "owner", patch)

    def delete_comment(self) -> None:
        self.send("DELETE", f"comments/{self.comment().id}", self.numbers.choice(["author", "owner"]))

    def rename_item(self) -> None:
        item = self.numbers.choice(self.items)
        body = {"title": f"Title {self.numbers.random()}", "meta": {"editReason": "why not"}}
        self.send("PUT", f"{ItemType(item.kind).plural}/{item.id}", self.numbers.choice(["author", "owner"]), body)

    def move_item(self) -> None:
        item, target = self.numbers.choice(self.items), self.numbers.choice([self.public, self.private])
        body = {"microcosmId": target.id, "meta": {"editReason": "there"}}
        self.send("PUT", f"{ItemType(item.kind).plural}/{item.id}", "owner", body)

    def flag_item(self) -> None:
        item = self.numbers.choice(self.items)
        flag = self.numbers.choice(["sticky", "open", "moderated", "deleted"])
        patch = [{"op": "replace", "path": f"/meta/flags/{flag}", "value": self.numbers.random() < 0.4}]
        self.send("PATCH", f"{ItemType(item.kind).plural}/{item.id}", "owner", patch)

    def rename_person(self) -> None:
        name = self.numbers.choice(["member", "author", "moderator"])
        body = {"profileName": f"name{self.numbers.randrange(10**9)}"}
        self.send("PUT", f"profiles/{self.person(name).id}", name, body)

    def ignore(self) -> None:
        kind, id = self.numbers.choice([("profile", self.person("author").id), ("conversation", self.items[0].id)])
        self.send(self.numbers.choice(["PUT", "DELETE"]), "ignored", "ignorer", {"itemType": kind, "itemId": id})

    def vote(self) -> None:
        choice = PollChoice.objects.filter(poll_id=self.items[4].id).order_by("?").values_list("id", flat=True)[0]
        self.send("PUT", f"polls/{self.items[4].id}/vote", "member", {"choiceIds": [choice]})

    def come(self) -> None:
        who = self.person("member")
        body = {"rsvp": self.numbers.choice(["yes", "no", "maybe"])}
        self.send("PUT", f"events/{self.items[3].id}/attendees/{who.id}", "member", body)

    def watch(self) -> None:
        self.send("POST", "watchers", "member", {"itemType": "conversation", "itemId": self.items[0].id})

    # --- Writing beside the API -------------------------------------------------------------------

    def change_role(self) -> None:
        pair = {"role": self.role, "profile": self.person("shifting").profile}
        if not RoleProfile.objects.filter(**pair).delete()[0]:
            RoleProfile.objects.create(**pair)

    def change_ban(self) -> None:
        person = self.person("shifting")
        if not Ban.objects.filter(user_id=person.profile.user_id).delete()[0]:
            ban(self.forum.site, person)

    def hide_person(self) -> None:
        Profile.objects.filter(id=self.person("member").id).update(is_visible=self.numbers.random() < 0.5)

    def new_picture(self) -> None:
        Profile.objects.filter(site_id=self.forum.site.id).update(avatar_url=f"/picture/{self.numbers.random()}.png")

    def render_anew(self) -> None:
        Revision.objects.filter(comment_id=self.comment().id).update(html=f"<p>{self.numbers.random()}</p>")

    def hide_many(self) -> None:
        ids = [comment.id for comment in Comment.objects.order_by("id") if self.numbers.random() < 0.2]
        Comment.objects.filter(id__in=ids).update(is_moderated=self.numbers.random() < 0.5)

    def attach(self) -> None:
        Comment.objects.filter(id=self.comment().id).update(attachment_count=self.numbers.randrange(3))

    def retitle_with_sql(self) -> None:
        with connection.cursor() as cursor:
            title = f"Raw {self.numbers.random()}"
            cursor.execute("UPDATE items_item SET title = %s WHERE id = %s", [title, self.items[1].id])

    def bring_in(self) -> None:
        """As an import writes: rows, no services."""
        item, author = self.numbers.choice(self.items), self.person("author").profile
        comment = Comment.objects.bulk_create(
            [Comment(site=self.forum.site, item=item, created_by=author, created_at=clock.now())]
        )[0]
        Revision.objects.bulk_create(
            [
                Revision(
                    comment=comment, number=1, markdown="in", html="<p>in</p>", renderer_version=1, created_by=author
                )
            ]
        )

    def hide_everything_in(self) -> None:
        type(self.public).objects.filter(id=self.private.id).update(is_live=self.numbers.random() < 0.7)

    def write(self) -> None:
        """Something happens."""
        through = [
            *[self.comment_somewhere] * 4, self.edit_comment, self.edit_comment, self.moderate_comment,
            self.moderate_comment, self.delete_comment, self.rename_item, self.move_item, self.flag_item,
            self.flag_item, self.rename_person, self.ignore, self.ignore, self.vote, self.come, self.watch,
        ]  # fmt: skip
        beside = [
            self.change_role, self.change_ban, self.hide_person, self.new_picture, self.render_anew, self.hide_many,
            self.attach, self.retitle_with_sql, self.bring_in, self.hide_everything_in,
        ]  # fmt: skip
        if self.numbers.random() < 0.7:
            self.numbers.choice(through)()
        else:
            self.numbers.choice(beside)()
            self.front_clock.now += 1.0
            self.writer = None


# Versions move when a transaction commits.
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["absent", "up", "down", "slow", "full", "garbage"])
def test_c5_every_answer_is_that_of_a_server_without_caches(
    kind: str, forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "PAUSE_SECONDS", 0.0)
    if kind != "up":
        monkeypatch.setattr(cache_module, "TIMEOUT_SECONDS", 0.01)
    numbers, front_clock = random.Random(f"{SEED} {kind}"), Clock()
    with memcached_that_is(kind) as (address, fake), wsgi_application() as django:
        processes = [
            Process(
                GuestCache(django, seconds=1.0, now=front_clock),
                Cache(memcached=Memcached(address, secret=SECRET) if address else None),
            )
            for _ in range(3)
        ]
        world = World(forum, numbers, processes, django, front_clock, monkeypatch)
        clock.set_clock(frozen=clock.now())
        world.found()
        for step in range(STEPS):
            clock.set_clock(frozen=clock.now() + timedelta(seconds=numbers.choice([0, 0, 1, 90])))
            if fake is not None:
                MOODS[kind](fake, numbers)
            try:
                if numbers.random() < 0.25:
                    world.write()
                for _ in range(numbers.choice([1, 2, 3])):
                    world.read()
            except AssertionError as error:
                raise AssertionError(f"COHERENCE_SEED={SEED}, {kind}, step {step}: {error}") from error
    assert world.reads >= STEPS
    if STEPS >= 80:
        assert world.hits_304 > 0
        assert any(process.front._pages for process in processes)
        assert any(process.answers._values for process in processes)

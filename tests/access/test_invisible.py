"""What somebody may not see does not exist: every GET answers the same as if it had never been made (A1 to A3, A9).

For each way to be hidden, all routes are asked as everyone who may not see it, before it is made and after: with its
ids, with those of what is visible, with searches for its words. Any difference is a leak: a title, an id, a count, an
order.
"""

import hashlib
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from apps.comments.models import Comment, CommentAttribute
from apps.core import clock
from apps.items.models import Attendee, Item, ItemAttribute, PollChoice, PollVote
from apps.microcosms.models import Microcosm, MicrocosmAttribute
from apps.permissions.models import Role
from apps.profiles.models import Profile
from apps.sites.hosts import forget_sites
from apps.sites.types import ItemType
from apps.updates.models import Ignore, Watcher
from tests.access.scene import Scene, set_scene
from tests.access.test_matrix import headers_of, undone
from tests.api.test_updates import deliver
from tests.client import ApiClient, Reply
from tests.factories import Person
from tests.files.uploads import upload
from tests.routes import Route, concrete, routes

pytestmark = pytest.mark.django_db

#: A word that only hidden things hold.
SECRET = "qxzvanish"
#: The first ids of what is made in secret: known beforehand, and like no other number.
FIRST = {"microcosms_microcosm": 71_000_001, "items_item": 72_000_001, "comments_comment": 73_000_001}
FIRST |= {"permissions_role": 74_000_001, "items_pollchoice": 75_000_001}
#: Of each table the first few of these are asked for.
REACH = 4


@dataclass
class Secret:
    """Somebody who makes hidden things, and for whom they are hidden."""

    scene: Scene
    maker: Person
    watchers: list[Person] = field(default_factory=list)

    def client(self, person: Person) -> ApiClient:
        """Speaks on the site."""
        return ApiClient(host=self.scene.forum.host).as_(person)

    @property
    def as_maker(self) -> ApiClient:
        """The one who makes."""
        return self.client(self.maker)

    @property
    def as_owner(self) -> ApiClient:
        """The owner of the site."""
        return self.client(self.scene.forum.owner)


def id_in(client: ApiClient, verb: str, path: str, body: Any) -> int:
    """Make something; answers its id."""
    reply = client.request(verb, path, json=body)
    assert reply.status == 302, reply
    return int(reply.location.split("?")[0].split("/")[-1])


def make_content(secret: Secret, microcosm_id: int) -> list[int]:
    """One of everything in a microcosm, all of it with the word in it; answers the ids of the items."""
    client = secret.as_maker
    base = {"microcosmId": microcosm_id, "title": f"Title {SECRET}"}
    ids = [
        id_in(client, "POST", "conversations", base),
        id_in(client, "POST", "events", base | {"when": "2030-01-01T10:00:00Z", "where": SECRET, "rsvpLimit": 9}),
        id_in(client, "POST", "polls", base | {"question": SECRET, "choices": [{"choice": SECRET}]}),
    ]
    for kind, item_id in zip(("conversation", "event", "poll"), ids, strict=True):
        say(secret, kind, item_id)
        ItemAttribute.objects.create(item_id=item_id, key="secret", text_value=SECRET)
    for person in secret.watchers:
        # They came, voted, watched and ignored while they could, or guessed the ids.
        Attendee.objects.create(event_id=ids[1], profile_id=person.id, rsvp=Attendee.Rsvp.YES, created_by_id=person.id)
        choice = PollChoice.objects.get(poll_id=ids[2])
        PollVote.objects.create(poll_id=ids[2], choice=choice, profile_id=person.id)
        for kind, item_id in zip((ItemType.CONVERSATION, ItemType.EVENT, ItemType.POLL), ids, strict=True):
            Watcher.objects.create(profile=person.profile, kind=kind, item_id=item_id)
            Ignore.objects.create(profile=person.profile, kind=kind, item_id=item_id)
    return ids


def say(secret: Secret, kind: str, item_id: int) -> int:
    """Say the word, name everybody, and attach a file."""
    names = " ".join(f"@{person.profile.name}" for person in secret.watchers)
    text = {"itemType": kind, "itemId": item_id, "markdown": f"Say {SECRET} to {names}"}
    comment_id = id_in(secret.as_maker, "POST", "comments", text)
    file = upload(secret.as_maker, SECRET.encode(), name=f"{SECRET}.txt").data[0]["fileHash"]
    attached = secret.as_maker.post(f"comments/{comment_id}/attachments", {"fileHash": file})
    assert attached.status == 302
    CommentAttribute.objects.create(comment_id=comment_id, key="secret", text_value=SECRET)
    return comment_id


def in_a_huddle(secret: Secret) -> None:
    """A talk between two."""
    friend = secret.scene.ids["N"]
    body = {"title": f"Title {SECRET}", "participants": [{"id": friend}]}
    huddle_id = id_in(secret.as_maker, "POST", "huddles", body)
    say(secret, "huddle", huddle_id)
    for person in secret.watchers:
        Watcher.objects.create(profile=person.profile, kind=ItemType.HUDDLE, item_id=huddle_id)


def in_a_private_microcosm(secret: Secret) -> None:
    """A place of one role, and what is in it."""
    place = make_place(secret)
    Role.objects.filter(microcosm_id=place).delete()
    role = {"title": f"Role {SECRET}", "read": True, "create": True}
    role_id = id_in(secret.as_owner, "POST", f"microcosms/{place}/roles", role)
    named = secret.as_owner.put(f"microcosms/{place}/roles/{role_id}/profiles", [{"id": secret.maker.id}])
    assert named.status == 200
    make_content(secret, place)


def make_place(secret: Secret) -> int:
    """A microcosm below the root that all watch and ignore."""
    body = {"title": f"Place {SECRET}", "description": SECRET, "parentId": secret.scene.ids["ROOT"]}
    body |= {"itemTypes": ["microcosm", "conversation", "event", "poll"]}
    place = id_in(secret.as_owner, "POST", "microcosms", body)
    MicrocosmAttribute.objects.create(microcosm_id=place, key="secret", text_value=SECRET)
    for person in secret.watchers:
        target = {"profile": person.profile, "kind": ItemType.MICROCOSM, "microcosm_id": place}
        Watcher.objects.create(**target)
        Ignore.objects.create(**target)
    return place


def deleted(secret: Secret) -> None:
    """A place, things in a visible place, and a comment on a visible thing, all of them deleted."""
    place = make_place(secret)
    make_content(secret, place)
    items = make_content(secret, secret.scene.ids["XC"])
    comment = say(secret, "conversation", secret.scene.ids["C"])
    owner = secret.as_owner
    paths = [f"{kind}s/{id}" for kind, id in zip(("conversation", "event", "poll"), items, strict=True)]
    for path in (f"microcosms/{place}", *paths, f"comments/{comment}"):
        assert owner.delete(path).status == 200


def moderated(secret: Secret) -> None:
    """Things in a visible place and a comment on a visible thing that wait for a moderator."""
    items = make_content(secret, secret.scene.ids["XC"])
    comment = say(secret, "conversation", secret.scene.ids["C"])
    patch = [{"op": "replace", "path": "/meta/flags/moderated", "value": True}]
    paths = [f"{kind}s/{id}" for kind, id in zip(("conversation", "event", "poll"), items, strict=True)]
    for path in (*paths, f"comments/{comment}"):
        assert secret.as_owner.patch(path, patch).status == 200


def where_one_is_banned(secret: Secret) -> None:
    """Things in a microcosm that bans somebody."""
    make_content(secret, secret.scene.ids["XC"])


#: How things are hidden, and from whom.
HIDDEN: dict[str, tuple[Callable[[Secret], None], str]] = {
    "in a huddle": (in_a_huddle, "GUE MEM AUT MO1 MCO SO BRO OUT"),
    "in a private microcosm": (in_a_private_microcosm, "GUE MEM AUT PRV MO0 MO1 MCO BRO OUT"),
    "deleted": (deleted, "GUE MEM AUT PRV MCO BRO OUT"),
    "moderated": (moderated, "GUE MEM AUT PRV MCO BRO OUT"),
    "where one is banned": (where_one_is_banned, "BRO"),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_a1_what_is_hidden_changes_no_answer(how: str, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    make, hidden_from = HIDDEN[how]
    start = clock.now()
    scene = set_scene()
    secret = Secret(scene, maker=scene.forum.member("ursula"))
    # How much somebody has said in all is no secret (docs/decisions/0025): her place among the others stays the same.
    Profile.objects.filter(id=secret.maker.id).update(comment_count=1000)
    for person in hidden_from.split():
        if (who := scene.people[person]) is not None:
            secret.watchers.append(who)
    settle(secret)
    number_from(FIRST)
    paths = sorted(set(asked_paths(scene)))
    deliver()
    clock.set_clock(frozen=start + timedelta(hours=1))
    for person in (secret.maker, scene.forum.owner):
        # That they are here is no secret.
        assert secret.client(person).get("whoami").status == 200
    clock.set_clock(frozen=start + timedelta(hours=2))
    before = {person: answers(scene, person, paths) for person in hidden_from.split()}
    knows = answers(scene, "SO", paths) if "SO" not in hidden_from.split() else {}
    clock.set_clock(frozen=start + timedelta(hours=1))
    make(secret)
    deliver()
    clock.set_clock(frozen=start + timedelta(hours=2))
    leaks = []
    for person, old in before.items():
        new = answers(scene, person, paths)
        leaks += [f"{person} {path}: {difference(old[path], new[path])}" for path in paths if old[path] != new[path]]
        leaks += [
            f"{person} {path} tells {SECRET}" for path in paths if SECRET not in path and SECRET in str(new[path])
        ]
    assert not leaks, f"{len(leaks)} leaks\n" + "\n".join(leaks)
    if knows:
        assert knows != answers(scene, "SO", paths), "nobody sees it at all"


def settle(secret: Secret) -> None:
    """Let all counters and times of the scene, which it writes as it likes, be kept by the services."""
    place, talk = secret.scene.ids["XC"], secret.scene.ids["C"]
    passing = id_in(secret.as_owner, "POST", "conversations", {"title": "Passing", "microcosmId": place})
    text = {"itemType": "conversation", "itemId": talk, "markdown": "Passing"}
    comment = id_in(secret.as_owner, "POST", "comments", text)
    for path in (f"comments/{comment}", f"conversations/{passing}"):
        assert secret.as_owner.delete(path).status == 200


def number_from(first: dict[str, int]) -> None:
    """Let the next ids be known."""
    with connection.cursor() as cursor:
        for table, number in first.items():
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
            cursor.execute(f"ALTER SEQUENCE {cursor.fetchone()[0]} RESTART WITH {number}")


def answers(scene: Scene, person: str, paths: list[str]) -> dict[str, tuple[int, dict[str, str], bytes]]:
    """What somebody is told on all paths, without anything having been read."""
    forget_sites()
    with undone():
        client = scene.client(person)
        replies = {path: client.get(path) for path in paths}
    return {path: (reply.status, timeless_headers(reply), told(path, reply.content)) for path, reply in replies.items()}


def told(path: str, content: bytes) -> bytes:
    """A body without what may change: how long a search took, and the numbers of the whole site.

    The contract (permissions.md 2.2) lets `/permission` say to the banned and to moderators that they are, of a place
    that they may not read too.
    """
    content = re.sub(rb'"timeTakenInMs":\d+', b'"timeTakenInMs":0', content)
    content = re.sub(rb'"stats":\[.*?\]', b'"stats":[]', content) if path.endswith("/site") else content
    standing = rb'"(banned|moderator)":(true|false)'
    return re.sub(standing, rb'"\1":', content) if "permission?" in path else content


def timeless_headers(reply: Reply) -> dict[str, str]:
    """The headers, without those that tell of a body which says how long it took."""
    return {name: value for name, value in headers_of(reply).items() if name not in ("Content-Length", "ETag")}


def difference(old: tuple[Any, ...], new: tuple[Any, ...]) -> str:
    """Where two answers part."""
    if old[2] == new[2] or old[0] != new[0]:
        return f"{old} became {new}"
    at = next((i for i, (a, b) in enumerate(zip(old[2], new[2], strict=False)) if a != b), 0)
    return f"...{old[2][max(at - 90, 0) : at + 60]!r} became ...{new[2][max(at - 90, 0) : at + 60]!r}"


# --- What is asked ----------------------------------------------------------------------------------


def values_of(scene: Scene) -> dict[str, list[Any]]:
    """For each path variable ids of visible things, and those that hidden ones will get."""
    ids = scene.ids

    def next_of(table: str) -> list[int]:
        return [FIRST[table] + n for n in range(REACH)]

    # Conversation, event and poll are made in this order, huddles come alone.
    items = [FIRST["items_item"] + n for n in range(6)]
    return {
        "microcosm_id": [ids["ROOT"], ids["X"], ids["XC"], *next_of("microcosms_microcosm")[:1]],
        "conversation_id": [ids["C"], *items[0::3]],
        "event_id": [ids["E"], *items[1::3]],
        "poll_id": [ids["P"], *items[2::3]],
        "huddle_id": items[:1],
        "comment_id": [ids["K"], *next_of("comments_comment")],
        "profile_id": [ids["AUT"], ids["N"]],
        "role_id": [ids["R"], *next_of("permissions_role")[:1]],
        "criterion_id": [ids["RC"]],
        "update_type_id": [1],
        "site_id": [ids["SITE"]],
        "user_id": [ids["AUT_U"]],
        "update_id": [ids["U"]],
        "key": ["secret"],
        "file_hash": [hash_of_secret()],
        "short": [ids["L"]],
    }


def hash_of_secret() -> str:
    """The address of the file with the word in it."""
    return hashlib.sha1(SECRET.encode(), usedforsecurity=False).hexdigest()


def asked_paths(scene: Scene) -> Iterator[str]:
    """All GET routes of the site with ids, and the searches and filters that could tell."""
    values = values_of(scene)
    for route in routes():
        if "GET" in route.methods and "site" in route.hosts:
            yield from paths_of(route, values)
    yield from FILTERS
    hidden = {name: [id for id in ids if isinstance(id, int) and id > 70_000_000] for name, ids in values.items()}
    for kind, name in (("conversation", "conversation_id"), ("comment", "comment_id"), ("microcosm", "microcosm_id")):
        for id in hidden[name][:2]:
            yield f"permission?itemType={kind}&itemId={id}"
    for id in hidden["huddle_id"]:
        yield f"permission?itemType=huddle&itemId={id}"
        yield f"search?id={id}&type=conversation&q=title"
    for id in hidden["microcosm_id"]:
        yield f"search?forumId={id}&q={SECRET}"
    for id in hidden["comment_id"]:
        yield f"conversations/{scene.ids['C']}?comment_id={id}"


def paths_of(route: Route, values: dict[str, list[Any]]) -> Iterator[str]:
    """A route with each choice of ids."""
    names = [name for name in route.vars if name in values]
    for chosen in itertools.product(*(values[name] for name in names)):
        yield concrete(route, dict(zip(names, chosen, strict=True)))


FILTERS = [
    *(f"{name}?limit=250" for name in ("conversations", "events", "polls", "huddles", "microcosms", "profiles")),
    "huddles?unread=true",
    "profiles?top=true",
    "profiles?top=true&q=mem",
    "profiles?q=m",
    "profiles?following=true",
    "profiles?online=true",
    f"search?q={SECRET}",
    f"search?q={SECRET}&inTitle=true",
    f"search?q={SECRET}&sort=date&limit=250",
    f"search?q=-{SECRET}",
    f"search?q={SECRET}&defaults=true",
    *(
        f"search?type={kind}&q={SECRET}"
        for kind in ("conversation", "comment", "event", "poll", "huddle", "microcosm", "profile")
    ),
    *(f"search?type={kind}" for kind in ("conversation", "comment", "event", "poll", "huddle", "microcosm")),
    "search?following=true&type=conversation&type=event&type=poll&type=huddle",
    "search?attendee=true&type=event",
    "search?type=event&eventAfter=0",
    "search?has=attachment&type=comment",
    "search?since=-1&type=conversation&type=comment&type=event&type=poll",
    "search?author=ursula",
    "search?q=author:ursula+type:comment",
]


def test_the_ids_asked_for_are_those_that_are_made(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    scene = set_scene()
    secret = Secret(scene, maker=scene.forum.member("ursula"))
    number_from(FIRST)
    in_a_private_microcosm(secret)
    assert Microcosm.objects.filter(id=FIRST["microcosms_microcosm"]).exists()
    assert Item.objects.filter(id__in=[FIRST["items_item"] + n for n in range(3)]).count() == 3
    assert Comment.objects.filter(id=FIRST["comments_comment"]).exists()
    assert scene.client("SO").get(f"files/{hash_of_secret()}").status == 200
    reply = scene.client("SO").get(f"search?q={SECRET}")
    assert reply.data["results"]["total"] > 3

"""Writers over HTTP: they say, edit, delete, move, vote and change rights, and note what they were promised."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.chaos.model import WORDS
from tests.chaos.readers import Drill
from tests.chaos.scene import GROUPS, Person

PATIENCE = 60.0
RETRY_SECONDS = 0.2
#: Things that writers choose from; the others rest.
RECENT = 300


@dataclass(frozen=True)
class Reply:
    """A definite answer, and between which moments what was asked for came about."""

    status: int
    location: str
    asked_at: float
    at: float

    @property
    def is_done(self) -> bool:
        """Whether it was promised."""
        return self.status < 400

    @property
    def id(self) -> int:
        """The id at the end of Location."""
        return int(self.location.rsplit("/", 1)[1].split("?")[0])


@dataclass(frozen=True)
class Promise:
    """What a writer was told is so: something about a thing, true at some moment between asking and the answer."""

    what: str
    key: tuple[Any, ...]
    asked_at: float
    at: float


@dataclass
class Item:
    """An item as writers know it."""

    id: int
    kind: int
    place: str
    author: Person

    @property
    def path(self) -> str:
        """Where it is."""
        return f"{WORDS[self.kind]}s/{self.id}"


@dataclass
class World:
    """What all writers know and add to."""

    drill: Drill
    seed: int
    items: list[Item] = field(default_factory=list)
    huddles: dict[int, list[Person]] = field(default_factory=dict)
    comments: list[tuple[int, Item | int, Person]] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    #: Texts that were sent: each may be there once, or, if promised, is.
    sent: dict[str, bool] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    wanderer_parent: str = "open"
    is_peaceful: bool = False

    def __post_init__(self) -> None:
        scene = self.drill.scene
        self.people = scene.people
        self.items = [Item(id, kind, place, self.people[author]) for id, kind, place, author in scene.items]
        self.groups = [scene.members[number::GROUPS] for number in range(GROUPS)]
        self.huddles = {id: self.groups[number][:4] for number, id in enumerate(scene.huddles)}


class Writer:
    """One of those who write at the same time; in the name of anybody."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number = world, number
        self.rng = random.Random(f"{world.seed} writer {number}")
        self.client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{world.drill.http_port}/api/v1/",
            headers={"Host": world.drill.scene.host},
            timeout=PATIENCE,
            trust_env=False,
        )
        self._text_number = 0
        self._acts: list[tuple[float, Callable[[], Awaitable[None]], bool]] = [
            (40, self.say, True),
            (9, self.edit_comment, True),
            (5, self.delete_comment, True),
            (5, self.flag_comment, True),
            (4, self.start, True),
            (3, self.rename, True),
            (3, self.move, True),
            (4, self.flag_item, True),
            (1, self.delete_item, True),
            (5, self.vote, True),
            (3, self.answer_event, True),
            (6, self.say_in_huddle, True),
            (1, self.start_huddle, True),
            (2, self.join_huddle, True),
            (1.5, self.leave_huddle, True),
            (2, self.read, True),
            (2.5, self.change_role, False),
            (2, self.name_in_role, False),
            (0.5, self.make_role, False),
            (1.5, self.ban, False),
            (1, self.hide_place, False),
            (0.7, self.move_place, False),
            (0.7, self.sign_out, False),
        ]

    async def run(self, *, until: Callable[[], bool]) -> None:
        """Write until there is enough."""
        while not until():
            acts = [act for act in self._acts if act[2] or not self.world.is_peaceful]
            (_weight, act, _is_peaceful) = self.rng.choices(acts, [act[0] for act in acts])[0]
            await act()

    # --- Requests ----------------------------------------------------------------------------

    async def ask(
        self, person: Person, method: str, path: str, json: Any = None, *, may_repeat: bool = True
    ) -> Reply | None:
        """The definite answer; asked again while there is none, unless that might do it twice."""
        asked_at = time.monotonic()
        headers = {"Authorization": f"Bearer {person.tokens[0][1]}"}
        while True:
            try:
                answer = await self.client.request(method, path, json=json, headers=headers)
            except httpx.TransportError:
                status = 0
            else:
                status = answer.status_code
                if status < 500:
                    self.world.answers[f"{method} {status}"] += 1
                    return Reply(status, answer.headers.get("Location", ""), asked_at, time.monotonic())
            self.world.answers[f"{method} {status}"] += 1
            if not may_repeat:
                return None
            await asyncio.sleep(RETRY_SECONDS)

    async def do(self, person: Person, method: str, path: str, json: Any, what: str, *key: Any) -> Reply:
        """Ask for something that may be asked for again, and keep the promise if there is one."""
        reply = await self.ask(person, method, path, json)
        assert reply
        if reply.is_done:
            self.promise(reply, what, *key)
        return reply

    def promise(self, reply: Reply, what: str, *key: Any) -> None:
        """Keep a promise."""
        self.world.promises.append(Promise(what, key, reply.asked_at, reply.at))

    def text(self, what: str) -> str:
        """A text that nobody else writes."""
        self._text_number += 1
        return f"{what} {self.number} {self._text_number}"

    # --- Choices -----------------------------------------------------------------------------

    def somebody(self) -> Person:
        """A member."""
        return self.rng.choice(self.world.drill.scene.members)

    def some_item(self, *kinds: int) -> Item:
        """An item of some kinds, if any are named."""
        items = [item for item in self.world.items if not kinds or item.kind in kinds]
        return self.rng.choice(items[-RECENT:])

    def reader_of(self, item: Item) -> Person:
        """Somebody who can probably read and write there."""
        group = {"hidden child": 0, "closed": 1, "closed child": 1}.get(item.place)
        return self.somebody() if group is None else self.rng.choice(self.world.groups[group])

    def moderator_of(self, place: str) -> Person:
        """A moderator of a place, or the owner."""
        name = {"open": "open moderator", "closed": "closed moderator"}.get(place.split()[0], "moderator")
        return self.world.people[self.rng.choice(["owner", "moderator", name])]

    # --- Comments ----------------------------------------------------------------------------

    async def say(self) -> None:
        """A comment."""
        item = self.some_item()
        await self._say(self.reader_of(item), item, item.id, WORDS[item.kind])

    async def say_in_huddle(self) -> None:
        """A comment in a huddle."""
        huddle_id, people = self.rng.choice(list(self.world.huddles.items()))
        if people:
            await self._say(self.rng.choice(people), huddle_id, huddle_id, "huddle")

    async def _say(self, person: Person, item: Item | int, item_id: int, word: str) -> None:
        text = self.text("comment")
        self.world.sent[text] = False
        body = {"itemType": word, "itemId": item_id, "markdown": text}
        reply = await self.ask(person, "POST", "comments", body)
        assert reply
        if reply.is_done:
            self.world.sent[text] = True
            self.promise(reply, "comment", reply.id, text)
            self.world.comments.append((reply.id, item, person))
            del self.world.comments[:-RECENT]

    async def edit_comment(self) -> None:
        """Another text for a comment."""
        if self.world.comments:
            comment_id, _item, author = self.rng.choice(self.world.comments)
            text = self.text("edit")
            await self.do(author, "PUT", f"comments/{comment_id}", {"markdown": text}, "revision", comment_id, text)

    async def delete_comment(self) -> None:
        """A comment less."""
        if self.world.comments:
            comment_id, _item, author = self.rng.choice(self.world.comments)
            await self.do(
                author, "DELETE", f"comments/{comment_id}", None, "comments_comment", comment_id, "is_deleted", True
            )

    async def flag_comment(self) -> None:
        """A moderator hides a comment or shows it again."""
        if self.world.comments:
            comment_id, item, _author = self.rng.choice(self.world.comments)
            name, value = self.rng.choice(["moderated", "moderated", "deleted"]), self.rng.random() < 0.5
            who = self.moderator_of(item.place if isinstance(item, Item) else "root")
            await self.do(
                who, "PATCH", f"comments/{comment_id}", _flag(name, value),
                "comments_comment", comment_id, f"is_{name}", value,
            )  # fmt: skip

    # --- Items -------------------------------------------------------------------------------

    async def start(self) -> None:
        """A conversation."""
        place = self.rng.choice([name for name in self.world.drill.scene.places if name != "root"])
        author = self.reader_of(Item(0, 6, place, self.somebody()))
        title = self.text("title")
        self.world.sent[title] = False
        reply = await self.ask(
            author, "POST", "conversations", {"microcosmId": self.world.drill.scene.places[place], "title": title}
        )
        assert reply
        if reply.is_done:
            self.world.sent[title] = True
            self.promise(reply, "items_item", reply.id, "title", title)
            self.world.items.append(Item(reply.id, 6, place, author))

    async def rename(self) -> None:
        """Another title."""
        item, title = self.some_item(6), self.text("renamed")
        body = {"title": title, "meta": {"editReason": "better"}}
        await self.do(item.author, "PUT", item.path, body, "items_item", item.id, "title", title)

    async def move(self) -> None:
        """An item into another place, which others may read."""
        item, scene = self.some_item(6), self.world.drill.scene
        place = self.rng.choice(list(scene.places))
        body = {"microcosmId": scene.places[place], "meta": {"editReason": "better there"}}
        who = self.world.people["owner"]
        reply = await self.do(who, "PUT", item.path, body, "items_item", item.id, "microcosm_id", scene.places[place])
        if reply.is_done:
            item.place = place

    async def flag_item(self) -> None:
        """A moderator hides an item or shows it again, deleted ones too."""
        item = self.some_item()
        name, value = self.rng.choice(["moderated", "moderated", "deleted"]), self.rng.random() < 0.4
        who = self.moderator_of(item.place)
        await self.do(who, "PATCH", item.path, _flag(name, value), "items_item", item.id, f"is_{name}", value)

    async def delete_item(self) -> None:
        """An item less, for its author or for whoever moderates."""
        item = self.some_item(6)
        who = self.rng.choice([item.author, self.moderator_of(item.place)])
        await self.do(who, "DELETE", item.path, None, "items_item", item.id, "is_deleted", True)

    async def vote(self) -> None:
        """A vote."""
        item = self.some_item(7)
        person, choice_id = self.reader_of(item), self.rng.choice(self.world.drill.scene.choices[item.id])
        path = f"{item.path}/vote"
        await self.do(person, "PUT", path, {"choiceIds": [choice_id]}, "items_pollvote", choice_id, person.profile_id)

    async def answer_event(self) -> None:
        """Whether somebody comes."""
        item = self.some_item(9)
        person, (word, number) = self.reader_of(item), self.rng.choice([("yes", 1), ("maybe", 2), ("no", 4)])
        path = f"{item.path}/attendees/{person.profile_id}"
        key = ((item.id, person.profile_id), "rsvp", number)
        await self.do(person, "PUT", path, {"rsvp": word}, "items_attendee", *key)

    # --- Huddles and inboxes -----------------------------------------------------------------

    async def start_huddle(self) -> None:
        """A huddle of some people; it is not asked for again, because it might be there already."""
        people = self.rng.sample(self.world.drill.scene.members, 4)
        title = self.text("huddle")
        self.world.sent[title] = False
        body = {"title": title, "participants": [{"id": person.profile_id} for person in people[1:]]}
        reply = await self.ask(people[0], "POST", "huddles", body, may_repeat=False)
        if reply and reply.is_done:
            self.world.sent[title] = True
            self.promise(reply, "items_item", reply.id, "title", title)
            self.world.huddles[reply.id] = people

    async def join_huddle(self) -> None:
        """Somebody is brought in."""
        huddle_id, people = self.rng.choice(list(self.world.huddles.items()))
        new = self.somebody()
        if people:
            path = f"huddles/{huddle_id}/participants/{new.profile_id}"
            key = ("huddles_participant", (huddle_id, new.profile_id), True)
            reply = await self.do(self.rng.choice(people), "PUT", path, None, *key)
            if reply.is_done:
                people.append(new)

    async def leave_huddle(self) -> None:
        """Somebody leaves."""
        huddle_id, people = self.rng.choice(list(self.world.huddles.items()))
        if len(people) > 2:
            person = self.rng.choice(people)
            key = ("huddles_participant", (huddle_id, person.profile_id), False)
            reply = await self.do(person, "DELETE", f"huddles/{huddle_id}", None, *key)
            if reply.is_done and person in people:
                people.remove(person)

    async def read(self) -> None:
        """Somebody has read something."""
        places = list(self.world.drill.scene.places.values())
        await self.ask(
            self.somebody(), "PUT", "profiles/read", {"itemType": "microcosm", "itemId": self.rng.choice(places)}
        )

    # --- Rights ------------------------------------------------------------------------------

    def _role(self, name: str) -> str:
        scene = self.world.drill.scene
        place = {"hidden": "hidden child", "half": "half", "open": "open", "closed": "closed"}[name.split()[0]]
        return f"microcosms/{scene.places[place]}/roles/{scene.roles[name]}"

    async def change_role(self) -> None:
        """A role lets read, or no longer."""
        name = self.rng.choice(["half guests", "half guests", "half members", "closed readers", "hidden readers"])
        value = self.rng.random() < 0.6
        body = [{"op": "replace", "path": "/read", "value": value}]
        key = ("permissions_role", self.world.drill.scene.roles[name], "can_read", value)
        await self.do(self.world.people["owner"], "PATCH", self._role(name), body, *key)

    async def name_in_role(self) -> None:
        """Somebody is in a role, or no longer."""
        name = self.rng.choice(
            ["hidden readers", "closed readers", "open outlaws", "closed outlaws", "open moderators"]
        )
        person, is_named = self.somebody(), self.rng.random() < (0.3 if "outlaws" in name else 0.5)
        method = "PUT" if is_named else "DELETE"
        key = ("permissions_roleprofile", (self.world.drill.scene.roles[name], person.profile_id), is_named)
        path = f"{self._role(name)}/profiles/{person.profile_id}"
        await self.do(self.world.people["owner"], method, path, None, *key)

    async def make_role(self) -> None:
        """A role that takes some in and takes a place from the others, and its end a little later."""
        scene, owner = self.world.drill.scene, self.world.people["owner"]
        path = f"microcosms/{scene.places['half child']}/roles"
        title = self.text("role")
        self.world.sent[title] = False
        reply = await self.ask(owner, "POST", path, {"title": title, "read": True}, may_repeat=False)
        if reply and reply.is_done:
            self.world.sent[title] = True
            self.promise(reply, "permissions_role", reply.id, "title", title)
            await self.say()
            await self.do(owner, "DELETE", f"{path}/{reply.id}", None, "no permissions_role", reply.id)

    async def ban(self) -> None:
        """Somebody is shut out, and let in again a little later."""
        owner, person = self.world.people["owner"], self.rng.choice(self.world.drill.scene.members[2:])
        key = ("permissions_ban", person.user_id)
        await self.do(owner, "POST", "bans", {"profileId": person.profile_id, "reason": "spam"}, *key, True)
        for _act in range(self.rng.randint(0, 4)):
            await self.say()
        await self.do(owner, "DELETE", f"bans/{person.profile_id}", None, *key, False)

    async def hide_place(self) -> None:
        """A microcosm is hidden or deleted, and shown again a little later."""
        scene, owner = self.world.drill.scene, self.world.people["owner"]
        name = self.rng.choice(
            ["open child", "half child", "closed child", "hidden child", "wanderer", "closed", "half"]
        )
        flag, place_id = self.rng.choice(["moderated", "deleted"]), scene.places[name]
        for value in (True, False):
            await self.do(
                owner, "PATCH", f"microcosms/{place_id}", _flag(flag, value),
                "microcosms_microcosm", place_id, f"is_{flag}", value,
            )  # fmt: skip
            for _act in range(self.rng.randint(0, 3)):
                await self.say()

    async def move_place(self) -> None:
        """A microcosm hangs elsewhere, which changes who reads it."""
        scene, owner = self.world.drill.scene, self.world.people["owner"]
        parent = scene.places[self.rng.choice(["open", "half", "closed"])]
        body = {"parentId": parent, "meta": {"editReason": "better there"}}
        place_id = scene.places["wanderer"]
        key = ("microcosms_microcosm", place_id, "parent_id", parent)
        await self.do(owner, "PUT", f"microcosms/{place_id}", body, *key)

    async def sign_out(self) -> None:
        """A token that some reader may use ends."""
        person = self.somebody()
        token_id, token = self.rng.choice(person.tokens[1:])
        await self.do(person, "DELETE", f"auth/{token}", None, "accounts_accesstoken", token_id)

    async def make_peace(self) -> None:
        """All hidden places are shown and all bans lifted; from now on no rights change."""
        self.world.is_peaceful = True
        scene, owner = self.world.drill.scene, self.world.people["owner"]
        for name, place_id in scene.places.items():
            if name != "root":
                for flag in ("moderated", "deleted"):
                    await self.ask(owner, "PATCH", f"microcosms/{place_id}", _flag(flag, False))
        for person in scene.members:
            await self.ask(owner, "DELETE", f"bans/{person.profile_id}")

    async def say_the_end(self) -> None:
        """A change that everybody may read, and that nothing follows from."""
        item, owner = self.world.items[0], self.world.people["owner"]
        root = self.world.drill.scene.places["root"]
        await self.ask(owner, "PUT", item.path, {"microcosmId": root, "meta": {"editReason": "the end"}})
        for flag in ("moderated", "deleted"):
            await self.ask(owner, "PATCH", item.path, _flag(flag, False))
        await self.ask(owner, "PUT", item.path, {"title": "The end", "meta": {"editReason": "the end"}})


def _flag(name: str, value: bool) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": f"/meta/flags/{name}", "value": value}]

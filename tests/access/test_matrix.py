"""Every action of permissions.md by everyone, over HTTP: who may, and that a refusal changes and tells nothing."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction

from apps.permissions.models import Role
from apps.permissions.queries import Permissions, permissions_for
from apps.profiles.viewer import Viewer
from apps.sites.hosts import forget_sites, site_at
from apps.sites.types import ITEM_TYPES
from tests.access.matrix import CHANGING, CREATING, FLAGS, PEOPLE, READING, ROWS, Flags, Row
from tests.access.scene import SETUPS, Scene, set_scene
from tests.client import Reply
from tests.fingerprint import fingerprint
from tests.queries import count_statements

#: An id that nothing ever had.
NEVER = 999_999_999
LETTERS = dict(
    zip(
        ("create", "read", "update", "delete", "closeOwn", "openOwn", "readOthers"),
        "CRUDkor",
        strict=True,
    )
) | {"moderator": "m", "owner": "w", "siteOwner": "s", "guest": "g", "banned": "b"}


@pytest.fixture
def scene(db: Any) -> Scene:
    """The scene, for one row and everyone in turn."""
    return set_scene()


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside did not happen."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    forget_sites()


def filled(text: str, ids: dict[str, int]) -> str:
    """`{X}` in a path or a body replaced by the id of X; inside JSON the quotes around it go too."""
    return re.sub(r'"?\{([A-Z_0-9]+)\}"?', lambda match: str(ids[match[1]]), text)


def ask(row: Row, scene: Scene, person: str, ids: dict[str, int], **options: Any) -> Reply:
    """The request of a row."""
    body = None if row.body is None else json.loads(filled(json.dumps(row.body), ids))
    return scene.client(person, row.host).request(row.verb, filled(row.path, ids), json=body, **options)


def target_of(row: Row) -> str:
    """What a 404 of the row hides: as it says itself, else the first thing in its path."""
    return row.target or re.findall(r"\{([A-Z_0-9]+)\}", row.path)[0]


def resource_of(row: Row) -> str:
    """What the rows of one test have in common: the scene is set once for them."""
    tables = {"reading": READING, "creating": CREATING, "changing": CHANGING}
    table = next(name for name, rows in tables.items() if row in rows)
    parts = row.path.strip("/").split("/")
    return f"{table} {parts[0].split('?')[0]} {'roles' if 'roles' in parts[1:] else ''}".strip()


RESOURCES = sorted({resource_of(row) for row in ROWS})


@pytest.mark.parametrize("resource", RESOURCES)
def test_A7_A8_each_action_by_each_person(resource: str, scene: Scene) -> None:
    wrong: dict[str, str] = {}
    for row in (row for row in ROWS if resource_of(row) == resource):
        with undone():
            if row.setup:
                SETUPS[row.setup](scene)
            for person, problem in problems_of(row, scene).items():
                wrong[f"{row.verb} {row.name} - {person}"] = problem
    assert not wrong, "\n".join(f"{cell}: {problem}" for cell, problem in wrong.items())


def problems_of(row: Row, scene: Scene) -> dict[str, str]:
    """What is not as it has to be when everyone sends the request of a row in turn."""
    before = fingerprint()
    problems = {person: refusal_problem(row, scene, person) for person, status in row.expected.items() if status >= 400}
    changed = changed_tables(before)
    if changed:
        problems["those refused"] = f"something changed: {changed}"
    for person, status in row.expected.items():
        if status < 400:
            with undone():
                reply = ask(row, scene, person, scene.ids_for(person))
                if reply.status != status:
                    problems[person] = f"answers {reply.status} instead of {status}: {reply.content[:300]!r}"
                elif row.verb != "GET" and not changed_tables(before):
                    problems[person] = "is allowed, but nothing changed"
    return {person: problem for person, problem in problems.items() if problem}


def refusal_problem(row: Row, scene: Scene, person: str) -> str:
    """What is wrong with a refusal, "" if nothing; a 404 must tell no more than one for what never was.

    Nor by how long it takes (A9): tests measure no time, so both have to ask the database as often.
    """
    ids, status = scene.ids_for(person), row.expected[person]
    reply = ask(row, scene, person, ids)
    if reply.status != status:
        return f"answers {reply.status} instead of {status}: {reply.content[:300]!r}"
    if status != 404:
        return ""
    # Counted when the site is known to the process: the first request looks it up.
    with count_statements() as asked_of_missing:
        missing = ask(row, scene, person, ids | {target_of(row): NEVER})
    with count_statements() as asked:
        reply = ask(row, scene, person, ids)
    if len(asked) != len(asked_of_missing):
        return f"takes {len(asked)} statements, but for what never was {len(asked_of_missing)}"
    if (missing.status, missing.content) != (404, reply.content):
        return f"is told {reply.content!r}, but of what never was {missing.status} {missing.content!r}"
    if headers_of(missing) != headers_of(reply):
        return f"gets {headers_of(reply)}, but for what never was {headers_of(missing)}"
    return ""


def changed_tables(before: dict[str, str]) -> list[str]:
    """The tables that are not what they were."""
    after = fingerprint()
    return sorted(table for table in before if after[table] != before[table])


def headers_of(reply: Reply) -> dict[str, str]:
    """The headers without the id of the request."""
    return {name: value for name, value in reply.headers.items() if name != "X-Request-Id"}


def test_A7_each_flag_for_each_person(scene: Scene) -> None:
    told = {}
    for flags in FLAGS:
        with undone():
            if flags.setup:
                SETUPS[flags.setup](scene)
            told[flags.name] = {person: letters_told(flags, scene, person) for person in flags.expected}
    assert told == {flags.name: flags.expected for flags in FLAGS}


def letters_told(flags: Flags, scene: Scene, person: str) -> str:
    """What `/permission` tells somebody."""
    query = filled(flags.query, scene.ids_for(person))
    reply = scene.client(person).get(f"permission?{query}" if query else "permission")
    if person == "BAN":
        assert (reply.status, reply.code) == (403, 13)
        return letters_of(behind_the_door(scene, query).shape())
    assert reply.status == 200, reply
    return letters_of(reply.data)


def letters_of(permissions: dict[str, bool]) -> str:
    """The letters of what is true, sorted."""
    return "".join(sorted(LETTERS[name] for name, value in permissions.items() if value))


def behind_the_door(scene: Scene, query: str) -> Permissions:
    """What the banned would be told."""
    site, banned = site_at(scene.forum.host), scene.people["BAN"]
    assert site
    assert banned
    asked = dict(pair.split("=") for pair in query.split("&") if pair)
    return permissions_for(
        Viewer(site=site, profile_id=banned.id, user_id=banned.profile.user_id, is_banned=True),
        kind=ITEM_TYPES.get(asked.get("itemType", "")),
        thing_id=int(asked.get("itemId", 0)),
        microcosm_id=int(asked.get("microcosmId", 0)),
    )


#: Where single reads say in `meta.permissions` what the caller may do, and the row of FLAGS that says what is right.
SHOWN = [
    ("site", "site"),
    ("microcosms", "root"),
    ("microcosms/{X}", "X"),
    ("microcosms/{XP}", "child of X"),
    ("microcosms/{Y}", "Y"),
    ("conversations/{C}", "conversation"),
    ("conversations/{CT}", "discussed"),
    ("conversations/{CC}", "closed"),
    ("events/{E}", "event"),
    ("events/{EA}/attendees/{AUT}", "answer"),
    ("events/{E}/attendees/{N}", "answer to own event"),
    ("polls/{P}", "poll"),
    ("comments/{K}", "comment"),
    ("comments/{B}", "biography"),
    ("huddles/{H}", "huddle"),
    ("comments/{KH}", "comment in huddle"),
    ("profiles/{SELF}", "own profile"),
    ("profiles/{AUT}", "profile"),
    ("profiles", "people"),
    ("conversations", "conversations"),
    ("events", "events"),
    ("polls", "polls"),
    ("whoami", "own profile"),
]


def test_single_reads_show_the_same_flags(scene: Scene) -> None:
    for path, question in SHOWN:
        expected = next(flags.expected for flags in FLAGS if flags.name == question)
        shown = {}
        for person in expected:
            with undone():
                reply = scene.client(person).get(filled(path, scene.ids_for(person)))
                if reply.status == 200:
                    shown[person] = letters_of(reply.data["meta"]["permissions"])
        # Who may not read is shown nothing; lists of items are for everyone (permissions.md 4).
        is_open = path in ("conversations", "events", "polls")
        readers = {person for person, letters in expected.items() if "R" in letters or is_open}
        readers -= set() if path in ("site", "whoami", "profiles/{SELF}") else {"BAN"}
        assert shown == {person: expected[person] for person in readers}, path


def test_only_the_person_and_the_owner_of_the_site_see_an_address(scene: Scene) -> None:
    path = f"profiles/{scene.ids['AUT']}"
    seen = {person for person in PEOPLE if "email" in (scene.client(person).get(path).data or {})}
    assert seen == {"AUT", "SO"}


def test_a1_tree_and_lists_hold_what_can_be_read_and_nothing_else(scene: Scene) -> None:
    for person in PEOPLE:
        if person != "BAN":
            check_tree_and_lists(scene, person)


def check_tree_and_lists(scene: Scene, person: str) -> None:
    """What somebody finds without knowing an id."""
    client, ids = scene.client(person), scene.ids
    tree = {entry["id"] for entry in client.get("microcosms/tree").data}
    listed = {item["id"] for item in client.get("conversations").data["conversations"]["items"]}
    places = {"ROOT"} | (set() if person == "BRO" else {"X", "XC", "XP", "XO"})
    items = set() if person == "BRO" else {"C", "CT", "CC", "CX", "CXC", "CB", "CP"}
    if person in ("PRV", "SO"):
        places, items = places | {"Y"}, items | {"CY"}
    assert tree == {ids[name] for name in places}
    assert listed == {ids[name] for name in items}
    told = b"".join(client.get(path).content for path in ("microcosms", "microcosms/tree", "conversations"))
    for name, href in (("CY", "conversations"), ("Y", "microcosms")):
        assert (f'"/api/v1/{href}/{ids[name]}"'.encode() in told) is (person in ("PRV", "SO"))


#: The cells `c` of permissions.md 3: what a member may who has one capability more, by its name, beside what they may
#: anyway. Everything that is gated by "update + moderator" stays closed.
CAPABLE = {
    "can_update": {
        "attachment",
        "attachment in own microcosm",
        "delete attribute of comment",
        "delete attribute of conversation",
        "delete attribute of event",
        "delete attribute of microcosm",
        "delete attribute of poll",
        "edit comment",
        "edit comment in own microcosm",
        "edit conversation",
        "edit event",
        "edit event in own microcosm",
        "edit in own microcosm",
        "edit microcosm",
        "edit microcosm below",
        "edit poll",
        "move conversation",
        "move microcosm",
        "move out of own microcosm",
        "write attribute of comment",
        "write attribute of conversation",
        "write attribute of discussed conversation",
        "write attribute of event",
        "write attribute of microcosm",
        "write attribute of poll",
        "write attributes in own microcosm",
        "write attributes of comment",
        "write attributes of conversation",
        "write attributes of discussed conversation",
        "write attributes of event",
        "write attributes of microcosm",
        "write attributes of poll",
    },
    "can_delete": {
        "delete attributes of comment",
        "delete attributes of conversation",
        "delete attributes of event",
        "delete attributes of microcosm",
        "delete attributes of poll",
        "delete comment",
        "delete comment in closed",
        "delete comment in own microcosm",
        "delete in own microcosm",
        "delete microcosm",
        "delete microcosm below",
        "delete own alone",
        "delete own closed",
        "delete own discussed",
        "delete own event",
        "delete own poll",
        "forget an answer",
    },
}
#: What a member may no more without `create`.
CREATING_ONLY = {
    "come",
    "come by path",
    "comment",
    "conversation",
    "conversation at the top",
    "conversation in own microcosm",
    "event",
    "poll",
    "vote",
    "withdraw vote",
}


@pytest.mark.parametrize("capability", CAPABLE)
def test_a_capability_opens_what_it_is_for_and_nothing_else(capability: str, scene: Scene) -> None:
    Role.objects.filter(microcosm=scene.forum.root, title="Members").update(**{capability: True})
    assert changed_cells(scene, "MEM", then_allowed=True) == CAPABLE[capability]


def test_without_create_nothing_is_started_or_said(scene: Scene) -> None:
    Role.objects.filter(microcosm=scene.forum.root, title="Members").update(can_create=False)
    assert changed_cells(scene, "MEM", then_allowed=False) == CREATING_ONLY


def test_guests_write_nothing_whatever_their_role_says(scene: Scene) -> None:
    flags = dict.fromkeys(("can_create", "can_update", "can_delete", "can_close_own", "can_open_own"), True)
    Role.objects.filter(microcosm=scene.forum.root, title="Guests").update(**flags)
    assert changed_cells(scene, "GUE", then_allowed=True) == set()


def changed_cells(scene: Scene, person: str, *, then_allowed: bool) -> set[str]:
    """The rows of writes whose cell for somebody is now on the other side: allowed, or refused."""
    changed = set()
    for row in (*CREATING, *CHANGING):
        status = row.expected.get(person)
        if status is None or (status < 400) is then_allowed:
            continue
        with undone():
            if row.setup:
                SETUPS[row.setup](scene)
            reply = ask(row, scene, person, scene.ids_for(person))
            if (reply.status < 400) is then_allowed:
                changed.add(row.name)
    return changed

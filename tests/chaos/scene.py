"""`python -m tests.chaos.scene set MEMBERS TOKENS`: the schema, a site with people, places and things; prints them.

`python -m tests.chaos.scene recount` prints which counters are wrong, a line for each.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import django

#: Who of the members is in what; the others are in nothing.
GROUPS = 4


@dataclass(frozen=True)
class Person:
    """Somebody who writes or reads; the first token is for writing and is never ended."""

    name: str
    profile_id: int
    user_id: int
    tokens: list[tuple[int, str]]


@dataclass(frozen=True)
class Scene:
    """What a drill begins with."""

    site_id: int
    host: str
    #: The owner of the site, moderators of all of it and of two places, and members.
    people: dict[str, Person]
    #: Microcosms and roles by their names.
    places: dict[str, int]
    roles: dict[str, int]
    #: Items by kind, with the place's name and the author's.
    items: list[tuple[int, int, str, str]]
    choices: dict[int, list[int]]
    huddles: list[int]

    @property
    def members(self) -> list[Person]:
        """All who are neither owner nor moderator."""
        return [person for name, person in self.people.items() if name.startswith("member")]


def read_scene(text: str) -> Scene:
    """A scene as `main` prints it."""
    data = json.loads(text)
    people = {
        name: Person(**person | {"tokens": [tuple(token) for token in person["tokens"]]})
        for name, person in data.pop("people").items()
    }
    choices = {int(id): ids for id, ids in data.pop("choices").items()}
    items = [tuple(item) for item in data.pop("items")]
    return Scene(people=people, choices=choices, items=items, **data)


def set_scene(*, members: int, tokens: int) -> Scene:
    """A tree of public, private and changing places, everyone that a rule knows, and something in each place.

    root ── open ── open child, hidden child (group 0), wanderer (moved between open, half and closed)
         ├─ half (guests may or may not read it) ── half child
         └─ closed (group 1) ── closed child, window (everybody)
    """
    from apps.huddles.services import create_huddle
    from apps.items.models import PollChoice
    from apps.updates.models import Preference
    from apps.updates.types import UpdateType
    from tests.content import closed_to_all_but, moderator_of, place_in
    from tests.factories import Person as Made
    from tests.factories import make_forum
    from tests.trees import make_role

    forum = make_forum("chaos", owner_name="owner")
    made: dict[str, Made] = {"owner": forum.owner}
    for name in ("moderator", "open moderator", "closed moderator", *(f"member {n}" for n in range(members))):
        made[name] = forum.member(name)
    groups = [[made[f"member {n}"] for n in range(group, members, GROUPS)] for group in range(GROUPS)]
    places = {"root": forum.root}
    for name, parent in (
        ("open", "root"),
        ("open child", "open"),
        ("hidden child", "open"),
        ("wanderer", "open"),
        ("half", "root"),
        ("half child", "half"),
        ("closed", "root"),
        ("closed child", "closed"),
        ("window", "closed"),
    ):
        places[name] = place_in(forum, places[parent], title=name)
    roles = {
        "hidden readers": closed_to_all_but(places["hidden child"], *groups[0]),
        "closed readers": closed_to_all_but(places["closed"], *groups[1]),
        "half guests": make_role(places["half"], title="Guests", include_guests=True, can_read=True),
        "half members": make_role(places["half"], title="Members", include_users=True, can_read=True, can_create=True),
        "window": make_role(
            places["window"], title="All", include_guests=True, include_users=True, can_read=True, can_create=True
        ),
        "open outlaws": make_role(places["open"], title="Outlaws", is_banned=True),
        "closed outlaws": make_role(places["closed"], title="Outlaws", is_banned=True),
        "moderators": moderator_of(forum.root, made["moderator"]),
        "open moderators": moderator_of(places["open"], made["open moderator"]),
        "closed moderators": moderator_of(places["closed"], made["closed moderator"]),
    }
    items = _fill(made, places)
    polls = [id for id, kind, _place, _author in items if kind == 7]
    huddles = [
        create_huddle(
            site_id=forum.site.id,
            author_id=people[0].id,
            title=f"huddle {number}",
            is_confidential=False,
            invited_ids=[person.id for person in people[1:4]],
        )
        for number, people in enumerate(groups)
    ]
    # Nobody wants mail: what becomes of it when the worker dies is shown elsewhere.
    Preference.objects.bulk_create(
        [Preference(profile_id=person.id, type=type.value) for person in made.values() for type in UpdateType]
    )
    return Scene(
        site_id=forum.site.id,
        host=forum.host,
        people={name: _described(name, person, tokens=tokens) for name, person in made.items()},
        places={name: place.id for name, place in places.items()},
        roles={name: role.id for name, role in roles.items()},
        items=items,
        choices={id: list(PollChoice.objects.filter(poll_id=id).values_list("id", flat=True)) for id in polls},
        huddles=huddles,
    )


def _fill(made: dict[str, Any], places: dict[str, Any]) -> list[tuple[int, int, str, str]]:
    """Conversations in every place, a poll and an event in some."""
    from tests.content import ask, say, start
    from tests.trees import make_item

    authors = {"hidden child": "member 0", "closed": "member 1", "closed child": "member 1"}
    items = []
    for name, place in places.items():
        author = authors.get(name, "member 2")
        for _number in range(2):
            item = start(made[author], place)
            say(made[author], item)
            items.append((item.id, 6, name, author))
        if name in ("open", "half", "closed"):
            items.append((ask(made[author], place).id, 7, name, author))
            items.append((make_item(place, made[author], kind=9).id, 9, name, author))
    return items


def _described(name: str, person: Any, *, tokens: int) -> Person:
    from apps.accounts.models import AccessToken
    from apps.accounts.services import issue_token
    from apps.accounts.tokens import token_hash

    texts = [person.token, *(issue_token(user=person.profile.user, client=None) for _ in range(tokens))]
    ids = [AccessToken.objects.get(token_hash=token_hash(text)).id for text in texts]
    return Person(name, person.id, person.profile.user_id, list(zip(ids, texts, strict=True)))


def watch() -> None:
    """From now on the database remembers every version of what rights depend on."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(Path(__file__).with_name("history.sql").read_text())


def recount() -> list[str]:
    """Counters that are not what counting again gives (R2)."""
    from apps.sites.models import Site
    from tests.recounts import REPAIRS

    return [
        f"{difference}" for site in Site.objects.all() for repair in REPAIRS for difference in repair(site_id=site.id)
    ]


def main() -> None:
    """Do what the command line says."""
    django.setup()
    from django.core.management import call_command

    if sys.argv[1] == "recount":
        sys.stdout.write("\n".join(recount()))
        return
    call_command("migrate", interactive=False, verbosity=0)
    scene = set_scene(members=int(sys.argv[2]), tokens=int(sys.argv[3]))
    # What is written straight into the tables counts nowhere.
    recount()
    watch()
    sys.stdout.write(json.dumps(asdict(scene)))


if __name__ == "__main__":
    main()

"""Each path, verb and kind of viewer has a status in the matrix; HEAD, OPTIONS and what is no verb of a path follow."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from tests.access.matrix import CHANGING, CREATING, PEOPLE, READING, ROWS
from tests.access.scene import SETUPS, Scene, set_scene
from tests.access.test_matrix import ask, filled, resource_of, undone
from tests.routes import Route, concrete, routes

VERBS = ("OPTIONS", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
RESOURCES = sorted({resource_of(row) for row in READING})
WRITES = sorted({resource_of(row) for row in (*CREATING, *CHANGING)})


def template_of(path: str) -> str:
    """A path of the matrix or the table with all variables alike."""
    path = path.split("?")[0]
    path = path if path.startswith("/") else f"/api/v1/{path}"
    return re.sub(r"\{\w+\}|(?<=/legal/)\w+", "{}", path)


def test_A8_every_route_and_verb_has_a_status_for_every_kind_of_viewer() -> None:
    """HEAD and OPTIONS follow from the others, below."""
    told: dict[tuple[str, str], set[str]] = {}
    for row in ROWS:
        told.setdefault((row.verb, template_of(row.path)), set()).update(row.expected)
    wanted = {(verb, template_of(route.path)) for route in routes() for verb in route.methods}
    wanted = {(verb, path) for verb, path in wanted if verb not in ("OPTIONS", "HEAD")}
    missing = {key: set(PEOPLE) - told.get(key, set()) for key in wanted}
    assert {key: people for key, people in missing.items() if people} == {}
    assert set(told) - wanted == set(), "rows of no route"


@pytest.mark.django_db
@pytest.mark.parametrize("resource", RESOURCES)
def test_A8_head_answers_everyone_as_get_does(resource: str) -> None:
    scene = set_scene()
    for row in (row for row in READING if resource_of(row) == resource and not row.setup):
        for person, status in row.expected.items():
            reply = scene.client(person, row.host).head(filled(row.path, scene.ids_for(person)))
            assert (reply.status, reply.content) == (status, b""), f"{row.name} - {person}"


@pytest.mark.django_db
@pytest.mark.parametrize("resource", WRITES)
def test_a_write_answers_with_the_thing_where_the_table_says_so(resource: str) -> None:
    """`Prefer: return=representation`: the status of the table, and in `data` what a GET of `Location` answers."""
    scene = set_scene()
    for row in (row for row in (*CREATING, *CHANGING) if resource_of(row) == resource):
        allowed = [person for person, status in row.expected.items() if status < 400]
        if not allowed:
            continue
        # Who loses what they may do by the write itself, as with roles, cannot look at it.
        person = "SO" if "SO" in allowed else allowed[0]
        preferred = next(
            route.methods[row.verb].get("prefer")
            for route in routes()
            if template_of(route.path) == template_of(row.path) and row.verb in route.methods
        )
        with undone():
            if row.setup:
                SETUPS[row.setup](scene)
            reply = ask(row, scene, person, scene.ids_for(person), headers={"Prefer": "return=representation"})
            assert reply.status == (preferred or row.expected[person]), f"{row.verb} {row.name} - {person}: {reply}"
            if preferred:
                assert reply.headers["Preference-Applied"] == "return=representation"
                read = scene.client(person, row.host).get(reply.location)
                assert (read.status, read_once(read.data)) == (200, read_once(reply.data)), f"{row.name} - {person}"


def read_once(data: Any) -> Any:
    """Data without what is new only the first time that one reads it."""
    return re.sub(r'"unread": (true|false)', '"unread": false', json.dumps(data))


@pytest.fixture
def scene(db: Any) -> Scene:
    """The scene, for all routes in turn."""
    return set_scene()


def test_options_tells_everyone_the_verbs(scene: Scene) -> None:
    """The verbs of a path are no secret, but the banned are told nothing."""
    for route in routes():
        for person, host, path in askers(scene, route):
            reply = scene.client(person, host).options(path)
            if person == "BAN" and not is_open(route):
                assert reply.status == 403, f"{route} - {person}"
            else:
                assert reply.status == 200, f"{route} - {person}: {reply}"
                assert reply.headers["Allow"].split(",") == [verb for verb in VERBS if verb in route.methods]


def test_what_is_no_verb_of_a_path_is_405_for_everyone(scene: Scene) -> None:
    for route in routes():
        for person, host, path in askers(scene, route):
            for verb in set(VERBS) - set(route.methods):
                # The banned are told nothing, and so get what is not described for a verb that is not there.
                reply = replace(scene.client(person, host), checked=False).request(verb, path)
                status = 403 if person == "BAN" and not is_open(route) else 405
                assert reply.status == status, f"{verb} {route} - {person}: {reply}"


def askers(scene: Scene, route: Route) -> list[tuple[str, str, str]]:
    """Everyone, on each host of a route, with the path filled in."""
    return [
        (person, host, concrete(route, {"microcosm_id": scene.ids["X"]})) for host in route.hosts for person in PEOPLE
    ]


def is_open(route: Route) -> bool:
    """Whether the banned are let in (contract A 2.4)."""
    return any(
        row.expected.get("BAN") != 403
        for row in ROWS
        if template_of(row.path) == template_of(route.path) and "{SELF}" not in row.path
    )

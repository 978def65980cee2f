"""I7: what a guest reads writes nothing. Every GET runs where the database refuses to write."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import InternalError, connection, transaction

from apps.sites.models import Site
from tests.access.matrix import READING
from tests.access.scene import SETUPS, Scene, set_scene
from tests.access.test_matrix import filled
from tests.routes import Route, concrete, routes

#: Where one path needs another thing than the rest of the scene.
OTHERS = {
    "/api/v1/events/{event_id}/attendees/{profile_id}": {"profile_id": "N"},
    "/api/v1/huddles/{huddle_id}/participants/{profile_id}": {"profile_id": "MEM"},
    "/api/v1/bans/{profile_id}": {"profile_id": "BAN"},
}
#: The thing of the scene that a variable of a path names.
THINGS = {
    "site_id": "SITE", "microcosm_id": "X", "role_id": "R", "criterion_id": "RC", "profile_id": "AUT",
    "comment_id": "K", "conversation_id": "C", "event_id": "E", "poll_id": "P", "huddle_id": "H", "update_id": "U",
    "update_type_id": "T", "user_id": "AUT_U", "short": "L", "key": "A", "webhook_id": "WH",
}  # fmt: skip
#: Queries that lead elsewhere than the plain path.
QUERIES = {
    "/api/v1/profiles": ["top=true", "online=true", "q=m", "following=true"],
    "/api/v1/search": ["q=said", "q=type:conversation&sort=relevance", "q="],
    "/api/v1/conversations": ["limit=5"],
    "/api/v1/conversations/{conversation_id}": ["limit=5", "comment_id=1"],
    "/api/v1/comments/{comment_id}": ["limit=5"],
    "/api/v1/permission": ["itemType=conversation&itemId=1"],
    "/api/v1/resolve": ["url=http://old.example/showthread.php?t=1"],
    "/api/v1/files/{file_hash}": ["maxWidth=100"],
}
GETS = [route for route in routes() if "GET" in route.methods]


@pytest.fixture
def scene(db: Any) -> Scene:
    """The scene, with a root site."""
    return set_scene()


@contextmanager
def read_only() -> Iterator[None]:
    """Whatever is written inside fails."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        yield
        transaction.set_rollback(True)


def paths_of(route: Route, scene: Scene) -> list[str]:
    """What to ask: the path with things that there are, plain and with each of its queries."""
    names = THINGS | OTHERS.get(route.path, {})
    values: dict[str, object] = {name: scene.ids[thing] for name, thing in names.items()}
    path = concrete(route, values | {"file_hash": "1" * 40, "subdomain": "alpha", "host": "forum.example.org"})
    return [path, *(f"{path}?{query}" for query in QUERIES.get(route.path, []))]


def test_every_get_of_the_table_by_a_guest_writes_nothing(scene: Scene) -> None:
    Site.objects.filter(id=scene.forum.site.id).update(domain="forum.example.org")
    problems = {}
    for route in GETS:
        known = {*route.methods["GET"]["success"], *route.methods["GET"]["errors"], 400, 403, 404}
        for host in route.hosts:
            for path in paths_of(route, scene):
                for verb in ("GET", "HEAD"):
                    with read_only():
                        reply = scene.client("GUE", host).request(verb, path)
                    if reply.status not in known:
                        problems[f"{verb} {host} {path}"] = reply
    assert not problems


def test_every_reading_of_the_matrix_by_a_guest_is_as_ever(scene: Scene) -> None:
    """Under the same ban: that the things are there and shown is what the matrix says."""
    wrong = {}
    for row in (row for row in READING if "GUE" in row.expected):
        with transaction.atomic():
            if row.setup:
                SETUPS[row.setup](scene)
            with read_only():
                reply = scene.client("GUE", row.host).request(row.verb, filled(row.path, scene.ids))
            if reply.status != row.expected["GUE"]:
                wrong[row.name] = reply
            transaction.set_rollback(True)
    assert not wrong


def test_the_ban_works(scene: Scene) -> None:
    with read_only(), pytest.raises(InternalError, match="read-only transaction"), transaction.atomic():
        Site.objects.update(title="Written")
    assert not Site.objects.filter(title="Written").exists()

"""The table of the contract against the handlers and the description: none missing, none more."""

import re

import pytest

from apps.core.openapi import document
from tests.client import ApiClient
from tests.factories import Forum
from tests.routes import Route, concrete, routes

pytestmark = pytest.mark.django_db
VERBS = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
#: Ours alone: they describe the API and are no part of the contract.
UNLISTED = {"/api/v1/openapi.json", "/api/v1/docs"}


@pytest.fixture
def host_of(forum: Forum, root_forum: Forum) -> dict[str, str]:
    """An address of each host class."""
    return {"site": forum.host, "root": root_forum.host}


@pytest.mark.parametrize("route", routes(), ids=str)
def test_allow_names_exactly_the_verbs_of_the_table(route: Route, api: ApiClient, host_of: dict[str, str]) -> None:
    for host in route.hosts:
        reply = api.at(host_of[host]).options(concrete(route, {}))
        assert reply.status == 200, reply
        assert reply.headers["Allow"].split(",") == [verb for verb in VERBS if verb in route.methods]


@pytest.mark.parametrize("route", routes(), ids=str)
def test_every_other_verb_is_405(
    route: Route, api: ApiClient, host_of: dict[str, str], forum: Forum, root_forum: Forum
) -> None:
    owners = {"site": forum.owner, "root": root_forum.owner}
    for host in route.hosts:
        for verb in set(VERBS) - set(route.methods):
            for person in (None, owners[host]):
                reply = api.at(host_of[host]).as_(person).request(verb, concrete(route, {}))
                assert reply.status == 405, reply
                assert reply.headers["Allow"] == ",".join(v for v in VERBS if v in route.methods)


@pytest.mark.parametrize("route", routes(), ids=str)
def test_a_route_of_one_host_class_is_none_of_the_other(route: Route, api: ApiClient, host_of: dict[str, str]) -> None:
    twins = {h for other in routes() if other.path == route.path for h in other.hosts}
    for host in {"site", "root"} - twins:
        assert api.at(host_of[host]).options(concrete(route, {})).status == 404


@pytest.mark.parametrize("route", routes(), ids=str)
def test_every_route_verb_and_status_is_described(route: Route) -> None:
    operations = document()["paths"].get(route.path)
    assert operations is not None, "the path is not described"
    for verb, row in route.methods.items():
        operation = operations.get(verb.lower())
        assert operation is not None, f"{verb} is not described"
        wanted = {*row["success"], *row["errors"], *([row["prefer"]] if "prefer" in row else [])}
        missing = {str(status) for status in wanted} - set(operation["responses"])
        assert not missing, f"{verb} lacks {sorted(missing)}"


#: The routes whose DELETE reads a body (contract A 22, A 26, B 9).
DELETES_WITH_BODY = re.compile(r".*/(attributes|criteria|roles/\{role_id\}/profiles)|.*/ignored")


@pytest.mark.parametrize("route", routes(), ids=str)
def test_every_body_that_is_read_is_described(route: Route) -> None:
    operations = document()["paths"][route.path]
    for verb in {"PUT", "PATCH"} & set(route.methods):
        # Those that only name somebody in their path have nothing to say.
        is_naming = route.path.endswith(("/profiles/{profile_id}", "/participants/{profile_id}", "/metrics"))
        body = operations[verb.lower()].get("requestBody")
        assert (body is None) is (is_naming and route.path != "/api/v1/profiles/{profile_id}"), verb
    if "PATCH" in route.methods and "/watchers/" not in route.path:
        items = operations["patch"]["requestBody"]["content"]["application/json"]["schema"]["items"]
        assert items["properties"]["op"]["enum"] == ["replace"]
        assert items["properties"]["path"]["enum"]
    if "DELETE" in route.methods:
        assert ("requestBody" in operations["delete"]) is bool(DELETES_WITH_BODY.fullmatch(route.path))


def test_nothing_is_described_that_is_not_in_the_table() -> None:
    listed = {route.path for route in routes()}
    assert set(document()["paths"]) - listed - UNLISTED == set()


@pytest.mark.parametrize("route", [route for route in routes() if route.vars], ids=str)
def test_a_path_that_does_not_match_its_pattern_is_no_route(
    route: Route, api: ApiClient, host_of: dict[str, str]
) -> None:
    for name in route.vars:
        if route.vars[name] in ("[0-9]+", "[0-9A-Za-z]+", "[0-9a-zA-Z]+"):
            for host in route.hosts:
                path = concrete(route, {name: "no_such-thing!"})
                assert api.at(host_of[host]).get(path).status == 404


@pytest.mark.parametrize("route", routes(), ids=str)
def test_no_body_makes_a_500(
    route: Route, api: ApiClient, host_of: dict[str, str], forum: Forum, root_forum: Forum
) -> None:
    """Wrong types, wrong shapes and no body at all: an error of the contract's shape, whoever asks."""
    owners = {"site": forum.owner, "root": root_forum.owner}
    bodies = [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"1",
        b'"x"',
        b"[null]",
        b"[1]",
        b"[[]]",
        b"[{}]",
        b'{"id":[]}',
        b"{",
        b'[{"op":"replace"}]',
        b'{"title":{},"itemId":"x","markdown":1,"profileName":[],"email":5,"itemType":[],"meta":[]}',
        b'[{"email":1,"id":"x","isMember":"x"}]',
    ]
    for host in route.hosts:
        for verb in {"POST", "PUT", "PATCH", "DELETE"} & set(route.methods):
            for person in (None, owners[host]):
                for body in bodies:
                    reply = (
                        api.at(host_of[host])
                        .as_(person)
                        .request(
                            verb,
                            concrete(route, {"microcosm_id": forum.root.id}),
                            body=body,
                            content_type="application/json",
                        )
                    )
                    assert reply.status in (200, 302, 400, 401, 403, 404), reply

"""The doors of the API (contract A 11)."""

import pytest

from tests.client import ApiClient
from tests.factories import Forum
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db


def test_each_door_leads_to_the_next(api: ApiClient) -> None:
    assert api.get("/").data == {"links": [{"rel": "api", "href": "/api"}]}
    assert api.get("/api").data == {"links": [{"rel": "v1", "href": "/api/v1"}]}
    links = {link["rel"]: link["href"] for link in api.get("/api/v1").data["links"]}
    assert links == {
        "auth": "/api/v1/auth",
        "comment": "/api/v1/comments",
        "conversation": "/api/v1/conversations",
        "event": "/api/v1/events",
        "microcosm": "/api/v1/microcosms",
        "poll": "/api/v1/polls",
        "profile": "/api/v1/profiles",
        "site": "/api/v1/site",
        "update": "/api/v1/updates",
        "watcher": "/api/v1/watchers",
        "whoami": "/api/v1/whoami",
    }


@pytest.mark.parametrize(
    ("path", "case"), [("/", "GET_root_member"), ("/api", "GET_api_anon"), ("/api/v1", "GET_v1_anon")]
)
def test_the_doors_have_the_recorded_shape(api: ApiClient, path: str, case: str) -> None:
    assert_same_shape(api.get(path).data, recorded("discovery", case))


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1"])
def test_the_doors_are_for_everybody_on_a_sites_hosts_alone(
    api: ApiClient, forum: Forum, root_forum: Forum, path: str
) -> None:
    assert api.as_(forum.member()).get(path).status == 200
    assert api.head(path).content == b""
    assert api.options(path).headers["Allow"] == "OPTIONS,GET,HEAD"
    assert api.post(path).status == 405
    assert api.at("localhost").get(path).status == 404

"""`GET /geocode` (contract A 29): the local default, and a server with Nominatim's interface."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from apps.core.clock import set_clock
from apps.items.models import PlaceLookup
from tests.client import ApiClient
from tests.factories import Forum
from tests.servers import Server, reply, serving

pytestmark = pytest.mark.django_db

LONDON = {
    "place_id": 1,
    "licence": "Data by its makers",
    "lat": "51.5073219",
    "lon": "-0.1276474",
    "display_name": "London, Greater London, England, UK",
    "boundingbox": ["51.28", "51.69", -0.51, 0.33],
    "importance": 0.9,
    "icon": "https://elsewhere.example.com/x.png",
}
FOUND = {
    "place_id": "1",
    "licence": "Data by its makers",
    "lat": "51.5073219",
    "lon": "-0.1276474",
    "display_name": "London, Greater London, England, UK",
    "boundingbox": ["51.28", "51.69", "-0.51", "0.33"],
}


def answers(value: Any, *, status: int = 200) -> Any:
    """A reply in JSON."""
    return reply(json.dumps(value).encode(), status=status, content_type="application/json; charset=utf-8")


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    """A geocoder on this machine, which the settings name."""
    with serving() as server:
        settings.OUTBOUND_ALLOWED_NETWORKS, settings.OUTBOUND_PORTS = ["127.0.0.1"], [server.port]
        settings.GEOCODER = "apps.items.geocoding.Nominatim"
        settings.GEOCODER_URL = server.url("/search?countrycodes=gb")
        server.replies["/search"] = answers([LONDON, {"place_id": 2}])
        yield server


@pytest.fixture
def member(api: ApiClient, forum: Forum) -> ApiClient:
    """Somebody signed in."""
    return api.as_(forum.member())


def test_the_default_knows_no_place_and_asks_nobody(member: ApiClient) -> None:
    found = member.get("geocode?q=London")
    assert (found.status, found.json) == (200, {})
    assert found.headers["Content-Type"] == "application/json"
    assert member.head("geocode?q=London").content == b""
    assert not PlaceLookup.objects.exists()


def test_blank_words_come_before_signing_in(api: ApiClient, member: ApiClient) -> None:
    for path in ("geocode", "geocode?q=", "geocode?q=%20%09", f"geocode?q={'x' * 251}"):
        assert api.get(path).status == 400
        assert member.get(path).status == 400
    refused = api.get("geocode?q=London")
    assert (refused.status, refused.code) == (403, 5)
    assert refused.json["error"]


def test_only_get(member: ApiClient) -> None:
    assert member.post("geocode?q=London").status == 405
    assert member.options("geocode").headers["Allow"] == "OPTIONS,GET,HEAD"


def test_the_first_match_as_texts(server: Server, member: ApiClient) -> None:
    assert member.get("geocode?q=%20London%20%20town%26limit%3D9").json == FOUND
    query = parse_qs(urlsplit(server.asked[0].target).query)
    assert query == {"countrycodes": ["gb"], "q": ["London town&limit=9"], "format": ["json"], "limit": ["1"]}


def test_the_key_of_the_settings(server: Server, member: ApiClient, settings: Any) -> None:
    settings.GEOCODER_KEY = "secret"
    member.get("geocode?q=London")
    assert parse_qs(urlsplit(server.asked[0].target).query)["key"] == ["secret"]


def test_an_answer_is_kept_for_the_site_for_a_week(
    server: Server, member: ApiClient, api: ApiClient, forum: Forum, other_forum: Forum
) -> None:
    for client, path in ((member, "geocode?q=London"), (api.as_(forum.member()), "geocode?q=LONDON%20")):
        assert client.get(path).json == FOUND
    assert len(server.asked) == 1
    ApiClient(host=other_forum.host).as_(other_forum.member()).get("geocode?q=London")
    assert len(server.asked) == 2
    set_clock(shift=timedelta(days=8))
    member.get("geocode?q=London")
    assert len(server.asked) == 3
    assert PlaceLookup.objects.filter(site=forum.site).count() == 1


@pytest.mark.parametrize(("value", "status"), [([], 200), ({"error": "Unable to geocode"}, 404)])
def test_nothing_found_is_an_empty_object_and_kept(server: Server, member: ApiClient, value: Any, status: int) -> None:
    server.replies["/search"] = answers(value, status=status)
    assert member.get("geocode?q=Nowhere").json == {}
    assert member.get("geocode?q=Nowhere").json == {}
    assert len(server.asked) == 1


def test_a_member_asks_only_so_often(
    server: Server, member: ApiClient, api: ApiClient, forum: Forum, settings: Any
) -> None:
    settings.GEOCODER_LOOKUPS_PER_MINUTE = 2
    for name in ("a", "b"):
        assert member.get(f"geocode?q={name}").status == 200
    refused = member.get("geocode?q=c")
    assert (refused.status, refused.code) == (429, 16)
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert member.get("geocode?q=a").status == 200
    assert api.as_(forum.member()).get("geocode?q=c").status == 200
    set_clock(shift=timedelta(seconds=61))
    assert member.get("geocode?q=d").status == 200


@pytest.mark.parametrize(
    "broken",
    [
        answers([LONDON], status=500),
        answers([LONDON], status=302),
        answers("text"),
        answers(["text"]),
        answers([{"display_name": "without coordinates"}]),
        answers([{"lat": True, "lon": None}]),
        reply(b"[", content_type="application/json"),
        reply(b"<p>", content_type="text/html"),
        reply(b"x" * 300_000, content_type="application/json"),
    ],
)
def test_a_geocoder_that_fails_is_an_error_and_not_kept(
    server: Server, member: ApiClient, broken: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server.replies["/search"] = broken
    with caplog.at_level(logging.WARNING):
        failed = replace(member, checked=False).get("geocode?q=London")
    assert (failed.status, failed.json["status"]) == (500, 500)
    assert "the geocoder gives no answer" in caplog.text
    server.replies["/search"] = answers([LONDON])
    assert member.get("geocode?q=London").json == FOUND


def test_odd_texts_of_a_geocoder_do_no_harm(server: Server, member: ApiClient) -> None:
    odd = {"lat": 1, "lon": 2.5, "display_name": "a\0<script>\u2028", "boundingbox": [1, 2, 3], "place_id": [1]}
    server.replies["/search"] = answers([odd])
    assert member.get("geocode?q=odd").json == {"lat": "1", "lon": "2.5", "display_name": "a<script>\u2028"}

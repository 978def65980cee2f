"""The description and the page that shows it, on every host."""

import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.factories import Forum

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["site", "root"])
def browser(request: pytest.FixtureRequest, forum: Forum, root_forum: Forum) -> Client:
    """A visitor of each host class."""
    return Client(headers={"host": forum.host if request.param == "site" else root_forum.host})


def test_the_description_is_the_same_everywhere(browser: Client) -> None:
    reply = browser.get("/api/v1/openapi.json")
    assert reply["Content-Type"] == "application/json"
    document = reply.json()
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/conversations/{conversation_id}" in document["paths"]
    assert "/api/v1/sites" in document["paths"]


def test_every_reference_of_the_description_leads_somewhere(browser: Client) -> None:
    reply = browser.get("/api/v1/openapi.json")
    document = reply.json()
    for kind, name in set(re.findall(r'"#/components/(\w+)/(\w+)"', reply.content.decode())):
        assert name in document["components"][kind]
    operations = [o for path in document["paths"].values() for o in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))


def test_the_page_loads_nothing_from_elsewhere(browser: Client) -> None:
    page = browser.get("/api/v1/docs")
    assert page.status_code == 200
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert len(assets) == 3
    for asset in assets:
        assert asset.startswith("/static/")
        assert finders.find(asset.removeprefix("/static/")), asset
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert "unsafe-inline" not in page["Content-Security-Policy"].split("script-src")[1].split(";")[0]


def test_bodies_are_described_as_they_are_read(browser: Client) -> None:
    """Contract A 2.5: null stands for an absent key, and a form is flat."""
    document = browser.get("/api/v1/openapi.json").json()
    components = document["components"]["schemas"]
    event = components["EventInputRequest"]["properties"]
    assert event["lat"]["type"] == ["number", "null"]
    assert event["meta"]["anyOf"][1] == {"type": "null"}
    form = "application/x-www-form-urlencoded"

    def forms(path: str, verb: str) -> Any:
        return document["paths"][f"/api/v1/{path}"][verb]["requestBody"]["content"].get(form, {}).get("schema")

    assert set(forms("huddles", "post")["properties"]) == {"title", "isConfidential"}
    assert {"type": "string"} in forms("huddles", "post")["properties"]["isConfidential"]["anyOf"]
    assert forms("polls/{poll_id}/vote", "put") is None
    assert forms("events/{event_id}/attendees", "put") is None
    assert forms("comments/{comment_id}/attachments", "post") == {"$ref": "#/components/schemas/AttachmentInputRequest"}

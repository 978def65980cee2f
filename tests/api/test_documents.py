"""The description and the page that shows it, on every host."""

import re

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

"""Legal texts (contract A 19)."""

import re
from pathlib import Path
from typing import Any

import pytest

from apps.sites.models import Site
from tests.client import ApiClient
from tests.factories import Forum
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db

ALLOWED_TAGS = {"h1", "h2", "p", "ul", "li", "a"}


@pytest.fixture
def root(root_forum: Forum) -> ApiClient:
    """A guest on the apex domain."""
    return ApiClient(host="localhost")


def test_the_lists(api: ApiClient, root: ApiClient) -> None:
    assert api.get("legal").data == {
        "links": [{"rel": name, "href": f"/api/v1/legal/{name}"} for name in ("cookies", "privacy", "terms")]
    }
    assert root.get("legal").data == {"links": [{"rel": "api", "href": "/api/v1/legal/service"}]}
    assert_same_shape(api.get("legal").data, recorded("legal", "GET_legal_anon"))
    assert_same_shape(root.get("legal").data, recorded("legal", "GET_rootsite-api-v1-legal_owner"))


@pytest.mark.parametrize("name", ["cookies", "privacy", "terms"])
def test_a_document_speaks_of_the_site(api: ApiClient, forum: Forum, name: str) -> None:
    data = api.get(f"legal/{name}").data
    assert_same_shape(data, recorded("legal", "GET_legal-terms_anon"))
    assert "Forum" in data["html"]
    assert 'href="http://alpha.localhost"' in data["html"]
    assert data["lastModified"] == "2026-11-21T00:00:00Z"
    assert set(re.findall(r"<([a-z0-9]+)", data["html"])) <= ALLOWED_TAGS
    assert api.head(f"legal/{name}").status == 200


def test_the_platforms_document(root: ApiClient, settings: Any) -> None:
    settings.OPERATOR_NAME = "Tom & <b>Co</b>"
    settings.OPERATOR_EMAIL = "hello@example.com"
    data = root.get("legal/service").data
    assert_same_shape(data, recorded("legal", "GET_rootsite-api-v1-legal-service_member"))
    assert "Tom &amp; &lt;b&gt;Co&lt;/b&gt;" in data["html"]
    assert "mailto:hello@example.com" in data["html"]


def test_the_contact_is_what_the_owner_published_and_never_the_accounts_address(api: ApiClient, forum: Forum) -> None:
    address = forum.owner.profile.user.email
    for name in ("cookies", "privacy", "terms"):
        html = api.get(f"legal/{name}").data["html"]
        assert address not in html
        assert "mailto:" not in html
    api.as_(forum.owner).put("site", {"contactEmail": "contact@example.com"})
    assert 'href="mailto:contact@example.com"' in api.get("legal/privacy").data["html"]


def test_a_title_is_shown_as_it_is_stored(api: ApiClient, forum: Forum) -> None:
    Site.objects.filter(id=forum.site.id).update(title="Tom &amp; Jerry")
    assert "Terms of Tom &amp; Jerry<" in api.get("legal/terms").data["html"]


def test_other_names_are_no_route(api: ApiClient, root: ApiClient) -> None:
    for path in ("legal/service", "legal/nothing", "legal/Terms", "legal/terms/", "legal/", "legal/_contact"):
        assert api.get(path).status == 404
    for path in ("legal/terms", "legal/cookies", "legal/privacy"):
        assert root.get(path).status == 404
    assert api.options("legal/terms").headers["Allow"] == "OPTIONS,GET,HEAD"


def test_a_deployment_brings_its_own(api: ApiClient, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "legal").mkdir()
    (tmp_path / "legal" / "terms.html").write_text("<p>Ours: {{ site_title|safe }}</p>\n")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    data = api.get("legal/terms").data
    assert data["html"] == "<p>Ours: Forum</p>"
    assert data["lastModified"] != "2026-11-21T00:00:00Z"
    assert "Cookies on Forum" in api.get("legal/cookies").data["html"]

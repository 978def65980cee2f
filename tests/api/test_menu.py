"""A site's menu (contract A 18)."""

from typing import Any

import pytest

from apps.core.models import Change
from apps.sites.models import MenuLink
from tests.client import ApiClient
from tests.factories import Forum, make_member

pytestmark = pytest.mark.django_db

ABOUT = {"href": "/about/", "title": "About us", "text": "About"}
SHOP = {"href": "https://shop.example.com/", "text": "Shop"}


@pytest.fixture(params=["site", "root"])
def owner(request: pytest.FixtureRequest, api: ApiClient, forum: Forum, root_forum: Forum) -> ApiClient:
    """The owner, on the site's own host and on the root host."""
    return api.as_(forum.owner) if request.param == "site" else api.at("localhost").as_(forum.owner)


@pytest.fixture
def path(owner: ApiClient, forum: Forum) -> str:
    """Where the menu is on that host."""
    return f"sites/{forum.site.id}/menu" if owner.host == "localhost" else "site/menu"


def test_a_menu_is_written_read_and_emptied(owner: ApiClient, path: str) -> None:
    assert owner.as_(None).get(path).data == []
    reply = owner.put(path, [SHOP, ABOUT])
    assert (reply.status, reply.data) == (200, None)
    assert owner.as_(None).get(path).data == [SHOP, ABOUT]
    owner.put(path, [ABOUT])
    assert owner.as_(None).get(path).data == [ABOUT]
    assert owner.head(path).content == b""
    reply = owner.delete(path)
    assert (reply.status, reply.data) == (200, None)
    assert owner.as_(None).get(path).data == []
    assert owner.delete(path).status == 200


def test_the_method_override_works(owner: ApiClient, path: str) -> None:
    assert owner.post(f"{path}?method=PUT", [ABOUT]).status == 200
    assert owner.post(f"{path}?method=DELETE").status == 200
    assert owner.get(path).data == []


def test_texts_are_cleaned_and_names_match_in_any_case(owner: ApiClient, path: str) -> None:
    owner.put(path, [{"Href": " /x ", "TEXT": " A <b>& B</b> ", "title": "  "}])
    assert owner.get(path).data == [{"href": "/x", "text": "A &amp; B"}]


@pytest.mark.parametrize(
    "href",
    ["http://example.com", "https://example.com:8080/a?b=c#d", "mailto:us@example.com", "/", "?q=1", "#top", "/日本"],
)
def test_what_a_menu_may_lead_to(owner: ApiClient, path: str, href: str) -> None:
    assert owner.put(path, [{"href": href, "text": "x"}]).status == 200
    assert owner.get(path).data[0]["href"] == href


def test_the_longest_texts_are_kept_though_each_character_is_escaped(owner: ApiClient, path: str) -> None:
    link = {"href": "/", "text": '"' * 50, "title": "&" * 512}
    assert owner.put(path, [link]).status == 200
    assert owner.get(path).data == [{"href": "/", "text": "&#34;" * 50, "title": "&amp;" * 512}]


WRONG: list[tuple[Any, int]] = [
    ([], 4),
    ([SHOP] * 11, 4),
    ({}, 3),
    (5, 3),
    ([5], 3),
    ([[]], 3),
    ([None], 3),
    ([{}], 4),
    ([{"href": "/x"}], 4),
    ([{"text": "x"}], 4),
    ([{"href": "", "text": "x"}], 4),
    ([{"href": "/x", "text": ""}], 4),
    ([{"href": "/x", "text": " <b> </b> "}], 4),
    ([{"href": "/x", "text": "x" * 51}], 4),
    ([{"href": "/x", "text": "x", "title": "x" * 513}], 4),
    ([{"href": "/" + "x" * 2000, "text": "x"}], 4),
    ([{"href": 5, "text": "x"}], 3),
    ([{"href": "/x", "text": ["x"]}], 3),
    ([{"href": "/x", "text": "x", "title": 1}], 3),
    ([{"href": "javascript:alert(1)", "text": "x"}], 4),
    ([{"href": "java\nscript:alert(1)", "text": "x"}], 4),
    ([{"href": "data:text/html,x", "text": "x"}], 4),
    ([{"href": "//evil.example.com", "text": "x"}], 4),
    ([{"href": "mailto:", "text": "x"}], 4),
    ([{"href": "x", "text": "x"}], 4),
    ([{"href": '/"onclick="x', "text": "x"}], 4),
    ([SHOP, {"href": "/x", "text": "a\0"}], 4),
]


@pytest.mark.parametrize(("body", "code"), WRONG, ids=lambda value: str(value)[:50])
def test_a_wrong_menu_changes_nothing(owner: ApiClient, path: str, body: Any, code: int) -> None:
    owner.put(path, [ABOUT])
    reply = owner.put(path, body)
    assert (reply.status, reply.code) == (400, code)
    assert owner.get(path).data == [ABOUT]


def test_a_form_is_no_menu(owner: ApiClient, path: str) -> None:
    assert owner.request("PUT", path, form={"Href": "/x", "Text": "x"}).status == 400


def test_a7_nobody_else_writes_it(owner: ApiClient, path: str, forum: Forum, root_forum: Forum) -> None:
    owner.put(path, [ABOUT])
    member = make_member(root_forum.site) if owner.host == "localhost" else forum.member()
    for who, code in ((None, 5), (member, 8), (root_forum.owner, 8)):
        assert owner.as_(who).put(path, [SHOP]).code == code
        assert owner.as_(who).delete(path).code == code
        assert owner.as_(who).put(path, "rubbish").status == 403
    assert owner.get(path).data == [ABOUT]


def test_the_site_shows_it_and_hears_of_it(owner: ApiClient, path: str, forum: Forum, api: ApiClient) -> None:
    owner.put(path, [SHOP, ABOUT])
    assert api.get("site").data["menu"] == [SHOP, ABOUT]
    assert Change.objects.filter(site_id=forum.site.id, kind="site.edited").count() == 1


def test_t1_each_site_has_its_own(api: ApiClient, forum: Forum, other_forum: Forum, root_forum: Forum) -> None:
    api.as_(forum.owner).put("site/menu", [ABOUT])
    assert api.at(other_forum.host).get("site/menu").data == []
    root = api.at("localhost").as_(other_forum.owner)
    assert root.put(f"sites/{forum.site.id}/menu", [SHOP]).status == 403
    assert root.delete(f"sites/{forum.site.id}/menu").status == 403
    assert list(MenuLink.objects.values_list("href", flat=True)) == ["/about/"]


def test_an_unknown_site_has_none(api: ApiClient, root_forum: Forum) -> None:
    root = api.at("localhost").as_(root_forum.owner)
    for verb in ("GET", "HEAD", "PUT", "DELETE"):
        assert root.request(verb, "sites/999999/menu", json=[ABOUT]).status == 404

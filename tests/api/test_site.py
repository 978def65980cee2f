"""The site's object and its settings (contract A 16.1, 16.5)."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.core.models import Change
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.sites.models import MenuLink, Site, Theme
from apps.sites.statistics import count_people
from tests.client import ApiClient
from tests.factories import Forum, ban, make_user
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db

COLOUR = "backgroundColor"


@pytest.fixture
def owner(api: ApiClient, forum: Forum) -> ApiClient:
    """The owner of the site."""
    return api.as_(forum.owner)


def fields_of(site_id: int) -> dict[str, Any]:
    """Every column of a site."""
    return Site.objects.filter(id=site_id).values().get()


# --- GET /site ----------------------------------------------------------------------------------


def test_the_object_of_a_bare_site(api: ApiClient, forum: Forum) -> None:
    person = {
        "id": forum.owner.id,
        "siteId": forum.site.id,
        "userId": forum.owner.profile.user_id,
        "profileName": forum.owner.profile.name,
        "visible": True,
        "avatar": "",
        "meta": {
            "flags": {},
            "links": [
                {"rel": "self", "href": f"/api/v1/profiles/{forum.owner.id}"},
                {"rel": "site", "href": f"/api/v1/sites/{forum.site.id}"},
            ],
        },
    }
    data = api.get("site").data
    created = data["meta"].pop("created")
    assert created.endswith("Z")
    permissions = data["meta"].pop("permissions")
    assert [name for name, value in permissions.items() if value] == ["read", "guest"]
    assert data == {
        "siteId": forum.site.id,
        "siteURL": "http://alpha.localhost",
        "title": "Forum",
        "description": "A forum.",
        "subdomainKey": "alpha",
        "domain": "",
        "ownedBy": person,
        "themeId": forum.site.theme_id,
        "logoUrl": "",
        "backgroundColor": "#FFFFFF",
        "linkColor": "#4082C3",
        "menu": [],
        "meta": {
            "createdBy": person,
            "flags": {"deleted": False},
            "stats": [
                {"metric": "activeProfiles", "value": 1},
                {"metric": "onlineProfiles", "value": 1},
                {"metric": "totalProfiles", "value": 1},
                {"metric": "totalConversations", "value": 0},
                {"metric": "totalEvents", "value": 0},
                {"metric": "totalComments", "value": 0},
            ],
            "links": [
                {"rel": "self", "href": f"/api/v1/sites/{forum.site.id}"},
                {"rel": "microcosm", "href": "/api/v1/microcosms"},
                {"rel": "profile", "href": "/api/v1/profiles"},
                {"rel": "legal", "href": "/api/v1/legal"},
            ],
        },
    }


def test_the_object_of_a_furnished_site(api: ApiClient, forum: Forum) -> None:
    Theme.objects.update(logo_url="/t/logo.png", favicon_url="/t/icon.png", background_url="/t/back.png")
    Site.objects.filter(id=forum.site.id).update(
        domain="forum.example.com", force_ssl=True, analytics_id="UA-1-1", auth0_domain="a.auth0.com",
        auth0_client_id="abc", contact_email="us@example.com", background_position="cover",
    )  # fmt: skip
    MenuLink.objects.create(site=forum.site, position=2, href="/b", text="B")
    MenuLink.objects.create(site=forum.site, position=1, href="/a", text="A", title="First")
    data = api.at("forum.example.com").get("site").data
    assert data["siteURL"] == "https://forum.example.com"
    assert data["domain"] == "forum.example.com"
    assert data["forceSSL"] is True
    assert data["logoUrl"] == "/t/logo.png"
    assert data["faviconUrl"] == "/t/icon.png"
    assert (data["backgroundUrl"], data["backgroundPosition"]) == ("/t/back.png", "cover")
    assert data["gaWebPropertyId"] == "UA-1-1"
    assert data["menu"] == [{"href": "/a", "title": "First", "text": "A"}, {"href": "/b", "text": "B"}]
    assert (data["auth0Domain"], data["auth0ClientId"]) == ("a.auth0.com", "abc")
    assert data["contactEmail"] == "us@example.com"


def test_a_blank_picture_of_the_site_hides_the_themes(api: ApiClient, forum: Forum) -> None:
    Theme.objects.update(logo_url="/t/logo.png", favicon_url="/t/icon.png", background_url="/t/back.png")
    Site.objects.filter(id=forum.site.id).update(logo_url="/l.png", favicon_url="", background_url="")
    data = api.get("site").data
    assert data["logoUrl"] == "/l.png"
    assert not {"faviconUrl", "backgroundUrl", "backgroundPosition"} & data.keys()


def test_numbers_count_people_and_live_sections(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    now = clock.now()
    for name, days in (("idle", 10), ("gone", 100), ("Deleted", 0)):
        Profile.objects.filter(id=forum.member().id).update(name=name, last_active_at=now - timedelta(days=days))
    Microcosm.objects.filter(id=forum.root.id).update(conversation_count=3, event_count=2, comment_count=9)
    Microcosm.objects.filter(id=other_forum.root.id).update(conversation_count=50, event_count=50, comment_count=50)
    Microcosm.objects.create(
        site=forum.site, parent=forum.root, path=[forum.root.id], title="Hidden", description="x", is_live=False,
        owner=forum.owner.profile, created_by=forum.owner.profile, conversation_count=7, comment_count=7,
    )  # fmt: skip
    assert count_people([forum.site.id, other_forum.site.id]) == 1
    stats = {stat["metric"]: stat["value"] for stat in api.get("site").data["meta"]["stats"]}
    assert stats == {
        "activeProfiles": 2,
        "onlineProfiles": 1,
        "totalProfiles": 3,
        "totalConversations": 3,
        "totalEvents": 2,
        "totalComments": 9,
    }


def test_permissions_are_the_callers(api: ApiClient, forum: Forum) -> None:
    def allowed(client: ApiClient) -> list[str]:
        return [name for name, value in client.get("site").data["meta"]["permissions"].items() if value]

    member = forum.member()
    assert allowed(api.as_(forum.owner)) == ["create", "read", "update", "delete", "owner", "moderator", "siteOwner"]
    assert allowed(api.as_(member)) == ["read"]
    Site.objects.filter(id=forum.site.id).update(only_admins_create=False)
    assert allowed(api.as_(member)) == ["create", "read"]
    ban(forum.site, member)
    assert allowed(api.as_(member)) == ["read", "banned"]


def test_an_owner_without_a_profile_is_nobody(api: ApiClient, forum: Forum) -> None:
    stranger = make_user()
    Site.objects.filter(id=forum.site.id).update(owner=stranger, created_by=stranger)
    data = api.get("site").data
    nobody = {"id": 0, "userId": 0, "profileName": "", "visible": False, "avatar": "", "meta": {"flags": {}}}
    assert data["ownedBy"] == nobody
    assert data["meta"]["createdBy"] == nobody


def test_a_guest_costs_one_query_and_a_member_two(api: ApiClient, forum: Forum) -> None:
    api.get("site")
    with count_statements() as statements:
        api.get("site")
    assert len(statements) == 1
    with count_statements() as statements:
        api.as_(forum.owner).get("site")
    assert len(statements) == 2


def test_head_is_get_without_a_body(api: ApiClient) -> None:
    reply = api.head("site")
    assert reply.status == 200
    assert reply.content == b""
    assert int(reply.headers["Content-Length"]) == len(api.get("site").content)


def test_the_root_site_shows_itself(root_forum: Forum, api: ApiClient) -> None:
    data = api.at("localhost").get("site").data
    assert (data["siteId"], data["siteURL"]) == (root_forum.site.id, "http://localhost")


def test_the_object_has_the_recorded_shape(api: ApiClient, forum: Forum) -> None:
    Theme.objects.update(logo_url="/t/logo.png", favicon_url="/t/icon.png", background_url="/t/back.png")
    MenuLink.objects.create(site=forum.site, position=1, href="/a", text="A", title="First")
    assert_same_shape(api.as_(forum.member()).get("site").data, recorded("site", "GET_site_member"))


# --- PUT /site ----------------------------------------------------------------------------------


def test_the_owner_changes_what_is_sent_and_nothing_else(owner: ApiClient, forum: Forum) -> None:
    before = fields_of(forum.site.id)
    reply = owner.put("site", {"title": "Other <b>title</b>", "linkColor": "teal"})
    assert (reply.status, reply.location, reply.data) == (302, "/api/v1/site", None)
    assert fields_of(forum.site.id) == before | {"title": "Other title", "link_color": "teal"}
    assert owner.follow(reply).data["title"] == "Other title"


def test_a_change_is_published(owner: ApiClient, forum: Forum) -> None:
    owner.put("site", {"title": "New"})
    assert [(c.kind, c.actor_id) for c in Change.objects.filter(site_id=forum.site.id, kind="site.edited")] == [
        ("site.edited", forum.owner.id)
    ]
    owner.put("site", {"title": "New"})
    assert Change.objects.filter(kind="site.edited").count() == 1


def test_everything_writable_is_written(owner: ApiClient, forum: Forum) -> None:
    theme = Theme.objects.create(title="Second")
    body = {
        "title": "T & T",
        "description": "D",
        "themeId": theme.id,
        "logoUrl": "https://example.com/logo.png",
        "faviconUrl": "/icon.png",
        "backgroundUrl": "http://example.com/a(b).png",
        "backgroundPosition": "wide",
        "backgroundColor": "#abc",
        "linkColor": "#ABCDEF",
        "gaWebPropertyId": "UA-12345-6",
        "contactEmail": "us@example.com",
    }
    data = owner.put("site", body, headers={"Prefer": "return=representation"}).data
    assert {key: data[key] for key in body} == body | {
        "title": "T &amp; T",
        "description": "d",
        "backgroundUrl": "http://example.com/a%28b%29.png",
    }


def test_prefer_answers_the_site(owner: ApiClient) -> None:
    reply = owner.put("site", {"title": "New"}, headers={"Prefer": "return=representation"})
    assert (reply.status, reply.location) == (200, "/api/v1/site")
    assert reply.data["title"] == "New"
    assert "permissions" in reply.data["meta"]


def test_a6_keys_that_are_not_the_owners_to_write_are_ignored(
    owner: ApiClient, forum: Forum, other_forum: Forum
) -> None:
    """A6 and A 16.5: nothing of the body moves the write, the key, the domain or the owner."""
    before, other = fields_of(forum.site.id), fields_of(other_forum.site.id)
    body = {
        "siteId": other_forum.site.id,
        "subdomainKey": "!!",
        "domain": "evil.example.com",
        "forceSSL": True,
        "ownedBy": {"id": other_forum.owner.id},
        "auth0Domain": "evil.example.com",
        "auth0ClientId": 5,
        "menu": None,
        "isRoot": True,
        "onlyAdminsCreate": False,
        "meta": {"created": "2000-01-01T00:00:00Z", "flags": {"sticky": True}, "permissions": {"create": True}},
    }
    assert owner.put("site", body).status == 302
    assert fields_of(forum.site.id) == before
    assert fields_of(other_forum.site.id) == other


def test_what_was_read_can_be_sent_back(owner: ApiClient, forum: Forum) -> None:
    owner.put("site", {"title": "Tom &amp; <i>Jerry</i>", "description": "it's"})
    data = owner.get("site").data
    assert owner.put("site", data).status == 302
    assert owner.get("site").data["title"] == data["title"] == "Tom &amp; Jerry"


def test_names_match_in_any_case_and_null_changes_nothing(owner: ApiClient, forum: Forum) -> None:
    owner.put("site", {"TITLE": "Loud", "description": None})
    assert fields_of(forum.site.id)["title"] == "Loud"
    assert fields_of(forum.site.id)["description"] == "A forum."


def test_a_form_and_the_method_override_work(owner: ApiClient, forum: Forum) -> None:
    assert owner.request("POST", "site?method=PUT", form={"Title": "By form"}).status == 302
    assert fields_of(forum.site.id)["title"] == "By form"
    assert owner.request("POST", "site", json={"title": "X"}, headers={"X-HTTP-Method-Override": "put"}).status == 302


def test_the_analytics_id_and_pictures_can_be_emptied(owner: ApiClient, forum: Forum) -> None:
    Site.objects.filter(id=forum.site.id).update(analytics_id="UA-1-1", logo_url="/l.png", contact_email="a@b.org")
    owner.put("site", {"gaWebPropertyId": "", "logoUrl": "", "backgroundUrl": "", "contactEmail": ""})
    columns = fields_of(forum.site.id)
    assert (columns["analytics_id"], columns["logo_url"], columns["background_url"]) == ("", "", "")
    assert columns["contact_email"] == ""


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("cover", "cover"), ("tiled", "tile"), ("tile", "tile"), ("x; color:red", "tile"), ("", "tile")],
)
def test_an_unknown_background_position_is_tile(owner: ApiClient, forum: Forum, sent: str, stored: str) -> None:
    owner.put("site", {"backgroundPosition": sent})
    assert fields_of(forum.site.id)["background_position"] == stored


WRONG = [
    ({"title": ""}, 4),
    ({"title": "   "}, 4),
    ({"title": "<b></b>"}, 4),
    ({"title": "x" * 51}, 4),
    ({"title": "x" * 1_000_000}, 4),
    ({"title": 5}, 3),
    ({"title": ["x"]}, 3),
    ({"title": "a\0b"}, 4),
    ({"description": ""}, 4),
    ({"description": "d" * 10_001}, 4),
    ({"themeId": 999_999}, 4),
    ({"themeId": 0}, 4),
    ({"themeId": "1"}, 3),
    ({"themeId": True}, 3),
    ({"themeId": 2**70}, 3),
    ({COLOUR: "fff"}, 4),
    ({COLOUR: "#12"}, 4),
    ({COLOUR: "#abcd"}, 4),
    ({COLOUR: "red;}body{display:none"}, 4),
    ({COLOUR: "#ffffff;"}, 4),
    ({COLOUR: "#ffffff\n"}, 4),
    ({COLOUR: ""}, 4),
    ({COLOUR: "url(x)"}, 4),
    ({COLOUR: 0}, 3),
    ({"linkColor": "expression(1)"}, 4),
    ({"gaWebPropertyId": "G-123"}, 4),
    ({"gaWebPropertyId": "UA-';alert(1)"}, 4),
    ({"gaWebPropertyId": "UA-1234567890123"}, 4),
    ({"contactEmail": "nobody"}, 4),
    ({"contactEmail": "a@b.org\nBcc: c@d.org"}, 4),
    ({"meta": {"flags": {"deleted": "true"}}}, 3),
    ({"meta": {"flags": []}}, 3),
    ({"meta": 1}, 3),
]


@pytest.mark.parametrize(("body", "code"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_value_is_refused_and_changes_nothing(
    owner: ApiClient, forum: Forum, body: dict[str, Any], code: int
) -> None:
    before = fields_of(forum.site.id)
    reply = owner.put("site", {"linkColor": "red"} | body)
    assert (reply.status, reply.code) == (400, code)
    assert fields_of(forum.site.id) == before


@pytest.mark.parametrize("name", ["logoUrl", "faviconUrl", "backgroundUrl"])
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "ftp://example.com/", "//evil.example.com/x",
        "///evil.example.com", "/\\evil.example.com", "\\\\evil", "https:/x", "https://", "https://a@evil.example.com/",
        "https://x.example.com:99999/", "https://[::1", "x.png", '/a"onload="x', "/a<b>", "/a b", "/a\tb", "/a\u202eb",
        "/" + "x" * 2000, "mailto:a@b.org", "#x", "https://example.com/\x7f",
    ],
)  # fmt: skip
def test_an_address_that_is_no_picture_is_refused(owner: ApiClient, forum: Forum, name: str, url: str) -> None:
    before = fields_of(forum.site.id)
    reply = owner.put("site", {name: url})
    assert (reply.status, reply.code) == (400, 4)
    assert fields_of(forum.site.id) == before


@pytest.mark.parametrize("text", ["日本語のフォーラム", "مرحبا", "🚲 bikes", "e\u0301", "A" * 50, "&&&&&" * 10])
def test_titles_of_all_scripts_are_kept(owner: ApiClient, text: str) -> None:
    owner.put("site", {"title": text})
    assert owner.get("site").data["title"] == text.replace("&", "&amp;")


def test_bodies_that_cannot_be_read(owner: ApiClient) -> None:
    assert owner.put("site", [1]).code == 3
    assert owner.request("PUT", "site", body="{", content_type="application/json").code == 2
    assert owner.request("PUT", "site", body="x", content_type="text/plain").code == 1


@pytest.mark.parametrize("who", ["guest", "member", "moderator-elsewhere", "banned"])
def test_a7_nobody_else_may_change_the_site(api: ApiClient, forum: Forum, other_forum: Forum, who: str) -> None:
    person = {"guest": None, "moderator-elsewhere": other_forum.owner}.get(
        who, forum.member() if who != "guest" else None
    )
    if who == "banned":
        assert person is not None
        ban(forum.site, person)
    before = fields_of(forum.site.id)
    reply = api.as_(person).put("site", {"title": "Mine"})
    assert (reply.status, reply.code) == (403, 5 if who == "guest" else 8)
    assert fields_of(forum.site.id) == before


def test_the_owner_of_the_root_changes_it_but_cannot_delete_it(api: ApiClient, root_forum: Forum) -> None:
    root = api.at("localhost").as_(root_forum.owner)
    assert root.put("site", {"title": "Platform"}).status == 302
    reply = root.put("site", {"title": "X", "meta": {"flags": {"deleted": True}}})
    assert (reply.status, reply.code) == (400, 4)
    assert root.get("site").data["title"] == "Platform"


def test_a_deleted_site_is_gone_and_comes_back(
    owner: ApiClient, api: ApiClient, forum: Forum, root_forum: Forum, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        reply = owner.put("site", {"meta": {"flags": {"deleted": True}}}, headers={"Prefer": "return=representation"})
    assert reply.status == 200
    assert reply.data["meta"]["flags"] == {"deleted": True}
    reply = api.get("site")
    assert (reply.status, reply.code, reply.data["siteId"]) == (404, 14, 0)
    root = api.at("localhost")
    path = f"sites/{forum.site.id}"
    assert root.get(path).status == root.get(f"{path}/menu").status == 404
    assert root.as_(root_forum.owner).put(path, {"title": "Mine"}).status == 404
    assert forum.site.id not in [s["siteId"] for s in root.get("sites").data["sites"]["items"]]
    assert root.as_(forum.owner).get(path).data["meta"]["flags"] == {"deleted": True}
    with django_capture_on_commit_callbacks(execute=True):
        assert root.as_(forum.owner).put(path, {"meta": {"flags": {"deleted": False}}}).status == 302
    assert api.get("site").status == 200

"""Sites on the root host: the list, one of them, a new one, its status (contract A 16.2 to 16.6, 17)."""

from typing import Any

import pytest
from django.core import mail
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.microcosms.models import Microcosm
from apps.permissions.models import Role
from apps.profiles.models import Profile
from apps.sites.models import MenuLink, Site, Theme
from apps.sites.tasks import tell_of_founding
from tests.client import ApiClient
from tests.factories import Forum, Person, make_forum, make_member
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(root_forum: Forum) -> ApiClient:
    """A guest on the apex domain."""
    return ApiClient(host="localhost")


@pytest.fixture
def person(root_forum: Forum) -> Person:
    """Somebody who is signed in there."""
    return make_member(root_forum.site)


def new(**changes: Any) -> dict[str, Any]:
    """The body of a new site."""
    return {"title": "Brand new", "description": "Something", "subdomainKey": "newsite"} | changes


# --- GET /sites, GET /sites/{id} ----------------------------------------------------------------


def test_the_list_has_live_sites_in_their_order_without_the_root(root: ApiClient, root_forum: Forum) -> None:
    first, second, gone = make_forum("first"), make_forum("second"), make_forum("gone")
    Site.objects.filter(id=gone.site.id).update(is_deleted=True)
    data = root.get("sites").data
    assert [site["subdomainKey"] for site in data["sites"]["items"]] == ["first", "second"]
    assert [site["siteId"] for site in data["sites"]["items"]] == [first.site.id, second.site.id]
    assert data["sites"]["total"] == 2
    assert data["sites"]["type"] == "/api/v1/sites"
    assert data["meta"] == {"links": [{"rel": "self", "href": "/api/v1/sites"}]}
    assert "permissions" not in data["sites"]["items"][0]["meta"]


def test_the_list_in_pages(root: ApiClient) -> None:
    for number in range(7):
        make_forum(f"s{number}")
    page = root.get("sites?limit=5&offset=5").data["sites"]
    assert [site["subdomainKey"] for site in page["items"]] == ["s5", "s6"]
    assert (page["total"], page["page"], page["totalPages"], page["maxOffset"]) == (7, 2, 2, 5)
    assert [link["rel"] for link in page["links"]] == ["prev", "self"]
    for query in ("limit=3", "limit=255", "limit=x", "offset=3", "offset=10&limit=5", "limit=0", "offset=-5"):
        assert root.get(f"sites?{query}").status == 400


def test_an_empty_list_is_a_list(root: ApiClient) -> None:
    page = root.get("sites").data["sites"]
    assert (page["total"], page["items"], page["page"]) == (0, [], 1)


def test_the_callers_own_sites(root: ApiClient) -> None:
    mine, _other = make_forum("mine"), make_forum("other")
    assert root.get("sites?filter=owned").code == 5
    items = root.as_(mine.owner).get("sites?filter=owned").data["sites"]["items"]
    assert [site["subdomainKey"] for site in items] == ["mine"]


def test_the_list_costs_the_same_for_any_number_of_sites(root: ApiClient) -> None:
    make_forum("first")
    root.get("sites")
    with count_statements() as few:
        root.get("sites")
    for number in range(5):
        make_forum(f"s{number}")
    with count_statements() as many:
        root.get("sites")
    assert len(few) == len(many) == 3


def test_anybody_reads_one_site(root: ApiClient, forum: Forum, person: Person) -> None:
    for who in (None, person, forum.owner):
        data = root.as_(who).get(f"sites/{forum.site.id}").data
        assert data["siteURL"] == "http://alpha.localhost"
        assert "permissions" not in data["meta"]


def test_ids_that_are_none(root: ApiClient) -> None:
    assert [root.get(f"sites/{id}").status for id in ("999999", "0", "9" * 25, "x", "-1", "1.5")] == [
        404, 404, 400, 404, 404, 404,
    ]  # fmt: skip


def test_sites_are_no_route_of_a_site(api: ApiClient, forum: Forum) -> None:
    owner = api.as_(forum.owner)
    assert owner.post("sites", new()).status == 404
    assert owner.get(f"sites/{forum.site.id}").status == 404
    assert owner.get("reserved/www").status == owner.get("hosts/x").status == 404


def test_the_objects_have_the_recorded_shapes(root: ApiClient, forum: Forum) -> None:
    Theme.objects.update(logo_url="/t/logo.png", favicon_url="/t/icon.png", background_url="/t/back.png")
    MenuLink.objects.create(site=forum.site, position=1, href="/a", text="A", title="First")
    owner, path = root.as_(forum.owner), f"sites/{forum.site.id}"
    assert_same_shape(owner.get(path).data, recorded("sites", "GET_rootsite-api-v1-sites-3_member"))
    assert_same_shape(owner.get(f"{path}/menu").data, recorded("sites", "GET_rootsite-api-v1-sites-3-menu_member"))
    assert_same_shape(root.get("sites").data, recorded("sites", "GET_rootsite-api-v1-sites_anon") | {})
    # Ours says that the address of a picture is fine where the reference could not reach it.
    assert_same_shape(owner.get(f"{path}/status").data, recorded("sites", "GET_rootsite-sites-status_owner"))
    assert owner.delete(f"{path}/menu").data == recorded("sites", "DELETE_menu_owner")


# --- PUT /sites/{id} ----------------------------------------------------------------------------


def test_the_owner_changes_the_site_from_the_root_host(root: ApiClient, forum: Forum, other_forum: Forum) -> None:
    path = f"sites/{forum.site.id}"
    reply = root.as_(forum.owner).put(path, {"siteId": other_forum.site.id, "title": "New"})
    assert (reply.status, reply.location) == (302, f"/api/v1/{path}")
    assert list(Site.objects.filter(title="New").values_list("id", flat=True)) == [forum.site.id]
    reply = root.as_(forum.owner).put(path, {"title": "Newer"}, headers={"Prefer": "return=representation"})
    assert (reply.status, reply.data["title"]) == (200, "Newer")


def test_a7_others_change_nothing(root: ApiClient, forum: Forum, root_forum: Forum, person: Person) -> None:
    """A7 and A 16.5: being the root's owner, or a member of the site, is not owning it."""
    path = f"sites/{forum.site.id}"
    for who, code in ((None, 5), (person, 8), (root_forum.owner, 8), (forum.member(), 8)):
        reply = root.as_(who).put(path, {"title": "Mine"})
        assert (reply.status, reply.code) == (403, code)
    assert Site.objects.get(id=forum.site.id).title == "Forum"
    assert root.as_(person).put("sites/999999", {"title": "x"}).status == 404


# --- POST /sites --------------------------------------------------------------------------------


def test_a_new_site_works(root: ApiClient, person: Person) -> None:
    theme = Theme.objects.create(title="Second")
    reply = root.as_(person).post(
        "sites", new(themeId=theme.id, backgroundColor="#fff", backgroundPosition="tiled", logoUrl="/l.png")
    )
    site = Site.objects.get(key="newsite")
    assert (reply.status, reply.location, reply.data) == (302, f"/api/v1/sites/{site.id}", None)
    data = root.follow(reply).data
    assert (data["title"], data["description"], data["themeId"]) == ("Brand new", "Something", theme.id)
    assert (data["backgroundColor"], data["linkColor"], data["logoUrl"]) == ("#fff", "#4082C3", "/l.png")
    assert data["ownedBy"]["userId"] == person.profile.user_id
    here = ApiClient(host="newsite.localhost")
    assert here.as_(person).get("site").data["meta"]["permissions"]["siteOwner"] is True
    owner = Profile.objects.get(site=site)
    assert owner.name == f"user{person.profile.user_id}"
    microcosm = Microcosm.objects.get(site=site)
    assert (microcosm.title, microcosm.description, microcosm.path) == ("Forums", "Something", [microcosm.id])
    titles = Role.objects.filter(site=site).order_by("title").values_list("title", flat=True)
    assert list(titles) == ["Banned", "Guests", "Members"]
    assert (site.send_email, site.send_sms, site.only_admins_create) == (True, False, True)


def test_prefer_answers_the_new_site(root: ApiClient, person: Person) -> None:
    reply = root.as_(person).post("sites", new(), headers={"Prefer": "return=representation"})
    assert (reply.status, reply.data["subdomainKey"]) == (201, "newsite")
    assert reply.location == f"/api/v1/sites/{reply.data['siteId']}"


def test_a_form_creates_a_site(root: ApiClient, person: Person) -> None:
    form = {"Title": "By form", "Description": "D", "SubdomainKey": "byform", "ThemeId": Theme.objects.get().id}
    assert root.as_(person).post("sites", form=form).status == 302
    assert Site.objects.filter(key="byform").exists()


def test_a6_a_new_site_has_no_settings_that_are_not_the_owners_to_choose(
    root: ApiClient, person: Person, forum: Forum
) -> None:
    body = new(
        siteId=forum.site.id, domain="x.example.com", forceSSL=True, auth0Domain="x", isRoot=True,
        ownedBy={"id": forum.owner.id}, meta={"flags": {"deleted": True}},
    )  # fmt: skip
    assert root.as_(person).post("sites", body).status == 302
    site = Site.objects.get(key="newsite")
    assert (site.domain, site.force_ssl, site.auth0_domain, site.is_root, site.is_deleted) == (
        None,
        False,
        "",
        False,
        False,
    )
    assert site.owner_id == site.created_by_id == person.profile.user_id


def test_guests_create_no_site(root: ApiClient) -> None:
    reply = root.post("sites", new())
    assert (reply.status, reply.code) == (403, 5)
    assert Site.objects.count() == 1


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        "a b!",
        "a b",
        "Abc",
        "a-b",
        "a_b",
        "a.b",
        "ä",
        "x" * 51,
        "www",
        "api",
        "root",
        "admin",
        "abc\n",
        "١٢",
        "a\0",
    ],
)
def test_a_key_that_cannot_be_one(root: ApiClient, person: Person, key: str) -> None:
    reply = root.as_(person).post("sites", new(subdomainKey=key))
    assert (reply.status, reply.code) == (400, 4)
    assert Site.objects.count() == 1


def test_a_key_of_the_settings_or_an_alias_is_reserved(root: ApiClient, person: Person, settings: Any) -> None:
    settings.RESERVED_KEYS = ["brand"]
    settings.SITE_KEY_ALIASES = {"old": "new"}
    for key in ("brand", "old"):
        assert root.as_(person).post("sites", new(subdomainKey=key)).code == 4
        assert root.get(f"reserved/{key}").json == {"reserved": True}


def test_a_taken_key_is_refused_even_if_its_site_is_deleted(root: ApiClient, person: Person, forum: Forum) -> None:
    for is_deleted in (False, True):
        Site.objects.filter(id=forum.site.id).update(is_deleted=is_deleted)
        reply = root.as_(person).post("sites", new(subdomainKey="alpha"))
        assert (reply.status, reply.code) == (400, 4)
        assert "taken" in reply.data["errorDetail"]
    assert Site.objects.count() == 2
    assert Profile.objects.filter(site=forum.site).count() == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"title": ""}, 4), ({"title": "x" * 51}, 4), ({"title": 1}, 3), ({"description": " "}, 4),
        ({"subdomainKey": 5}, 3), ({"themeId": 77}, 4), ({"backgroundColor": "reddish"}, 4), ({"linkColor": "#1"}, 4),
        ({"logoUrl": "javascript:x"}, 4), ({"backgroundUrl": "x" * 2001}, 4), ({"gaWebPropertyId": "1"}, 4),
        ({"title": None}, 4), ({"description": None}, 4), ({"subdomainKey": None}, 4),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_value_creates_nothing(root: ApiClient, person: Person, body: dict[str, Any], code: int) -> None:
    reply = root.as_(person).post("sites", new(**body))
    assert (reply.status, reply.code) == (400, code)
    assert Site.objects.count() == 1
    assert Microcosm.objects.count() == 1


# --- Status, hosts, reserved --------------------------------------------------------------------


def test_the_status_of_a_bare_site(root: ApiClient, forum: Forum) -> None:
    data = root.as_(forum.owner).get(f"sites/{forum.site.id}/status").data
    nothing = {"set": False, "valid": False, "error": "", "value": None}
    assert data["site"]["siteId"] == forum.site.id
    assert [data[f"{name}Health"] for name in ("domain", "backgroundUrl", "logoUrl", "analyticsID")] == [nothing] * 4


def test_the_status_judges_what_is_stored(root: ApiClient, forum: Forum) -> None:
    sites = Site.objects.filter(id=forum.site.id)
    sites.update(domain="ok.example.com", logo_url="https://e.com/l.png", background_url="/b.png", analytics_id="UA-1")
    path = f"sites/{forum.site.id}/status"
    data = root.as_(forum.owner).get(path).data
    assert data["domainHealth"] == {"set": True, "valid": True, "error": "", "value": "ok.example.com"}
    assert data["logoUrlHealth"] == {"set": True, "valid": True, "error": "", "value": "https://e.com/l.png"}
    assert data["backgroundUrlHealth"]["valid"] is data["analyticsIDHealth"]["valid"] is True
    sites.update(domain="not a domain", logo_url="javascript:x", background_url="//x", analytics_id="G-1")
    data = root.as_(forum.owner).get(path).data
    for name in ("domain", "backgroundUrl", "logoUrl", "analyticsID"):
        health = data[f"{name}Health"]
        assert (health["set"], health["valid"]) == (True, False)
        assert health["error"]


def test_the_status_is_the_owners(root: ApiClient, forum: Forum, root_forum: Forum, person: Person) -> None:
    path = f"sites/{forum.site.id}/status"
    assert [root.as_(who).get(path).code for who in (None, person, root_forum.owner)] == [5, 8, 8]
    assert root.as_(forum.owner).get("sites/999999/status").status == 404
    assert root.as_(root_forum.owner).get(f"sites/{root_forum.site.id}/status").status == 400
    assert root.as_(forum.owner).head(path).status == 200


def test_a_custom_domain_leads_to_the_subdomain(root: ApiClient, forum: Forum) -> None:
    Site.objects.filter(id=forum.site.id).update(domain="forum.example.com")
    for host in ("forum.example.com", "Forum.Example.COM", "forum.example.com."):
        reply = root.get(f"hosts/{host}")
        assert (reply.status, reply.content) == (200, b"alpha.localhost")
        assert reply.headers["Content-Type"] == "text/plain"
        assert reply.headers["X-Microcosm-Host"] == "alpha.localhost"
    assert root.head("hosts/forum.example.com").content == b""
    Site.objects.filter(id=forum.site.id).update(is_deleted=True)
    assert root.get("hosts/forum.example.com").status == 404


def test_other_hosts_are_unknown(root: ApiClient, forum: Forum) -> None:
    for host in ("alpha.localhost", "localhost", "alpha", "nosuch.example.com", ".", "..", "-", "x" * 300):
        reply = root.get(f"hosts/{host}")
        assert reply.status == 404
        assert reply.code == 0
    assert root.get("hosts/a_b").status == 404


def test_reserved_keys(root: ApiClient, forum: Forum) -> None:
    for key, reserved in (
        ("www", True),
        ("WWW", True),
        ("root", True),
        ("alpha", True),
        ("ALPHA", True),
        ("freename", False),
    ):
        reply = root.get(f"reserved/{key}")
        assert (reply.status, reply.json) == (200, {"reserved": reserved})
        assert reply.headers["Content-Type"] == "application/json"
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
    Site.objects.filter(id=forum.site.id).update(is_deleted=True)
    assert root.get("reserved/alpha").json == {"reserved": True}
    assert root.get("reserved/a-b").status == 404


# --- Telling the operators ----------------------------------------------------------------------


def test_the_operators_are_mailed_about_a_new_site(root: ApiClient, person: Person, settings: Any) -> None:
    """A 16.4; X2: the mail says nothing that the founder wrote."""
    settings.OPERATOR_EMAIL = "operators@example.org"
    title = "Visit http://evil.example.com now"
    assert root.as_(person).post("sites", new(title=title, description=title)).status == 302
    site = Site.objects.get(key="newsite")
    (job,) = ProcrastinateJob.objects.filter(task_name="sites.mail_founded", args__site_id=site.id)
    tell_of_founding(**job.args)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["operators@example.org"], "New site: newsite")
    assert "http://newsite.localhost" in sent.body
    assert f"http://localhost/admin/sites/site/{site.id}/change/" in sent.body
    assert f"User {person.profile.user_id} has" in sent.body
    assert "evil" not in sent.subject + sent.body


def test_without_operators_nobody_is_mailed(root: ApiClient, person: Person, forum: Forum) -> None:
    assert root.as_(person).post("sites", new()).status == 302
    assert not ProcrastinateJob.objects.filter(task_name="sites.mail_founded").exists()
    tell_of_founding(site_id=forum.site.id)
    assert mail.outbox == []


def test_a_site_that_was_not_made_is_not_told_of(root: ApiClient, person: Person, forum: Forum, settings: Any) -> None:
    settings.OPERATOR_EMAIL = "operators@example.org"
    before = ProcrastinateJob.objects.count()
    assert root.as_(person).post("sites", new(subdomainKey=forum.site.key)).status == 400
    assert ProcrastinateJob.objects.count() == before

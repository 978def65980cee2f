"""What operators do in the admin goes through the services."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from apps.accounts.access import access_client
from apps.accounts.models import AccessToken, Client, User
from apps.accounts.services import create_operator
from apps.core.models import Change
from apps.sites.models import MenuLink, Site
from tests.client import ApiClient
from tests.factories import Forum

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(root_forum: Forum) -> Browser:
    """A browser of an operator."""
    user = create_operator(email="operator@example.org", password="a long pass phrase")
    browser = Browser(headers={"host": root_forum.host})
    browser.force_login(user)
    return browser


@pytest.fixture
def save_site(operator: Browser, forum: Forum) -> Callable[..., Any]:
    """Submits the form of a site."""

    def save(**changes: Any) -> Any:
        site = Site.objects.get(id=forum.site.id)
        form = {
            "domain": site.domain or "", "owner": site.owner_id, "theme": site.theme_id, "auth0_domain": "",
            "auth0_client_id": "", "only_admins_create": "on", "send_email": "on",
            "menu_links-TOTAL_FORMS": 0, "menu_links-INITIAL_FORMS": 0,
        }  # fmt: skip
        return operator.post(f"/admin/sites/site/{site.id}/change/", form | changes)

    return save


def test_a_domain_is_set_as_hosts_are_looked_up(
    save_site: Callable[..., Any], forum: Forum, api: ApiClient, django_capture_on_commit_callbacks: Any
) -> None:
    assert api.at("forum.example.com").get("site").status == 404
    with django_capture_on_commit_callbacks(execute=True):
        assert save_site(domain="Forum.Example.com.", force_ssl="on").status_code == 302
    site = Site.objects.get(id=forum.site.id)
    assert (site.domain, site.force_ssl) == ("forum.example.com", True)
    assert api.at("forum.example.com").get("site").data["siteURL"] == "https://forum.example.com"
    assert Change.objects.filter(site_id=forum.site.id, kind="site.edited", actor_id=None).count() == 1
    assert save_site(domain="").status_code == 302
    assert Site.objects.get(id=forum.site.id).domain is None


def test_a_bad_or_taken_domain_is_an_error_of_the_form(
    save_site: Callable[..., Any], forum: Forum, other_forum: Forum
) -> None:
    Site.objects.filter(id=other_forum.site.id).update(domain="taken.example.com")
    for domain in ("x.localhost", "not a host", "Taken.example.com"):
        reply = save_site(domain=domain)
        assert reply.status_code == 200
        assert b"errorlist" in reply.content
    assert Site.objects.get(id=forum.site.id).domain is None


def test_the_root_site_stays(operator: Browser, root_forum: Forum) -> None:
    site = root_forum.site
    form = {
        "domain": "", "owner": site.owner_id, "theme": site.theme_id, "is_deleted": "on",
        "menu_links-TOTAL_FORMS": 0, "menu_links-INITIAL_FORMS": 0,
    }  # fmt: skip
    assert operator.post(f"/admin/sites/site/{site.id}/change/", form).status_code == 200
    assert not Site.objects.get(id=site.id).is_deleted


def test_x2_a_menu_of_an_owner_is_text_in_the_admin(operator: Browser, forum: Forum) -> None:
    MenuLink.objects.create(site=forum.site, position=1, href="/x", text="&lt;script&gt;alert(1)&lt;/script&gt;")
    page = operator.get(f"/admin/sites/site/{forum.site.id}/change/").content
    assert b"<script>alert(1)" not in page


def test_a_client_is_made_and_its_secret_shown_once(operator: Browser) -> None:
    reply = operator.post("/admin/accounts/client/add/", {"name": "App"}, follow=True)
    client = Client.objects.get()
    secret = reply.content.decode().split("cannot be shown again: ")[1][:128]
    assert access_client(secret) == client
    for path in ("", f"{client.id}/change/"):
        page = operator.get(f"/admin/accounts/client/{path}").content.decode()
        assert secret not in page
        assert client.secret_hash not in page


def test_tokens_are_revoked(operator: Browser, forum: Forum, api: ApiClient) -> None:
    member = forum.member()
    token = AccessToken.objects.get(user=member.profile.user)
    assert token.token_hash not in operator.get(f"/admin/accounts/accesstoken/{token.id}/change/").content.decode()
    operator.post("/admin/accounts/accesstoken/", {"action": "revoke", "_selected_action": [token.id]})
    assert api.as_(member).get("whoami").status == 401
    assert Change.objects.filter(site_id=forum.site.id, kind="token.revoked").count() == 1
    assert api.as_(forum.owner).get("whoami").status == 200


def test_an_account_is_switched_off(operator: Browser, forum: Forum, api: ApiClient) -> None:
    member = forum.member()
    user = member.profile.user
    assert operator.post(f"/admin/accounts/user/{user.id}/change/", {"email": "x@example.org"}).status_code == 302
    changed = User.objects.get(id=user.id)
    assert (changed.is_active, changed.email) == (False, user.email)
    assert api.as_(member).get("whoami").status == 401

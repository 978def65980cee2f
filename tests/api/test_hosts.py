"""Which site answers at which Host (contract A 1.1)."""

from ipaddress import ip_address
from typing import Any

import pytest
from django.test import RequestFactory

from apps.core.client_address import client_address
from apps.sites.models import Site
from tests.client import ApiClient, Reply
from tests.factories import Forum

pytestmark = pytest.mark.django_db


def site_id(reply: Reply) -> int:
    """The site that answered, 0 for none."""
    if reply.status == 200:
        found: int = reply.data["siteId"]
        return found
    assert (reply.status, reply.code) == (404, 14)
    unknown: int = reply.data["siteId"]
    return unknown


@pytest.mark.parametrize(
    "host", ["alpha.localhost", "ALPHA.localhost", "alpha.LocalHost", "alpha.localhost.", "alpha.localhost:8080"]
)
def test_a_subdomain_in_all_its_spellings(api: ApiClient, forum: Forum, host: str) -> None:
    assert site_id(api.at(host).get("site")) == forum.site.id


@pytest.mark.parametrize(
    "host", ["forum.example.com", "FORUM.example.com", "forum.example.com.", "forum.example.com:443"]
)
def test_a_custom_domain_is_the_same_site(api: ApiClient, forum: Forum, host: str) -> None:
    Site.objects.filter(id=forum.site.id).update(domain="Forum.example.com")
    assert site_id(api.at(host).get("site")) == forum.site.id


@pytest.mark.parametrize(
    "host",
    [
        "root.localhost", "nobody.localhost", "deep.alpha.localhost", "al-pha.localhost", "alpha", "example.com",
        "alpha.localhost.evil.com", "alphalocalhost", "", "..", "alpha..localhost", "[::1]", "127.0.0.1",
        "alpha.localhost, beta.localhost", "alpha.localhost/x", "xn--alpha.localhost", "a" * 300 + ".localhost",
    ],
)  # fmt: skip
def test_an_unknown_host_is_404(api: ApiClient, root_forum: Forum, host: str) -> None:
    for path in ("site", "whoami", "auth", "nothing"):
        assert site_id(api.at(host).get(path)) == 0


def test_a_deleted_site_is_404_at_each_of_its_hosts(api: ApiClient, forum: Forum) -> None:
    Site.objects.filter(id=forum.site.id).update(domain="forum.example.com", is_deleted=True)
    assert site_id(api.get("site")) == site_id(api.at("forum.example.com").get("site")) == 0


def test_the_root_answers_on_the_apex_alone(api: ApiClient, root_forum: Forum) -> None:
    for host in ("localhost", "LOCALHOST", "localhost:8000", "localhost."):
        assert site_id(api.at(host).get("site")) == root_forum.site.id
    assert site_id(api.at("root.localhost").get("site")) == 0


def test_an_alias_is_another_key(api: ApiClient, forum: Forum, root_forum: Forum, settings: Any) -> None:
    settings.SITE_KEY_ALIASES = {"oldname": "alpha", "sneaky": "root"}
    assert site_id(api.at("oldname.localhost").get("site")) == forum.site.id
    assert site_id(api.at("sneaky.localhost").get("site")) == 0


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Host", "X-Host", "X-Original-Host", "Forwarded", "X-Forwarded-Server", "X-Original-URL"]
)
def test_t4_no_other_header_names_the_site(api: ApiClient, forum: Forum, other_forum: Forum, name: str) -> None:
    """T4 and C4: a forged host is not believed."""
    forged = {"Forwarded": "host=beta.localhost", "X-Original-URL": "/api/v1/nothing"}.get(name, "beta.localhost")
    reply = api.get("site", headers={name: forged})
    assert site_id(reply) == forum.site.id
    assert reply.data["siteURL"] == "http://alpha.localhost"


def test_t4_a_domain_belongs_to_one_site(forum: Forum, other_forum: Forum, api: ApiClient) -> None:
    """T4: nobody takes over a domain by storing it too, in whatever case."""
    from apps.sites.services import BadDomain, DomainTaken, edit_site

    edit_site(forum.site.id, actor_id=None, changes={"domain": "Forum.Example.com."})
    assert Site.objects.get(id=forum.site.id).domain == "forum.example.com"
    with pytest.raises(DomainTaken):
        edit_site(other_forum.site.id, actor_id=None, changes={"domain": "FORUM.example.com"})
    for domain in ("localhost", "alpha.localhost", "root.localhost", "not a host", "nodots", "x/y.com"):
        with pytest.raises(BadDomain):
            edit_site(other_forum.site.id, actor_id=None, changes={"domain": domain})
    edit_site(forum.site.id, actor_id=None, changes={"domain": ""})
    edit_site(other_forum.site.id, actor_id=None, changes={"domain": ""})
    assert list(Site.objects.values_list("domain", flat=True)) == [None, None]


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("203.0.113.9", "", [], "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", [], "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", ["10.0.0.0/8"], "203.0.113.9"),
        ("10.1.2.3", "198.51.100.1", ["10.0.0.0/8"], "198.51.100.1"),
        ("10.1.2.3", "1.1.1.1, 198.51.100.1", ["10.0.0.0/8"], "198.51.100.1"),
        ("10.1.2.3", "1.1.1.1, 198.51.100.1, 10.9.9.9", ["10.0.0.0/8"], "198.51.100.1"),
        ("10.1.2.3", "10.2.2.2, 10.9.9.9", ["10.0.0.0/8"], "10.2.2.2"),
        ("10.1.2.3", "", ["10.0.0.0/8"], "10.1.2.3"),
        ("10.1.2.3", "rubbish", ["10.0.0.0/8"], "10.1.2.3"),
        ("10.1.2.3", "rubbish, 10.9.9.9", ["10.0.0.0/8"], "10.9.9.9"),
        ("", "198.51.100.1", ["127.0.0.1"], "198.51.100.1"),
        ("", "198.51.100.1", [], "127.0.0.1"),
        ("unix:", "", [], "127.0.0.1"),
        ("::ffff:10.1.2.3", "2001:db8::1", ["10.0.0.0/8"], "2001:db8::1"),
        ("::1", "[2001:db8::1]", ["::1"], "2001:db8::1"),
    ],
)
def test_the_address_of_the_client(peer: str, forwarded: str, trusted: list[str], expected: str, settings: Any) -> None:
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded} if forwarded else {})
    assert client_address(request) == ip_address(expected)


def test_the_header_of_the_proxy_is_a_setting(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    headers = {"X-Forwarded-For": "1.1.1.1", "CF-Connecting-IP": "198.51.100.1"}
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers=headers)
    assert client_address(request) == ip_address("1.1.1.1")
    settings.CLIENT_ADDRESS_HEADER = "CF-Connecting-IP"
    assert client_address(request) == ip_address("198.51.100.1")

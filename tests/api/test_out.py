"""Short links: how comments get them, where they lead, and who may not be led where (contract A 27)."""

import re

import pytest
from django.db import IntegrityError, transaction

from apps.comments.models import Comment, Revision
from apps.links.models import Link
from apps.links.rewriting import rewritten
from apps.links.services import follow_link, hits, jump_base, shortener
from apps.links.shorts import ALPHABET, parse_short, short_of
from apps.sites.models import Site
from tests.client import ApiClient
from tests.content import place_in, start
from tests.factories import Forum, ban

pytestmark = pytest.mark.django_db
URL = "https://www.example.com/page?a=1&b=2"


def make_short(forum: Forum, url: str = URL) -> str:
    """The short id of an address on a site."""
    return shortener([(url, "a page")], site_id=forum.site.id)(url, "a page").removeprefix(jump_base())


def say(forum: Forum, markdown: str, *, shortens: bool = True) -> str:
    """The HTML of a comment on a site that shortens links, or does not."""
    Site.objects.filter(id=forum.site.id).update(shorten_links=shortens)
    api = ApiClient(host=forum.host).as_(forum.owner)
    body = {"itemType": "conversation", "itemId": start(forum.owner, place_in(forum)).id, "markdown": markdown}
    assert api.post("comments", body).status == 302
    return Revision.objects.latest("id").html


# --- The routes ---------------------------------------------------------------------------------


def test_a_short_link_leads_to_its_address_on_its_site_and_on_the_platform(
    forum: Forum, root_forum: Forum, api: ApiClient
) -> None:
    short = make_short(forum)
    for host, path in ((forum.host, f"out/{short}"), (root_forum.host, f"/out/{short}")):
        reply = api.at(host).get(path)
        assert (reply.status, reply.headers["Location"]) == (307, URL)
        assert reply.json == {"context": "", "status": 307, "data": None, "error": None}
        assert "no-cache" in reply.headers["Cache-Control"]
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert Link.objects.get().hit_count == 0
    hits.store()
    assert Link.objects.get().hit_count == 2


def test_t1_a_short_link_of_another_site_is_none_here(forum: Forum, other_forum: Forum, api: ApiClient) -> None:
    short = make_short(other_forum)
    foreign, missing = api.get(f"out/{short}"), api.get("out/zzzzz")
    assert (foreign.status, foreign.content) == (404, missing.content)
    assert foreign.data == {
        "siteId": forum.site.id,
        "errorCode": 0,
        "errorDetail": "There is no such thing here.",
    }
    hits.store()
    assert Link.objects.get().hit_count == 0


def test_neither_tokens_nor_bans_are_looked_at(forum: Forum, api: ApiClient) -> None:
    short, member = make_short(forum), forum.member()
    ban(forum.site, member)
    assert api.as_(member).get(f"out/{short}").status == 307
    assert api.get(f"out/{short}?access_token=nonsense").status == 307


@pytest.mark.parametrize("short", ["2", "22", "a2", "zzzzzzzzzzzz", "Z" * 200, "lI", "aO"])
def test_what_no_link_has_is_404(forum: Forum, api: ApiClient, short: str) -> None:
    make_short(forum)
    assert api.get(f"out/{short}").status == 404


def test_another_first_character_is_another_link(forum: Forum, api: ApiClient) -> None:
    short = make_short(forum)
    others = [character for character in ALPHABET if character != short[0]]
    assert {api.get(f"out/{other}{short[1:]}").status for other in others} == {404}


# --- Making them --------------------------------------------------------------------------------


def test_links_of_comments_are_short_where_the_site_wants_it(forum: Forum) -> None:
    html = say(forum, f"See [the page]({URL}) and {URL} and https://other.example.org/x")
    targets = re.findall(r'href="([^"]*)"', html)
    assert [follow_link(t.removeprefix(jump_base()), site_id=forum.site.id) for t in targets] == [
        URL, URL, "https://other.example.org/x",
    ]  # fmt: skip
    assert all(target.startswith(jump_base()) for target in targets)
    link = Link.objects.get(url=URL)
    assert (link.domain, link.text) == ("www.example.com", "the page")
    assert 'rel="nofollow ugc noopener"' in html


def test_links_stay_as_written_by_default(forum: Forum) -> None:
    assert 'href="https://other.example.org/x"' in say(forum, "https://other.example.org/x", shortens=False)
    assert not Link.objects.exists()


def test_own_hosts_mail_and_short_links_are_left_alone(forum: Forum) -> None:
    short = make_short(forum)
    html = say(forum, f"http://{forum.host}/x [m](mailto:a@example.org) {jump_base()}{short} #tag")
    targets = re.findall(r'href="([^"]*)"', html)
    assert targets == ["/x", "mailto:a@example.org", f"{jump_base()}{short}", "/search/?q=%23tag"]
    assert Link.objects.count() == 1


def test_editing_finds_the_same_link_again(forum: Forum) -> None:
    first = say(forum, f"<{URL}>")
    comment = Comment.objects.get()
    api = ApiClient(host=forum.host).as_(forum.owner)
    assert api.put(f"comments/{comment.id}", {"markdown": f"Again: <{URL}>"}).status == 302
    again = comment.revisions.latest("number").html
    assert re.findall(r'href="([^"]*)"', again) == re.findall(r'href="([^"]*)"', first)
    assert Link.objects.count() == 1


def test_two_sites_have_links_of_their_own(forum: Forum, other_forum: Forum) -> None:
    assert make_short(forum) != make_short(other_forum)
    assert make_short(forum) == make_short(forum)
    assert Link.objects.count() == 2


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "ftp://example.org/", "//example.org/", "https://", "https://a b", "http://[::1", "x",
     "https://example.org/\r\nSet-Cookie: a=b", "https://example.org/" + "x" * 8096, f"https://{'h' * 254}/"],
)  # fmt: skip
def test_x1_only_addresses_of_the_web_get_a_link(forum: Forum, url: str) -> None:
    assert shortener([(url, "")], site_id=forum.site.id)(url, "") == url
    assert not Link.objects.exists()


def test_x1_the_database_refuses_any_other_scheme(forum: Forum) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Link.objects.create(site=forum.site, url="javascript:alert(1)", domain="x", salt="a")


def test_addresses_beyond_ascii_are_encoded_in_the_redirect(forum: Forum, api: ApiClient) -> None:
    reply = api.get(f"out/{make_short(forum, 'https://example.org/Käse?q=ü')}")
    assert reply.headers["Location"] == "https://example.org/K%C3%A4se?q=%C3%BC"


# --- Ids and rules ------------------------------------------------------------------------------


@pytest.mark.parametrize("id_", [1, 55, 56, 57, 3136, 10**6, 2**63 - 1])
def test_a_short_id_reads_back(id_: int) -> None:
    assert parse_short(short_of(id_=id_, salt="x")) == (id_, "x")


def test_digits_come_least_significant_first() -> None:
    assert len(ALPHABET) == 56
    assert not set("loIO01") & set(ALPHABET)
    assert short_of(id_=56 * 2 + 1, salt="a") == "a" + ALPHABET[1] + ALPHABET[2]
    assert parse_short("a" + ALPHABET[1] + ALPHABET[0]) is None


def test_there_are_no_affiliate_rules_unless_the_operator_sets_some(forum: Forum, api: ApiClient, settings) -> None:  # type: ignore[no-untyped-def]
    assert settings.AFFILIATE_RULES == []
    settings.AFFILIATE_RULES = [{"domain": "*.example.com", "set": {"tag": "me"}, "remove": ["a"]}]
    assert api.get(f"out/{make_short(forum)}").headers["Location"] == "https://www.example.com/page?b=2&tag=me"
    other = "https://example.org/?a=1"
    assert rewritten(other, domain="example.org", rules=settings.AFFILIATE_RULES) == other

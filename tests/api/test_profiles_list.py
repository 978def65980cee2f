"""`GET` and `POST /profiles`: the people of a site (contract A 23.1, 23.3)."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core.clock import now, set_clock
from apps.profiles.models import Profile
from apps.profiles.services import get_or_create_deleted_profile
from apps.updates.models import Ignore, Watcher
from tests.client import ApiClient
from tests.factories import Forum, ban
from tests.fingerprint import fingerprint
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db
PROFILE = 3


@pytest.fixture
def people(forum: Forum) -> Forum:
    """A forum of five with names that sort differently in ASCII."""
    Profile.objects.filter(id=forum.owner.id).update(name="Zoe")
    for name in ("anna", "Bob", "ann", "Annabel"):
        forum.people[name] = forum.member(name)
    return forum


def names(api: ApiClient, query: str = "", **options: Any) -> list[str]:
    """The names on a page of the list."""
    reply = api.get(f"profiles{query}", **options)
    assert reply.status == 200, reply
    return [item["profileName"] for item in reply.data["profiles"]["items"]]


def test_people_come_by_name_whatever_the_case(api: ApiClient, people: Forum) -> None:
    assert names(api) == ["ann", "anna", "Annabel", "Bob", "Zoe"]


def test_the_answer_is_a_collection_of_summaries(api: ApiClient, people: Forum) -> None:
    reply = api.get("profiles?limit=5")
    bob = people.people["Bob"].profile
    assert list(reply.data) == ["profiles", "meta"]
    page = reply.data["profiles"]
    assert {key: page[key] for key in page if key != "items"} == {
        "total": 5,
        "limit": 5,
        "offset": 0,
        "maxOffset": 0,
        "totalPages": 1,
        "page": 1,
        "links": [{"rel": "self", "href": "/api/v1/profiles?limit=5", "title": "1"}],
        "type": "/api/v1/profiles",
    }
    assert page["items"][3] == {
        "id": bob.id,
        "siteId": people.site.id,
        "userId": bob.user_id,
        "profileName": "Bob",
        "visible": True,
        "avatar": "",
        "meta": {
            "flags": {},
            "links": [
                {"rel": "self", "href": f"/api/v1/profiles/{bob.id}"},
                {"rel": "site", "href": f"/api/v1/sites/{people.site.id}"},
            ],
        },
    }
    assert reply.data["meta"]["flags"] == {}
    assert reply.data["meta"]["links"] == [{"rel": "self", "href": "/api/v1/profiles?limit=5"}]


@pytest.mark.parametrize(
    ("who", "flags"),
    [
        (None, {"read", "guest"}),
        ("Bob", {"read"}),
        ("owner", {"create", "read", "update", "delete", "moderator", "siteOwner"}),
    ],
)
def test_the_permissions_are_those_on_the_list(api: ApiClient, people: Forum, who: str | None, flags: set[str]) -> None:
    person = people.owner if who == "owner" else people.people.get(who or "")
    permissions = api.as_(person).get("profiles").data["meta"]["permissions"]
    assert {name for name, value in permissions.items() if value} == flags


@pytest.mark.parametrize(
    ("case", "query"),
    [
        ("GET_profiles-limit100_member", "?limit=100"),
        ("GET_p-access-token-query-paging_anon", "?limit=5"),
        ("GET_profiles-followingtrue_anon", "?following=true"),
    ],
)
def test_the_answer_has_the_recorded_shape(api: ApiClient, people: Forum, case: str, query: str) -> None:
    person = None if case == "GET_profiles-followingtrue_anon" else people.people["Bob"]
    for index in range(6):
        people.member(f"further{index}")
    theirs = recorded("profiles", case)
    ours = api.as_(person).get(f"profiles{query}").data
    theirs["profiles"]["links"] = theirs["profiles"]["links"][:1]
    assert_same_shape(ours, theirs)
    assert ours["profiles"]["type"] == theirs["profiles"]["type"]


def test_pages_cover_everybody_once(api: ApiClient, people: Forum) -> None:
    for index in range(8):
        people.member(f"m{index}")
    first, second, third = (api.get(f"profiles?limit=5&offset={offset}") for offset in (0, 5, 10))
    seen = [item["id"] for reply in (first, second, third) for item in reply.data["profiles"]["items"]]
    assert len(seen) == len(set(seen)) == 13
    assert [link["rel"] for link in second.data["profiles"]["links"]] == ["prev", "self", "next"]
    assert second.data["profiles"]["page"] == 2
    assert second.data["meta"]["links"] == [{"rel": "self", "href": "/api/v1/profiles?limit=5&offset=5"}]
    for bad in ("offset=15", "offset=3", "limit=7", "limit=0", "limit=255", "limit=x", "offset=-5"):
        reply = api.get(f"profiles?limit=5&{bad}" if bad.startswith("offset") else f"profiles?{bad}")
        assert reply.status == 400, bad


def test_a_token_in_the_query_is_in_no_link(api: ApiClient, people: Forum) -> None:
    token = people.people["Bob"].token
    reply = api.get(f"profiles?access_token={token}&limit=5&q=ann")
    assert token.encode() not in reply.content
    assert reply.data["meta"]["links"][0]["href"] == "/api/v1/profiles?limit=5&q=ann"


# --- Filters and order ---------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["1", "t", "T", "TRUE", "true", "True"])
def test_top_puts_those_who_comment_most_first(api: ApiClient, people: Forum, word: str) -> None:
    Profile.objects.filter(name="Bob").update(comment_count=9)
    Profile.objects.filter(name="Annabel").update(comment_count=4)
    assert names(api, f"?top={word}") == ["Bob", "Annabel", "ann", "anna", "Zoe"]


@pytest.mark.parametrize("word", ["0", "f", "False", "yes", "", "2"])
def test_other_words_leave_the_order(api: ApiClient, people: Forum, word: str) -> None:
    Profile.objects.filter(name="Bob").update(comment_count=9)
    assert names(api, f"?top={word}") == ["ann", "anna", "Annabel", "Bob", "Zoe"]


@pytest.mark.parametrize("q", ["ann", "ANN", "%40ann", "%2Bann", "%2B%40Ann", "+ann"])
def test_q_finds_names_that_start_with_it(api: ApiClient, people: Forum, q: str) -> None:
    assert names(api, f"?q={q}") == ["ann", "anna", "Annabel"]


def test_an_exact_match_comes_first(api: ApiClient, people: Forum) -> None:
    Profile.objects.filter(name="Annabel").update(comment_count=4)
    assert names(api, "?q=ANNABEL") == ["Annabel"]
    assert names(api, "?q=anna") == ["anna", "Annabel"]
    assert names(api, "?q=anna&top=True") == ["anna", "Annabel"]
    assert names(api, "?q=an&top=True") == ["Annabel", "ann", "anna"]


def test_a_page_of_matches_knows_the_others(api: ApiClient, people: Forum) -> None:
    for index in range(7):
        people.member(f"annie{index}")
    reply = api.get("profiles?q=ann&limit=5&offset=5")
    assert reply.data["profiles"]["total"] == 10
    assert len(reply.data["profiles"]["items"]) == 5


@pytest.mark.parametrize(
    "q", ["%25", "_", "a%25", "a_n", "%5C", "%00".replace("00", "7F"), "'", "a'; --", "%F4%8F%BF%BF"]
)
def test_q_has_no_wildcards(api: ApiClient, people: Forum, q: str) -> None:
    assert names(api, f"?q={q}") == []


def test_wildcards_find_themselves(api: ApiClient, people: Forum) -> None:
    for name in ("100%", "a_b"):
        people.member(name)
    assert names(api, "?q=100%25") == ["100%"]
    assert names(api, "?q=a_") == ["a_b"]


@pytest.mark.parametrize("q", ["o'n", "O%26%2339%3BN", "o%27neil"])
def test_q_finds_names_with_escaped_letters(api: ApiClient, people: Forum, q: str) -> None:
    Profile.objects.filter(name="Bob").update(name="O&#39;Neil")
    assert names(api, f"?q={q}") == ["O&#39;Neil"]


@pytest.mark.parametrize("q", ["", "%40", "+", "%20"])
def test_an_empty_q_finds_everybody(api: ApiClient, people: Forum, q: str) -> None:
    assert len(names(api, f"?q={q}")) == 5


def test_other_scripts_are_found_in_any_case(api: ApiClient, people: Forum) -> None:
    people.member("Ωmega")
    people.member("日本語")
    assert names(api, "?q=%E6%97%A5") == ["日本語"]
    assert names(api, "?q=%CE%A9m") == ["Ωmega"]


def test_following_lists_whom_the_caller_watches(api: ApiClient, people: Forum) -> None:
    bob, anna = people.people["Bob"], people.people["anna"]
    Watcher.objects.create(profile=bob.profile, kind=PROFILE, target_profile=anna.profile)
    assert names(api.as_(bob), "?following=True") == ["anna"]
    assert names(api.as_(anna), "?following=True") == []
    assert names(api, "?following=True") == []
    reply = api.get("profiles?following=True")
    assert reply.data["profiles"]["total"] == 0
    assert reply.data["profiles"]["totalPages"] == 0
    assert reply.data["profiles"]["items"] == []


def test_online_lists_who_was_here_within_90_minutes(api: ApiClient, people: Forum) -> None:
    moment = now()
    set_clock(frozen=moment)
    Profile.objects.update(last_active_at=moment - timedelta(minutes=90))
    Profile.objects.filter(name="anna").update(last_active_at=moment - timedelta(minutes=89, seconds=59))
    assert names(api, "?online=True") == ["anna"]
    assert names(api.as_(people.people["Bob"]), "?online=True") == ["anna", "Bob"]


def test_filters_combine(api: ApiClient, people: Forum) -> None:
    bob = people.people["Bob"]
    for name in ("anna", "Annabel"):
        Watcher.objects.create(profile=bob.profile, kind=PROFILE, target_profile=people.people[name].profile)
    Profile.objects.filter(name="anna").update(last_active_at=now() - timedelta(days=1))
    assert names(api.as_(bob), "?following=True&q=ann&online=True&top=True") == ["Annabel"]


def test_ignored_people_are_left_out_for_those_who_ignore_them(api: ApiClient, people: Forum) -> None:
    bob = people.people["Bob"]
    Ignore.objects.create(profile=bob.profile, kind=PROFILE, target_profile=people.people["anna"].profile)
    Ignore.objects.create(profile=bob.profile, kind=PROFILE, target_profile=bob.profile)
    assert names(api.as_(bob)) == ["ann", "Annabel", "Bob", "Zoe"]
    assert names(api.as_(bob), "?q=anna") == ["Annabel"]
    assert api.as_(bob).get("profiles").data["profiles"]["total"] == 4
    assert "anna" in names(api)
    assert "anna" in names(api.as_(people.owner))


def test_the_placeholder_for_removed_people_is_left_out(api: ApiClient, people: Forum) -> None:
    get_or_create_deleted_profile(site_id=people.site.id)
    assert names(api) == ["ann", "anna", "Annabel", "Bob", "Zoe"]
    assert names(api, "?q=deleted") == []


def test_a_watcher_of_everybody_is_flagged(api: ApiClient, people: Forum) -> None:
    bob = people.people["Bob"]
    Watcher.objects.create(profile=bob.profile, kind=PROFILE, send_email=True)
    assert api.as_(bob).get("profiles").data["meta"]["flags"] == {"watched": True, "sendEmail": True, "sendSMS": False}
    assert api.as_(bob).get("profiles?q=nobody").data["meta"]["flags"]["watched"] is True
    assert api.as_(people.owner).get("profiles").data["meta"]["flags"] == {}
    assert api.get("profiles").data["meta"]["flags"] == {}


# --- Callers, tenants, transport ------------------------------------------------------------------


def test_t1_people_of_another_site_are_not_listed(api: ApiClient, people: Forum, other_forum: Forum) -> None:
    stranger = other_forum.member("annie")
    assert "annie" not in names(api)
    assert names(api, "?q=annie") == []
    Watcher.objects.create(profile=people.people["Bob"].profile, kind=PROFILE, target_profile=stranger.profile)
    assert names(api.as_(people.people["Bob"]), "?following=True") == []


def test_the_banned_are_refused(api: ApiClient, people: Forum) -> None:
    ban(people.site, people.people["Bob"])
    reply = api.as_(people.people["Bob"]).get("profiles")
    assert (reply.status, reply.code) == (403, 13)


def test_the_root_site_has_no_list(api: ApiClient, root_forum: Forum) -> None:
    at_root = api.at(root_forum.host)
    for person in (None, root_forum.owner):
        assert at_root.as_(person).get("profiles").status == 404
        assert at_root.as_(person).post("profiles", {}).status == 404


def test_the_call_of_the_web_clients_script(api: ApiClient, people: Forum) -> None:
    reply = api.get("profiles?disableBoiler&top=true&q=bo")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    (item,) = reply.json["profiles"]["items"]
    assert (item["id"], item["profileName"], item["avatar"]) == (people.people["Bob"].id, "Bob", "")


def test_head_and_options(api: ApiClient, people: Forum) -> None:
    get, head = api.get("profiles?q=b"), api.head("profiles?q=b")
    assert (head.status, head.content) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert api.head("profiles?limit=1").status == 400
    assert api.options("profiles").headers["Allow"] == "OPTIONS,GET,HEAD,POST"
    for verb in ("PUT", "PATCH", "DELETE"):
        assert api.as_(people.owner).request(verb, "profiles").status == 405


def test_caching_is_for_guests(api: ApiClient, people: Forum) -> None:
    assert api.get("profiles").headers["Cache-Control"] == "public, max-age=300"
    assert api.as_(people.owner).get("profiles").headers["Cache-Control"] == "private, no-cache, max-age=0"


@pytest.mark.parametrize("query", ["", "?top=True", "?q=a", "?q=a&top=True&online=True&following=True"])
def test_a_page_is_one_statement(api: ApiClient, people: Forum, query: str) -> None:
    api.options("profiles")  # The site of a host is remembered.
    with count_statements() as statements:
        api.get(f"profiles{query}")
    assert len(statements) == 1, statements
    with count_statements() as statements:
        api.as_(people.owner).get(f"profiles{query}")
    assert len(statements) == 2, statements


# --- POST ----------------------------------------------------------------------------------------


def test_asking_for_a_profile_leads_to_the_own_one(api: ApiClient, people: Forum) -> None:
    bob = people.people["Bob"]
    for body in ({}, None, {"profileName": "Bob"}):
        reply = api.as_(bob).post("profiles", body)
        assert (reply.status, reply.location) == (302, f"/api/v1/profiles/{bob.id}")
    assert api.as_(bob).follow(reply).data["profileName"] == "Bob"
    assert Profile.objects.filter(site=people.site).count() == 5


def test_asking_for_a_profile_may_name_it(api: ApiClient, people: Forum) -> None:
    bob = people.people["Bob"]
    assert api.as_(bob).post("profiles", {"profileName": "Robert", "gender": "m", "visible": False}).status == 302
    profile = Profile.objects.get(id=bob.id)
    assert (profile.name, profile.gender, profile.is_visible) == ("Robert", "m", False)
    preferred = api.as_(bob).post("profiles", {"profileName": "Rob"}, headers={"Prefer": "return=representation"})
    assert (preferred.status, preferred.location) == (201, f"/api/v1/profiles/{bob.id}")
    assert preferred.data["profileName"] == "Rob"


@pytest.mark.parametrize(
    "key", ["siteId", "userId", "id", "itemCount", "commentCount", "created", "lastActive", "USERID"]
)
def test_a6_privileged_keys_are_refused(api: ApiClient, people: Forum, key: str) -> None:
    before = fingerprint()
    reply = api.as_(people.people["Bob"]).post("profiles", {"profileName": "Robert", key: 5})
    assert (reply.status, reply.code) == (400, 4)
    assert fingerprint() == before


def test_privileged_keys_that_are_null_are_absent(api: ApiClient, people: Forum) -> None:
    assert api.as_(people.people["Bob"]).post("profiles", {"id": None, "created": None}).status == 302


def test_a_guest_gets_no_profile(api: ApiClient, people: Forum) -> None:
    before = fingerprint()
    for body in ({"profileName": "Guest"}, {}, {"id": 5}, []):
        reply = api.post("profiles", body)
        assert (reply.status, reply.code) == (403, 5)
    assert fingerprint() == before


def test_a_taken_name_is_refused(api: ApiClient, people: Forum) -> None:
    before = fingerprint()
    reply = api.as_(people.people["Bob"]).post("profiles", {"profileName": "ANNA"})
    assert (reply.status, reply.code) == (400, 4)
    assert fingerprint() == before

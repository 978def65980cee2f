"""Who may keep an answer, and for how long: every route, as guest, member and owner, right and wrong (C2)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from apps.sites.hosts import forget_sites
from tests.access.test_tenancy import Furnished, furnish
from tests.client import ApiClient, Reply
from tests.factories import Forum
from tests.routes import Route, concrete, routes
from tests.trees import make_item

pytestmark = pytest.mark.django_db

SHARED = "public, max-age=300"
PRIVATE = "private, no-cache, max-age=0"
VARY = {"Authorization", "X-Always-200", "X-Disable-Boiler"}
#: Downloads are the contract's own (B 3.5): asked for anew each time, and without an envelope that could vary.
DOWNLOADS = {
    "/api/v1/events/{event_id}/attendeescsv",
    "/api/v1/events/{event_id}/calendar",
    "/api/v1/microcosms/{microcosm_id}/calendar",
}
FILES = "/api/v1/files/{file_hash}"
#: What is new at any moment is worth nothing at the next.
FEED = "/api/v1/changes"
READ = [route for route in routes() if "GET" in route.methods and route.path != FILES]
#: Beside the routes of the table: none, one asked wrongly, and the description.
ELSEWHERE = ["/api/v1/nothing", "/api/v1/conversations?limit=7", "/api/v1/openapi.json", "/api/v1/docs"]


@pytest.fixture
def here(forum: Forum) -> Furnished:
    """A site with one of everything."""
    return furnish(forum)


def asked(route: Route, here: Furnished, root_forum: Forum) -> Iterator[tuple[ApiClient, str]]:
    """Whom to ask for what: guest, member and owner, the thing itself and one that never was."""
    for host in route.hosts:
        forum = here.forum if host == "site" else root_forum
        for person in (None, forum.member(), forum.owner):
            api = ApiClient(host=forum.host).as_(person)
            for ids in (here.ids, {}):
                yield api, concrete(route, ids)


def assert_may_be_kept_by_whom_it_is_for(reply: Reply, *, path: str, api: ApiClient, verb: str = "GET") -> None:
    """The table of docs/api/caching.md."""
    kept, vary = reply.headers["Cache-Control"], {name.strip() for name in reply.headers["Vary"].split(",")}
    assert "Set-Cookie" not in reply.headers
    assert vary == ({"Authorization"} if path in DOWNLOADS and reply.status in (200, 304) else VARY)
    if reply.status in (200, 304) and path == FEED:
        assert kept == "private, no-store"
    elif reply.status in (200, 304) and verb == "GET" and not api.token:
        assert kept == ("no-cache, max-age=0" if path in DOWNLOADS else SHARED)
    elif reply.status in (200, 304) and path in DOWNLOADS:
        assert kept == "no-cache, max-age=0"
    else:
        assert kept == PRIVATE


def of_resource(resource: str) -> list[Route]:
    """The routes below one word, for which one site is enough."""
    return [route for route in READ if resource_of(route) == resource]


def resource_of(route: Route) -> str:
    return route.path.removeprefix("/api/v1/").partition("/")[0]


@pytest.mark.parametrize("resource", sorted({resource_of(route) for route in READ}))
def test_c2_every_answer_says_who_may_keep_it(resource: str, here: Furnished, root_forum: Forum) -> None:
    for route in of_resource(resource):
        for api, path in asked(route, here, root_forum):
            for verb in ("GET", "HEAD"):
                reply = api.request(verb, path)
                assert_may_be_kept_by_whom_it_is_for(reply, path=route.path, api=api, verb=verb)
                assert ("ETag" in reply.headers) == (reply.status == 200), (verb, path)
            options = api.options(path)
            assert (options.headers["Cache-Control"], "ETag" in options.headers) == (PRIVATE, False)
            always = replace(api, checked=False).get(path, headers={"X-Always-200": "1"})
            if always.headers["Cache-Control"] != PRIVATE:
                assert reply.status == 200, "an error that says 200 must not be kept"


@pytest.mark.parametrize("resource", sorted({resource_of(route) for route in READ}))
def test_every_get_answers_304_to_who_holds_the_body(resource: str, here: Furnished, root_forum: Forum) -> None:
    for route in of_resource(resource):
        for api, path in asked(route, here, root_forum):
            api.get(path)  # The first read may move a mark, which the second one shows.
            full = api.get(path)
            if full.status != 200:
                continue
            etag = full.headers["ETag"]
            for verb, held in (("GET", etag), ("HEAD", f'"other", {etag}'), ("GET", etag[2:]), ("GET", "*")):
                reply = api.request(verb, path, headers={"If-None-Match": held})
                assert (reply.status, reply.content, reply.headers["ETag"]) == (304, b"", etag), (verb, path, held)
                assert "Content-Type" not in reply.headers
                assert_may_be_kept_by_whom_it_is_for(reply, path=route.path, api=api, verb=verb)
            other = api.get(path, headers={"If-None-Match": '"other"'})
            assert (other.status, other.content) == (200, full.content), path


def test_c2_what_is_no_route_says_it_too(api: ApiClient, forum: Forum) -> None:
    for path in ELSEWHERE:
        for client in (replace(api, checked=False), replace(api.as_(forum.owner), checked=False)):
            reply = client.get(path)
            is_document = path in ("/api/v1/openapi.json", "/api/v1/docs")
            assert_may_be_kept_by_whom_it_is_for(reply, path=path, api=api if is_document else client)
            assert ("ETag" in reply.headers) == is_document
    unknown = api.at("nobody.localhost").get("site")
    assert (unknown.status, unknown.headers["Cache-Control"]) == (404, PRIVATE)


def test_c2_no_write_is_kept(api: ApiClient, forum: Forum, here: Furnished) -> None:
    owner = api.as_(forum.owner)
    made = owner.post("conversations", {"microcosmId": here.ids["microcosm_id"], "title": "Kept?"})
    for reply in (made, owner.post("conversations", {}), owner.delete(made.location), api.post("conversations", {})):
        assert (reply.headers["Cache-Control"], "ETag" in reply.headers) == (PRIVATE, False)


def test_a_token_in_the_query_makes_an_answer_private(api: ApiClient, forum: Forum) -> None:
    for path in (f"site?access_token={forum.owner.token}", f"site?access%5Ftoken={forum.owner.token}"):
        reply = api.get(path)
        assert (reply.status, reply.headers["Cache-Control"]) == (200, PRIVATE)
    refused = api.get("site?access_token=wrong")
    assert (refused.status, refused.headers["Cache-Control"]) == (401, PRIVATE)


def test_one_address_has_a_tag_for_each_of_its_bodies(api: ApiClient, forum: Forum) -> None:
    path = f"conversations/{make_item(forum.root, forum.owner).id}"
    replies = [
        client.get(path + query, headers=headers)
        for client in (api, api.as_(forum.owner), api.as_(forum.member()))
        for query in ("", "?limit=5", "?context=a", "?callback=f", "?disableBoiler=1")
        for headers in ({}, {"X-Disable-Boiler": "1"})
        for _second_time in range(2)
    ]
    bodies_by_tag: dict[str, set[bytes]] = {}
    for reply in replies:
        bodies_by_tag.setdefault(reply.headers["ETag"], set()).add(reply.content)
    assert [bodies for bodies in bodies_by_tag.values() if len(bodies) > 1] == []
    assert len({reply.content for reply in replies}) > 3 * 5


def test_the_status_line_stays_200_for_who_needs_it(api: ApiClient) -> None:
    etag = api.get("site").headers["ETag"]
    for path, headers in (("site?always200", {}), ("site", {"X-Always-200": "1"})):
        assert api.get(path, headers={**headers, "If-None-Match": etag}).status == 200


def test_a_get_in_the_clothes_of_a_post_is_answered_whole(api: ApiClient) -> None:
    etag = api.get("site").headers["ETag"]
    reply = api.request("POST", "site?method=GET", headers={"If-None-Match": etag})
    assert reply.status == 200


def test_a_tag_can_be_sent_and_read_across_origins(api: ApiClient) -> None:
    assert "ETag" in api.get("site").headers["Access-Control-Expose-Headers"]
    preflight = api.options("site", headers={"Origin": "https://x.org", "Access-Control-Request-Method": "GET"})
    assert "If-None-Match" in preflight.headers["Access-Control-Allow-Headers"]


def test_a_write_changes_the_tag(api: ApiClient, forum: Forum) -> None:
    owner = api.as_(forum.owner)
    before = api.get("site").headers["ETag"]
    assert owner.put("site", {"title": "Renamed"}).status == 302
    forget_sites()
    assert api.get("site", headers={"If-None-Match": before}).data["title"] == "Renamed"

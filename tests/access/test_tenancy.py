"""Two sites with the same data: nothing of one can be reached from the other (T1; acceptance of the core)."""

import itertools
import re
from dataclasses import dataclass
from typing import Any

import pytest

from apps.files.models import File
from apps.sites.types import ItemType
from apps.updates.models import PushSubscription, Update, Watcher
from apps.updates.types import UpdateType
from tests.client import ApiClient, Reply
from tests.factories import Forum, Person
from tests.fingerprint import fingerprint
from tests.routes import Route, concrete, routes

pytestmark = pytest.mark.django_db

READERS = ("GET", "HEAD", "OPTIONS")
#: A body that each writing route would take for one of its own things.
BODIES: dict[tuple[str, str], Any] = {
    ("PUT", "/api/v1/microcosms/{microcosm_id}"): {"title": "Taken", "meta": {"editReason": "mine now"}},
    ("PATCH", "/api/v1/microcosms/{microcosm_id}"): [{"op": "replace", "path": "/meta/flags/deleted", "value": True}],
    ("PUT", "/api/v1/conversations/{conversation_id}"): {"title": "Taken", "meta": {"editReason": "mine now"}},
    ("PATCH", "/api/v1/conversations/{conversation_id}"): [
        {"op": "replace", "path": "/meta/flags/open", "value": False}
    ],
    ("PUT", "/api/v1/events/{event_id}"): {"title": "Taken", "meta": {"editReason": "mine now"}},
    ("PATCH", "/api/v1/events/{event_id}"): [{"op": "replace", "path": "/meta/flags/open", "value": False}],
    ("PUT", "/api/v1/events/{event_id}/attendees"): [{"profileId": 1, "rsvp": "invited"}],
    ("PUT", "/api/v1/events/{event_id}/attendees/{profile_id}"): {"rsvp": "invited"},
    ("PUT", "/api/v1/polls/{poll_id}"): {"title": "Taken", "meta": {"editReason": "mine now"}},
    ("PATCH", "/api/v1/polls/{poll_id}"): [{"op": "replace", "path": "/meta/flags/open", "value": False}],
    ("PUT", "/api/v1/polls/{poll_id}/vote"): {"choiceIds": [1]},
    ("PUT", "/api/v1/comments/{comment_id}"): {"markdown": "Taken"},
    ("PATCH", "/api/v1/comments/{comment_id}"): [{"op": "replace", "path": "/meta/flags/deleted", "value": True}],
    ("PUT", "/api/v1/webhooks/{webhook_id}"): {"url": "https://example.org/taken"},
    ("PATCH", "/api/v1/webhooks/{webhook_id}"): [{"op": "replace", "path": "/active", "value": False}],
    ("POST", "/api/v1/webhooks/{webhook_id}/replay"): {"after": 0},
    ("PUT", "/api/v1/profiles/{profile_id}"): {"profileName": "taken"},
    ("PATCH", "/api/v1/updates/{update_id}"): [{"op": "replace", "path": "/viewed", "value": True}],
    ("PATCH", "/api/v1/profiles/{profile_id}"): [{"op": "replace", "path": "/member", "value": True}],
}
ROLE = {"title": "Taken", "read": True}
CRITERION = {"profileColumn": "commentCount", "predicate": "ge", "value": 1}


def body_of(verb: str, path: str) -> Any:
    """A plausible body of a writing request."""
    if (verb, path) in BODIES:
        return BODIES[verb, path]
    if path.endswith("/participants"):
        return [{"id": 1}]
    if path.endswith("/profiles") or (path.endswith("/criteria") and verb == "DELETE"):
        return []
    if "criteria" in path:
        return CRITERION
    if "roles" in path:
        return [{"op": "replace", "path": "/read", "value": True}] if verb == "PATCH" else ROLE
    if path.endswith("/attributes"):
        return [{"key": "colour", "value": "taken"}]
    if path.endswith("/attributes/{key}"):
        return {"value": "taken"}
    if path.endswith("/attachments"):
        return {"fileHash": "a" * 40}
    if path.endswith("/menu"):
        return [{"href": "/x", "text": "x"}]
    if "/sites/" in path:
        return {"title": "Taken"}
    return {}


@dataclass
class Furnished:
    """A forum with one of everything, and the ids by the names of path variables."""

    forum: Forum
    ids: dict[str, Any]


def id_in(reply: Reply) -> int:
    """The id at the end of a Location."""
    assert reply.status == 302, reply
    return int(re.findall(r"\d+", reply.location)[-1])


def furnish(forum: Forum) -> Furnished:
    """One of everything, through the API, with the same words on every site."""
    owner = ApiClient(host=forum.host).as_(forum.owner)
    member = forum.member("walter")
    microcosm_id = id_in(
        owner.post(
            "microcosms",
            {"title": "Place", "description": "The same everywhere.", "itemTypes": ["conversation", "event", "poll"]},
        )
    )
    conversation_id = id_in(owner.post("conversations", {"microcosmId": microcosm_id, "title": "The same title"}))
    poll = {"microcosmId": microcosm_id, "title": "The same poll", "question": "Which?", "choices": [{"choice": "It"}]}
    event = {"microcosmId": microcosm_id, "title": "The same event", "when": "2027-05-01T10:00:00Z"}
    event_id = id_in(owner.post("events", event))
    poll_id = id_in(owner.post("polls", poll))
    comment_id = id_in(
        owner.post("comments", {"itemType": "conversation", "itemId": conversation_id, "markdown": "The same words"})
    )
    role_id = id_in(
        owner.post(f"microcosms/{microcosm_id}/roles", {"title": "Role", "read": True, "includeUsers": True})
    )
    criterion_id = id_in(owner.post(f"microcosms/{microcosm_id}/roles/{role_id}/criteria", CRITERION))
    assert owner.put(f"microcosms/{microcosm_id}/roles/{role_id}/profiles", [{"id": member.id}]).status == 200
    owner.post("bans", {"profileId": forum.member("rowan").id})
    huddle_id = id_in(owner.post("huddles", {"title": "Between us", "participants": [{"id": member.id}]}))
    assert id_in(owner.post("comments", {"itemType": "huddle", "itemId": huddle_id, "markdown": "The same secret"}))
    file = File.objects.create(
        site=forum.site, hash="a" * 40, name="x.png", mime_type="image/png", extension="png", size=1
    )
    for path in (f"comments/{comment_id}", f"profiles/{member.id}"):
        assert owner.post(f"{path}/attachments", {"fileHash": file.hash}).status == 302
    for path in (
        f"site/{forum.site.id}",
        f"microcosms/{microcosm_id}",
        f"conversations/{conversation_id}",
        f"comments/{comment_id}",
        f"profiles/{member.id}",
    ):
        assert owner.put(f"{path}/attributes/colour", {"value": "blue"}).status == 302
    ids = {
        "microcosm_id": microcosm_id,
        "conversation_id": conversation_id,
        "event_id": event_id,
        "poll_id": poll_id,
        "comment_id": comment_id,
        "huddle_id": huddle_id,
        "role_id": role_id,
        "webhook_id": owner.post("webhooks", {"url": "https://example.org/hook"}).data["id"],
        "watcher_id": Watcher.objects.create(profile=member.profile, kind=ItemType.PROFILE).id,
        "update_id": Update.objects.create(
            profile=member.profile, type=UpdateType.MENTIONED, item_id=conversation_id, comment_id=comment_id
        ).id,
        "push_id": PushSubscription.objects.create(profile=member.profile, endpoint_hash="x").id,
        "criterion_id": criterion_id,
        "profile_id": member.id,
        "user_id": member.profile.user_id,
        "site_id": forum.site.id,
        "file_hash": file.hash,
        "key": "colour",
    }
    return Furnished(forum=forum, ids=ids)


@pytest.fixture
def here(forum: Forum) -> Furnished:
    """The site of the caller."""
    return furnish(forum)


@pytest.fixture
def there(other_forum: Forum) -> Furnished:
    """The other tenant."""
    return furnish(other_forum)


def swept() -> list[Route]:
    """The site routes that take an id of something; types of updates are the same on every site."""
    return [
        route
        for route in routes()
        if route.host in ("site", "both") and any(v.endswith("_id") and v != "update_type_id" for v in route.vars)
    ]


def without_ids(content: bytes) -> bytes:
    """A body with all its numbers taken out."""
    return re.sub(rb"\d+", b"#", content)


@pytest.mark.parametrize("route", swept(), ids=str)
def test_t1_an_id_of_another_site_is_a_missing_one(
    route: Route, here: Furnished, there: Furnished, root_forum: Forum
) -> None:
    """Every verb, every way to mix in a foreign id, as the owner of the site and as a member of both sites."""
    names = [name for name in route.vars if name.endswith("_id")]
    both = _member_of_both(here.forum, there.forum)
    before = fingerprint()
    for verb in route.methods:
        if verb == "OPTIONS":
            continue
        for person in (here.forum.owner, both):
            api = ApiClient(host=here.forum.host).as_(person)
            for foreign in _mixtures(names):
                values = here.ids | {name: there.ids[name] for name in foreign}
                missing = here.ids | dict.fromkeys(foreign, 987_654_321)
                body = body_of(verb, route.path)
                reply = api.request(verb, concrete(route, values), json=body if verb not in READERS else None)
                twin = api.request(verb, concrete(route, missing), json=body if verb not in READERS else None)
                assert without_ids(reply.content) == without_ids(twin.content), f"{verb} {values}: {reply} {twin}"
                assert reply.status == twin.status
                if reply.status not in (403, 404):
                    # Deleting a named profile that is not there is no error, for nobody's id.
                    assert (verb, reply.status) == ("DELETE", 200), f"{verb} {values}: {reply}"
    assert fingerprint() == before


def _member_of_both(first: Forum, second: Forum) -> Person:
    person = first.member()
    ApiClient(host=second.host).as_(person).get("whoami")
    return person


def _mixtures(names: list[str]) -> list[set[str]]:
    return [set(chosen) for size in range(1, len(names) + 1) for chosen in itertools.combinations(names, size)]


#: Bodies that name a thing of another site: (verb, path, body from the other site's ids).
NAMING: list[tuple[str, str, Any]] = [
    ("POST", "microcosms", lambda ids: {"title": "x", "description": "x", "parentId": ids["microcosm_id"]}),
    ("PUT", "microcosms/{microcosm_id}", lambda ids: {"parentId": ids["microcosm_id"], "meta": {"editReason": "x"}}),
    ("POST", "conversations", lambda ids: {"title": "x", "microcosmId": ids["microcosm_id"]}),
    (
        "PUT",
        "conversations/{conversation_id}",
        lambda ids: {"microcosmId": ids["microcosm_id"], "meta": {"editReason": "x"}},
    ),
    ("POST", "comments", lambda ids: {"itemType": "conversation", "itemId": ids["conversation_id"], "markdown": "x"}),
    ("POST", "comments", lambda ids: {"itemType": "profile", "itemId": ids["profile_id"], "markdown": "x"}),
    ("PUT", "microcosms/{microcosm_id}/roles/{role_id}/profiles", lambda ids: [{"id": ids["profile_id"]}]),
    ("PUT", "microcosms/{microcosm_id}/roles/{role_id}/profiles/{other_profile_id}", lambda ids: {}),
    ("POST", "bans", lambda ids: {"profileId": ids["profile_id"]}),
    ("POST", "watchers", lambda ids: {"itemType": "conversation", "itemId": ids["conversation_id"]}),
    ("POST", "watchers", lambda ids: {"itemType": "microcosm", "itemId": ids["microcosm_id"]}),
    ("PUT", "watchers", lambda ids: {"itemType": "profile", "itemId": ids["profile_id"]}),
    ("POST", "huddles", lambda ids: {"title": "x", "participants": [{"id": ids["profile_id"]}]}),
    ("POST", "comments", lambda ids: {"itemType": "huddle", "itemId": ids["huddle_id"], "markdown": "x"}),
    ("POST", "events", lambda ids: {"title": "x", "microcosmId": ids["microcosm_id"]}),
    ("PUT", "events/{event_id}", lambda ids: {"microcosmId": ids["microcosm_id"], "meta": {"editReason": "x"}}),
    ("PUT", "events/{event_id}/attendees", lambda ids: [{"profileId": ids["profile_id"], "rsvp": "invited"}]),
    ("PUT", "events/{event_id}/attendees/{other_profile_id}", lambda ids: {"rsvp": "invited"}),
    (
        "POST",
        "polls",
        lambda ids: {"title": "x", "microcosmId": ids["microcosm_id"], "question": "x", "choices": [{"choice": "x"}]},
    ),
    ("PUT", "polls/{poll_id}", lambda ids: {"microcosmId": ids["microcosm_id"], "meta": {"editReason": "x"}}),
    ("POST", "comments", lambda ids: {"itemType": "event", "itemId": ids["event_id"], "markdown": "x"}),
    ("POST", "comments", lambda ids: {"itemType": "poll", "itemId": ids["poll_id"], "markdown": "x"}),
    ("PUT", "huddles/{huddle_id}/participants", lambda ids: [{"id": ids["profile_id"]}]),
    ("PUT", "huddles/{huddle_id}/participants/{other_profile_id}", lambda ids: {}),
]


@pytest.mark.parametrize(("verb", "path", "body"), NAMING, ids=lambda value: value if isinstance(value, str) else "")
def test_t1_a_body_cannot_name_a_thing_of_another_site(
    verb: str, path: str, body: Any, here: Furnished, there: Furnished
) -> None:
    api = ApiClient(host=here.forum.host).as_(here.forum.owner)
    before = fingerprint()
    target = path.format(**here.ids, other_profile_id=there.ids["profile_id"])
    assert api.request(verb, target, json=body(there.ids)).status == 404
    assert fingerprint() == before


def test_t1_a_reply_to_a_comment_of_another_site_is_no_reply(here: Furnished, there: Furnished) -> None:
    api = ApiClient(host=here.forum.host).as_(here.forum.owner)
    reply = api.follow(
        api.post(
            "comments",
            {
                "itemType": "conversation",
                "itemId": here.ids["conversation_id"],
                "markdown": "an answer",
                "inReplyTo": there.ids["comment_id"],
            },
        )
    )
    assert reply.data["inReplyTo"] == 0
    assert "inReplyTo" not in {link["rel"] for link in reply.data["meta"]["links"]}


def test_t1_mentions_resolve_on_their_own_site(here: Furnished, there: Furnished) -> None:
    stranger = there.forum.member("wilhelmina")
    api = ApiClient(host=here.forum.host).as_(here.forum.owner)
    said = {
        "itemType": "conversation",
        "itemId": here.ids["conversation_id"],
        "markdown": "hello @wilhelmina and @walter",
    }
    html = api.follow(api.post("comments", said)).data["html"]
    assert f"/profiles/{stranger.id}" not in html
    assert f"/profiles/{here.ids['profile_id']}" in html


def test_t1_marking_things_of_another_site_as_read_does_nothing(here: Furnished, there: Furnished) -> None:
    api = ApiClient(host=here.forum.host).as_(here.forum.owner)
    before = fingerprint()
    for kind, name in (("microcosm", "microcosm_id"), ("conversation", "conversation_id"), ("huddle", "huddle_id")):
        assert api.put("profiles/read", {"itemType": kind, "itemId": there.ids[name]}).status == 200
    assert fingerprint() == before


def test_the_permission_route_tells_nothing_of_another_site(here: Furnished, there: Furnished) -> None:
    for person in (None, here.forum.owner, here.forum.member()):
        api = ApiClient(host=here.forum.host).as_(person)
        for kind in ("microcosm", "conversation", "comment", "huddle"):
            seen = api.get(f"permission?itemType={kind}&itemId={there.ids[f'{kind}_id']}").data
            assert seen == api.get(f"permission?itemType={kind}&itemId=987654321").data


def test_lists_of_one_site_hold_nothing_of_the_other(here: Furnished, there: Furnished) -> None:
    api = ApiClient(host=here.forum.host).as_(here.forum.owner)
    foreign = {there.ids[name] for name in ("microcosm_id", "conversation_id", "profile_id")}
    for path in ("microcosms", "microcosms/tree", "conversations", "profiles?limit=250", "roles", "bans"):
        found = {int(n) for n in re.findall(rb'"(?:id|profileId|microcosmId|siteId)":(\d+)', api.get(path).content)}
        own = set(here.ids.values())
        assert found & (foreign - own) == set(), path
        assert there.forum.site.id not in found, path

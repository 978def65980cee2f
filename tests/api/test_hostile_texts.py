"""Every text of every body in the description, with what nobody should send: no 500, and no markup comes back.

What becomes of the texts that people type is in test_text_fields.py; here no field can be forgotten.
"""

import copy
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from apps.core.openapi import document
from tests.access.test_tenancy import Furnished, furnish
from tests.client import ApiClient, Reply
from tests.factories import Forum
from tests.routes import MISSING

pytestmark = pytest.mark.django_db

MEGABYTE = "x" * 1_000_000
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"
TEXTS = [
    MARKUP,
    f"\"><svg onload=alert(1)>{'&amp;' * 3}'",
    "javascript:alert(1)",
    MEGABYTE,
    "\u202e\u2066 e\u0301\u0302 👩‍👩‍👧 \U0002070e ﷺ",
    "\x01\x7f\x9f\ufffe\U000e0001\r\n",
    "",
    " ",
    "9" * 400,
    "2026-02-30T25:61:61+99:99",
]
#: As they stand in JSON, because no library writes them.
UNSTORABLE = [r"a\u0000", r"\ud800", r"\udc00\ud800"]
#: Where markup is what was asked for, or where no text of a page is.
NO_PAGE_TEXT = {"markdown", "html", "href", "Location"}

AUTH = ("assertion", "clientSecret", "code", "email", "password", "profileName", "backend")
AUTH0 = ("accessToken", "clientSecret", "code", "state", "tokenType")
ITEM = {"title": "Text", "microcosmId": "{microcosm_id}"}
EDIT = {"title": "Text", "meta": {"editReason": "because"}}
PLACE = {"description": "Text", "itemTypes": ["event"], "logoUrl": "/x.png", "title": "Text", "visibility": "public"}
SITE = {
    "backgroundColor": "red", "backgroundPosition": "tile", "backgroundUrl": "/x.png", "contactEmail": "a@example.org",
    "description": "Text", "faviconUrl": "/x.png", "gaWebPropertyId": "UA-1", "linkColor": "red", "logoUrl": "/x.png",
    "title": "Text",
}  # fmt: skip
POLL = {"choices": [{"choice": "Text"}], "pollCloses": "2031-01-01T10:00:00Z", "question": "Text", "results": "always"}
EVENT = {"tz": "Europe/London", "when": "2031-01-01T10:00:00Z", "where": "Text"}
CRITERION = {"profileColumn": "profileName", "attrKey": "colour", "predicate": "eq", "value": "Text"}
NAMED = {"itemType": "profile", "itemId": "{profile_id}"}
#: A body that would be taken, by the end of the path; whatever text is in the description is in it.
BODIES: list[tuple[str, str, Any]] = [
    ("POST", "/auth", dict.fromkeys(AUTH, "x")),
    ("POST", "/auth0", dict.fromkeys(AUTH0, "x")),
    ("POST", "/bans", {"profileId": "{profile_id}", "reason": "Text", "expires": "2031-01-01T10:00:00Z"}),
    ("POST", "/comments", NAMED | {"markdown": "Text", "itemId": "{owner_id}"}),
    ("PUT", "/comments/{comment_id}", {"markdown": "Text"}),
    ("POST", "/attachments", {"fileHash": "a" * 40, "fileName": "x.png"}),
    ("PUT", "/attributes", [{"key": "colour", "value": "Text"}]),
    ("DELETE", "/attributes", [{"key": "colour"}]),
    ("PUT", "/attributes/{key}", {"value": "Text"}),
    ("POST", "/conversations", ITEM),
    ("PUT", "/conversations/{conversation_id}", EDIT),
    ("POST", "/events", ITEM | EVENT),
    ("PUT", "/events/{event_id}", EDIT | EVENT),
    ("PUT", "/attendees", [{"profileId": "{profile_id}", "rsvp": "invited"}]),
    ("PUT", "/attendees/{profile_id}", {"rsvp": "invited"}),
    ("POST", "/huddles", {"title": "Text"}),
    ("PUT", "/ignored", NAMED),
    ("DELETE", "/ignored", NAMED),
    ("POST", "/microcosms", PLACE),
    ("PUT", "/microcosms/{microcosm_id}", PLACE | EDIT),
    ("POST", "/roles", EDIT),
    ("PUT", "/roles/{role_id}", EDIT),
    ("POST", "/criteria", CRITERION),
    ("PUT", "/criteria/{criterion_id}", CRITERION),
    ("POST", "/polls", ITEM | POLL),
    ("PUT", "/polls/{poll_id}", EDIT | POLL),
    ("POST", "/profiles", {"gender": "x", "profileName": "text"}),
    ("PUT", "/profiles/{profile_id}", {"gender": "x", "profileName": "text"}),
    ("PUT", "/profiles/read", NAMED),
    ("PUT", "/site", SITE),
    ("POST", "/sites", SITE | {"subdomainKey": "gamma"}),
    ("PUT", "/sites/{site_id}", SITE),
    ("PUT", "/menu", [{"href": "/x", "text": "Text", "title": "Text"}]),
    ("PUT", "/updates/preferences/{update_type_id}", {"sendEmail": True, "digest": "none"}),
    ("POST", "/updates/push", {"endpoint": "https://push.example/1", "keys": {"auth": "x", "p256dh": "x"}}),
    ("POST", "/users", [{"email": "new@example.org"}]),
    ("POST", "/users/batch", [{"email": "new@example.org", "isMember": True}]),
    ("POST", "/watchers", NAMED),
    ("PUT", "/watchers", NAMED),
    ("PATCH", "/watchers/delete", NAMED),
    ("PATCH", "/watchers/patch", NAMED),
    ("PATCH", "/watchers/{watcher_id}", NAMED),
    ("POST", "/webhooks", {"kinds": ["CommentCreated"], "url": "https://example.org/hook"}),
    ("PUT", "/webhooks/{webhook_id}", {"kinds": ["CommentCreated"], "url": "https://example.org/hook"}),
]  # fmt: skip


def leaves(schema: dict[str, Any], place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where a body of a schema holds texts that are no choice from a list."""
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    kinds = schema.get("type", [])
    for name, inner in schema.get("properties", {}).items():
        yield from leaves(inner, (*place, name))
    for inner in (schema[key] for key in ("items",) if key in schema):
        yield from leaves(inner, (*place, 0))
    for key in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(key, []):
            yield from leaves(inner, place)
    if "string" in ([kinds] if isinstance(kinds, str) else kinds) and "enum" not in schema:
        yield place


def described() -> dict[str, list[tuple[str, str, list[tuple[str | int, ...]]]]]:
    """Every operation that reads JSON with texts in it, and where, by the first word of its path."""
    found: dict[str, list[Any]] = defaultdict(list)
    for path, operations in document()["paths"].items():
        for verb, operation in operations.items():
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            if places := sorted(set(leaves(schema)), key=str):
                found[path.removeprefix("/api/v1/").split("/")[0]].append((verb.upper(), path, places))
    return found


@pytest.fixture
def here(forum: Forum) -> Furnished:
    """A site with one of everything."""
    return furnish(forum)


def put(body: Any, place: tuple[str | int, ...], text: str) -> Any:
    """A body with another text at a place."""
    changed = copy.deepcopy(body)
    holder = changed
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]]  # What the description has and the body here lacks is missing in BODIES.
    holder[place[-1]] = text
    return changed


def filled(value: Any, ids: dict[str, Any]) -> Any:
    """`"{x_id}"` replaced by the id, and in a path `{x_id}` too."""
    return json.loads(re.sub(r'"\{(\w+)\}"', lambda match: str(ids[match[1]]), json.dumps(value)))


def markup_in(value: Any, key: str = "") -> list[str]:
    """The texts of an answer that an HTML page could not print as they are."""
    if isinstance(value, dict):
        return [found for name, inner in value.items() for found in markup_in(inner, name)]
    if isinstance(value, list):
        return [found for inner in value for found in markup_in(inner, key)]
    is_text = isinstance(value, str) and key not in NO_PAGE_TEXT
    return [value] if is_text and re.search(r"[<>]", value) else []


OPERATIONS = described()


@pytest.mark.parametrize("word", OPERATIONS)
def test_no_text_of_a_body_breaks_anything(word: str, here: Furnished, root_forum: Forum) -> None:
    ids = MISSING | here.ids | {"update_type_id": 1, "owner_id": here.forum.owner.id}
    for verb, path, places in OPERATIONS[word]:
        is_root = document()["paths"][path][verb.lower()]["x-host"] == "root"
        api = ApiClient(host=root_forum.host if is_root else here.forum.host).as_(here.forum.owner)
        target = re.sub(r"\{(\w+)\}", lambda match: str(ids[match[1]]), path)
        body = filled(body_of(verb, path), ids)
        for place in places:
            try_texts(api, verb, target, body=body, place=place)


def body_of(verb: str, path: str) -> Any:
    """The body of the row whose end of a path fits best."""
    return max((row for row in BODIES if row[0] == verb and path.endswith(row[1])), key=lambda row: len(row[1]))[2]


def try_texts(api: ApiClient, verb: str, target: str, *, body: Any, place: tuple[str | int, ...]) -> None:
    """Every text at one place of a body."""
    for text in TEXTS:
        check(api, api.request(verb, target, json=put(body, place, text)), text=text)
    for text in UNSTORABLE:
        raw = json.dumps(put(body, place, "MARK")).replace("MARK", text).encode()
        reply = api.request(verb, target, body=raw, content_type="application/json")
        assert reply.status == 400, (target, place, text, reply)


def check(api: ApiClient, reply: Reply, *, text: str) -> None:
    """An answer is a coded refusal, or what it made is shown without markup."""
    assert reply.status < 500, reply
    if reply.status >= 400:
        assert reply.json["error"], reply
        return
    shown = api.get(reply.location) if reply.status == 302 else reply
    assert shown.status == 200, shown
    assert not markup_in(shown.json), (text[:80], shown)
    assert text is not MEGABYTE or MEGABYTE.encode() not in shown.content

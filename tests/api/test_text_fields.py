"""What people type into each text field comes back intact or is refused with a coded 400, and never as markup."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from apps.text.cleaning import clean_description, clean_profile_name, clean_sentence, clean_title
from apps.text.rendering import MAX_MARKDOWN_LENGTH
from tests.client import ApiClient, Reply
from tests.content import ask, describe, place_in, say, start
from tests.factories import Forum, make_criterion
from tests.text.allowlist import assert_allowed
from tests.text.payloads import PAYLOADS
from tests.trees import make_role

pytestmark = pytest.mark.django_db

EXAMPLES = json.loads(
    (Path(__file__).parents[1] / "text" / "data" / "commonmark-0.31.2.json").read_text(encoding="utf-8")
)
#: What a title of 1 MB or the like is made of.
MEGABYTE = 1_000_000

ORDINARY = [
    "Plain",
    "Tea & cake",
    'R&D "x" it\'s',
    "1 < 2 > 0",
    "a &amp; b",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "Grüße",
    "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd",
    "\u202eevil\u202c",
    "\u2066x\u2069",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🇬🇧 👍🏽",
    "\U0001d518\U0001d52b\U0001d526 \U0002070e \U00010348",
    "e\u0301 n\u0303 Z\u0351\u0352\u0353algo",
    "ตัวอย่าง हिन्दी 한국어 日本語",
    "ﷺ \ufdfd",
    "UPPER CASE",
    "123",
    "\ufeffbom",
    "soft\u00adhyphen",
    "a\u200bb\u200cc\u200dd",
    "\u0001\u0002\u001b[31mred\u001b[0m",
    "bell\a tab\t newline\n return\r\n",
    "\x7f\x80\x9f",
    "line\u2028para\u2029graph",
    "\ufffe\uffff\ufdd0",
    "\U000e0001\U000e0020",
    "\ue000\U000f0000",
    "'; DROP TABLE items_item; --",
    "{{7*7}} ${7*7} <%= 7*7 %> %s %(x)s {0}",
    "../../etc/passwd",
    "=cmd|' /C calc'!A0",
    "javascript:alert(1)",
]
#: JSON that holds what cannot be stored, written by hand because no library would.
UNSTORABLE = [r"a\u0000b", r"\u0000", r"\ud800", r"a\udfffb", r"\ud83d\ud83d", r"\udc00\ud800"]


@dataclass(frozen=True)
class Field:
    """Where a text is written, where it is read again, and what cleaning makes of it (None: it is Markdown)."""

    name: str
    verb: str
    path: str
    body: Callable[[str], Any]
    read: Callable[[Any], str]
    clean: Callable[[str], str] | None = None
    host: str = "site"
    #: Where it is read if the answer to the write does not say it.
    shown: str = ""

    def __str__(self) -> str:
        return self.name


def title(data: dict[str, Any]) -> str:
    """The title of anything."""
    text: str = data["title"]
    return text


def markdown(data: dict[str, Any]) -> str:
    """The source of a comment."""
    text: str = data["markdown"]
    return text


def reason(data: dict[str, Any]) -> str:
    """Why something was edited."""
    text: str = data["meta"]["editReason"]
    return text


BECAUSE = {"editReason": "x"}
FIELDS = [
    # Conversations.
    Field(
        "new title", "POST", "conversations", lambda t: {"microcosmId": IDS["place"], "title": t}, title, clean_title
    ),
    Field(
        "title", "PUT", "conversations/{item}", lambda t: {"title": t, "meta": {"editReason": "x"}}, title, clean_title
    ),
    Field("edit reason", "PUT", "conversations/{item}", lambda t: {"meta": {"editReason": t}}, reason, clean_title),
    # Comments and biographies.
    Field(
        "new comment",
        "POST",
        "comments",
        lambda t: {"itemType": "conversation", "itemId": IDS["item"], "markdown": t},
        markdown,
    ),
    Field("comment", "PUT", "comments/{comment}", lambda t: {"markdown": t}, markdown),
    Field(
        "new biography",
        "POST",
        "comments",
        lambda t: {"itemType": "profile", "itemId": IDS["profile"], "markdown": t},
        markdown,
    ),
    Field("biography", "PUT", "comments/{biography}", lambda t: {"markdown": t}, markdown),
    # Microcosms and roles.
    Field(
        "microcosm title",
        "PUT",
        "microcosms/{place}",
        lambda t: {"title": t, "meta": {"editReason": "x"}},
        title,
        clean_sentence,
    ),
    Field(
        "microcosm description",
        "PUT",
        "microcosms/{place}",
        lambda t: {"description": t, "meta": {"editReason": "x"}},
        lambda data: data["description"],
        clean_description,
    ),
    Field(
        "microcosm edit reason",
        "PUT",
        "microcosms/{place}",
        lambda t: {"meta": {"editReason": t}},
        reason,
        clean_sentence,
    ),
    Field(
        "role title",
        "PUT",
        "microcosms/{place}/roles/{role}",
        lambda t: {"title": t, "read": True},
        title,
        clean_sentence,
    ),
    # Profiles.
    Field(
        "profile name",
        "PUT",
        "profiles/{profile}",
        lambda t: {"profileName": t},
        lambda data: data["profileName"],
        clean_profile_name,
    ),
    Field(
        "gender",
        "PUT",
        "profiles/{profile}",
        lambda t: {"gender": t},
        lambda data: data.get("gender", ""),
        clean_sentence,
    ),
    # Events, polls and huddles.
    Field("event title", "PUT", "events/{event}", lambda t: {"title": t, "meta": BECAUSE}, title, clean_title),
    Field(
        "event place",
        "PUT",
        "events/{event}",
        lambda t: {"where": t, "meta": BECAUSE},
        lambda data: data.get("where", ""),
        clean_description,
    ),
    Field("poll title", "PUT", "polls/{poll}", lambda t: {"title": t, "meta": BECAUSE}, title, clean_title),
    Field(
        "poll question",
        "PUT",
        "polls/{poll}",
        lambda t: {"question": t, "meta": BECAUSE},
        lambda data: data["question"],
        clean_title,
    ),
    Field(
        "poll choice",
        "POST",
        "polls",
        lambda t: {"microcosmId": IDS["place"], "title": "x", "question": "y", "choices": [{"choice": t}]},
        lambda data: data["choices"][0]["choice"],
        clean_title,
    ),
    Field("huddle title", "POST", "huddles", lambda t: {"title": t}, title, clean_title),
    # What only owners and moderators write.
    Field(
        "attribute",
        "PUT",
        "conversations/{item}/attributes/colour",
        lambda t: {"value": t},
        lambda data: data["value"],
        clean_sentence,
    ),
    Field(
        "criterion",
        "PUT",
        "microcosms/{place}/roles/{role}/criteria/{criterion}",
        lambda t: {"value": t},
        lambda data: data["value"],
        clean_sentence,
    ),
    Field(
        "reason of a ban",
        "POST",
        "bans",
        lambda t: {"profileId": IDS["person"], "reason": t},
        lambda data: data["reason"],
        clean_sentence,
    ),
    Field(
        "menu text",
        "PUT",
        "site/menu",
        lambda t: [{"href": "/x", "text": t}],
        lambda data: data[0]["text"],
        clean_sentence,
        shown="site/menu",
    ),
    Field(
        "menu title",
        "PUT",
        "site/menu",
        lambda t: [{"href": "/x", "text": "x", "title": t}],
        lambda data: data[0].get("title", ""),
        clean_sentence,
        shown="site/menu",
    ),
    # Sites, managed on the root host.
    Field("site title", "PUT", "sites/{site}", lambda t: {"title": t}, title, clean_sentence, host="root"),
    Field(
        "site description",
        "PUT",
        "sites/{site}",
        lambda t: {"description": t},
        lambda data: data["description"],
        clean_description,
        host="root",
    ),
]
#: The things that the fields belong to, made anew for each test.
IDS: dict[str, int] = {}


@pytest.fixture
def owner(api: ApiClient, forum: Forum, root_forum: Forum) -> Iterator[dict[str, ApiClient]]:
    """The owner of a site, who may write everything, on each host class."""
    place = place_in(forum)
    item = start(forum.owner, place)
    role = make_role(place, can_read=True)
    event = {"microcosmId": place.id, "title": "Event", "when": "2031-01-01T10:00:00Z"}
    IDS.update(
        event=int(api.as_(forum.owner).post("events", event).location.rsplit("/", 1)[1]),
        poll=ask(forum.owner, place).id,
        person=forum.member().id,
        criterion=make_criterion(role, column="profileName", predicate="eq", value="x").id,
        place=place.id,
        item=item.id,
        comment=say(forum.owner, item).id,
        biography=describe(forum.owner).id,
        role=role.id,
        profile=forum.owner.id,
        site=forum.site.id,
    )
    client = api.as_(forum.owner)
    yield {"site": client, "root": client.at(root_forum.host)}
    IDS.clear()


def write(client: ApiClient, field: Field, text: str) -> Reply:
    """Send a text."""
    return client.request(field.verb, field.path.format(**IDS), json=field.body(text))


def check(client: ApiClient, field: Field, text: str, *, twice: bool = False) -> bool:
    """Whether a text was stored; fails unless it is intact then, and refused with a code otherwise.

    `twice` also sends back what was read, as the edit forms of clients do: that changes nothing.
    """
    reply = write(client, field, text)
    if reply.status == 400:
        assert reply.code in (1, 2, 3, 4), reply
        return False
    assert reply.status == (200 if field.shown else 302), reply
    data = client.get(field.shown or reply.location).data
    value = field.read(data)
    if field.clean is None:
        assert value == text
        assert_allowed(data["html"])
        return True
    cleaned = field.clean(text).strip()
    # A text of which nothing is left may also mean that the stored one stays.
    assert not cleaned or value.strip() == cleaned, field
    assert not markup_in(value), value
    if twice:
        again = write(client, field, value)
        assert again.status == reply.status, again
        assert field.read(client.get(field.shown or again.location).data) == value
    return True


def markup_in(value: str) -> list[str]:
    """The tags, comments and declarations that an HTML page would find in a text printed as it is."""
    found: list[str] = []

    class Finder(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            found.append(tag)

        def handle_endtag(self, tag: str) -> None:
            found.append(tag)

        def handle_comment(self, data: str) -> None:
            found.append(data)

        def handle_decl(self, decl: str) -> None:
            found.append(decl)

    finder = Finder()
    finder.feed(value)
    finder.close()
    return found + [character for character in '"<>' if character in value]


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_texts_of_all_sorts(owner: dict[str, ApiClient], field: Field) -> None:
    client = owner[field.host]
    stored = [text for text in ORDINARY if check(client, field, text, twice=True)]
    assert {"Plain", "Grüße"} <= set(stored)


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_X1_no_active_content_ever(owner: dict[str, ApiClient], field: Field) -> None:
    """One field of each kind gets all payloads; the others, which are cleaned alike, get a share each."""
    number = FIELDS.index(field)
    payloads = PAYLOADS if field.name in ("new title", "new comment") else PAYLOADS[number :: len(FIELDS)]
    refused = [payload for payload in payloads if not check(owner[field.host], field, payload)]
    if field.clean is None:
        assert all("\0" in payload for payload in refused)


@pytest.mark.parametrize("field", [field for field in FIELDS if field.clean is None], ids=str)
def test_the_examples_of_commonmark(owner: dict[str, ApiClient], field: Field) -> None:
    """Ten to a text: what each becomes is tested where rendering is."""
    sources = [example["markdown"] for example in EXAMPLES]
    texts = ["\n\n".join(sources[start : start + 10]) for start in range(0, len(sources), 10)]
    assert all(check(owner[field.host], field, text) for text in texts)


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_what_cannot_be_stored_is_refused(owner: dict[str, ApiClient], field: Field) -> None:
    client = owner[field.host]
    for text in UNSTORABLE:
        body = json.dumps(field.body("MARK")).replace("MARK", text).encode()
        reply = client.request(field.verb, field.path.format(**IDS), body=body, content_type="application/json")
        assert reply.status == 400, (text, reply)
        assert reply.code in (2, 4)


@pytest.mark.parametrize("field", FIELDS, ids=str)
@pytest.mark.parametrize("unit", ["x", "é", "👍", "<b>", "&", "\u0301", " x", "@a", "[", ">"])
def test_a_megabyte_is_refused(owner: dict[str, ApiClient], field: Field, unit: str) -> None:
    text = unit * (MEGABYTE // len(unit.encode()))
    reply = write(owner[field.host], field, text)
    if reply.status < 400 and field.clean is not None:
        assert field.clean(text) == ""
        return
    assert (reply.status, reply.code) == (400, 4)


@pytest.mark.parametrize("field", [field for field in FIELDS if field.clean is None], ids=str)
def test_the_longest_text_is_kept(owner: dict[str, ApiClient], field: Field) -> None:
    client = owner[field.host]
    text = ("Tea & cake. " * MAX_MARKDOWN_LENGTH)[:MAX_MARKDOWN_LENGTH]
    assert check(client, field, text)
    assert not check(client, field, text + "x")


@pytest.mark.parametrize("field", [field for field in FIELDS if field.clean is not None], ids=str)
def test_the_longest_text_is_kept_though_each_character_is_escaped(owner: dict[str, ApiClient], field: Field) -> None:
    """Lengths are those that people see; a column has room for five times as many."""
    client = owner[field.host]
    stored = [check(client, field, '"' * length) for length in (16, 25, 50, 150, 200, 250, 512, 1000, 10_000)]
    assert any(stored)

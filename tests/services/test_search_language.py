"""The query language of search, operator by operator (contract B 10.2 to 10.4)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.search.language import echo, moment, read_query, wanted
from apps.sites.types import ItemType

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
HUDDLE, CONVERSATION, EVENT = ItemType.HUDDLE, ItemType.CONVERSATION, ItemType.EVENT
COMMENT, PROFILE, MICROCOSM, POLL = ItemType.COMMENT, ItemType.PROFILE, ItemType.MICROCOSM, ItemType.POLL


def echoed(*pairs: tuple[str, str], owner: bool = False) -> dict[str, Any]:
    return echo(read_query(pairs, may_find_emails=owner))


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], {}),
        ([("q", "")], {}),
        ([("q", "   ")], {}),
        ([("q", "tea")], {"q": "tea", "searched": "tea"}),
        ([("q", "tea  cake ")], {"q": "tea cake", "searched": "tea cake"}),
        ([("q", "bicycle -wheel")], {"q": "bicycle -wheel", "searched": "bicycle -wheel"}),
        ([("q", "in:title")], {"q": "in:title", "searched": "in:title"}),
        ([("q", "a:b:c type: :event")], {"q": "a:b:c type: :event", "searched": "a:b:c type: :event"}),
        ([("q", "type:event:x")], {"q": "type:event:x", "searched": "type:event:x"}),
        (
            [("q", "#bicycle #bicycle tea")],
            {"q": "#bicycle #bicycle tea", "hashtags": ["#bicycle"], "searched": "#bicycle #bicycle tea"},
        ),
        (
            [("q", "tea type:event sort:date")],
            {"q": "tea", "type": ["event"], "sort": "date", "searched": "tea type:event sort:date"},
        ),
        (
            [("type", "event"), ("type", "event"), ("q", "TYPE:poll")],
            {"type": ["event", "poll"], "searched": "type:event type:poll"},
        ),
        ([("type", "zzz")], {"ignored": "type=zzz"}),
        ([("q", "type:Event")], {"ignored": "type:Event"}),
        (
            [("id", "7"), ("id", "8"), ("type", "poll")],
            {"type": ["poll"], "id": [7, 8], "searched": "type:poll id:7 id:8"},
        ),
        ([("id", "0")], {"ignored": "id=0"}),
        ([("forumId", "abc")], {"ignored": "forumId=abc"}),
        ([("q", "forumid:4")], {"searched": "forumId:4"}),
        ([("authorId", "3"), ("q", "authorid:5")], {"authorId": 5, "searched": "authorId:5"}),
        ([("authorId", "-3")], {"ignored": "authorId=-3"}),
        ([("authorId", "9" * 19)], {"ignored": "authorId=" + "9" * 19}),
        ([("author", "member101")], {"ignored": "author:member101"}),
        ([("q", "tea author:member101")], {"q": "tea", "ignored": "author:member101", "searched": "tea"}),
        ([("author", "x"), ("authorId", "3")], {"authorId": 3, "searched": "authorId:3"}),
        ([("email", "a@example.org")], {"ignored": "email=a@example.org"}),
        ([("following", "true")], {"following": True, "searched": "following:true"}),
        ([("following", "maybe")], {"ignored": "following=maybe"}),
        ([("following", "false")], {}),
        ([("has", "Attachment")], {"has": ["attachment"], "searched": "has:attachment"}),
        ([("has", "cake")], {"ignored": "has=cake"}),
        ([("inTitle", "true")], {"inTitle": True, "searched": "inTitle:true"}),
        ([("q", "intitle:1")], {"inTitle": True, "searched": "inTitle:true"}),
        ([("since", "-1")], {"since": "-1", "searched": "since:-1"}),
        ([("since", "2026-01-02T03:04")], {"since": "2026-01-02T03:04", "searched": "since:2026-01-02T03:04"}),
        ([("since", "garbage")], {"ignored": "since=garbage"}),
        ([("until", "2026-02-30")], {"ignored": "until=2026-02-30"}),
        (
            [("type", "event"), ("eventAfter", "0")],
            {"type": ["event"], "eventAfter": "0", "searched": "type:event eventAfter:0"},
        ),
        (
            [("type", "event"), ("type", "poll"), ("eventBefore", "0")],
            {"type": ["event", "poll"], "ignored": "eventBefore=0", "searched": "type:event type:poll"},
        ),
        (
            [("attendee", "true"), ("type", "event")],
            {"type": ["event"], "attendee": True, "searched": "type:event attendee:true"},
        ),
        ([("q", "attendee:true")], {"ignored": "attendee:true"}),
        ([("sort", "whatever")], {"sort": "whatever", "searched": "sort:whatever"}),
        ([("lat", "51.5"), ("radius", "5000")], {"ignored": "lat:51.500000 radius:5000"}),
        ([("lat", "-51.5")], {"lat": -51.5, "searched": "lat:-51.5"}),
        (
            [("north", "1"), ("east", "2"), ("south", "3"), ("west", "4")],
            {"north": 1, "east": 2, "south": 3, "west": 4, "searched": "north:1 east:2 south:3 west:4"},
        ),
        ([("north", "1")], {"ignored": "north:1.000000"}),
        ([("defaults", "true"), ("q", "tea")], {"q": "tea", "searched": "tea"}),
    ],
)
def test_the_echo_says_what_was_understood(pairs: list[tuple[str, str]], expected: dict[str, Any]) -> None:
    assert echoed(*pairs) == expected


def test_addresses_are_for_owners() -> None:
    assert echoed(("email", "a@example.org"), ("q", "email:b@example.org"), owner=True)["email"] == [
        "a@example.org",
        "b@example.org",
    ]


@pytest.mark.parametrize(
    ("pair", "runs"),
    [
        (("q", "tea"), True),
        (("q", " "), False),
        (("type", "event"), True),
        (("type", "zzz"), False),
        (("authorId", "3"), True),
        (("forumId", "3"), True),
        (("email", "a@example.org"), True),
        (("id", "3"), False),
        (("since", "-1"), False),
        (("following", "true"), False),
        (("has", "attachment"), False),
        (("sort", "date"), False),
    ],
)
def test_what_makes_a_query_runnable(pair: tuple[str, str], runs: bool) -> None:
    assert read_query([pair], may_find_emails=True).is_runnable is runs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", NOW),
        ("-1", NOW - timedelta(days=1)),
        ("+2", NOW + timedelta(days=2)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("2026-01-02T03:04", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
        ("2026-13-01", None),
        ("2026-1-1", None),
        ("-999999", None),
        ("1000000000000", None),
        ("yesterday", None),
    ],
)
def test_moments(text: str, expected: datetime | None) -> None:
    assert moment(text, now=NOW) == expected


@pytest.mark.parametrize(
    ("query", "kinds", "parents"),
    [
        ("type:event", {EVENT}, set()),
        ("tea type:event", {EVENT}, set()),
        ("type:comment", set(), {PROFILE, HUDDLE, CONVERSATION, POLL, EVENT}),
        ("type:conversation type:comment", {CONVERSATION}, {CONVERSATION}),
        ("type:conversation type:event", {CONVERSATION, EVENT}, set()),
        ("tea type:conversation type:event", {CONVERSATION, EVENT}, {CONVERSATION, EVENT}),
        ("tea type:conversation type:event intitle:true", {CONVERSATION, EVENT}, set()),
        ("tea", {MICROCOSM, PROFILE, HUDDLE, CONVERSATION, POLL, EVENT}, {PROFILE, HUDDLE, CONVERSATION, POLL, EVENT}),
        ("authorId:1", {MICROCOSM, PROFILE, CONVERSATION, POLL, EVENT}, {PROFILE}),
        ("type:site", set(), set()),
        ("tea sort:newest", {EVENT}, set()),
        ("type:comment sort:newest", set(), set()),
    ],
)
def test_which_types_are_found(query: str, kinds: set[ItemType], parents: set[ItemType]) -> None:
    found = wanted(read_query([("q", query)], may_find_emails=False))
    assert (set(found.kinds), set(found.comment_parents)) == (kinds, parents)

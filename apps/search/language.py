"""The query language of search (contract B 10.2 to 10.4): parameters and words in, a query and its echo out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.core.serializers import MAX_ID
from apps.sites.types import ITEM_TYPES, ItemType

#: The parts of a place on the map: a centre, or a box.
CENTRE = ("lat", "lon", "radius")
BOX = ("north", "east", "south", "west")
_NAMES = ("type", "id", "forumId", "authorId", "author", "email", "following", "has", "inTitle", "since", "until")
#: The operators by the key they have inside `q`; the names are those of the URL.
OPERATORS = {name.lower(): name for name in (*_NAMES, "eventAfter", "eventBefore", "attendee", "sort", *CENTRE, *BOX)}
_TRUE = {"1", "t", "T", "TRUE", "true", "True"}
_FALSE = {"0", "f", "F", "FALSE", "false", "False"}
_DAYS = re.compile(r"[+-]?[0-9]{1,6}")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2}))?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(?:\.[0-9]{1,15})?")
_HASHTAG = re.compile(r"#\w+")
_EVENTS_ONLY = ("eventAfter", "eventBefore", "attendee")


@dataclass(frozen=True)
class SearchQuery:
    """What somebody looks for; empty, zero and None stand for what they did not say."""

    text: str = ""
    in_title: bool = False
    types: tuple[ItemType, ...] = ()
    ids: tuple[int, ...] = ()
    forum_ids: tuple[int, ...] = ()
    author_id: int = 0
    emails: tuple[str, ...] = ()
    is_following: bool = False
    has_attachment: bool = False
    is_attendee: bool = False
    sort: str = ""
    #: The moments as typed, by operator: since, until, eventAfter, eventBefore.
    moments: Mapping[str, str] = field(default_factory=dict)
    #: Numbers of the map, which are echoed and do nothing.
    numbers: Mapping[str, float] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    @property
    def hashtags(self) -> tuple[str, ...]:
        """The tags in the text, each of which has to occur as it is."""
        return tuple(dict.fromkeys(_HASHTAG.findall(self.text)))

    @property
    def is_runnable(self) -> bool:
        """Whether there is anything to look for (B 10.3); a microcosm counts only if the viewer may read it."""
        return bool(self.text or self.types or self.author_id or self.emails or self.forum_ids)

    @property
    def needs_forum(self) -> bool:
        """Whether only the microcosms that it names make it runnable."""
        return not (self.text or self.types or self.author_id or self.emails)


@dataclass(frozen=True)
class Operator:
    """An operator as it came: from the URL (`name=value`) or from within `q` (`key:value`)."""

    name: str
    value: str
    source: str


@dataclass(frozen=True)
class Wanted:
    """Which kinds of things a query finds, and comments on which kinds of things (B 10.5)."""

    kinds: tuple[ItemType, ...]
    comment_parents: tuple[ItemType, ...]


_ITEMS = (ItemType.CONVERSATION, ItemType.POLL, ItemType.EVENT)
_DIRECT = (ItemType.MICROCOSM, ItemType.PROFILE, ItemType.HUDDLE, *_ITEMS)
_PARENTS = (ItemType.PROFILE, ItemType.HUDDLE, *_ITEMS)


def read_query(parameters: Iterable[tuple[str, str]], *, may_find_emails: bool) -> SearchQuery:
    """The query in the parameters of a URL and in the words of their `q`.

    `may_find_emails` is for owners of the site; for everybody else the operator is one of the ignored.
    """
    pairs = list(parameters)
    words, inline = split_words(next((value for name, value in reversed(pairs) if name == "q"), ""))
    names = set(OPERATORS.values())
    given = [Operator(name, value, f"{name}={value}") for name, value in pairs if name in names and value != ""]
    query, ignored = SearchQuery(text=" ".join(words).strip()), []
    taken: dict[str, Operator] = {}
    for operator in [*given, *inline]:
        changed = None if operator.name == "email" and not may_find_emails else _apply(query, operator)
        if changed is None:
            ignored.append(operator.source)
        else:
            query, taken[operator.name] = changed, operator
    return _finish(query, taken=taken, ignored=ignored)


def split_words(text: str) -> tuple[list[str], list[Operator]]:
    """The words of a text that are no operators, and the operators."""
    words, operators = [], []
    for word in text.split(" "):
        key, colon, value = word.partition(":")
        name = OPERATORS.get(key.lower())
        if colon and value and name is not None and ":" not in value:
            operators.append(Operator(name, value, word))
        elif word:
            words.append(word)
    return words, operators


def _apply(query: SearchQuery, operator: Operator) -> SearchQuery | None:
    """The query with an operator in it; None if its value is not one."""
    name, value = operator.name, operator.value
    match name:
        case "type":
            kind = ITEM_TYPES.get(value)
            return None if kind is None else replace(query, types=_with(query.types, kind))
        case "id" | "forumId" | "authorId":
            return _apply_id(query, name, value)
        case "email":
            return replace(query, emails=_with(query.emails, value))
        case "has":
            return replace(query, has_attachment=True) if value.lower() == "attachment" else None
        case "following" | "inTitle" | "attendee":
            fields = {"following": "is_following", "inTitle": "in_title", "attendee": "is_attendee"}
            return replace(query, **{fields[name]: value in _TRUE}) if value in _TRUE | _FALSE else None  # type: ignore[arg-type]
        case "since" | "until" | "eventAfter" | "eventBefore":
            is_moment = moment(value, now=datetime(2000, 1, 1, tzinfo=UTC)) is not None
            return replace(query, moments={**query.moments, name: value}) if is_moment else None
        case "sort":
            return replace(query, sort=value)
        case "author":
            return query
        case _:
            number = _NUMBER.fullmatch(value)
            return replace(query, numbers={**query.numbers, name: float(value)}) if number else None


def _apply_id(query: SearchQuery, name: str, value: str) -> SearchQuery | None:
    if not (value.isascii() and value.isdigit() and len(value) <= 19 and 1 <= int(value) <= MAX_ID):
        return None
    if name == "id":
        return replace(query, ids=_with(query.ids, int(value)))
    if name == "forumId":
        return replace(query, forum_ids=_with(query.forum_ids, int(value)))
    return replace(query, author_id=int(value))


def _with(values: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    return values if value in values else (*values, value)


def _finish(query: SearchQuery, *, taken: dict[str, Operator], ignored: list[str]) -> SearchQuery:
    """Take out what makes no sense beside the rest, and say so."""
    if query.types != (ItemType.EVENT,):
        ignored += [taken[name].source for name in _EVENTS_ONLY if name in taken]
        moments = {name: text for name, text in query.moments.items() if name not in _EVENTS_ONLY}
        query = replace(query, moments=moments, is_attendee=False)
    if "author" in taken and not query.author_id:
        ignored.append(f"author:{taken['author'].value}")
    numbers = {name: number for name, number in query.numbers.items() if number}
    refused = [name for name in CENTRE if numbers.get(name, 0) > 0]
    if not all(name in numbers for name in BOX):
        refused += [name for name in BOX if name in numbers]
    # Written as the reference does: `lat:51.500000 radius:5000`.
    ignored += [f"radius:{numbers[n]:g}" if n == "radius" else f"{n}:{numbers[n]:.6f}" for n in refused]
    return replace(
        query,
        numbers={name: number for name, number in numbers.items() if name not in refused},
        ignored=tuple(dict.fromkeys(ignored)),
    )


def moment(text: str, *, now: datetime) -> datetime | None:
    """A time as typed: days from now, a day, or a day and a minute (both UTC); None if it is none of them."""
    if _DAYS.fullmatch(text):
        try:
            return now + timedelta(days=int(text))
        except OverflowError:
            return None
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    try:
        return datetime(*(int(part) for part in found.groups(default="0")), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


def wanted(query: SearchQuery) -> Wanted:
    """What a query without an address finds (B 10.5, the logic of types)."""
    types = query.types
    kinds: tuple[ItemType, ...] = tuple(kind for kind in types if kind in _DIRECT)
    parents: tuple[ItemType, ...] = ()
    if not types and query.text:
        kinds, parents = _DIRECT, _PARENTS
    elif not types:
        kinds, parents = (ItemType.MICROCOSM, ItemType.PROFILE, *_ITEMS), (ItemType.PROFILE,)
    elif types == (ItemType.COMMENT,):
        parents = _PARENTS
    elif len(types) > 1 and (ItemType.COMMENT in types or query.text):
        parents = tuple(kind for kind in kinds if kind in _PARENTS)
    if query.sort in ("oldest", "newest"):
        kinds, parents = tuple(kind for kind in kinds if kind == ItemType.EVENT), ()
    return Wanted(kinds=kinds, comment_parents=() if query.in_title else parents)


def echo(query: SearchQuery, *, forum_ids: Sequence[int] = ()) -> dict[str, Any]:
    """The `query` of an answer (B 10.4); `forum_ids` are the readable microcosms it came down to."""
    shape: dict[str, Any] = {
        "q": query.text,
        "inTitle": query.in_title,
        "hashtags": list(query.hashtags),
        "forumId": list(forum_ids),
        "type": [kind.word for kind in query.types],
        "id": list(query.ids),
        "authorId": query.author_id,
        "email": list(query.emails),
        "following": query.is_following,
        **query.moments,
        "attendee": query.is_attendee,
        "has": ["attachment"] if query.has_attachment else [],
        "sort": query.sort,
        **query.numbers,
        "ignored": " ".join(query.ignored),
        "searched": _searched(query),
    }
    return {key: value for key, value in shape.items() if value}


def _searched(query: SearchQuery) -> str:
    """The query in its own language."""
    parts = [
        query.text,
        "inTitle:true" if query.in_title else "",
        *(f"forumId:{id}" for id in query.forum_ids),
        *(f"type:{kind.word}" for kind in query.types),
        *(f"id:{id}" for id in query.ids),
        f"authorId:{query.author_id}" if query.author_id else "",
        *(f"email:{email}" for email in query.emails),
        "following:true" if query.is_following else "",
        *(f"{name}:{text}" for name, text in query.moments.items()),
        "attendee:true" if query.is_attendee else "",
        "has:attachment" if query.has_attachment else "",
        f"sort:{query.sort}" if query.sort else "",
        *(f"{name}:{number:g}" for name, number in query.numbers.items()),
    ]
    return " ".join(part for part in parts if part)

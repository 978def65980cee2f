"""What becomes a link in running text: bare addresses, hashtags and mentions (contract B 6, stages 2, 4 and 8)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import quote

from apps.text.cleaning import escape

_MAX_NAME_LENGTH = 50
# Whatever might be a link beyond this many stays text.
_MAX_LINKS = 1_000
_WORD_LENGTH = 40
_SOFT_HYPHEN = "\u00ad"

_LINKABLE = re.compile(
    rf"""
    (?<![\w@/.:-]) (?P<address> (?:https?://|www\.) [^\s<>"]++ )
    | (?: (?<=\s) | \A ) \# (?P<hashtag> \d*+ [^\W\d] \w*+ )
    | (?<![\w@+]) [@+] (?= (?P<name> [^\s@+] \S{{0,{_MAX_NAME_LENGTH + 10}}} ) )
    """,
    re.VERBOSE | re.IGNORECASE,
)
# A mention may end before one of these although no space follows: "@bob's", "(@bob)", "@bob,@ann".
_NAME_END = re.compile(r"[^\w.\-]")
_TRAILING = ",.:?!-"
_ADDRESS_TRAILING = "?!.,:;*_~'"
# After a long run, the marks and joined characters that belong to its last character.
_LONG_WORD = re.compile(
    rf"\S{{{_WORD_LENGTH}}}(?:[\u0300-\u036F\u20D0-\u20FF\uFE00-\uFE0F\U0001F3FB-\U0001F3FF]|\u200D\S)*+(?=\S)"
)


@dataclass(slots=True)
class Found:
    """What a text turned out to point at, in order of appearance."""

    profile_ids: dict[int, None] = field(default_factory=dict)
    hashtags: dict[str, None] = field(default_factory=dict)
    tried_count: int = 0


def candidate_names(texts: Iterable[str]) -> set[str]:
    """The lower-case names that these texts might mention."""
    names: set[str] = set()
    matches = (match for text in texts if "@" in text or "+" in text for match in _LINKABLE.finditer(text))
    for match in islice(matches, _MAX_LINKS):
        if match["name"]:
            names.update(name.lower() for name in _possible_names(match["name"]))
    return names


def link_text(text: str, *, profile_ids: Mapping[str, int], found: Found) -> str:
    """The HTML of a running text, with its addresses, hashtags and mentions as links."""
    parts: list[str] = []
    position = 0
    for match in islice(_LINKABLE.finditer(text), _MAX_LINKS - found.tried_count):
        found.tried_count += 1
        if match.start() < position:
            continue
        link = _link(match, profile_ids=profile_ids, found=found)
        if link:
            shown, target = link
            parts.append(hyphenate(text[position : match.start()]))
            parts.append(f'<a href="{escape(target)}">{hyphenate(shown)}</a>')
            position = match.start() + _source_length(match, shown)
    parts.append(hyphenate(text[position:]))
    return "".join(parts)


def hyphenate(text: str) -> str:
    """The HTML of a text, with a soft hyphen wherever a word has gone on for forty characters."""
    return escape(_LONG_WORD.sub(rf"\g<0>{_SOFT_HYPHEN}", text) if len(text) > _WORD_LENGTH else text)


def _link(match: re.Match[str], *, profile_ids: Mapping[str, int], found: Found) -> tuple[str, str] | None:
    """What a match shows and where it leads, if it is a link after all."""
    if match["address"]:
        return _link_address(match["address"])
    if match["hashtag"]:
        hashtag = match["hashtag"]
        found.hashtags.setdefault(hashtag.lower())
        return f"#{hashtag}", f"/search/?q=%23{quote(hashtag)}"
    for name in _possible_names(match["name"]):
        profile_id = profile_ids.get(name.lower())
        if profile_id is not None:
            found.profile_ids.setdefault(profile_id)
            return match[0] + name, f"/profiles/{profile_id:d}"
    return None


def _link_address(address: str) -> tuple[str, str] | None:
    trimmed = trim_address(address)
    if trimmed.lower().startswith("www."):
        trimmed = "http://" + trimmed
    host = trimmed.partition("://")[2]
    return (trimmed, trimmed) if host[:1].isalnum() or host.startswith("[") else None


def _source_length(match: re.Match[str], shown: str) -> int:
    """How much of the source a link stands for: an address that began with www. shows more than was typed."""
    if match["address"] and match["address"][:4].lower() == "www.":
        return len(shown) - len("http://")
    return len(shown)


def trim_address(address: str) -> str:
    """A bare address without the punctuation of the sentence around it."""
    surplus = address.count(")") - address.count("(")
    end = len(address)
    while end:
        last = address[end - 1]
        if last == ")" and surplus > 0:
            surplus -= 1
        elif last not in _ADDRESS_TRAILING:
            break
        end -= 1
    return address[:end]


def _possible_names(run: str) -> Iterator[str]:
    """The names that may be meant by what follows an @, the longest first."""
    whole = run.rstrip(_TRAILING)
    yield whole
    ends = [end.start() for end in _NAME_END.finditer(whole) if end.start()]
    for end in reversed(ends[:4]):
        yield whole[:end].rstrip(_TRAILING)

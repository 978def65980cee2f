"""One-field texts - titles, names, descriptions - as the escaped strings that clients print raw (contract A 8.1).

Each function decodes entities, keeps the printable characters, removes tags, and escapes what is left, so that
`clean(clean(text)) == clean(text)` and no result holds markup. The choices are in docs/decisions/0011-text-cleaning.md.
"""

import html
import re
from collections.abc import Callable

from apps.text.characters import calm, filter_block, filter_sentence, filter_word

# What stands between "<" and ">" of a tag, a comment or a declaration. An address such as <bob@example.org> is none.
_TAG_BODY = re.compile(r"/?(?P<name>[a-zA-Z][\w-]*(?::[\w-]+)?)(?:[\s/][^<>]*)?|[!?][^<>]*")
_DROPPED_WITH_CONTENT = frozenset({"script", "style"})


def clean_word(text: str) -> str:
    """A key or name without white space, escaped."""
    return _clean(text, filter_word)


def clean_profile_name(text: str) -> str:
    """A profile name: a word whose capitals are left alone."""
    return clean_word(text)


def clean_sentence(text: str) -> str:
    """A line of text whose capitals are left alone: microcosm, site and role titles, menu texts."""
    return _clean(text, filter_sentence)


def clean_title(text: str) -> str:
    """A line of text in lower case if it shouts: titles of items, poll choices, edit reasons."""
    return _clean(text, filter_sentence, after_tags=calm)


def clean_block(text: str) -> str:
    """Lines of text whose capitals are left alone."""
    return _clean(text, filter_block)


def clean_description(text: str) -> str:
    """Lines of text in lower case if they shout: descriptions and places."""
    return _clean(text, filter_block, after_tags=calm)


def escape(text: str) -> str:
    """The text with the five characters of markup as the entities that the contract names."""
    # Five replacements are four times as fast as one str.translate.
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&#34;").replace("'", "&#39;")


def unescape(text: str) -> str:
    """The plain text of a cleaned one, for mail, exports and other formats that are not HTML."""
    return html.unescape(text)


def _same(text: str) -> str:
    return text


def _clean(text: str, keep: Callable[[str], str], *, after_tags: Callable[[str], str] = _same) -> str:
    return escape(after_tags(_remove_tags(keep(unescape(text)))))


def _remove_tags(text: str) -> str:
    """The text without tags, including those that appear when a tag inside them is removed; linear in its length."""
    kept: list[str] = []
    openings: list[int] = []  # Where an unanswered "<" stands in `kept`.
    dropped_from: dict[str, int] = {}  # Where the content of an open script or style began.
    for piece in re.split(r"([<>])", text):
        if piece == "<":
            openings.append(len(kept))
        elif piece == ">" and openings:
            start = openings.pop()
            body = "".join(kept[start + 1 :])
            tag = _TAG_BODY.fullmatch(body)
            if tag:
                del kept[start:]
                _drop_content(kept, openings, dropped_from, body=body, name=(tag["name"] or "").lower())
                continue
            # What encloses a pair that is no tag cannot be one either.
            openings.clear()
        kept.append(piece)
    return "".join(kept)


def _drop_content(kept: list[str], openings: list[int], dropped_from: dict[str, int], *, body: str, name: str) -> None:
    """Remove what was kept since a script or style opened, when the tag just removed closes it."""
    if name not in _DROPPED_WITH_CONTENT:
        return
    if not body.startswith("/"):
        dropped_from.setdefault(name, len(kept))
        return
    start = dropped_from.pop(name, None)
    if start is not None and start <= len(kept):
        del kept[start:]
        while openings and openings[-1] >= start:
            openings.pop()

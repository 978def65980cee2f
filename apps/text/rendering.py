"""Markdown in, safe HTML out: the stages of the contract's B 6, in order.

The parser and its measured alternatives are in docs/decisions/0010-markdown-parser.md; what is done where, and why the
sanitiser comes after everything that reads what a person typed, is in docs/decisions/0012-rendering-pipeline.md.
"""

import html
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import pyromark

from apps.text.bbcode import to_markdown
from apps.text.characters import calm, filter_block
from apps.text.cleaning import escape
from apps.text.finishing import Link, finish
from apps.text.linking import Found, candidate_names, hyphenate, link_text
from apps.text.nesting import Balanced, TextKind, balance
from apps.text.sanitising import sanitise

# Stored with each rendered revision; raise it when the same Markdown comes out differently.
RENDERER_VERSION = 1
# Services refuse longer texts from people; imported ones may be longer and are rendered all the same.
MAX_MARKDOWN_LENGTH = 65_536

# A text with more tags and attributes than this is no text. Longer texts may have proportionally more.
_MAX_WEIGHT = 12_000
_PARSER_OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH


def _nobody(names: Collection[str]) -> Mapping[str, int]:
    return {}


@dataclass(frozen=True, slots=True)
class RenderContext:
    """What rendering needs to know about the site.

    `site_hosts`: the hosts, in lower case and with any port, whose links become root-relative. `profiles`: answers
    which of these lower-case names are profiles, and their ids; called at most once for each text. `shorten`: the
    address to put in place of an outgoing one, given that and the link's text; None leaves addresses as they are.
    """

    site_hosts: frozenset[str] = frozenset()
    profiles: Callable[[Collection[str]], Mapping[str, int]] = _nobody
    shorten: Callable[[str, str], str] | None = None
    embeds: bool = True


@dataclass(frozen=True, slots=True)
class Rendered:
    """Safe HTML and what it points at: profiles, other sites and hashtags, each in order of appearance."""

    html: str
    mentioned_profile_ids: tuple[int, ...]
    links: tuple[Link, ...]
    hashtags: tuple[str, ...]


def render(markdown: str, *, context: RenderContext) -> Rendered:
    """The HTML of a typed text: never an error, never slow. A text out of bounds is shown as it was typed."""
    text = calm(filter_block(markdown))
    parsed = _parse(to_markdown(text))
    if _weight(parsed) > _MAX_WEIGHT * max(1, len(text) / MAX_MARKDOWN_LENGTH):
        return Rendered(_show_as_typed(text), (), (), ())
    linked, found = _link_texts(balance(parsed), profiles=context.profiles)
    finished, links = finish(
        sanitise(linked),
        site_hosts=context.site_hosts,
        shorten=context.shorten,
        embeds=context.embeds,
    )
    if finished and not finished.endswith("\n"):
        finished += "\n"
    return Rendered(finished, tuple(found.profile_ids), links, tuple(found.hashtags))


def _parse(markdown: str) -> str:
    # Filtered again: an entity may spell a character that was filtered out before.
    return filter_block(pyromark.html(markdown, options=_PARSER_OPTIONS))


def _weight(parsed: str) -> int:
    """What HTML will cost, counted in tags; an attribute costs as much as two of them."""
    return parsed.count("<") + 2 * parsed.count('="')


def _link_texts(document: Balanced, *, profiles: Callable[[Collection[str]], Mapping[str, int]]) -> tuple[str, Found]:
    """The HTML of a document with mentions, hashtags and addresses linked and long words broken, and what was found."""
    parts = document.parts
    for index, _ in document.texts:
        if "&" in parts[index]:
            parts[index] = filter_block(_unescape(parts[index]))
    names = candidate_names(parts[index] for index, kind in document.texts if kind is TextKind.RUNNING)
    profile_ids = profiles(names) if names else {}
    found = Found()
    for index, kind in document.texts:
        if kind is TextKind.RUNNING:
            parts[index] = link_text(parts[index], profile_ids=profile_ids, found=found)
        else:
            parts[index] = escape(parts[index]) if kind is TextKind.CODE else hyphenate(parts[index])
    return "".join(parts), found


def _unescape(text: str) -> str:
    """The same as html.unescape, without its cost when there are only the entities that the parser writes."""
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    if text.count("&") == text.count("&amp;"):
        return text.replace("&amp;", "&")
    return html.unescape(text)


def _show_as_typed(text: str) -> str:
    return "<p>" + hyphenate(text).replace("\n", "<br/>\n") + "</p>\n"

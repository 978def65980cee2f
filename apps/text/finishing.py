"""What is added to sanitised HTML: where links lead and how, the class of images, embeds, the contract's spelling.

The sanitiser's output is canonical (every `<` starts a tag, every value is quoted), so it is cut at its tags and put
together again. Nothing a person typed is added here; addresses only become shorter or come from the link shortener.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from apps.text.cleaning import escape
from apps.text.embeds import embed
from apps.text.profile import INLINE_ELEMENTS

_MAX_EMBEDS = 25
_TAG = re.compile(r"(<[^<>]*>)")
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
_HOST = re.compile(r"https?://([^/?#\\]*)[/\\]*", re.IGNORECASE)
_VOID = {"<br>": "<br/>", "<hr>": "<hr/>", "<wbr>": "<wbr/>"}
_INLINE_END = re.compile(rf"</(?:{'|'.join(sorted(INLINE_ELEMENTS))})>|<img[ >].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another site."""

    url: str
    text: str


@dataclass(slots=True)
class _Finished:
    parts: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    frame: str | None = None  # To follow the link that is open.
    embed_count: int = 0


def finish(
    sanitised: str,
    *,
    site_hosts: frozenset[str],
    shorten: Callable[[str, str], str] | None,
    embeds: bool,
) -> tuple[str, tuple[Link, ...]]:
    """The HTML to store, and the links to other sites in it."""
    pieces = _TAG.split(sanitised)
    finished = _Finished()
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            finished.parts.append(_respell(piece))
        elif piece.startswith("<a "):
            text = html.unescape("".join(pieces[index + 1 : _link_end(pieces, index) : 2]))
            _start_link(finished, piece, text, site_hosts=site_hosts, shorten=shorten, embeds=embeds)
        elif piece == "</a>":
            finished.parts.append(piece)
            if finished.frame:
                finished.parts.append(f"<br/>\n{finished.frame}<br/>\n")
                finished.frame = None
        elif piece.startswith("<img"):
            finished.parts.append(_image(piece))
        elif piece == "</li>":
            finished.parts.append("<br/></li>" if _ends_in_line(pieces, index) else piece)
        elif piece.startswith(("<area", "<col>", "<col ")):
            finished.parts.append(_respell_values(piece[:-1]) + "/>")
        else:
            finished.parts.append(_VOID.get(piece) or _respell_values(piece))
    return "".join(finished.parts), tuple(finished.links)


def _respell(text: str) -> str:
    if "&nbsp;" in text:
        text = text.replace("&nbsp;", "\u00a0")
    if '"' in text:
        text = text.replace('"', "&#34;")
    if "'" in text:
        text = text.replace("'", "&#39;")
    return text


def _respell_values(tag: str) -> str:
    if "&" in tag or "'" in tag:
        return tag.replace("&quot;", "&#34;").replace("&nbsp;", "\u00a0").replace("'", "&#39;")
    return tag


def _link_end(pieces: list[str], start: int) -> int:
    for index in range(start + 2, len(pieces), 2):
        if pieces[index] == "</a>":
            return index
    return len(pieces)


def _start_link(
    finished: _Finished,
    tag: str,
    text: str,
    *,
    site_hosts: frozenset[str],
    shorten: Callable[[str, str], str] | None,
    embeds: bool,
) -> None:
    attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
    address = attributes.get("href")
    host = _HOST.match(address) if address else None
    if address and host and host[1].lower() in site_hosts:
        attributes["href"] = _relative(address, host)
    elif address and host:
        finished.links.append(Link(address, text))
        if embeds and finished.embed_count < _MAX_EMBEDS:
            finished.frame = embed(address)
        attributes = {"href": shorten(address, text) if shorten else address, **_without_href(attributes)}
        if finished.frame:
            finished.embed_count += 1
            attributes = {"href": attributes["href"], "embed": "true", **_without_href(attributes)}
        attributes |= {"rel": "nofollow ugc noopener", "target": "_blank"}
    finished.parts.append(_tag("a", attributes) + ">")


def _without_href(attributes: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if name != "href"}


def _relative(address: str, host: re.Match[str]) -> str:
    """The address without its host. However many slashes follow that, the result starts with one: two mean a host."""
    return "/" + address[host.end() :]


def _image(tag: str) -> str:
    attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
    if "src" in attributes:
        ordered = {"class": "ip", "src": attributes.pop("src")}
        if "alt" in attributes:
            ordered["alt"] = attributes.pop("alt")
        attributes = ordered | attributes
    return _tag("img", attributes) + "/>"


def _tag(name: str, attributes: dict[str, str]) -> str:
    return f"<{name}" + "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())


def _ends_in_line(pieces: list[str], index: int) -> bool:
    """Whether a list item ends in text: the contract's vectors end such an item with a line break."""
    return bool(pieces[index - 1].strip()) or bool(_INLINE_END.fullmatch(pieces[index - 2]))

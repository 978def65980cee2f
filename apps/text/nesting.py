"""Any HTML as balanced HTML of bounded depth.

The sanitiser reads HTML as browsers do: tags left open are opened again in every later block, and each opening tag may
look through all open ones. Both make a small text cost quadratic time and space. So before it reads anything, the tags
are put in order here: every element is closed where it was opened, none is nested deeper than `MAX_DEPTH`, attributes
that will not be kept are gone. This is about cost, not safety; the sanitiser does not trust it.
"""

import html
import re
from dataclasses import dataclass, field
from enum import Enum, auto

from apps.text.cleaning import escape
from apps.text.profile import (
    ALLOWED_ATTRIBUTES,
    DROPPED_WITH_CONTENT,
    ELEMENTS,
    INLINE_ELEMENTS,
    VOID_ELEMENTS,
    clean_attribute,
)

MAX_DEPTH = 64

# Neither values nor the space between them may hold "<", so that a broken tag costs no more than the way to the next.
_TAG = re.compile(
    r"""
    < (?P<slash>/?) (?P<name>[a-zA-Z][a-zA-Z0-9:_-]*+)
    (?P<attributes>(?: [\s/] (?:[^<>"']|"[^"<]*"|'[^'<]*')*+ )?+) >
    """,
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]++)(?:\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]++)))?""")
_COMMENT_END = re.compile("-->")
_DECLARATION_END = re.compile(">")
_ENDS = {name: re.compile(rf"</{name}\b[^>]*+>", re.ASCII | re.IGNORECASE) for name in DROPPED_WITH_CONTENT}
_ALIGNMENT = re.compile(r"text-align: (left|right|center)")  # As the Markdown parser writes a table's columns.

_BLOCKS = ELEMENTS - INLINE_ELEMENTS
_LINK = frozenset({"a"})
_PARAGRAPH = frozenset({"p"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
# A text without any of these, and too short for a soft hyphen, stays as it is.
_NOTABLE = re.compile(r"[&@+#]|://|www\.", re.IGNORECASE)
_SHORT = 40
_SCOPES = frozenset({"caption", "table", "td", "th"})
_CODE = frozenset({"code", "pre", "samp", "tt"})
_SECTIONS = frozenset({"table", "tbody", "tfoot", "thead"})
_TABLE_PARENTS = {
    "caption": frozenset({"table"}),
    "col": frozenset({"colgroup", "table"}),
    "colgroup": frozenset({"table"}),
    "tbody": frozenset({"table"}),
    "td": _SECTIONS | {"tr"},
    "tfoot": frozenset({"table"}),
    "th": _SECTIONS | {"tr"},
    "thead": frozenset({"table"}),
    "tr": _SECTIONS,
}
_TABLE_ONLY = _SECTIONS | {"colgroup", "tr"}
# An element that ends its open sibling, and the elements that this does not reach beyond.
_SIBLINGS = {
    "li": (frozenset({"li"}), frozenset({"ol", "ul"}) | _SCOPES),
    "dd": (frozenset({"dd", "dt"}), frozenset({"dl"}) | _SCOPES),
    "dt": (frozenset({"dd", "dt"}), frozenset({"dl"}) | _SCOPES),
    "rp": (frozenset({"rp", "rt"}), frozenset({"ruby"}) | _SCOPES),
    "rt": (frozenset({"rp", "rt"}), frozenset({"ruby"}) | _SCOPES),
}


class TextKind(Enum):
    """What may be done to a text, which depends on the elements it stands in."""

    RUNNING = auto()
    LINK = auto()
    CODE = auto()


@dataclass(slots=True)
class Balanced:
    """Balanced HTML in parts, and which of the parts are texts that may change."""

    parts: list[str] = field(default_factory=list)
    texts: list[tuple[int, TextKind]] = field(default_factory=list)


@dataclass(slots=True)
class _Tree:
    result: Balanced = field(default_factory=Balanced)
    open: list[str] = field(default_factory=list)
    too_deep: dict[str, int] = field(default_factory=dict)

    def add_markup(self, content: str) -> None:
        self.result.parts.append(content)

    def add_text(self, content: str) -> None:
        if len(content) > _SHORT or _NOTABLE.search(content):
            self.result.texts.append((len(self.result.parts), self._kind()))
        self.result.parts.append(content)

    def _kind(self) -> TextKind:
        if not _CODE.isdisjoint(self.open):
            return TextKind.CODE
        return TextKind.LINK if "a" in self.open else TextKind.RUNNING

    def close_from(self, index: int) -> None:
        while len(self.open) > index:
            self.result.parts.append(f"</{self.open.pop()}>")

    def close_nearest(self, names: frozenset[str], *, within: frozenset[str]) -> None:
        """Close the innermost open element of these names, unless one of `within` is nearer."""
        for index in range(len(self.open) - 1, -1, -1):
            if self.open[index] in names:
                self.close_from(index)
                return
            if self.open[index] in within:
                return

    def make_room(self, name: str) -> bool:
        """Close what cannot hold this element; false if there is no place for it."""
        if name in _TABLE_PARENTS:
            parents = _TABLE_PARENTS[name]
            for index in range(len(self.open) - 1, -1, -1):
                if self.open[index] in parents:
                    self.close_from(index + 1)
                    return True
                if self.open[index] == "table":
                    return False
            return False
        if (self.open and self.open[-1] in _TABLE_ONLY) or (name == "a" and not self._can_link()):
            return False
        if name in _SIBLINGS:
            names, within = _SIBLINGS[name]
            self.close_nearest(names, within=within)
        if name in _BLOCKS and "p" in self.open:
            self.close_nearest(_PARAGRAPH, within=_SCOPES)
        if name in _HEADINGS and self.open and self.open[-1] in _HEADINGS:
            self.close_from(len(self.open) - 1)
        return True

    def _can_link(self) -> bool:
        """A link ends the one that is open, unless that began outside of the table cell it is in."""
        self.close_nearest(_LINK, within=_SCOPES)
        return "a" not in self.open

    def start(self, name: str, attributes: str) -> None:
        if name not in ELEMENTS or not self.make_room(name):
            return
        kept = _kept_attributes(name, attributes)
        if name in VOID_ELEMENTS:
            self.add_markup(f"<{name}{kept}>")
        elif name == "a" and " href=" not in kept:
            return
        elif len(self.open) >= MAX_DEPTH:
            self.too_deep[name] = self.too_deep.get(name, 0) + 1
        else:
            self.open.append(name)
            self.add_markup(f"<{name}{kept}>")

    def end(self, name: str) -> None:
        if self.open and self.open[-1] == name and not self.too_deep:
            self.result.parts.append(f"</{self.open.pop()}>")
            return
        if self.too_deep.get(name):
            self.too_deep[name] -= 1
            return
        for index in range(len(self.open) - 1, -1, -1):
            inner = self.open[index]
            if inner == name:
                self.close_from(index)
                return
            if name in INLINE_ELEMENTS and inner in _BLOCKS:
                return
            if inner == "table" or (inner in _SCOPES and name not in _TABLE_PARENTS and name != "table"):
                return


def balance(markup: str) -> Balanced:
    """The same document with every element closed where it belongs, and none too deep."""
    tree = _Tree()
    position = 0
    while position < len(markup):
        start = markup.find("<", position)
        if start < 0:
            start = len(markup)
        if start > position:
            tree.add_text(markup[position:start])
        position = _read_markup(tree, markup, start)
    tree.close_from(0)
    return tree.result


def _read_markup(tree: _Tree, markup: str, start: int) -> int:
    """Add the tag that starts here, if one does, and answer where to read on."""
    tag = _TAG.match(markup, start)
    if tag:
        name = tag["name"].lower()
        if tag["slash"]:
            tree.end(name)
        elif name in DROPPED_WITH_CONTENT:
            return _end_of(_ENDS[name], markup, tag.end())
        else:
            tree.start(name, tag["attributes"])
        return tag.end()
    if markup.startswith("<!--", start):
        return _end_of(_COMMENT_END, markup, start + 4)
    if markup.startswith(("<!", "<?"), start):
        return _end_of(_DECLARATION_END, markup, start)
    if start < len(markup):
        tree.add_text("&lt;")
    return start + 1


def _end_of(end: re.Pattern[str], markup: str, start: int) -> int:
    """Where what began at `start` ends: with the text if nothing ends it, as in browsers."""
    found = end.search(markup, start)
    return found.end() if found else len(markup)


def _kept_attributes(name: str, attributes: str) -> str:
    if not attributes or attributes == " /":
        return ""
    allowed = ALLOWED_ATTRIBUTES[name]
    kept: dict[str, str] = {}
    for typed_key, *values in _ATTRIBUTE.findall(attributes):
        key, value = typed_key.lower(), "".join(values)
        alignment = _ALIGNMENT.fullmatch(value) if key == "style" else None
        if alignment and "align" in allowed:
            key, value = "align", alignment[1]
        if key in allowed and key not in kept:
            cleaned = clean_attribute(name, key, html.unescape(value))
            if cleaned is not None:
                kept[key] = cleaned
    return "".join(f' {key}="{escape(value)}"' for key, value in kept.items())

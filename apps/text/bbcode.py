"""A typed text as the Markdown that the parser reads: BBCode translated, line breaks kept, addresses shielded.

Code - fenced or between backticks - passes through untouched. Every step is linear: tags are found by one pattern that
never looks past the next bracket, and paired by one stack for each name.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from apps.text.cleaning import escape
from apps.text.linking import trim_address

# Each level repeats its "> " on every line, so that depth multiplies the size of a text.
MAX_QUOTE_DEPTH = 8
_MAX_ADDRESS_LENGTH = 2_048

_TOKEN = re.compile(
    r"""
      ^ [ \t>]*+ (?: (?: [-*+] | \d{1,9}[.)] ) [ \t]++ )?+ (?P<fence> `{3,}+ (?=[^`\n]*+$) | ~{3,}+ ) [^\n]*+
    | \\ (?P<escaped> [!-/:-@\[-`{-~\n] )
    | (?P<ticks> `++ )
    | < (?P<script> script | style ) \b
    | ^ (?P<indent> [ \t]*+ ) (?P<bullet> \[\*\] ) [ \t]*+
    | \[ (?P<close> /? ) (?P<tag> quote|color|list|img|attach|url|email|cite|b|u|i|s )
      (?: = (?P<value> [^\[\]\n]*+ ) )? \]
    | (?<![\w<"'=]) (?P<address> (?: https?:// | www\. ) [^\s<>"'\[\]`]++ )
    """,
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_FENCE_END = re.compile(r"^[ \t>]*+(`{3,}+|~{3,}+)[ \t]*+$", re.MULTILINE)
_TICKS = re.compile(r"`++")
_SCRIPT_END = re.compile(r"</(script|style)\s*+>", re.IGNORECASE)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_INDENTED = re.compile(r"(?: {4}|[ ]{0,3}\t)")
# An underscore between letters is no emphasis; every other one, every asterisk and every tilde may be.
_EMPHASIS = re.compile(r"[*~]|(?<![^\W_])_|_(?![^\W_])")

_INLINE_ELEMENTS = {"b": "strong", "u": "em", "i": "em", "s": "del", "cite": "em"}


@dataclass(slots=True)
class _Token:
    kind: str  # "text", "code", "raw" (as it stands) or "tag"
    text: str
    start: int
    end: int
    name: str = ""
    value: str | None = None
    is_close: bool = False


@dataclass(slots=True)
class _CodeEnds:
    """Where code spans and scripts may end, found once so that unclosed ones cost nothing."""

    ticks: dict[int, list[int]]
    scripts: dict[str, list[int]]

    @classmethod
    def of(cls, text: str) -> "_CodeEnds":
        ends = cls({}, {})
        for run in _TICKS.finditer(text):
            ends.ticks.setdefault(len(run[0]), []).append(run.end())
        for closing in _SCRIPT_END.finditer(text):
            ends.scripts.setdefault(closing[1].lower(), []).append(closing.end())
        return ends


@dataclass(slots=True)
class _Writer:
    """Collects Markdown, putting the marks of open quotes on every line and markers next to what they mark."""

    parts: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    quotes: list[bool] = field(default_factory=list)
    depth: int = 0
    at_start: bool = False

    def write(self, text: str, *, line_end: str) -> None:
        if not (self.at_start or self.waiting) and "\n" not in text:
            self.parts.append(text)
            return
        if self.at_start or self.waiting:
            stripped = text.lstrip()
            if not stripped:
                self._append("" if self.at_start else text, line_end)
                return
            self._append("" if self.at_start else text[: len(text) - len(stripped)], line_end)
            self.at_start = False
            self.parts.extend(self.waiting)
            self.waiting.clear()
            text = stripped
        self._append(text, line_end)

    def _append(self, text: str, line_end: str) -> None:
        self.parts.append(text.replace("\n", line_end + "\n" + "> " * self.depth))

    def open_inline(self, markup: str) -> None:
        self.waiting.append(markup)

    def close_inline(self, markup: str) -> None:
        if self.waiting:
            self.waiting.pop()
            return
        last = self.parts.pop() if self.parts else ""
        kept = last.rstrip()
        self.parts += [kept, markup, last[len(kept) :]]

    def open_quote(self) -> None:
        self._end_block()
        self.quotes.append(self.depth < MAX_QUOTE_DEPTH)
        self.depth += self.quotes[-1]
        self.parts.append("\n" + "> " * self.depth)
        self.at_start = True

    def close_quote(self) -> None:
        self.depth -= self.quotes.pop() if self.quotes else 0
        self._end_block()
        self.parts.append("\n" + "> " * self.depth)
        self.at_start = True

    def _end_block(self) -> None:
        self.parts.append("\n" + "> " * self.depth)


def to_markdown(text: str) -> str:
    """The Markdown for a text that may hold BBCode, bare addresses and line breaks that are meant."""
    tokens = _tokenise(text)
    partners = _pair(tokens)
    writer = _Writer()
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.kind == "tag" and index in partners:
            index = _write_tag(writer, text, tokens, index, partners[index])
            continue
        writer.write(token.text, line_end="" if token.kind in ("code", "raw") else "  ")
        index += 1
    return "".join(writer.parts)


def _tokenise(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    code = _CodeEnds.of(text)
    position = 0
    match = _TOKEN.search(text)
    while match:
        token = _read_token(text, match, code)
        if token:
            if match.start() > position:
                tokens.append(_Token("text", text[position : match.start()], position, match.start()))
            tokens.append(token)
            position = token.end
        match = _TOKEN.search(text, token.end if token else match.end())
    tokens.append(_Token("text", text[position:], position, len(text)))
    return tokens


def _read_token(text: str, match: re.Match[str], code: _CodeEnds) -> _Token | None:
    """What begins here, or None if it turns out to be text."""
    start, end = match.span()
    kind = match.lastgroup
    if kind in ("tag", "value"):
        return _Token("tag", match[0], start, end, match["tag"].lower(), match["value"], bool(match["close"]))
    if kind == "address":
        return _shield_address(text, match["address"], start)
    if kind == "ticks":
        end = _span_end(text, len(match["ticks"]), end, code)
        return _Token("code", text[start:end], start, end) if end > match.end() else None
    if kind == "fence":
        end = _fence_end(text, match["fence"], end)
        return _Token("code", text[start:end], start, end)
    if kind == "script":
        end = _next_end(code.scripts.get(match["script"].lower(), []), end)
        return _Token("raw", "", start, end) if end > match.end() else None
    if kind == "bullet":
        return _Token("text", match["indent"] + "- ", start, end)
    # What a backslash takes out of the markup is text; of a line end, it makes a line break of its own.
    return _Token("raw", match[0], start, end) if match["escaped"] == "\n" else None


def _fence_end(text: str, fence: str, start: int) -> int:
    for line in _FENCE_END.finditer(text, start):
        if line[1][0] == fence[0] and len(line[1]) >= len(fence):
            return line.end()
    return len(text)


def _span_end(text: str, length: int, start: int, code: _CodeEnds) -> int:
    """Where a code span ends that was opened by so many backticks; `start` if it never does."""
    end = _next_end(code.ticks.get(length, []), start)
    return start if _BLANK_LINE.search(text, start, end) else end


def _next_end(ends: list[int], start: int) -> int:
    """The first of these ends after `start`; `start` itself if there is none."""
    following = bisect_right(ends, start)
    return ends[following] if following < len(ends) else start


def _shield_address(text: str, address: str, start: int) -> _Token | None:
    """Keep Markdown from reading emphasis into a bare address; indented code shows its backslashes, so not there."""
    if not _EMPHASIS.search(address) or _INDENTED.match(text, text.rfind("\n", 0, start) + 1):
        return None
    address = trim_address(_before_closing_bracket(address))
    return _Token("raw", _shield(address), start, start + len(address))


def _shield(address: str) -> str:
    return _EMPHASIS.sub(r"\\\g<0>", address)


def _before_closing_bracket(address: str) -> str:
    depth = 0
    for bracket in re.finditer(r"[()]", address):
        depth += 1 if bracket[0] == "(" else -1
        if depth < 0:
            return address[: bracket.start()]
    return address


def _pair(tokens: list[_Token]) -> dict[int, int]:
    """Which tag token closes which, both ways; tags that stay alone are text, except the marks of lists."""
    partners: dict[int, int] = {}
    waiting: dict[str, list[int]] = {}
    for index, token in enumerate(tokens):
        if token.kind != "tag":
            continue
        if token.name == "list":
            partners[index] = index
        elif not token.is_close:
            waiting.setdefault(token.name, []).append(index)
        elif waiting.get(token.name):
            opening = waiting[token.name].pop()
            partners[opening] = index
            partners[index] = opening
    return partners


def _write_tag(writer: _Writer, text: str, tokens: list[_Token], index: int, partner: int) -> int:
    """Write a paired tag and answer the index of the token to go on with."""
    token = tokens[index]
    leaf = _LEAVES.get(token.name)
    if leaf and not token.is_close and not (token.name == "url" and token.value):
        body = text[token.end : min(tokens[partner].start, token.end + _MAX_ADDRESS_LENGTH + 1)]
        markdown = leaf(token.value or "", body.strip())
        if markdown is not None:
            writer.write(markdown, line_end="")
            return partner + 1
    opening = tokens[min(index, partner)]
    if token.name == "quote":
        writer.close_quote() if token.is_close else writer.open_quote()
    elif token.name in _INLINE_ELEMENTS:
        element = _INLINE_ELEMENTS[token.name]
        writer.close_inline(f"</{element}>") if token.is_close else writer.open_inline(f"<{element}>")
    elif token.name == "url" and opening.value:
        address = escape(_unquote(opening.value))
        writer.close_inline("</a>") if token.is_close else writer.open_inline(f'<a href="{address}">')
    elif token.name not in ("color", "list"):
        writer.write(token.text, line_end="")
    return index + 1


def _unquote(value: str) -> str:
    return value.strip().strip("\"'").strip()


def _is_address(body: str) -> bool:
    return 0 < len(body) <= _MAX_ADDRESS_LENGTH and not re.search(r"[\s<>\[\]]", body)


def _image(value: str, body: str) -> str | None:
    return f"![](<{body}>)" if _is_address(body) else None


def _attachment(value: str, body: str) -> str | None:
    return f"[/attachments/{body}](/attachments/{body})" if re.fullmatch(r"[0-9]{1,18}", body) else None


def _address(value: str, body: str) -> str | None:
    if not _is_address(body):
        return None
    return f'<a href="{escape(body)}">{_shield(escape(body))}</a>'


def _email(value: str, body: str) -> str | None:
    address = _unquote(value) or body
    return f"<{address}>" if re.fullmatch(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]+(?:\.[\w-]+)*", address) else None


_LEAVES: dict[str, Callable[[str, str], str | None]] = {
    "img": _image,
    "attach": _attachment,
    "url": _address,
    "email": _email,
}

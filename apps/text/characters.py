"""Which characters may be stored and shown, and when a text is shouting."""

import unicodedata

# Format characters that words need: joiners (emoji, Indic and Persian scripts), direction marks, flag tags.
_KEPT_FORMATS = frozenset({0x061C, 0x200C, 0x200D, 0x200E, 0x200F, *range(0xE0020, 0xE0080)})
_ASCII_SPACE = 0x20


class _CharacterFilter(dict[int, int | None]):
    """A table for `str.translate` that decides about each code point once and remembers it."""

    def __init__(self, *, spaces: frozenset[int], space_categories: frozenset[str]) -> None:
        super().__init__()
        self._spaces = spaces
        self._space_categories = space_categories

    def __missing__(self, code: int) -> int | None:
        kept = code if self._is_kept(code) else None
        self[code] = kept
        return kept

    def _is_kept(self, code: int) -> bool:
        category = unicodedata.category(chr(code))
        if code in self._spaces or category in self._space_categories:
            return True
        if category == "Cf":
            # Bidirectional overrides and isolates are not kept: they make a text read as something else.
            return code in _KEPT_FORMATS
        if category == "Cn":
            # Unassigned is kept, since emoji are younger than our tables; noncharacters are not.
            return code & 0xFFFE != 0xFFFE and not 0xFDD0 <= code <= 0xFDEF
        return category[0] not in "CZ"


_WORD = _CharacterFilter(spaces=frozenset(), space_categories=frozenset())
_SENTENCE = _CharacterFilter(spaces=frozenset({_ASCII_SPACE}), space_categories=frozenset())
_BLOCK = _CharacterFilter(spaces=frozenset(map(ord, "\t\n")), space_categories=frozenset({"Zs", "Zl", "Zp"}))


def filter_word(text: str) -> str:
    """The printable characters of a text, without any white space."""
    return text.translate(_WORD)


def filter_sentence(text: str) -> str:
    """The printable characters and ASCII spaces of a text."""
    return text.translate(_SENTENCE)


def filter_block(text: str) -> str:
    """The printable characters and white space of a text; every line ends with a single newline."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_BLOCK)


def calm(text: str) -> str:
    """The text, in lower case if it holds no lower-case letter at all (the contract's anti-shouting rule, A 8.1)."""
    if any(map(str.islower, text)):
        return text
    return text.lower()


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen: white space, joiners and control characters are nothing."""
    return not any(character.isprintable() and not character.isspace() for character in text)

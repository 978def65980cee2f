"""Short ids: one random character, then the number of the link in base 56 (contract A 27.2)."""

import secrets

#: Letters and digits without those that are taken for each other.
ALPHABET = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_BASE = len(ALPHABET)
_MAX_ID = 2**63 - 1
#: The first character and the digits of the largest number.
_MAX_LENGTH = 12


def random_salt() -> str:
    """The character that makes short ids harder to guess."""
    return secrets.choice(ALPHABET)


def short_of(*, id_: int, salt: str) -> str:
    """The short id of a link; the least significant digit comes first."""
    digits = ""
    while id_:
        id_, digit = divmod(id_, _BASE)
        digits += ALPHABET[digit]
    return salt + digits


def parse_short(short: str) -> tuple[int, str] | None:
    """The number and first character that a short id stands for, or None if no link can have it."""
    if not 2 <= len(short) <= _MAX_LENGTH or not set(short) <= set(ALPHABET):
        return None
    number = 0
    for character in reversed(short[1:]):
        number = number * _BASE + ALPHABET.index(character)
    # Every link has one short id: a leading zero would be a second one.
    if number > _MAX_ID or short_of(id_=number, salt=short[0]) != short:
        return None
    return number, short[0]

"""What a profile may be called (contract A 23.4)."""

from django.conf import settings

from apps.accounts.emails import canonical_email
from apps.core.errors import OutOfRange
from apps.text.cleaning import clean_profile_name, unescape

MIN_LENGTH = 2
MAX_LENGTH = 25

#: Owns the content of removed people on every site, and is hidden from the people list (contract A 7.6).
DELETED_NAME = "deleted"


class UnusableName(OutOfRange):
    """This cannot be the name of a profile."""


class ReservedName(OutOfRange):
    """This name is reserved."""


class NameTaken(OutOfRange):
    """Somebody else has this name."""


def usable_name(text: str, *, email: str) -> str:
    """The name as it is stored for the holder of `email`; raises UnusableName or ReservedName.

    Whether it is free, the database decides.
    """
    name = clean_profile_name(text)
    shown = unescape(name)
    if not MIN_LENGTH <= len(shown) <= MAX_LENGTH:
        raise UnusableName(f"profileName has {MIN_LENGTH} to {MAX_LENGTH} characters, none of them a space")
    if "@" in shown or "+" in shown:
        raise UnusableName("profileName may not hold @ or +, which mark mentions")
    if is_reserved(name, email=email):
        raise ReservedName
    return name


def is_reserved(name: str, *, email: str) -> bool:
    """Whether a name, cleaned or not, is kept for somebody other than the holder of `email`."""
    key = unescape(name).lower()
    if key == DELETED_NAME:
        return True
    for reserved, owner in settings.RESERVED_PROFILE_NAMES.items():
        if reserved.lower() == key:
            return not owner or canonical_email(owner) != canonical_email(email)
    return False

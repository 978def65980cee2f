"""Plain titles of an export as the escaped ones that a site stores."""

from collections.abc import Callable

from apps.text.cleaning import escape, unescape
from apps.transfer.importer.fields import FileError


def stored_title(text: str, *, clean: Callable[[str], str], limit: int, warn: Callable[[str], object]) -> str:
    """A title cleaned and cut to `limit` characters as people count them; raises FileError when nothing is left."""
    plain = unescape(clean(text)).strip()
    if not plain:
        raise FileError("has a blank name")
    if len(plain) > limit:
        warn(f"has a name of {len(plain)} characters, which is cut to {limit}")
        plain = plain[:limit].rstrip()
    return escape(plain)

"""Which addresses belong to the same person (contract A 34.3)."""

import re

_YAHOO = re.compile(r"(?:yahoo\.(?:[a-z]{2}|co\.[a-z]{2}|com\.[a-z]{2})|yahoomail\.com)")
_GMX = {f"gmx.{ending}" for ending in ("at", "ch", "com", "co.uk", "fr", "li", "net", "org", "us")}
_SYNONYMS = {
    "mac.com": "icloud.com",
    "me.com": "icloud.com",
    "btopenworld.com": "btinternet.com",
    "googlemail.com": "gmail.com",
    "virgin.net": "virginmedia.com",
    **dict.fromkeys(_GMX, "gmx.de"),
}
_COMMENT = re.compile(r"^\([^()]*\)|\([^()]*\)$")


def canonical_email(email: str) -> str:
    """The identity behind an address: case, dots, `+` suffixes, comments and domain synonyms do not count."""
    local, _, domain = email.strip().lower().rpartition("@")
    local = _COMMENT.sub("", local).replace(".", "").split("+", 1)[0]
    if _YAHOO.fullmatch(domain):
        domain = "yahoo.com"
    return f"{local}@{_SYNONYMS.get(domain, domain)}"

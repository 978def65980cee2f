"""Affiliate rules of the operator: what a redirect adds to or takes from an address (contract A 27.3)."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def rewritten(url: str, *, domain: str, rules: Sequence[dict[str, Any]]) -> str:
    """An address as the first rule that fits its domain has it; without one as it is.

    A rule has a `domain` pattern, where `*` stands for anything, parameters to `set` and names to `remove`.
    """
    rule = next((rule for rule in rules if fnmatchcase(domain, rule["domain"])), None)
    if rule is None:
        return url
    wanted = {str(name): str(value) for name, value in rule.get("set", {}).items()}
    gone = {*rule.get("remove", ()), *wanted}
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in gone]
    return urlunsplit(parts._replace(query=urlencode([*kept, *wanted.items()])))

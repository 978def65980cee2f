"""Helpers for tests of the change log."""

from typing import Any

from django.db import connection

from apps.core.queries import log_place
from tests.client import ApiClient
from tests.factories import Forum


def settle() -> None:
    """Give the changes of the running transaction their positions, as its commit would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS core_change_settles IMMEDIATE")
        cursor.execute("SET CONSTRAINTS core_change_settles DEFERRED")


def head(forum: Forum) -> int:
    """Where the log of a site ends."""
    settle()
    return log_place(site_id=forum.site.id).head


def feed(api: ApiClient, after: int, query: str = "") -> list[dict[str, Any]]:
    """All that the feed says behind a position."""
    settle()
    found: list[dict[str, Any]] = []
    while True:
        data = api.get(f"changes?after={after}{query}").data
        assert not data["gap"]
        found += data["changes"]
        after = data["position"]
        if not data["more"]:
            return found


def said(changes: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Kinds and ids of changes, with `gone` where it is said."""
    return [
        (change["kind"], *(["gone"] if "gone" in change else []), *(f"{k}={v}" for k, v in change["ids"].items()))
        for change in changes
    ]

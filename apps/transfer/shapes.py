"""Old addresses in the contract's JSON (A 28)."""

from typing import Any

from apps.transfer.access import Destination


def resolved(url: str, destination: Destination) -> dict[str, Any]:
    """Where an address leads."""
    shape: dict[str, Any] = {
        "url": url,
        "status": 301,
        # What is no page of this API has no relation to anything (contract A 28).
        "redirect": {"href": destination.href} if destination.url else {"rel": "self", "href": destination.href},
        "itemType": destination.kind.word,
    }
    if destination.id:
        shape["itemId"] = destination.id
    if destination.offset:
        shape["offset"] = destination.offset
    if destination.action:
        shape["action"] = destination.action.value
    if destination.search:
        shape["search"] = destination.search
    return shape


def unresolved(url: str) -> dict[str, Any]:
    """Nobody knows where an address leads."""
    return {"url": url, "status": 404, "redirect": {"href": ""}}

"""Walking through lists by the cursors in the `Link` header."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.client import ApiClient, Reply

_LINK = re.compile(r'<([^>]+)>; rel="(\w+)"')


def links_in(header: str) -> dict[str, str]:
    """What a `Link` header holds, by relation."""
    return {rel: href for href, rel in _LINK.findall(header)}


def links_of(reply: Reply) -> dict[str, str]:
    """Where the list goes on, by `prev` and `next`."""
    return links_in(reply.headers.get("Link", ""))


def cursor_in(href: str) -> str:
    """The cursor in a link."""
    found = re.search(r"(?:after|before)=([^&]+)", href)
    assert found is not None, href
    return found[1]


def collection_in(data: Any) -> dict[str, Any]:
    """The collection object somewhere in an answer."""
    if isinstance(data, dict):
        if "maxOffset" in data and "links" in data:
            return data
        for value in data.values():
            try:
                return collection_in(value)
            except LookupError:
                continue
    raise LookupError("no collection")


def items_of(reply: Reply) -> list[Any]:
    """The items of the page."""
    assert reply.status == 200, reply
    items: list[Any] = collection_in(reply.data)["items"]
    return items


def with_query(path: str, query: str) -> str:
    """A path with more in its query."""
    return f"{path}{'&' if '?' in path else '?'}{query}"


def walk(client: ApiClient, path: str, *, rel: str, between: Callable[[], None] = lambda: None) -> Iterator[list[Any]]:
    """The items of page after page from one end of a list to the other; `between` happens before each further page."""
    first = client.get(with_query(path, "limit=5"))
    start = 0 if rel == "next" else collection_in(first.data)["maxOffset"]
    reply = client.get(with_query(path, f"limit=5&offset={start}"))
    yield items_of(reply)
    while rel in links_of(reply):
        between()
        reply = client.get(links_of(reply)[rel])
        yield items_of(reply)

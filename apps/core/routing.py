"""Finding the view of a path among many by its first segment, not by trying every route in turn."""

from collections import defaultdict
from typing import Any

from django.urls import URLPattern, URLResolver
from django.urls.exceptions import Resolver404
from django.urls.resolvers import ResolverMatch, RoutePattern

_API = "api/v1/"


class RouteTable(URLResolver):
    """A list of included modules of routes, of which only those that begin as a path does are tried for it.

    The first segment of each route (behind the API's prefix) must be written out, not left to a converter.
    """

    def __init__(self, includes: list[URLResolver]) -> None:
        super().__init__(RoutePattern(""), includes)
        tables: dict[str, list[URLResolver]] = defaultdict(list)
        for include in includes:
            prefix = str(include.pattern)
            by_segment: dict[str, list[URLPattern | URLResolver]] = defaultdict(list)
            for route in include.url_patterns:
                by_segment[_segment(prefix + str(route.pattern))].append(route)
            for segment, routes in by_segment.items():
                tables[segment].append(URLResolver(RoutePattern(prefix), routes))
        self._tables = {segment: URLResolver(RoutePattern(""), own) for segment, own in tables.items()}

    def resolve(self, path: Any) -> ResolverMatch:
        """The view of a path; raises Resolver404."""
        table = self._tables.get(_segment(str(path)))
        if table is None:
            raise Resolver404({"path": path})
        return table.resolve(path)


def _segment(path: str) -> str:
    """The first segment of a path below the API's prefix, or of any other path."""
    return path.removeprefix(_API).split("/", 1)[0]

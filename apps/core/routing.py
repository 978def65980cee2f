"""Finding the view of a path among many by its first segment, not by trying every route in turn."""

from collections import defaultdict
from typing import Any

from django.urls import URLPattern, URLResolver
from django.urls.exceptions import Resolver404
from django.urls.resolvers import ResolverMatch, RoutePattern

_API = "api/v1/"


class RouteTable(URLResolver):
    """A list of included modules of routes, of which only those that begin as a path does are tried for it.

    The first segment of each route (behind the API's prefix) must be written out, not left to a converter. Modules are
    included without names and further arguments, so that what a route finds is the whole answer.
    """

    def __init__(self, includes: list[URLResolver]) -> None:
        super().__init__(RoutePattern(""), includes)
        #: First segment to what stands before the rest of the path, and the routes that the rest is tried with.
        self._tables: dict[str, list[tuple[str, URLPattern]]] = defaultdict(list)
        for include in includes:
            prefix = str(include.pattern)
            if include.namespace or include.app_name or include.default_kwargs:
                raise ValueError(f"what is included at {prefix!r} has names or arguments of its own")
            for route in include.url_patterns:
                if not isinstance(route, URLPattern):
                    raise TypeError(f"{route} is no route but includes others")
                self._tables[_segment(prefix + str(route.pattern))].append((prefix, route))

    def resolve(self, path: Any) -> ResolverMatch:
        """The view of a path; raises Resolver404."""
        path = str(path)
        routes = self._tables.get(_segment(path), ())
        for prefix, route in routes:
            if path.startswith(prefix):
                found = route.resolve(path[len(prefix) :])
                if found is not None:
                    found.route = prefix + (found.route or "")
                    return found
        raise Resolver404({"path": path, "tried": [[route] for _prefix, route in routes]})


def _segment(path: str) -> str:
    """The first segment of a path below the API's prefix, or of any other path."""
    return path.removeprefix(_API).split("/", 1)[0]

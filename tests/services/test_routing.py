"""The table of routes finds what Django's own search through all of them finds."""

import pytest
from django.urls import URLResolver, include, path
from django.urls.exceptions import Resolver404
from django.urls.resolvers import RoutePattern

from apps.core.routing import RouteTable
from microcosm import urls

INCLUDES = list(urls.urlpatterns[0].url_patterns)
PATHS = [
    "",
    "api",
    "api/v1",
    "api/v1/",
    "api/v1/conversations",
    "api/v1/conversations/",
    "api/v1/conversations/12",
    "api/v1/conversations/x",
    "api/v1/conversationsx",
    "api/v1/site/1/attributes/k",
    "api/v1/profiles/read",
    "api/v1/api/v1/site",
    "out/abc",
    "nothing/at/all",
    "api/v2/site",
]


@pytest.mark.parametrize("address", PATHS)
def test_it_finds_what_the_search_through_all_finds(address: str) -> None:
    every, table = URLResolver(RoutePattern(""), INCLUDES), RouteTable(INCLUDES)
    try:
        expected = every.resolve(address)
    except Resolver404:
        with pytest.raises(Resolver404):
            table.resolve(address)
    else:
        found = table.resolve(address)
        assert (found.func, found.kwargs, found.route) == (expected.func, expected.kwargs, expected.route)


def test_it_tries_few_routes_for_a_path() -> None:
    table = RouteTable([path("api/v1/", include([path(f"a{n}", print) for n in range(50)]))])
    with pytest.raises(Resolver404) as missing:
        table.resolve("api/v1/a7/x")
    assert len(missing.value.args[0]["tried"]) == 1

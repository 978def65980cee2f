"""Fixtures of the whole suite: forums, and a client that speaks the API and checks every answer."""

from collections.abc import Iterator
from typing import Any

import pytest

from apps.core.clock import set_clock
from apps.core.wakes import wakes
from apps.items.viewing import views
from apps.links.services import hits
from apps.sites.hosts import forget_sites
from microcosm.development.testing import RedisServer
from tests.client import ApiClient
from tests.factories import Forum, make_forum


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sites are cached, views are collected and the clock is global: nothing of it may leak into the next test.

    The second that a site is cached for may pass between two requests of a test, which would count a statement more.
    """
    monkeypatch.setattr("apps.sites.hosts.CACHE_SECONDS", 300.0)
    forget_sites()
    yield
    forget_sites()
    views.take()
    hits.take()
    set_clock()


@pytest.fixture
def redis(redis_server: RedisServer, settings: Any) -> Iterator[RedisServer]:
    """A Redis by which the followers of the log are woken."""
    settings.WAKES_URL = redis_server.url
    wakes.cache_clear()
    yield redis_server
    wakes.cache_clear()


@pytest.fixture
def forum(db: Any) -> Forum:
    """A site with an owner."""
    return make_forum("alpha")


@pytest.fixture
def other_forum(db: Any) -> Forum:
    """Another tenant."""
    return make_forum("beta")


@pytest.fixture
def root_forum(db: Any) -> Forum:
    """The root site, on the apex domain."""
    return make_forum("root", is_root=True)


@pytest.fixture
def api(forum: Forum) -> ApiClient:
    """A guest of `forum`; `api.as_(person)` signs somebody in."""
    return ApiClient(host=forum.host)

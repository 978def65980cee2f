"""The micro-cache for guests in front of Django (docs/decisions/0041; threats C1 to C4, T4)."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from apps.core import guest_cache
from apps.core.guest_cache import EFFECTS, GuestCache, key_of
from apps.items.viewing import views
from tests.client import ApiClient
from tests.factories import Forum, Person
from tests.trees import make_item
from tests.wsgi import Clock, ask, wsgi_application

SHARED = [("Cache-Control", "public, max-age=300"), ("Content-Type", "application/json"), ("ETag", 'W/"1"')]


@dataclass
class Backend:
    """A WSGI application that counts its requests and answers each with the next body."""

    status: str = "200 OK"
    headers: list[tuple[str, str]] = field(default_factory=lambda: list(SHARED))
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.asked.append(environ)
        start_response(self.status, [*self.headers, ("X-Request-Id", f"made-{len(self.asked)}")])
        return [f"body {len(self.asked)}".encode()]


@pytest.fixture
def backend() -> Backend:
    """What is behind the cache."""
    return Backend()


@pytest.fixture
def clock() -> Clock:
    """The cache's clock."""
    return Clock()


@pytest.fixture
def cache(backend: Backend, clock: Clock) -> GuestCache:
    """A cache of one second."""
    return GuestCache(backend, seconds=1.0, now=clock)


class TestKeeping:
    """What is served again, and for how long."""

    def test_a_page_is_made_once_a_second(self, cache: GuestCache, clock: Clock) -> None:
        assert [ask(cache).body for _ in range(3)] == [b"body 1"] * 3
        clock.now += 0.999
        assert ask(cache).body == b"body 1"
        clock.now += 0.001
        assert ask(cache).body == b"body 2"

    def test_the_second_begins_before_the_page_is_made(self, clock: Clock) -> None:
        backend = Backend()

        def slow(environ: Any, start_response: Any) -> list[bytes]:
            clock.now += 0.7
            return backend(environ, start_response)

        cache = GuestCache(slow, seconds=1.0, now=clock)
        ask(cache)
        clock.now += 0.3
        assert ask(cache).body == b"body 2"

    def test_nothing_lives_longer_than_a_second_whatever_it_is_told(self, backend: Backend, clock: Clock) -> None:
        cache = GuestCache(backend, seconds=60, now=clock)
        ask(cache)
        clock.now += 1
        assert ask(cache).body == b"body 2"

    def test_each_answer_has_a_request_id_of_its_own(self, cache: GuestCache) -> None:
        ids = [ask(cache).headers["X-Request-Id"] for _ in range(3)]
        assert len(set(ids)) == 3
        assert ask(cache, x_request_id="given-by-a-proxy").headers["X-Request-Id"] == "given-by-a-proxy"
        assert ask(cache, x_request_id="a b").headers["X-Request-Id"] != "a b"

    def test_the_headers_come_along(self, cache: GuestCache) -> None:
        first, second = ask(cache), ask(cache)
        first.headers.pop("X-Request-Id"), second.headers.pop("X-Request-Id")
        assert first == second

    def test_who_holds_the_body_gets_304(self, cache: GuestCache, backend: Backend) -> None:
        ask(cache)
        held = ask(cache, if_none_match='W/"1"')
        assert (held.status, held.body, held.headers["ETag"]) == (304, b"", 'W/"1"')
        assert held.headers["Cache-Control"] == "public, max-age=300"
        assert "Content-Type" not in held.headers
        assert ask(cache, if_none_match='W/"2"').status == 200
        assert len(backend.asked) == 1

    def test_a_page_is_kept_though_its_first_reader_holds_it(self, cache: GuestCache, backend: Backend) -> None:
        assert [ask(cache, if_none_match='W/"1"').status for _ in range(3)] == [304] * 3
        assert ask(cache).body == b"body 1"
        assert [environ.get("HTTP_IF_NONE_MATCH") for environ in backend.asked] == [None]

    def test_what_has_to_happen_each_time_happens(self, clock: Clock) -> None:
        happened: list[int] = []
        backend = Backend()

        def application(environ: Any, start_response: Any) -> list[bytes]:
            environ[EFFECTS] = [lambda: happened.append(1)]
            return backend(environ, start_response)

        cache = GuestCache(application, seconds=1, now=clock)
        for held in ("", "", 'W/"1"'):
            ask(cache, if_none_match=held)
        # The first time it was the application's business.
        assert len(happened) == 2

    def test_a_write_through_this_process_is_seen_at_once(self, cache: GuestCache) -> None:
        ask(cache)
        ask(cache, method="POST")
        assert ask(cache).body == b"body 3"

    def test_a_refused_write_drops_nothing(self, cache: GuestCache, backend: Backend) -> None:
        ask(cache)
        backend.status = "403 Forbidden"
        ask(cache, method="POST")
        assert ask(cache).body == b"body 1"

    def test_memory_is_bounded(self, cache: GuestCache, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(guest_cache, "MAX_BYTES", 10 * 5000)
        for number in range(100):
            ask(cache, f"/api/v1/conversations/{number}")
        assert len(cache._pages) <= 12
        assert cache._byte_count == sum(page.size for page in cache._pages.values()) <= 10 * 5000

    def test_what_is_too_old_leaves_with_the_next_page(self, cache: GuestCache, clock: Clock) -> None:
        ask(cache, "/api/v1/conversations/1")
        clock.now += 5
        ask(cache, "/api/v1/conversations/2")
        assert [key[1] for key in cache._pages] == ["/api/v1/conversations/2"]


class TestPassing:
    """What is none of the cache's business (C1, C2, C4, T4)."""

    @pytest.mark.parametrize(
        "headers",
        [
            {"authorization": "Bearer x"},
            {"cookie": "a=b"},
            {"x_always_200": "1"},
            {"x_disable_boiler": "1"},
            {"transfer_encoding": "chunked"},
        ],
        ids=str,
    )
    def test_c1_who_tells_something_of_themselves_is_never_answered(
        self, cache: GuestCache, headers: dict[str, str]
    ) -> None:
        assert ask(cache, **headers).body == b"body 1"
        assert ask(cache).body == b"body 2"
        assert ask(cache, **headers).body == b"body 3"
        assert ask(cache).body == b"body 2"

    @pytest.mark.parametrize(
        "path",
        [
            "/api/v1/conversations/1?access_token=x",
            "/api/v1/conversations/1?access%5Ftoken=x",
            "/api/v1/conversations/1?limit=5&access_token=x",
            "/api/v1/conversations/1?limit=5;access_token=x",
            "/api/v1/conversations/1?callback=f",
            "/api/v1/conversations/1?always200",
            "/api/v1/conversations/1?disableBoiler",
            "/api/v1/conversations/1?context=x",
            "/api/v1/conversations/1?limit=%35",
            "/api/v1/conversations/1?limit=5&",
            "/api/v1/conversations/1?limit=5&&offset=5",
            "/api/v1/conversations/1?after=a%61",
            "/api/v1/conversations/1?after=a=",
            "/api/v1/conversations/1?after=a+b",
            "/api/v1/conversations/1?before=",
            f"/api/v1/conversations/1?after={'a' * 201}",
            "/api/v1/conversations/1?After=a",
            "/api/v1/conversations/1?cachebuster=1",
            "/api/v1/whoami",
            "/api/v1/search?q=x&access_token=x",
            "/api/v1/search?q=x;access_token=x",
            "/api/v1/search?q=x&email=a",
            "/api/v1/search?q=x&q%3D=y",
            "/api/v1/search?q=x&&type=event",
            "/api/v1/search?q=\u00e9",
            "/api/v1/search?q=",
            f"/api/v1/search?q={'a' * 201}",
            "/api/v1/conversations/1?q=x",
            "/api/v1/conversations/1?sort=x",
            "/api/v1/updates",
            "/api/v1/huddles/1",
            "/api/v1/files/abc",
            "/api/v1/auth/abc",
            "/api/v1/conversations/1/",
            "/api/v1/conversations/x",
            "/api/v1/conversations/1/lastcomment",
            "//api/v1/site",
            "/api/v1/../v1/site",
            "/admin/",
        ],
    )
    def test_c4_only_listed_pages_with_plain_queries_are_kept(self, cache: GuestCache, path: str) -> None:
        assert [ask(cache, path).body for _ in range(2)] == [b"body 1", b"body 2"]

    @pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
    def test_only_get_is_answered(self, cache: GuestCache, method: str) -> None:
        ask(cache)
        assert ask(cache, method=method).body == b"body 2"

    def test_c4_each_address_has_its_own_page(self, cache: GuestCache) -> None:
        addresses = [
            ("a.test", "/api/v1/conversations/1"),
            ("b.test", "/api/v1/conversations/1"),
            ("A.test", "/api/v1/conversations/1"),
            ("a.test:80", "/api/v1/conversations/1"),
            ("a.test", "/api/v1/conversations/2"),
            ("a.test", "/api/v1/events/1"),
            ("a.test", "/api/v1/conversations/1?limit=5"),
            ("a.test", "/api/v1/conversations/1?limit=5&offset=5"),
            ("a.test", "/api/v1/conversations/1?offset=5&limit=5"),
            ("a.test", "/api/v1/conversations/1?limit=5&limit=10"),
            ("a.test", "/api/v1/conversations/1?after=aB-_1"),
            ("a.test", "/api/v1/conversations/1?after=aB-_2"),
            ("a.test", "/api/v1/conversations/1?before=aB-_1"),
            ("a.test", "/api/v1/conversations/1?after=aB-_1&limit=5"),
            ("a.test", "/api/v1/search?q=a+b"),
            ("a.test", "/api/v1/search?q=a%20b"),
            ("a.test", "/api/v1/search?q=a+b&type=event"),
            ("a.test", "/api/v1/search?type=event&q=a+b"),
            ("a.test", "/api/v1/search?q=a+b%26type=event"),
        ]
        for _ in range(2):
            bodies = [ask(cache, path, host=host).body for host, path in addresses]
            assert len(set(bodies)) == len(addresses)

    @pytest.mark.parametrize(
        "headers",
        [
            {"x_forwarded_host": "b.test"},
            {"forwarded": "host=b.test"},
            {"x_original_url": "/api/v1/whoami"},
            {"x_rewrite_url": "/api/v1/whoami"},
            {"x_http_method_override": "DELETE"},
            {"accept": "text/html"},
            {"accept_language": "de"},
            {"range": "bytes=0-1"},
            {"origin": "https://evil.test"},
        ],
        ids=str,
    )
    def test_c4_headers_that_change_nothing_share_the_page(self, cache: GuestCache, headers: dict[str, str]) -> None:
        assert ask(cache, **headers).body == ask(cache).body == b"body 1"

    @pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "500 Oops", "302 Found", "206 Partial"])
    def test_c2_nothing_but_200_is_kept(self, cache: GuestCache, backend: Backend, status: str) -> None:
        backend.status = status
        assert [ask(cache).body for _ in range(2)] == [b"body 1", b"body 2"]

    @pytest.mark.parametrize(
        "headers",
        [
            [("Cache-Control", "private, no-cache, max-age=0"), ("ETag", 'W/"1"')],
            [("ETag", 'W/"1"')],
            [*SHARED, ("Set-Cookie", "a=b")],
            [*SHARED[:2]],
        ],
        ids=str,
    )
    def test_c2_nothing_private_is_kept(self, cache: GuestCache, backend: Backend, headers: Any) -> None:
        backend.headers = headers
        assert [ask(cache).body for _ in range(2)] == [b"body 1", b"body 2"]

    def test_a_request_without_a_host_passes(self) -> None:
        assert key_of({"REQUEST_METHOD": "GET", "PATH_INFO": "/api/v1/site"}) is None


class TestCrowds:
    """Many at once."""

    def test_a_burst_on_a_cold_page_makes_it_once(self) -> None:
        backend, may_go_on, started = Backend(), threading.Event(), threading.Event()

        def slow(environ: Any, start_response: Any) -> list[bytes]:
            started.set()
            assert may_go_on.wait(10)
            return backend(environ, start_response)

        cache = GuestCache(slow, seconds=1)
        bodies: list[bytes] = []
        threads = [threading.Thread(target=lambda: bodies.append(ask(cache).body)) for _ in range(20)]
        for thread in threads:
            thread.start()
        assert started.wait(10)
        may_go_on.set()
        for thread in threads:
            thread.join(10)
        assert (bodies, len(backend.asked)) == ([b"body 1"] * 20, 1)

    def test_waiting_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(guest_cache, "WAIT_SECONDS", 0.01)
        backend, may_go_on, started = Backend(), threading.Event(), threading.Event()

        def first_is_slow(environ: Any, start_response: Any) -> list[bytes]:
            if not started.is_set():
                started.set()
                assert may_go_on.wait(10)
            return backend(environ, start_response)

        cache = GuestCache(first_is_slow, seconds=1)
        slow = threading.Thread(target=ask, args=(cache,))
        slow.start()
        assert started.wait(10)
        assert ask(cache).body == b"body 1"
        may_go_on.set()
        slow.join(10)
        assert len(backend.asked) == 2

    def test_a_page_that_cannot_be_made_keeps_nobody_waiting(self) -> None:
        backend = Backend()

        def fails_once(environ: Any, start_response: Any) -> list[bytes]:
            if not backend.asked:
                backend.asked.append(environ)
                raise ZeroDivisionError
            return backend(environ, start_response)

        cache = GuestCache(fails_once, seconds=1)
        with pytest.raises(ZeroDivisionError):
            ask(cache)
        assert ask(cache).body == b"body 2"
        assert cache._being_made == {}


# --- In front of the real thing --------------------------------------------------------------------


class Recorded(dict[str, Any]):
    """A request's environment that notes which headers are read by name."""

    def __init__(self, environ: dict[str, Any], names: set[str]) -> None:
        super().__init__(environ)
        self._names = names

    def __getitem__(self, name: str) -> Any:
        self._names.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._names.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._names.add(str(name))
        return super().__contains__(name)


class Recording:
    """The application, which notes the headers that it reads."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.names: set[str] = set()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.application(Recorded(environ, self.names), start_response)


@pytest.fixture
def django(db: Any) -> Iterator[Any]:
    """The application behind the cache."""
    with wsgi_application() as application:
        yield application


@pytest.fixture
def front(django: Any, clock: Clock) -> GuestCache:
    """The cache in front of it."""
    return GuestCache(django, seconds=1.0, now=clock)


PAGES = ["/api/v1/site", "/api/v1/trending", "/api/v1/microcosms", "/api/v1/microcosms/tree", "/api/v1/conversations"]


def test_guests_get_what_django_would_answer(front: GuestCache, api: ApiClient, forum: Forum) -> None:
    item = make_item(forum.root, forum.owner)
    for path in [*PAGES, f"/api/v1/conversations/{item.id}", f"/api/v1/profiles/{forum.owner.id}"]:
        direct = api.get(path)
        for _ in range(2):
            got = ask(front, path, host=forum.host)
            assert (got.status, got.body) == (200, direct.content)
            assert {name: value for name, value in got.headers.items() if name != "X-Request-Id"} == {
                name: value for name, value in direct.headers.items() if name != "X-Request-Id"
            }
    assert len(front._pages) == 7


def test_c1_nobody_gets_what_was_made_for_another(front: GuestCache, forum: Forum) -> None:
    """Guest then member, member then guest, one member then another: each as without a cache."""
    path = f"/api/v1/conversations/{make_item(forum.root, forum.owner).id}"
    people: list[Person | None] = [None, forum.owner, forum.member("ann"), None, forum.member("ben"), forum.owner, None]

    def permissions(person: Person | None) -> Any:
        headers = {"authorization": f"Bearer {person.token}"} if person else {}
        return json.loads(ask(front, path, host=forum.host, **headers).body)["data"]["meta"]["permissions"]

    for person in people:
        assert permissions(person)["guest"] is (person is None)
        assert permissions(person)["siteOwner"] is (person is forum.owner)


def test_t4_one_site_is_never_answered_with_another(front: GuestCache, forum: Forum, other_forum: Forum) -> None:
    for _ in range(2):
        ids = [
            json.loads(ask(front, "/api/v1/site", host=host).body)["data"]["siteId"]
            for host in (forum.host, other_forum.host, f"{forum.host}:80", f"{forum.host}.".upper())
        ]
        assert ids == [forum.site.id, other_forum.site.id, forum.site.id, forum.site.id]
        assert ask(front, "/api/v1/site", host="nobody.localhost").status == 404
        assert ask(front, "/api/v1/site", host=f"{forum.host}@nobody.localhost").status == 404


def test_c3_what_is_hidden_is_gone_from_the_next_second(front: GuestCache, forum: Forum, clock: Clock) -> None:
    item = make_item(forum.root, forum.owner)
    path = f"/api/v1/conversations/{item.id}"
    assert ask(front, path, host=forum.host).status == 200
    # Beside this process, as another worker or an import would.
    type(item).objects.filter(id=item.id).update(is_moderated=True)
    assert ask(front, path, host=forum.host).status == 200
    clock.now += 1
    assert ask(front, path, host=forum.host).status == 404


def test_c3_what_is_hidden_through_this_process_is_gone_at_once(front: GuestCache, forum: Forum) -> None:
    item = make_item(forum.root, forum.owner)
    path = f"/api/v1/conversations/{item.id}"
    assert ask(front, path, host=forum.host).status == 200
    assert ask(front, path, method="DELETE", host=forum.host, **auth(forum.owner)).status == 200
    assert ask(front, path, host=forum.host).status == 404


def auth(person: Person) -> dict[str, str]:
    return {"authorization": f"Bearer {person.token}"}


def test_each_guest_counts_as_a_view(front: GuestCache, forum: Forum) -> None:
    item = make_item(forum.root, forum.owner)
    views.take()
    etag = ask(front, f"/api/v1/conversations/{item.id}", host=forum.host).headers["ETag"]
    for _ in range(3):
        ask(front, f"/api/v1/conversations/{item.id}", host=forum.host, if_none_match=etag)
    assert dict(views.take()) == {(forum.site.id, item.id): 4}


def test_c4_no_page_depends_on_a_header_that_the_cache_does_not_know(django: Any, forum: Forum) -> None:
    """Which headers a page reads: those of the key, those that pass the cache by, and those that change no body."""
    known = {"HTTP_HOST", "HTTP_X_REQUEST_ID", "HTTP_IF_NONE_MATCH", *guest_cache._TELLING}
    item = make_item(forum.root, forum.owner)
    others = [f"/api/v1/conversations/{item.id}", f"/api/v1/profiles/{forum.owner.id}", "/api/v1/search?q=x"]
    for path in [*PAGES, *others]:
        recording = Recording(django)
        ask(recording, path, host=forum.host)
        assert {name for name in recording.names if name.startswith("HTTP_")} - known == set(), path


def test_a_search_is_made_once_for_all_guests(front: GuestCache, forum: Forum) -> None:
    make_item(forum.root, forum.owner, title="Of zebras")
    first, second = (ask(front, "/api/v1/search?q=zebras", host=forum.host) for _ in range(2))
    assert b"zebras" in first.body
    assert (first.body, first.headers["ETag"]) == (second.body, second.headers["ETag"])
    assert len(front._pages) == 1


def test_the_listed_pages_are_routes() -> None:
    listed = re.sub(r"\(\?:", "(", guest_cache._PATHS.pattern)
    for word in re.findall(r"[a-z]{4,}", listed.removeprefix("/api/v1/")):
        assert word in {
            "site",
            "trending",
            "microcosms",
            "tree",
            "conversations",
            "events",
            "polls",
            "comments",
            "profiles",
        }

"""A micro-cache for guests in front of Django: hot pages for at most a second, made by one request at a time.

It is a WSGI application around ours (docs/decisions/0041). It answers only what is safe to answer without asking: a GET
of a listed page with a plain query and nothing in its headers that could change the body. Everything else passes
through, and so does whatever it does not know.
"""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from apps.core.conditional import is_held
from apps.core.logs import identify

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Effect = Callable[[], None]
#: Host, path and query, as they were sent.
Key = tuple[str, str, str]

#: Where a view puts what has to happen again each time its answer is served, in the request's environment.
EFFECTS = "microcosm.effects"

#: The pages that guests come for. Which of them exist, and for whom, only Django knows: nothing but its 200 is kept.
_PATHS = re.compile(
    r"/api/v1/(?:site|trending|microcosms(?:/tree|/[0-9]+)?|(?:conversations|events|polls|comments|profiles)(?:/[0-9]+)?)"
)
#: What is searched for is free text, which may be written in many ways: each of them is a page of its own.
_SEARCH = "/api/v1/search"
#: One way to write each parameter, so that nobody hides another one in the query (C4).
_NUMBER = "(?:limit|offset|comment_id)=[0-9]{1,9}"
_QUERY = re.compile(rf"(?:(?:{_NUMBER}|(?:after|before)=[A-Za-z0-9_-]{{1,200}})(?:&(?=[a-z])|$))*")
_SEARCHED = re.compile(rf"(?:(?:{_NUMBER}|(?:q|type|sort)=[A-Za-z0-9%+._~:-]{{1,200}})(?:&(?=[a-z])|$))*")
#: Headers that make another answer, or somebody else of who asks.
_TELLING = frozenset(
    {
        "HTTP_AUTHORIZATION",
        "HTTP_COOKIE",
        "HTTP_X_ALWAYS_200",
        "HTTP_X_DISABLE_BOILER",
        "HTTP_TRANSFER_ENCODING",
    }
)
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_TO_EACH = frozenset({"x-request-id"})
_NOT_WITH_304 = frozenset({"content-type", "content-length"})

#: How long a request waits for another one that is making the same page before it makes its own.
WAIT_SECONDS = 2.0
MAX_BYTES = 8 * 1024 * 1024
MAX_BODY_BYTES = 1024 * 1024
_OVERHEAD_BYTES = 4096


@dataclass(frozen=True)
class _Page:
    """A body and what belongs to it."""

    body: bytes
    headers: list[tuple[str, str]]
    #: The headers of a 304 in its place.
    headers_held: list[tuple[str, str]]
    etag: str
    effects: tuple[Effect, ...]
    #: When the request that made it began, so that its content is no older than that.
    made_at: float
    #: How many writes had passed through here by then.
    writes: int

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return len(self.body) + _OVERHEAD_BYTES


class GuestCache:
    """The WSGI application around `application`; `seconds` is how long a page lives."""

    def __init__(self, application: Application, *, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._application, self._seconds, self._now = application, min(seconds, 1.0), now
        #: In the order they were made, which is the order they expire in.
        self._pages: OrderedDict[Key, _Page] = OrderedDict()
        self._byte_count = 0
        self._being_made: dict[Key, threading.Event] = {}
        self._lock = threading.Lock()
        self._writes = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in _READING:
            return self._write(environ, start_response)
        key = key_of(environ)
        if key is None:
            return self._application(environ, start_response)
        page = self._fresh(key)
        if page is None:
            event, is_mine = self._claim(key)
            if is_mine:
                try:
                    return self._make(key, environ, start_response)
                finally:
                    self._release(key, event)
            event.wait(WAIT_SECONDS)
            page = self._fresh(key)
            if page is None:
                # What everybody waited for may not be kept, or takes too long.
                return self._application(environ, start_response)
        for effect in page.effects:
            effect()
        return _answer(page, environ, start_response, own_id=identify(environ.get("HTTP_X_REQUEST_ID", "")))

    def _write(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a write on; what was made before it succeeded is not served after it by this process."""

        def note_success(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if status < "4":
                with self._lock:
                    self._writes += 1
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        return self._application(environ, note_success)

    def _fresh(self, key: Key) -> _Page | None:
        page = self._pages.get(key)
        if page is None or page.writes != self._writes or self._now() - page.made_at >= self._seconds:
            return None
        return page

    def _claim(self, key: Key) -> tuple[threading.Event, bool]:
        """The event that tells that the page has been made, and whether it is the caller who has to make it."""
        with self._lock:
            event = self._being_made.get(key)
            if event is not None:
                return event, False
            event = self._being_made[key] = threading.Event()
            return event, True

    def _release(self, key: Key, event: threading.Event) -> None:
        with self._lock:
            del self._being_made[key]
        event.set()

    def _make(self, key: Key, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Have the page made, and keep it if it may be kept."""
        made_at, writes = self._now(), self._writes
        started: list[Any] = []

        def note_start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
            started[:] = [status, headers]
            return _refuse_to_write

        own_id = identify(environ.get("HTTP_X_REQUEST_ID", ""))
        # Asked for the whole page: a 304 could not be kept for those who do not hold it.
        asked = {name: value for name, value in environ.items() if name != "HTTP_IF_NONE_MATCH"}
        asked["HTTP_X_REQUEST_ID"] = own_id
        chunks = self._application(asked, note_start)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        status, headers = started
        if not _may_be_kept(status, headers, body):
            start_response(status, headers)
            return [body]
        page = _page(body, headers, effects=asked.get(EFFECTS, ()), made_at=made_at, writes=writes)
        self._keep(key, page)
        return _answer(page, environ, start_response, own_id=own_id)

    def _keep(self, key: Key, page: _Page) -> None:
        with self._lock:
            self._drop(key)
            self._pages[key] = page
            self._byte_count += page.size
            while self._byte_count > MAX_BYTES or page.made_at - self._oldest.made_at >= self._seconds:
                self._drop(next(iter(self._pages)))

    @property
    def _oldest(self) -> _Page:
        return next(iter(self._pages.values()))

    def _drop(self, key: Key) -> None:
        page = self._pages.pop(key, None)
        if page is not None:
            self._byte_count -= page.size


def key_of(environ: Environ) -> Key | None:
    """What tells a guest's request from all that are answered otherwise; None for what is not answered here."""
    # Most of what is not answered here says who asks.
    if "HTTP_AUTHORIZATION" in environ:
        return None
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    if (
        environ["REQUEST_METHOD"] != "GET"
        or not (path == _SEARCH or _PATHS.fullmatch(path))
        or (query and not (_SEARCHED if path == _SEARCH else _QUERY).fullmatch(query))
        or not _TELLING.isdisjoint(environ)
        or environ.get("CONTENT_LENGTH") not in (None, "", "0")
        or environ.get("SCRIPT_NAME")
        or not environ.get("HTTP_HOST")
    ):
        return None
    return environ["HTTP_HOST"], path, query


def _may_be_kept(status: str, headers: list[tuple[str, str]], body: bytes) -> bool:
    """Whether Django says that everybody may have it: 200, public, and nothing set at the client."""
    if not status.startswith("200") or len(body) > MAX_BODY_BYTES:
        return False
    named = {name.lower(): value for name, value in headers}
    return named.get("cache-control", "").startswith("public") and "set-cookie" not in named and "etag" in named


def _page(
    body: bytes, headers: list[tuple[str, str]], *, effects: Iterable[Effect], made_at: float, writes: int
) -> _Page:
    kept = [(name, value) for name, value in headers if name.lower() not in _OWN_TO_EACH]
    return _Page(
        body=body,
        headers=kept,
        headers_held=[(name, value) for name, value in kept if name.lower() not in _NOT_WITH_304],
        etag=next(value for name, value in kept if name.lower() == "etag"),
        effects=tuple(effects),
        made_at=made_at,
        writes=writes,
    )


def _answer(page: _Page, environ: Environ, start_response: StartResponse, *, own_id: str) -> Iterable[bytes]:
    own = ("X-Request-Id", own_id)
    held = environ.get("HTTP_IF_NONE_MATCH")
    if held is not None and is_held(held, etag=page.etag):
        start_response("304 Not Modified", [*page.headers_held, own])
        return [b""]
    start_response("200 OK", [*page.headers, own])
    return [page.body]


def _refuse_to_write(_data: bytes) -> None:
    raise RuntimeError("nothing here writes past the answer")

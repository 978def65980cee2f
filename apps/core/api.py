"""The frame of every route: method override, envelope, errors, headers (contract A 2 to 5).

A view does: parse, access, one service or one query, answer. It returns an `Answer`; everything else happens here.
"""

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders
from rest_framework import exceptions as drf
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.core import errors
from apps.core.conditional import asks_conditionally, etag_of, is_held, wants_always_200
from apps.core.cursors import Cursors
from apps.core.errors import ApiError
from apps.core.guest_cache import EFFECTS
from apps.core.logs import request_id
from apps.core.pagination import Paging, RequestUrl
from apps.core.parsing import check_text
from apps.core.serializers import MAX_ID
from apps.core.sql import is_lost
from apps.core.wire import dump

log = logging.getLogger(__name__)

_VERBS = ("OPTIONS", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_METHODS = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
_CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.\[\]]{0,127}")
_VARY = "Authorization, X-Always-200, X-Disable-Boiler"
_ALLOWED_HEADERS = (
    "Authorization, Content-Type, If-None-Match, Prefer, X-HTTP-Method-Override, X-Always-200, X-Disable-Boiler,"
    " X-Request-Id"
)
_EXPOSED_HEADERS = "ETag, Link, Location, X-Request-Id"
#: What every answer has, in the form in which a response keeps it: what everybody may keep, and what is one's own.
_SHARED_HEADERS, _OWN_HEADERS = (
    ResponseHeaders(
        {
            "Cache-Control": cache_control,
            "Vary": _VARY,
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": _EXPOSED_HEADERS,
            "X-Content-Type-Options": "nosniff",
        }
    )._store
    for cache_control in ("public, max-age=300", "private, no-cache, max-age=0")
)
_TRUE = {"1", "t", "T", "true", "True", "TRUE"}
#: The web client takes any object in `data` for a token here, so errors of a POST keep it null (A 4.1).
_TOKEN_PATHS = ("/api/v1/auth", "/api/v1/auth0")


@dataclass(frozen=True)
class Answer:
    """What a view answers: the data of the envelope, the intended status and further headers."""

    data: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    #: Bytes to send as they are, with the content type in `headers`, instead of an envelope.
    raw: bytes | None = None
    #: The same in pieces, for what is too large to hold; `headers` must say the Content-Length too.
    stream: Iterable[bytes] | None = None
    #: What tells the body from any other at its address; found from its bytes if empty.
    etag: str = ""
    #: False when it depends on more than what the versions of a site stand for (`apps.core.response_cache`).
    may_be_kept: bool = True
    #: When it gets wrong by itself, such as when something closes; None for never.
    holds_until: datetime | None = None


class ApiRequest(Request):
    """DRF's request, which takes an empty JSON body for an empty object unless told otherwise (A 2.5)."""

    #: There is one form of answers, so nothing is negotiated.
    _negotiator: ClassVar = DefaultContentNegotiation()

    def _default_negotiator(self) -> Any:
        return self._negotiator

    def _parse(self) -> Any:
        kind = self.META.get("CONTENT_TYPE", "").split(";")[0].strip().lower()
        if kind == "application/json" and self.META.get("CONTENT_LENGTH") in (None, "", "0"):
            raise errors.UnreadableBody("the body is empty")
        return super()._parse()  # type: ignore[misc]


class Api(APIView):
    """Base of all views; handlers are named after the verbs and return an `Answer`."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.method = effective_method(request)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[arg-type]

    def get_parsers(self) -> list[Any]:
        """What reads bodies: it knows nothing of a request, so one of each is enough."""
        return _instances(tuple(self.parser_classes))

    def get_authenticators(self) -> list[Any]:
        """Who says who asks; the same holds."""
        return _instances(tuple(self.authentication_classes))

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks."""
        for authenticator in self.get_authenticators():
            request.user, request.auth = authenticator.authenticate(request)

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """The request as views see it."""
        return ApiRequest(
            request,
            parsers=self.get_parsers(),
            authenticators=self.get_authenticators(),
            parser_context={"kwargs": kwargs},
        )

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate (which also checks bans), then check what every route takes: ids, and text in the query."""
        self.perform_authentication(request)
        for name, value in kwargs.items():
            if isinstance(value, int) and value > MAX_ID:
                raise errors.OutOfRange(f"{name} does not fit 64 bits")
        for name in request.query_params:
            check_text(name)
            for text in request.query_params.getlist(name):
                check_text(text)
        callback = request.query_params.get("callback")
        if callback and not _CALLBACK.fullmatch(callback):
            raise errors.OutOfRange("callback is not the name of a function")

    @property
    def viewer(self) -> Any:
        """Who asks, and on which site: set by the authentication class of the settings."""
        return self.request.user

    @property
    def paging(self) -> Paging:
        """The page asked for, of a list without cursors; raises for bad numbers."""
        return Paging.of(self.request.query_params)

    def paging_of(self, *list: Any) -> Paging:
        """The page asked for, of a list with cursors; raises for bad numbers and for cursors of other lists.

        `list` tells this list from all others of the site: its name, and what it is filtered by.
        """
        return Paging.of(self.request.query_params, cursors=Cursors(self.viewer.site_id, list))

    @property
    def url(self) -> RequestUrl:
        """What page links are made from."""
        return RequestUrl.of(self.request._request)

    def query_flag(self, name: str) -> bool:
        """A bool of the query; what is neither true nor false is false."""
        return self.request.query_params.get(name, "") in _TRUE

    def wrote(self, href: str, *, representation: Callable[[], Any], created: bool = False) -> Answer:
        """The answer to a create or update: 302 to the thing, or the thing itself if the client prefers it."""
        headers = {"Location": href}
        if "return=representation" in self.request.headers.get("Prefer", "").replace(" ", "").lower():
            headers["Preference-Applied"] = "return=representation"
            return Answer(representation(), status=201 if created else 200, headers=headers)
        return Answer(status=302, headers=headers)

    def unless_held(self, version: bytes, shape: Callable[[], Any], *, headers: dict[str, str] | None = None) -> Answer:
        """What `shape` makes, or 304 without making it for a client that holds what was made from the same `version`.

        `version` tells apart all that the data are made from; what the envelope is made from is added here. `headers`
        belong to both.
        """
        request = self.request._request
        frame = (request.path, request.META.get("QUERY_STRING"), bool(request.META.get("HTTP_X_DISABLE_BOILER")))
        etag = etag_of(repr(frame).encode() + version)
        if asks_conditionally(request) and is_held(request.META["HTTP_IF_NONE_MATCH"], etag=etag):
            return Answer(status=304, raw=b"", headers=headers or {}, etag=etag)
        return Answer(shape(), headers=headers or {}, etag=etag)

    def each_time(self, effect: Callable[[], None]) -> None:
        """Do something now, and again whenever the guest cache serves this answer once more."""
        effect()
        self.request._request.META.setdefault(EFFECTS, []).append(effect)

    # --- APIView's hooks ---------------------------------------------------------------------

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Answer:  # type: ignore[override]
        """Which verbs there are; also answers the preflight of a browser."""
        allow = ",".join(self.allowed_methods)
        headers = {"Allow": allow}
        if "Origin" in request.headers and "Access-Control-Request-Method" in request.headers:
            headers |= {
                "Access-Control-Allow-Methods": allow,
                "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
                "Access-Control-Max-Age": "86400",
            }
        return Answer(raw=b"", headers=headers)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """None: `render` sets what all answers have, and nobody reads the list of verbs that DRF would make."""
        return {}

    @property
    def allowed_methods(self) -> list[str]:
        """The verbs that have a handler, in a fixed order."""
        return [name for name in _VERBS if hasattr(self, name.lower())]

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        if hasattr(cls, "get") and not hasattr(cls, "head"):
            cls.head = cls.get  # type: ignore[attr-defined]
        return super().as_view(**initkwargs)

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        raise errors.MethodNotAllowed

    def handle_exception(self, exc: Exception) -> Any:
        error = as_api_error(exc)
        headers = dict(error.headers)
        if error.status == 405:
            headers["Allow"] = ",".join(self.allowed_methods)
        if isinstance(error, errors.TooManyRequests):
            headers["Retry-After"] = str(error.retry_after_seconds)
        self.error = error
        return Answer(error_data(self.request._request, error), status=error.status, headers=headers)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(response, HttpResponseBase):
            return response
        http_request = getattr(request, "_request", request)
        if response.stream is not None:
            return _streamed(http_request, response)
        return render(http_request, response, error=getattr(self, "error", None))


@cache
def _instances(classes: tuple[type[Any], ...]) -> list[Any]:
    return [made() for made in classes]


def effective_method(request: HttpRequest) -> str:
    """The verb meant: a POST may carry another one in a header or, stronger, in the query (A 2.2)."""
    method = request.method or "GET"
    if method != "POST":
        return method
    wanted = (request.GET.get("method") or request.headers.get("X-HTTP-Method-Override") or "").upper()
    return wanted if wanted in _METHODS else method


def as_api_error(exc: Exception) -> ApiError:
    """Any exception of a view as one of ours; what nobody foresaw is logged and becomes a 500 without details."""
    if isinstance(exc, ApiError):
        return exc
    if isinstance(exc, drf.MethodNotAllowed):
        return errors.MethodNotAllowed()
    if isinstance(exc, drf.ParseError):
        return errors.UnreadableBody(str(exc.detail))
    if isinstance(exc, drf.UnsupportedMediaType):
        return errors.UnknownBodyType()
    if isinstance(exc, DatabaseError) and is_lost(exc):
        log.warning("the database does not answer: %s", exc)
        return errors.Unavailable()
    log.error("unhandled exception in a view", exc_info=exc)
    return errors.ServerError(f"something went wrong on our side; request {request_id.get()}")


def error_data(request: HttpRequest, error: ApiError) -> dict[str, Any] | None:
    """The coded error object (A 4.1)."""
    if request.method == "POST" and request.path in _TOKEN_PATHS:
        return None
    site = getattr(request, "site", None)
    profile_id = getattr(getattr(request, "viewer", None), "profile_id", 0) or 0
    data: dict[str, Any] = {"siteId": site.id if site else 0}
    if profile_id:
        data["profileId"] = profile_id
    return data | {"errorCode": error.code, "errorDetail": error.detail}


def error_response(request: HttpRequest, error: ApiError) -> HttpResponse:
    """An error of something that is no view: middleware, or no route at all."""
    answer = Answer(error_data(request, error), status=error.status, headers=dict(error.headers))
    return render(request, answer, error=error)


def render(request: HttpRequest, answer: Answer, *, error: ApiError | None = None) -> HttpResponse:
    """An answer as bytes, with the headers that all answers have."""
    if answer.raw is not None:
        response = HttpResponse(answer.raw, status=answer.status)
        del response.headers["Content-Type"]
    else:
        response = _envelope(request, answer, error=error)
    if answer.status == 200 and request.method in ("GET", "HEAD"):
        etag = answer.etag or answer.headers.get("ETag") or etag_of(response.content)
        if asks_conditionally(request) and is_held(request.META["HTTP_IF_NONE_MATCH"], etag=etag):
            return render(request, Answer(status=304, raw=b"", headers=_kept(answer.headers), etag=etag))
        response["ETag"] = etag
    elif answer.etag:
        response["ETag"] = answer.etag
    _set_headers(request, response, answer)
    # A 304 has no body and says nothing about the length of the one it stands for.
    if answer.status != 304:
        response.headers.setdefault("Content-Length", str(len(response.content)))
    if request.method == "HEAD":
        response.content = b""
    return response


def _kept(headers: dict[str, str]) -> dict[str, str]:
    """The headers of an answer that the 304 in its place has too (RFC 9110, 15.4.5)."""
    return {name: value for name, value in headers.items() if not name.lower().startswith("content-")}


def _streamed(request: HttpRequest, answer: Answer) -> StreamingHttpResponse:
    response = StreamingHttpResponse(answer.stream or (), status=answer.status)
    del response["Content-Type"]
    _set_headers(request, response, answer)
    return response


def _envelope(request: HttpRequest, answer: Answer, *, error: ApiError | None) -> HttpResponse:
    query, context = request.GET, request.GET.get("context", "")
    content, content_type = content_of(request, answer, error=error), "application/json"
    callback = query.get("callback")
    if callback and _CALLBACK.fullmatch(callback):
        arguments = content + (b", " + dump(context) if context else b"")
        content, content_type = callback.encode() + b"(" + _script_safe(arguments) + b")", "application/javascript"
    return HttpResponse(content, status=200 if wants_always_200(request) else answer.status, content_type=content_type)


def content_of(request: HttpRequest, answer: Answer, *, error: ApiError | None = None) -> bytes:
    """An answer's data as JSON, in the envelope unless the request does without it."""
    if "disableBoiler" in request.GET or request.META.get("HTTP_X_DISABLE_BOILER"):
        return dump(answer.data)
    return dump(
        {
            "context": request.GET.get("context", "").encode(errors="replace").decode(),
            "status": answer.status,
            "data": answer.data,
            "error": [error.detail] if error else None,
        }
    )


def _script_safe(json: bytes) -> bytes:
    """JSON that is also JavaScript, and harmless inside HTML."""
    for raw, escaped in ((b"<", b"\\u003c"), (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029")):
        json = json.replace(raw, escaped)
    return json


def _set_headers(request: HttpRequest, response: HttpResponseBase, answer: Answer) -> None:
    guest = not getattr(getattr(request, "viewer", None), "profile_id", 0)
    shared = guest and answer.status in (200, 304) and request.method == "GET" and not request.GET.get("access_token")
    # Their names and values were looked through when they were made.
    response.headers._store.update(_SHARED_HEADERS if shared else _OWN_HEADERS)
    for name, value in answer.headers.items():
        response[name] = value


def route_missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler404: no route matches."""
    return error_response(request, errors.Missing("there is no such route"))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler400: a request Django itself refuses."""
    return error_response(request, errors.UnreadableBody("the request cannot be read"))


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: something outside a view failed."""
    return error_response(request, errors.ServerError(f"something went wrong on our side; request {request_id.get()}"))

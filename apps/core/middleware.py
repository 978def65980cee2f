"""What happens to every request before anything else: an id, and limits of size."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict

from apps.core.acting import answering
from apps.core.api import error_response
from apps.core.errors import ApiError
from apps.core.logs import identify, request_id

#: What requests without a query have in common; it cannot be changed.
_NO_PARAMETERS = QueryDict()


class RequestIdMiddleware:
    """Gives each request an id, the one a proxy sent if it is well formed, and says that it is being answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        identity = identify(request.META.get("HTTP_X_REQUEST_ID", ""))
        # Not reset afterwards: Django logs the outcome of a request once its middleware has returned.
        request_id.set(identity)
        with answering(request):
            response = self.get_response(request)
        response["X-Request-Id"] = identity
        return response


class HeadersTooLarge(ApiError):
    """The headers of the request are too large."""

    status = 431
    code = 4


class TargetTooLong(ApiError):
    """The address of the request is too long."""

    status = 414
    code = 4


class TooManyParameters(ApiError):
    """The request has too many query parameters."""

    code = 4


class RequestLimitsMiddleware:
    """Refuses requests whose headers, address or parameter count are beyond the limits of the settings."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.META.get("QUERY_STRING"):
            # Many ask for it, and nothing would be found each time.
            request.GET = _NO_PARAMETERS
        error = self._problem(request)
        response = error_response(request, error) if error else self.get_response(request)
        _drain(request)
        return response

    def _problem(self, request: HttpRequest) -> ApiError | None:
        query = request.META.get("QUERY_STRING", "")
        if len(request.path) + len(query) > settings.MAX_TARGET_BYTES:
            return TargetTooLong()
        if query.count("&") >= settings.MAX_QUERY_PARAMETERS:
            return TooManyParameters()
        size = sum([len(name) + len(value) for name, value in request.META.items() if name[:5] == "HTTP_"])
        return HeadersTooLarge() if size > settings.MAX_HEADER_BYTES else None


def _drain(request: HttpRequest) -> None:
    """Read what the view left of a body, up to the largest that is taken anywhere.

    A server that closes with unread bytes resets the connection, and a proxy in front then answers 502 instead of ours.
    """
    stream = getattr(request, "_stream", None)
    remaining = settings.MAX_UPLOAD_BYTES if stream is not None else 0
    while remaining > 0:
        chunk = stream.read(min(remaining, 65_536))  # type: ignore[union-attr]
        if not chunk:
            return
        remaining -= len(chunk)

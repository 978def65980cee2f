"""From WSGI to our views: Django's handler without what nothing here listens to (docs/decisions/0062)."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections
from django.http.response import HttpResponseBase

Environ = dict[str, Any]


class Handler(WSGIHandler):
    """Does itself, in plain calls, the one thing that Django does by signals here: looking after connections.

    A site is never mounted below another path, so there is no script prefix. Answers that are streamed keep their
    connection until they are closed by the server, as with Django.
    """

    def __call__(  # type: ignore[override]  # any iterable of bytes is an answer
        self, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        close_old_connections()
        request = self.request_class(environ)
        response: HttpResponseBase = self.get_response(request)
        headers = [*response.items(), *(("Set-Cookie", c.output(header="")) for c in response.cookies.values())]
        status = f"{response.status_code} {response.reason_phrase}"
        if response.streaming:
            response._handler_class = self.__class__  # type: ignore[attr-defined]  # the sender of its signal
            start_response(status, headers)
            return response  # type: ignore[return-value]  # an iterable of bytes that the server closes
        for close in response._resource_closers:  # type: ignore[attr-defined]
            close()
        close_old_connections()
        start_response(status, headers)
        return (response.content,)  # type: ignore[attr-defined]

    def make_view_atomic(self, view: Callable[..., Any]) -> Callable[..., Any]:
        """The view: services begin their own transactions."""
        return view

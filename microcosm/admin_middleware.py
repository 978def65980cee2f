"""Sessions, CSRF and messages for /admin/ alone: the API has no cookies and does not pay for them."""

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware

PREFIX = "/admin/"


class _AdminOnly:
    """Mixin that lets every other path pass by."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(PREFIX):
            return super().__call__(request)  # type: ignore[misc]
        return self.get_response(request)


class AdminSessionMiddleware(_AdminOnly, SessionMiddleware):
    """Sessions of operators."""


class AdminCsrfMiddleware(_AdminOnly, CsrfViewMiddleware):
    """CSRF tokens of the admin's forms."""

    def process_view(self, request: HttpRequest, *args: Any) -> Any:
        if request.path_info.startswith(PREFIX):
            return super().process_view(request, *args)
        return None


class AdminAuthenticationMiddleware(_AdminOnly, AuthenticationMiddleware):
    """Who is signed in to the admin."""


class AdminMessageMiddleware(_AdminOnly, MessageMiddleware):
    """Messages after the admin's forms."""


class AdminFrameMiddleware(_AdminOnly, XFrameOptionsMiddleware):
    """The admin is never shown in a frame."""

"""Puts the site of the Host header on the request; an unknown host ends here (contract A 2.1)."""

from collections.abc import Callable

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse

from apps.core.api import as_api_error, error_response
from apps.core.errors import UnknownSite
from apps.sites.hosts import normalise_host, site_at


class SiteMiddleware:
    """Sets `request.site` and the route table of the host class."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Only the Host header decides: a forwarded host is unkeyed by caches and anybody can send one (C4, T4).
        try:
            site = site_at(normalise_host(request.META.get("HTTP_HOST", "")))
        except DatabaseError as error:
            return error_response(request, as_api_error(error))
        if site is None:
            return error_response(request, UnknownSite())
        request.site = site  # type: ignore[assignment]
        request.urlconf = settings.ROOT_HOST_URLCONF if site.is_root else settings.ROOT_URLCONF  # type: ignore[attr-defined]
        return self.get_response(request)

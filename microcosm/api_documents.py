"""`openapi.json` and a page to read it, on every host; the page's assets come from this server."""

import functools
import json

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import path

from apps.core.api import Answer, render
from apps.core.openapi import document


@functools.cache
def _document_bytes() -> bytes:
    return json.dumps(document(), sort_keys=True).encode()


def openapi_json(request: HttpRequest) -> HttpResponse:
    """The description of the API."""
    headers = {"Content-Type": "application/json", "Cache-Control": "public, max-age=300"}
    return render(request, Answer(raw=_document_bytes(), headers=headers))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Microcosm API</title>
<link rel="stylesheet" href="{base}swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="{base}swagger-ui-bundle.js"></script>
<script src="{script}"></script>
</body></html>
"""


def documentation(request: HttpRequest) -> HttpResponse:
    """A page that shows the description and tries calls."""
    base = static("drf_spectacular_sidecar/swagger-ui-dist/")
    page = _PAGE.format(base=base, script=static("microcosm/documentation.js"))
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "public, max-age=300",
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
    }
    return render(request, Answer(raw=page.encode(), headers=headers))


urlpatterns = [path("openapi.json", openapi_json), path("docs", documentation)]

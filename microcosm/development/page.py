"""The page of `make run`: a conversation of the demo site, live in the browser. Production never imports this."""

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from microcosm.development.front import WsgiApplication

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).with_name("demo_page")
PATH = "/demo/"
PEOPLE_PATH = f"{PATH}people.json"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
#: What the page is made of, by path; the live client is the one that the documentation shows.
FILES = {f"{PATH}{file.name}": file for file in FOLDER.iterdir() if file.suffix in _TYPES} | {
    PATH: FOLDER / "index.html",
    f"{PATH}live.js": ROOT / "docs" / "examples" / "live.js",
}
#: What a proxy adds: whoever comes through one is not on this machine.
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_VIA")

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class DemoPage:
    """A WSGI application around ours that answers what is below `/demo/` on the demo site's host, and nothing else.

    Other hosts get nothing of it: a page elsewhere whose name was bound to this machine would be one of those.
    """

    def __init__(self, http: WsgiApplication, *, host: str, people: list[Mapping[str, str]]) -> None:
        self._http = http
        self._is_ours = re.compile(rf"{re.escape(host)}(:[0-9]+)?", re.IGNORECASE).fullmatch
        self._people = people

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path, host = environ["PATH_INFO"], environ.get("HTTP_HOST", "")
        if not f"{path}/".startswith(PATH) or not self._is_ours(host):
            return self._http(environ, start_response)
        if path == PATH.rstrip("/"):
            start_response("308 Permanent Redirect", [("Location", PATH), ("Content-Length", "0")])
            return [b""]
        if path == PEOPLE_PATH:
            status, kind, body = self._tell_people(environ)
        elif path in FILES:
            # Read at each request: who changes the page sees it.
            status, kind, body = HTTPStatus.OK, _TYPES[FILES[path].suffix], FILES[path].read_bytes()
        else:
            return self._http(environ, start_response)
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", policy(host)),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        ]
        start_response(f"{status.value} {status.phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def _tell_people(self, environ: Mapping[str, Any]) -> tuple[HTTPStatus, str, bytes]:
        if not is_from_here(environ):
            return HTTPStatus.FORBIDDEN, "application/json", b'"Tokens are given to this machine only."'
        return HTTPStatus.OK, "application/json", json.dumps(self._people).encode()


def policy(host: str) -> str:
    """What the page may load and ask: this server. Not every browser counts sockets to it as 'self'."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws://{host}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def is_from_here(environ: Mapping[str, Any]) -> bool:
    """Whether a request was made on this machine, and not handed on by a proxy on it."""
    if any(name in environ for name in _FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(environ["REMOTE_ADDR"])
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback

"""An API client for tests: real requests through Django's handler, every answer checked against the description."""

import functools
import json as json_module
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client

from tests.described import check_response
from tests.factories import Person


class Reply:
    """A response with its envelope taken apart."""

    def __init__(self, response: HttpResponse) -> None:
        self.response = response

    @property
    def status(self) -> int:
        """The status line's code."""
        return self.response.status_code

    @property
    def headers(self) -> Any:
        """The response headers."""
        return self.response.headers

    @functools.cached_property
    def content(self) -> bytes:
        """The body, whether it came at once or in pieces."""
        response = self.response
        return response.getvalue() if isinstance(response, StreamingHttpResponse) else response.content

    @property
    def json(self) -> Any:
        """The whole body."""
        return json_module.loads(self.content)

    @property
    def data(self) -> Any:
        """The envelope's data."""
        return self.json["data"]

    @property
    def code(self) -> int:
        """The error code of an error."""
        code: int = self.data["errorCode"]
        return code

    @property
    def location(self) -> str:
        """Where a write sends the client."""
        location: str = self.response["Location"]
        return location

    def __repr__(self) -> str:
        return f"<Reply {self.status} {self.content[:600]!r}>"


@dataclass(frozen=True)
class ApiClient:
    """Speaks for one person (or a guest) to one host; paths may leave out `/api/v1`."""

    host: str
    token: str = ""
    #: Whether answers are validated against the description; only tests of broken transport turn it off.
    checked: bool = True

    def as_(self, person: Person | None) -> "ApiClient":
        """The same host as somebody else; None is a guest."""
        return replace(self, token=person.token if person else "")

    def at(self, host: str) -> "ApiClient":
        """The same person on another host."""
        return replace(self, host=host)

    def request(self, method: str, path: str, *, json: Any = None, form: Any = None, **options: Any) -> Reply:
        """One request; `json` or `form` is the body, `body` and `content_type` raw ones, `headers` further headers."""
        if not path.startswith(("/api", "/out")) and path != "/":
            path = f"/api/v1/{path.removeprefix('/')}"
        headers = {"Host": self.host, **options.pop("headers", {})}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        body, content_type = options.pop("body", b""), options.pop("content_type", "")
        if json is not None:
            body, content_type = json_module.dumps(json), "application/json"
        elif form is not None:
            from urllib.parse import urlencode

            body, content_type = urlencode(form), "application/x-www-form-urlencoded"
        client = Client(raise_request_exception=True)
        response = client.generic(method, path, body, content_type=content_type, headers=headers, **options)
        if self.checked:
            check_response(method, path, self.host, response, headers=headers)
        return Reply(response)

    def get(self, path: str, **options: Any) -> Reply:
        """GET."""
        return self.request("GET", path, **options)

    def head(self, path: str, **options: Any) -> Reply:
        """HEAD."""
        return self.request("HEAD", path, **options)

    def options(self, path: str, **options: Any) -> Reply:
        """OPTIONS."""
        return self.request("OPTIONS", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Reply:
        """POST."""
        return self.request("POST", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> Reply:
        """PUT."""
        return self.request("PUT", path, json=json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> Reply:
        """PATCH."""
        return self.request("PATCH", path, json=json, **options)

    def delete(self, path: str, json: Any = None, **options: Any) -> Reply:
        """DELETE."""
        return self.request("DELETE", path, json=json, **options)

    def follow(self, reply: Reply) -> Reply:
        """GET where a write sent the client."""
        assert reply.status == 302, reply
        return self.get(reply.location)

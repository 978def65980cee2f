"""Requests to a server on this machine, by any host's name."""

import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


def ask(
    port: int,
    path: str,
    *,
    host: str,
    method: str = "GET",
    body: bytes | None = None,
    tls: bool = False,
    **headers: str,
) -> Answer:
    """One request to 127.0.0.1 that names any host; `x_y` is the header `X-Y`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    if tls:
        raw = socket.create_connection(("127.0.0.1", port), timeout=20)
        context = ssl._create_unverified_context()
        connection.sock = context.wrap_socket(raw, server_hostname=host)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers={"Host": host, **named})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()

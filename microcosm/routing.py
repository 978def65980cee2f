"""Every websocket address of the platform on one screen, as `urls.py` is for HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.urls import URLPattern, path, re_path

from apps.live.consumers import LiveConsumer

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def unknown_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse the handshake of an address that does not exist; a server that cannot say 404 says 403."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 4404})
        return
    await send({"type": "websocket.http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
    await send({"type": "websocket.http.response.body", "body": b""})


#: The consumers of apps.live, then everything else.
websocket_urlpatterns: list[URLPattern] = [
    path("live/v1", LiveConsumer.as_asgi()),  # type: ignore[arg-type]  # Channels routes to ASGI applications.
    re_path(r"", unknown_socket),  # type: ignore[arg-type]  # Channels routes to ASGI applications, not to views.
]

"""Sockets and streams: what uvicorn serves. HTTP has processes of its own (wsgi.py, docs/decisions/0005)."""

import gc
import os

from channels.routing import URLRouter

from microcosm.start import load_or_exit, settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microcosm.settings.base")

# The consumers that routing.py imports need the apps loaded.
load_or_exit()

from apps.live import stream  # noqa: E402
from microcosm.routing import Receive, Scope, Send, websocket_urlpatterns  # noqa: E402

sockets = URLRouter(websocket_urlpatterns)

# A collection of all garbage stops this process for as long as a frame may take to all sockets (docs/decisions/0053).
# It comes after many connections rather than after many frames.
settle()
gc.set_threshold(20_000, 5, 4)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand sockets to their consumers, and streams to theirs; other HTTP that got here was routed wrongly."""
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
    elif scope["type"] == "http" and scope["path"] == stream.PATH:
        await stream.stream(scope, receive, send)
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
    else:
        # The ASGI specification: an application that does not know `lifespan` raises.
        raise NotImplementedError(scope["type"])

"""What is said on a socket: small flat JSON objects, each way (docs/api/asyncapi.json)."""

from dataclasses import dataclass
from typing import Any

import orjson

from apps.core.serializers import MAX_ID
from apps.sites.types import ItemType

MAX_FRAME_BYTES = 4096
MAX_TOKEN_LENGTH = 256
#: What can be followed, and the type of the item where it is one.
ITEM_WORDS = {kind.word: kind for kind in (ItemType.CONVERSATION, ItemType.EVENT, ItemType.POLL, ItemType.HUDDLE)}
FOLLOWED = {"site", "microcosm", "inbox", "presence", *ITEM_WORDS}
#: Of these there is one a socket, so their id is 0.
WITHOUT_ID = {"site", "inbox"}

#: What the hub files subscriptions under: items of all kinds are `item`, the inbox has its owner's id.
Topic = tuple[str, int]


class BadFrame(Exception):
    """The frame is not one of the protocol's; the socket is closed with code 4400."""


@dataclass(frozen=True)
class SignIn:
    """Speak for the holder of a token; the first frame, if any."""

    token: str


@dataclass(frozen=True)
class Subscribe:
    """Follow something from now on, or from behind a position."""

    to: str
    id: int
    after: int | None


@dataclass(frozen=True)
class Unsubscribe:
    """Follow something no longer."""

    to: str
    id: int


@dataclass(frozen=True)
class Typing:
    """Somebody writes something under an item."""

    id: int


@dataclass(frozen=True)
class Ping:
    """Are you there?"""


Frame = SignIn | Subscribe | Unsubscribe | Typing | Ping


def read_frame(text: str | None) -> Frame:
    """One frame of a client; raises BadFrame for everything else."""
    if text is None or len(text) > MAX_FRAME_BYTES or len(text.encode(errors="replace")) > MAX_FRAME_BYTES:
        raise BadFrame(f"a frame is a text of at most {MAX_FRAME_BYTES} bytes")
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadFrame("a frame is JSON") from error
    if not isinstance(frame, dict) or any(isinstance(value, dict | list) for value in frame.values()):
        raise BadFrame("a frame is an object without lists or objects in it")
    kind = frame.get("type")
    if kind == "ping":
        return Ping()
    if kind == "sign_in":
        return SignIn(token=_token(frame))
    if kind == "typing":
        return Typing(id=_whole(frame, "id"))
    if kind == "subscribe":
        to, id_ = _place(frame)
        return Subscribe(to=to, id=id_, after=_whole(frame, "after") if "after" in frame else None)
    if kind == "unsubscribe":
        to, id_ = _place(frame)
        return Unsubscribe(to=to, id=id_)
    raise BadFrame("this frame is not known")


def _token(frame: dict[str, Any]) -> str:
    token = frame.get("token")
    if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN_LENGTH:
        raise BadFrame("token must be an access token")
    return token


def _place(frame: dict[str, Any]) -> tuple[str, int]:
    to = frame.get("to")
    if not isinstance(to, str) or to not in FOLLOWED:
        raise BadFrame(f"to must be one of {', '.join(sorted(FOLLOWED))}")
    id_ = _whole(frame, "id", default=0 if to == "presence" or to in WITHOUT_ID else None)
    return to, 0 if to in WITHOUT_ID else id_


def _whole(frame: dict[str, Any], name: str, *, default: int | None = None) -> int:
    value = frame.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_ID:
        raise BadFrame(f"{name} must be a whole number")
    return value


def topic_of(to: str, id: int, *, profile_id: int) -> Topic:
    """Where the hub files a subscription."""
    if to == "inbox":
        return to, profile_id
    return ("item" if to in ITEM_WORDS else to), id


def text(**frame: Any) -> str:
    """A frame of the server."""
    return orjson.dumps(frame).decode()


class ChangeFrames:
    """One change as frames: it is rendered once, and a frame once for each place and previous position."""

    def __init__(self, shape: dict[str, Any]) -> None:
        self.position: int = shape["position"]
        self._rest = orjson.dumps(shape).decode()[1:]
        self._texts: dict[tuple[str, int, int], str] = {}

    def text(self, *, to: str, id: int, previous: int) -> str:
        """The frame of a subscription whose last frame had the position `previous`."""
        key = (to, id, previous)
        found = self._texts.get(key)
        if found is None:
            head = orjson.dumps({"type": "change", "to": to, "id": id, "previous": previous}).decode()
            found = self._texts[key] = f"{head[:-1]},{self._rest}"
        return found

"""Whole answers for members, kept in the process while nothing they are made from has changed (docs/decisions/0060).

The statement that finds out who asks also says in which state the site is, and all that is the member's own. An answer
is given again only to the same member, at the same address, in the same state; permission is part of it.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.core import clock
from apps.core.api import Answer, Api, content_of
from apps.core.cache import Memory
from apps.core.conditional import etag_of
from apps.core.guest_cache import EFFECTS

MAX_BYTES = 16 * 1024 * 1024
#: What is not asked for any more makes room; nothing gets wrong with age.
LIFETIME = timedelta(minutes=10)
#: For what changes by itself as time goes by, such as what is trending.
FLEETING = timedelta(seconds=1)
_OVERHEAD_BYTES = 1500
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Kept:
    """The body of an answer, what belongs to it, and what it was made from."""

    state: str
    body: bytes
    headers: dict[str, str]
    etag: str
    effects: tuple[Callable[[], None], ...]
    until: datetime


def state_of(viewer: Any) -> str:
    """What tells apart all that somebody's answers are made from; "" if that is not known."""
    state: str = viewer.state
    return state


def kept(*, lifetime: timedelta = LIFETIME, state_of: Callable[[Any], str] = state_of) -> Callable[[Any], Any]:
    """Decorator of a `get` whose answer depends on its address, who asks and what is stored, and on nothing else.

    `state_of` says of a viewer what the answer depends on, where that is more than what the versions stand for. Reading
    may move a mark of the reader. That changes the state, so an answer that is given again would move none.
    """

    def decorate(get: Callable[..., Answer]) -> Callable[..., Answer]:
        @functools.wraps(get)
        def answer(self: Api, request: Any, *args: Any, **kwargs: Any) -> Answer:
            state, key = state_of(self.viewer), _key(self)
            if not state or not key:
                return get(self, request, *args, **kwargs)
            held = answers().get(key)
            if held is not None and held.state == state and clock.now() < held.until:
                for effect in held.effects:
                    effect()
            else:
                made = _make(self, functools.partial(get, self, request, *args, **kwargs), state, lifetime)
                if isinstance(made, Answer):
                    return made
                held = made
                answers().put(key, held)
            return Answer(raw=held.body, headers=held.headers, etag=held.etag)

        answer.is_kept = True  # type: ignore[attr-defined]  # tests ask which routes there are
        return answer

    return decorate


@functools.cache
def answers() -> Memory[Kept]:
    """What this process keeps."""
    return Memory(max_bytes=MAX_BYTES, size=lambda held: len(held.body) + _OVERHEAD_BYTES)


def _key(api: Api) -> str:
    """Whose answer to what; "" for a request that is answered in another form."""
    request = api.request._request
    if api.viewer.is_guest or "callback" in request.GET or "access_token" in request.GET:
        return ""
    boiler = bool(request.META.get("HTTP_X_DISABLE_BOILER"))
    return (
        f"{api.viewer.site_id}:{api.viewer.profile_id}:{boiler:d}:{request.path}?{request.META.get('QUERY_STRING', '')}"
    )


def _make(api: Api, get: Callable[[], Answer], state: str, lifetime: timedelta) -> Kept | Answer:
    """The answer to keep, or one that is not for keeping."""
    meta, asked_at = api.request._request.META, clock.now()
    # Asked for whole: a page whose readers all hold it would never be kept.
    condition = meta.pop("HTTP_IF_NONE_MATCH", None)
    try:
        answer = get()
    finally:
        if condition is not None:
            meta["HTTP_IF_NONE_MATCH"] = condition
    if answer.status != 200 or answer.raw is not None or answer.stream is not None or not answer.may_be_kept:
        return answer
    body = content_of(api.request._request, answer)
    return Kept(
        state=state,
        body=body,
        headers={"Content-Type": "application/json", **answer.headers},
        etag=answer.etag or etag_of(body),
        effects=tuple(meta.get(EFFECTS, ())),
        until=min(asked_at + lifetime, answer.holds_until or _NEVER),
    )

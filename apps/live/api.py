"""The feed of changes: what a client that was away has missed (docs/api/live.md)."""

import re
from typing import Any

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import ApiError, InvalidToken, OutOfRange, WrongType
from apps.core.openapi import NUMBER_OR_EMPTY, operation, query_parameter
from apps.core.queries import log_place
from apps.core.serializers import MAX_ID
from apps.live.entrance import current_viewer
from apps.live.queries import FeedPage, Filter, feed_page
from apps.live.serializers import FeedOutput, TicketOutput
from apps.live.services import issue_ticket
from apps.live.shapes import change
from apps.live.waiting import wait_for_page
from apps.profiles.authentication import presented_token

DEFAULT_LIMIT = 100
MAX_LIMIT = 500
MAX_WAIT_SECONDS = 25
MAX_KINDS = 50
MAX_MICROCOSMS = 100
_KIND = re.compile(r"[a-z_]{1,30}(\.[a-z_]{1,30})?")

_PARAMETERS = (
    query_parameter(
        "after", NUMBER_OR_EMPTY, "The position to go on from; without it only the position of now is answered."
    ),
    query_parameter("limit", NUMBER_OR_EMPTY, f"Changes in one answer, 1 to {MAX_LIMIT}; {DEFAULT_LIMIT} if absent."),
    query_parameter("kinds", str, "Kinds (`comment.created`) or families of them (`comment`), with commas between."),
    query_parameter("microcosms", str, "Ids of microcosms, with commas between: only what is directly in them."),
    query_parameter(
        "wait",
        NUMBER_OR_EMPTY,
        f"Seconds, up to {MAX_WAIT_SECONDS}, to wait for the first change when there is none yet.",
    ),
)


class WrongProcess(ApiError):
    """Streams are served by another process; the routing in front of this one is not set up for it."""

    status = 421


class ChangeList(Api):
    """`/changes`."""

    @operation("What has changed", answer=FeedOutput, query=_PARAMETERS)
    def get(self, request: Request) -> Answer:
        """What the caller may see now of what happened behind a position, in order.

        `gone` marks what was there for them and no longer is. `gap` says that the log does not hold everything behind
        the position: read again what is kept, and go on from the position answered.
        """
        limit = self._number("limit", default=DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
        seconds = self._number("wait", default=0, least=0, most=MAX_WAIT_SECONDS)
        after = self._number("after", default=-1, least=0, most=MAX_ID)
        wanted = Filter(kinds=self._kinds(), microcosm_ids=self._microcosm_ids())
        place = log_place(site_id=self.viewer.site_id)
        if after < 0 or not place.holds(after):
            return _answer(FeedPage(rows=[], position=place.head, has_more=False), is_gap=after >= 0)
        if not seconds:
            return _answer(feed_page(self.viewer, after=after, limit=limit, wanted=wanted))
        token = presented_token(request)

        def read(position: int) -> FeedPage:
            # Much may have happened while it waited: the token may have ended, too.
            viewer = current_viewer(site=self.viewer.site, token=token)
            if viewer is None:
                raise InvalidToken
            return feed_page(viewer, after=position, limit=limit, wanted=wanted)

        return _answer(wait_for_page(read, site_id=self.viewer.site_id, after=after, seconds=seconds))

    def _number(self, name: str, *, default: int, least: int, most: int) -> int:
        text = self.request.query_params.get(name, "")
        if not text:
            return default
        number = _whole(text, name=name)
        if not least <= number <= most:
            raise OutOfRange(f"{name} must be from {least} to {most}")
        return number

    def _kinds(self) -> tuple[str, ...]:
        kinds = self._list("kinds", most=MAX_KINDS)
        if not all(_KIND.fullmatch(kind) for kind in kinds):
            raise OutOfRange("kinds are words such as comment or comment.created")
        return tuple(kinds)

    def _microcosm_ids(self) -> tuple[int, ...]:
        ids = tuple(_whole(text, name="microcosms") for text in self._list("microcosms", most=MAX_MICROCOSMS))
        if not all(0 < id <= MAX_ID for id in ids):
            raise OutOfRange("microcosms are ids")
        return ids

    def _list(self, name: str, *, most: int) -> list[str]:
        given = ",".join(self.request.query_params.getlist(name))
        entries = [entry for entry in given.split(",") if entry]
        if len(entries) > most:
            raise OutOfRange(f"{name} may have {most} entries")
        return entries


class ChangeStream(Api):
    """`/changes/stream`, which another process answers: the routing in front of the server processes sends it there."""

    @operation(
        "Follow what changes",
        raw="text/event-stream",
        query=(
            query_parameter("after", NUMBER_OR_EMPTY, "The position to go on from; Last-Event-ID counts before it."),
            query_parameter("topics", str, "site, inbox, or a type with an id (conversation:12), with commas between."),
            query_parameter("ticket", str, "A ticket, where no header can be sent."),
        ),
        errors=(421,),
    )
    def get(self, request: Request) -> Answer:
        """Server-sent events, as the socket has them; a comment every 15 seconds while nothing happens."""
        raise WrongProcess


class TicketList(Api):
    """`/changes/tickets`."""

    @operation("Get a ticket for a stream", answer=TicketOutput)
    def post(self, request: Request) -> Answer:
        """For pages whose EventSource cannot send a header: opens one stream, once, within half a minute."""
        self.viewer.require_profile()
        ticket, expires_at = issue_ticket(site_id=self.viewer.site_id, token_id=self.viewer.token_id)
        return Answer({"ticket": ticket, "expires": expires_at})


def _whole(text: str, *, name: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise WrongType(f"{name} must be a whole number")
    if len(text) > 19:
        raise OutOfRange(f"{name} is too large")
    return int(text)


def _answer(page: FeedPage, *, is_gap: bool = False) -> Answer:
    data: dict[str, Any] = {
        "changes": [change(row) for row in page.rows],
        "position": page.position,
        "more": page.has_more,
        "gap": is_gap,
    }
    return Answer(data, headers={"Cache-Control": "private, no-store"})

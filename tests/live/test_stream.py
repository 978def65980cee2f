"""Server-sent events: the same log with the same rights, tickets for pages, resuming, and what is refused."""

import asyncio
import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

from apps.accounts.services import revoke_token
from apps.core.clock import now, set_clock
from apps.live import stream
from apps.live.models import Ticket
from apps.permissions.models import Role
from microcosm.asgi import application
from tests.client import ApiClient
from tests.factories import Forum, Person, ban, make_forum
from tests.live.conftest import PATIENCE, call, position
from tests.live.frames import check_frame
from tests.live.test_socket import edit_site, say, start

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


class Stream:
    """One request and its events."""

    def __init__(self, communicator: ApplicationCommunicator) -> None:
        self.communicator = communicator
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self._rest = b""

    async def event(self) -> dict[str, str]:
        """The next event by its fields; comments are passed over."""
        while True:
            while b"\n\n" not in self._rest:
                message = await self.communicator.receive_output(PATIENCE)
                assert message.get("more_body"), "the stream has ended"
                self._rest += message["body"]
            text, self._rest = self._rest.split(b"\n\n", 1)
            if not text.startswith(b":"):
                return dict(line.split(": ", 1) for line in text.decode().split("\n"))

    async def changes(self, count: int) -> list[dict[str, Any]]:
        """The next changes."""
        found = []
        while len(found) < count:
            event = await self.event()
            if event["event"] == "open":
                continue
            frame = json.loads(event["data"])
            check_frame(frame)
            if frame["type"] == "change":
                assert (event["event"], int(event["id"])) == ("change", frame["position"])
                found.append(frame)
        return found

    async def ended(self) -> None:
        """The server ends it."""
        while (await self.communicator.receive_output(PATIENCE)).get("more_body"):
            pass
        await self.communicator.wait()

    async def body(self) -> Any:
        """The whole answer of a refusal."""
        message = await self.communicator.receive_output(PATIENCE)
        await self.communicator.wait()
        return json.loads(message["body"])

    async def close(self) -> None:
        """Leave."""
        await self.communicator.send_input({"type": "http.disconnect"})
        await self.communicator.wait()


async def get(
    forum: Forum, query: str = "", *, person: Person | None = None, method: str = "GET", **headers: str
) -> Stream:
    """Ask for a stream."""
    given = {"host": forum.host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if person:
        given["authorization"] = f"Bearer {person.token}"
    scope = {
        "type": "http",
        "method": method,
        "path": stream.PATH,
        "raw_path": stream.PATH.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 5),
    }
    communicator = ApplicationCommunicator(application, scope)
    await communicator.send_input({"type": "http.request", "body": b""})
    opened = Stream(communicator)
    start_ = await communicator.receive_output(PATIENCE)
    opened.status, opened.headers = start_["status"], dict(start_["headers"])
    return opened


async def test_a_stream_tells_what_changes_with_ids_to_come_back_with(forum: Forum) -> None:
    begin = await position(forum)
    opened = await get(forum)
    assert (opened.status, opened.headers[b"content-type"]) == (200, b"text/event-stream; charset=utf-8")
    assert opened.headers[b"cache-control"] == b"private, no-store"
    hello = await opened.event()
    assert (hello["event"], hello["retry"], int(hello["id"])) == ("open", "2000", begin)
    item_id = await call(start, forum)
    await call(say, forum.owner, item_id, "One.")
    one, two = await opened.changes(2)
    assert [one["kind"], two["kind"]] == ["conversation.created", "comment.created"]
    assert (one["previous"], two["previous"]) == (begin, one["position"])
    await opened.close()
    again = await get(forum, last_event_id=str(one["position"]))
    assert [frame["position"] for frame in await again.changes(1)] == [two["position"]]
    await again.close()


async def test_topics_choose_and_a_change_of_two_of_them_comes_once(forum: Forum) -> None:
    item_id = await call(start, forum)
    opened = await get(forum, f"topics=conversation:{item_id},microcosm:{forum.root.id}")
    await opened.event()
    await call(say, forum.owner, item_id, "One.")
    await call(edit_site, forum)
    await call(say, forum.owner, item_id, "Two.")
    assert [frame["kind"] for frame in await opened.changes(2)] == ["comment.created"] * 2
    await opened.close()


async def test_a_gap_is_said(forum: Forum) -> None:
    opened = await get(forum, f"after={2**60}")
    await opened.event()
    gap = await opened.event()
    assert (gap["event"], int(gap["id"])) == ("gap", await position(forum))
    await opened.close()


async def test_a_quiet_stream_beats(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    opened = await get(forum)
    async with asyncio.timeout(PATIENCE):
        while b": still here" not in (await opened.communicator.receive_output(PATIENCE))["body"]:
            pass
    await opened.close()


@pytest.mark.parametrize("how", ["revoke", "ban"])
async def test_w1_a_revoked_token_or_a_ban_ends_the_stream(forum: Forum, how: str) -> None:
    member = await call(forum.member)
    opened = await get(forum, person=member)
    await opened.event()
    if how == "revoke":
        await call(revoke_token, token=member.token)
    else:
        await call(ban, forum.site, member)
    await opened.ended()
    refused = await get(forum, person=member)
    assert refused.status == (401 if how == "revoke" else 403)
    assert (await refused.body())["data"]["errorCode"] == (7 if how == "revoke" else 13)


async def test_a_ticket_opens_one_stream_of_its_site_and_soon(forum: Forum) -> None:
    member, other = await call(forum.member), await call(make_forum, "beta")

    def ticket() -> str:
        reply = ApiClient(host=forum.host, token=member.token).post("changes/tickets")
        assert reply.status == 200
        return str(reply.data["ticket"])

    one = await call(ticket)
    assert not await call(Ticket.objects.filter(ticket_hash=one).exists)
    elsewhere = await get(other, f"ticket={one}")
    assert elsewhere.status == 401
    opened = await get(forum, f"ticket={one}&topics=inbox")
    assert opened.status == 200
    await opened.close()
    assert (await get(forum, f"ticket={one}")).status == 401
    two, three = await call(ticket), await call(ticket)
    await call(revoke_token, token=member.token)
    assert (await get(forum, f"ticket={two}")).status == 401
    set_clock(shift=now() - now())
    assert (await get(forum, f"ticket={three}")).status == 401


async def test_a_ticket_is_forgotten_after_half_a_minute(forum: Forum) -> None:
    from datetime import timedelta

    member = await call(forum.member)
    ticket = (await call(ApiClient(host=forum.host, token=member.token).post, "changes/tickets")).data["ticket"]
    set_clock(shift=timedelta(seconds=31))
    assert (await get(forum, f"ticket={ticket}")).status == 401


async def test_guests_get_no_ticket(forum: Forum) -> None:
    reply = await call(ApiClient(host=forum.host).post, "changes/tickets")
    assert (reply.status, reply.code) == (403, 5)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("after=x", 400),
        ("after=99999999999999999999", 400),
        ("topics=profile:1", 400),
        ("topics=conversation", 400),
        ("topics=" + ",".join(["site"] * 21), 400),
        ("topics=conversation:999999", 404),
        ("topics=inbox", 404),
        ("ticket=nothing", 401),
        ("access_token=anything", 401),
    ],
)
async def test_what_cannot_be_is_refused_in_the_shape_of_the_contract(forum: Forum, query: str, status: int) -> None:
    refused = await get(forum, query)
    body = await refused.body()
    assert (refused.status, body["status"], body["data"]["siteId"]) == (status, status, forum.site.id)
    assert body["error"] == [body["data"]["errorDetail"]]


async def test_what_may_not_be_read_is_not_streamed(forum: Forum) -> None:
    await call(Role.objects.filter(title="Guests").update, can_read=False)
    assert (await get(forum, f"topics=microcosm:{forum.root.id}")).status == 404
    opened = await get(forum)
    await opened.event()
    await call(start, forum)
    await call(edit_site, forum)
    assert [frame["kind"] for frame in await opened.changes(1)] == ["site.edited"]
    await opened.close()


async def test_other_verbs_and_hosts(forum: Forum) -> None:
    assert (await get(forum, method="POST")).status == 405
    head = await get(forum, method="HEAD")
    assert head.status == 200
    await head.ended()
    assert (await get(Forum(forum.site, forum.owner, forum.root, host="nobody.localhost"))).status == 404


async def test_connections_are_limited(forum: Forum, settings: Any) -> None:
    settings.LIVE_CONNECTIONS_PER_ADDRESS = 1
    opened = await get(forum)
    refused = await get(forum)
    assert (refused.status, (await refused.body())["data"]["errorCode"]) == (429, 16)
    await opened.close()

"""The socket end to end inside the process: frames, chains, permissions at delivery, malformed input (W1 to W4, T1)."""

import asyncio
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.db import transaction

from apps.accounts.codes import code_of
from apps.accounts.models import AccessToken, EmailCode
from apps.accounts.services import edit_account, redeem_code, revoke_token, send_code
from apps.comments.services import comment_on_item, delete_comment
from apps.core import clock
from apps.core.events import publish
from apps.core.queries import changes_after
from apps.huddles.services import add_participants, create_huddle, leave_huddle
from apps.items.services import create_conversation, delete_item, edit_item
from apps.live import listener as listening
from apps.live import replay
from apps.live.consumers import MAX_FRAMES_AT_ONCE
from apps.live.hub import hub
from apps.permissions.models import Role
from apps.permissions.services import ban_user, edit_role
from apps.sites.events import SiteEdited
from apps.updates.telling import tell_mentioned
from microcosm.asgi import application
from tests.client import ApiClient
from tests.factories import Forum, Person, ban, make_forum
from tests.live.conftest import PATIENCE, Socket, call, open_for, open_socket, position, until
from tests.live.frames import SCHEMAS, is_described
from tests.trees import make_microcosm, make_private, make_role

pytestmark = [pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


def start(forum: Forum, place_id: int = 0, title: str = "A title") -> int:
    """A conversation of the owner, in the root unless said otherwise."""
    return create_conversation(
        site_id=forum.site.id,
        author_id=forum.owner.id,
        microcosm_id=place_id or forum.root.id,
        title=title,
        flags={},
        by_moderator=True,
    )


def say(person: Person, item_id: int, markdown: str) -> int:
    """A comment."""
    return comment_on_item(
        site_id=person.profile.site_id,
        author_id=person.id,
        item_id=item_id,
        markdown=markdown,
        in_reply_to_id=None,
        flags={},
        by_moderator=True,
    )


def edit_site(forum: Forum) -> None:
    """A change that everybody on the site hears of."""
    with transaction.atomic():
        publish(SiteEdited(site_id=forum.site.id, actor_id=forum.owner.id))


def open_place(forum: Forum) -> int:
    """A microcosm that guests may read by a role of its own."""
    place = make_microcosm(forum)
    make_role(place, include_guests=True, include_users=True, can_read=True)
    return place.id


# --- What is told -----------------------------------------------------------------------------------


async def test_a_guest_follows_what_guests_may_read(forum: Forum) -> None:
    item_id = await call(start, forum)
    socket = await open_for(forum)
    begin = await socket.follow("conversation", item_id)
    assert begin == await position(forum)
    comment_id = await call(say, forum.owner, item_id, "One.")
    (frame,) = await socket.changes(1)
    assert frame.pop("created").endswith("Z")
    assert frame == {
        "type": "change",
        "to": "conversation",
        "id": item_id,
        "previous": begin,
        "position": frame["position"],
        "kind": "comment.created",
        "actorId": forum.owner.id,
        "ids": {
            "commentId": comment_id,
            "itemType": "conversation",
            "itemId": item_id,
            "microcosmId": forum.root.id,
        },
    }
    assert (await socket.ask(type="ping"))["position"] >= frame["position"]
    await socket.close()


async def test_each_subscription_has_a_chain_of_its_own(forum: Forum) -> None:
    one, two = await call(start, forum), await call(start, forum, title="Another")
    socket = await open_for(forum)
    for to, id_ in (("site", 0), ("microcosm", forum.root.id), ("conversation", one)):
        await socket.follow(to, id_)
    await call(say, forum.owner, one, "One.")
    await call(say, forum.owner, two, "Two.")
    await call(say, forum.owner, one, "Three.")
    frames = await socket.changes(8)
    chains: dict[str, list[int]] = {}
    for frame in frames:
        chains.setdefault(frame["to"], []).append(frame["position"])
    assert [len(chains[to]) for to in ("site", "microcosm", "conversation")] == [3, 3, 2]
    assert await socket.ask(type="unsubscribe", to="site") == {"type": "unsubscribed", "to": "site", "id": 0}
    await call(say, forum.owner, two, "Four.")
    assert [frame["to"] for frame in await socket.changes(1)] == ["microcosm"]
    await socket.silence()
    await socket.close()


async def test_all_with_the_same_past_get_the_very_same_text(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    item_id = await call(start, forum)
    sockets = [await open_for(forum) for _ in range(3)]
    for socket in sockets:
        await socket.follow("conversation", item_id)
    pushed: list[str] = []
    push = listening.Listener.push

    def note(self: listening.Listener, *frames: str) -> None:
        pushed.extend(frames)
        push(self, *frames)

    monkeypatch.setattr(listening.Listener, "push", note)
    await call(say, forum.owner, item_id, "One.")
    for socket in sockets:
        await socket.changes(1)
    frames = [frame for frame in pushed if '"change"' in frame]
    assert len(frames) == 3
    assert len({id(frame) for frame in frames}) == 1
    for socket in sockets:
        await socket.close()


async def test_the_inbox_is_its_owners_alone(forum: Forum) -> None:
    told, other = await call(forum.member), await call(forum.member)
    item_id = await call(start, forum)
    comment_id = await call(say, forum.owner, item_id, "You there.")
    sockets = [await open_for(forum, person) for person in (told, other)]
    for socket in sockets:
        await socket.follow("inbox")
    await call(
        tell_mentioned,
        site_id=forum.site.id,
        comment_id=comment_id,
        actor_id=forum.owner.id,
        profile_ids=[told.id],
    )
    (frame,) = await sockets[0].changes(1)
    assert (frame["kind"], frame["ids"]["commentId"]) == ("update.created", comment_id)
    await sockets[1].silence()
    guest = await open_for(forum)
    assert (await guest.ask(type="subscribe", to="inbox"))["type"] == "refused"
    for socket in (*sockets, guest):
        await socket.close()


async def test_huddles_speak_to_those_in_them_and_say_goodbye_to_who_leaves(forum: Forum) -> None:
    one, two, stranger = [await call(forum.member) for _ in range(3)]
    huddle_id = await call(
        create_huddle,
        site_id=forum.site.id,
        author_id=one.id,
        title="Secret",
        is_confidential=False,
        invited_ids=[two.id],
    )
    people = {"one": one, "two": two, "stranger": stranger, "owner": forum.owner}
    sockets = {name: await open_for(forum, person) for name, person in people.items()}
    for name in ("one", "two"):
        await sockets[name].follow("huddle", huddle_id)
    for name in ("stranger", "owner"):
        answer = await sockets[name].ask(type="subscribe", to="huddle", id=huddle_id)
        assert answer == {"type": "refused", "to": "huddle", "id": huddle_id}
        await sockets[name].follow("site")
    await call(leave_huddle, site_id=forum.site.id, profile_id=two.id, huddle_id=huddle_id)
    await call(say, one, huddle_id, "Without two.")
    await call(
        add_participants,
        site_id=forum.site.id,
        actor_id=one.id,
        huddle_id=huddle_id,
        profile_ids=[stranger.id],
    )
    assert [(f["kind"], f.get("gone")) for f in await sockets["two"].changes(1)] == [("huddle.participant_left", True)]
    assert [f["kind"] for f in await sockets["one"].changes(3)] == [
        "huddle.participant_left",
        "comment.created",
        "huddle.participants_added",
    ]
    # By the time they are told, they are in it: of all of it they may know.
    kinds = {f["kind"] for f in await sockets["stranger"].changes(1)}
    assert kinds <= {"huddle.participant_left", "comment.created", "huddle.participants_added"}
    for name in ("two", "owner"):
        await sockets[name].silence()
    for socket in sockets.values():
        await socket.close()


# --- Rights -----------------------------------------------------------------------------------------


async def test_w2_losing_access_stops_the_changes_at_once(forum: Forum) -> None:
    place_id = await call(open_place, forum)
    socket = await open_for(forum)
    for id_ in (forum.root.id, place_id):
        await socket.follow("microcosm", id_)
    await call(Role.objects.filter(microcosm=forum.root, title="Guests").update, can_read=False)
    await call(start, forum)
    item_id = await call(start, forum, place_id, "Open")
    # Changes come in order, so the first to arrive shows that the one before was kept back.
    (frame,) = await socket.changes(1)
    assert frame["ids"]["itemId"] == item_id
    await socket.silence()
    await socket.close()


async def test_who_is_concerned_by_a_role_hears_that_rights_have_changed(forum: Forum) -> None:
    guest, member = await open_for(forum), await open_for(forum, await call(forum.member))
    for socket in (guest, member):
        await socket.follow("microcosm", forum.root.id)
    role = await call(Role.objects.get, microcosm=forum.root, title="Guests")
    await call(edit_role, actor_id=forum.owner.id, site_id=forum.site.id, role_id=role.id, flags={"can_read": False})
    frame = await guest.hear()
    assert (frame["type"], set(frame)) == ("access", {"type", "position"})
    await call(start, forum)
    assert [f["kind"] for f in await member.changes(1)] == ["conversation.created"]
    await guest.silence()
    for socket in (guest, member):
        await socket.close()


async def test_a_move_out_of_sight_is_told_where_it_was_and_not_where_it_is(forum: Forum) -> None:
    hidden = await call(make_microcosm, forum)
    await call(make_private, hidden)
    item_id = await call(start, forum)
    guest, owner = await open_for(forum), await open_for(forum, forum.owner)
    await guest.follow("microcosm", forum.root.id)
    await owner.follow("microcosm", hidden.id)
    await call(
        edit_item,
        site_id=forum.site.id,
        actor_id=forum.owner.id,
        item_id=item_id,
        title=None,
        microcosm_id=hidden.id,
        reason="there",
        moderates_target=True,
    )
    (frame,) = await guest.changes(1)
    assert (frame["gone"], frame["ids"]) == (True, {"itemType": "conversation", "itemId": item_id})
    (frame,) = await owner.changes(1)
    assert (frame.get("gone"), frame["ids"]["microcosmId"]) == (None, hidden.id)
    for socket in (guest, owner):
        await socket.close()


async def test_what_may_not_be_read_is_refused_like_what_is_missing(forum: Forum) -> None:
    item_id = await call(start, forum)
    await call(Role.objects.filter(title="Guests").update, can_read=False)
    socket = await open_for(forum)
    for to, id_ in (("microcosm", forum.root.id), ("conversation", item_id), ("presence", item_id), ("event", item_id)):
        for wanted in (id_, 999_999):
            assert await socket.ask(type="subscribe", to=to, id=wanted) == {"type": "refused", "to": to, "id": wanted}
    await socket.close()


def end_by(how: str, forum: Forum, member: Person) -> None:
    """Somebody may not be here any more."""
    client = ApiClient(host=forum.host, token=member.token)
    user = member.profile.user
    if how == "revoke":
        revoke_token(token=member.token)
    elif how == "logout":
        assert client.delete(f"auth/{member.token}").status == 200
    elif how == "password":
        user.set_password("the first long password")
        user.save(update_fields=["password"])
        send_code(user=user, audience="alpha")
        code = code_of(EmailCode.objects.get(user=user).nonce)
        assert redeem_code(email=user.email, code=code, password="another long password") is not None
    elif how == "account":
        edit_account(user.id, is_active=False, is_staff=False, is_superuser=False)
    elif how == "expiry":
        AccessToken.objects.filter(user=user).update(expires_at=clock.now())
    elif how == "ban":
        ban_user(actor_id=forum.owner.id, site_id=forum.site.id, profile_id=member.id)
    else:
        ban(forum.site, member)


#: Of these nothing is in the log: they are found by looking, once a second.
FOUND_BY_LOOKING = {"expiry", "ban without a word"}


@pytest.mark.parametrize("how", ["revoke", "logout", "password", "account", "ban", *sorted(FOUND_BY_LOOKING)])
@pytest.mark.parametrize("is_idle", [True, False])
async def test_w1_whose_session_ends_or_who_is_banned_hears_nothing_more(forum: Forum, how: str, is_idle: bool) -> None:
    member = await call(forum.member)
    socket, bystander = await open_for(forum, member), await open_for(forum)
    for one in (socket, bystander):
        await one.follow("site")
    await call(end_by, how, forum, member)
    if not is_idle:
        await call(edit_site, forum)
    message = await socket.communicator.receive_output(timeout=PATIENCE)
    # Nothing that came behind it, although it was in the log before the socket closed.
    assert message == {"type": "websocket.close", "code": 4401} or (
        how in FOUND_BY_LOOKING and await socket.closing_code() == 4401
    )
    if not is_idle:
        await bystander.changes(1)
    await bystander.silence()
    await bystander.close()


async def test_signing_in_by_the_first_frame(forum: Forum) -> None:
    member = await call(forum.member)
    socket = await open_socket(forum.host)
    assert await socket.ask(type="sign_in", token=member.token) == {"type": "signed_in", "profileId": member.id}
    await socket.say(type="sign_in", token=member.token)
    assert await socket.closing_code() == 4400
    late = await open_socket(forum.host)
    await late.follow("site")
    await late.say(type="sign_in", token=member.token)
    assert await late.closing_code() == 4400


async def test_a_bad_token_is_refused(forum: Forum) -> None:
    socket = await open_socket(forum.host)
    await socket.say(type="sign_in", token="nothing")
    assert await socket.closing_code() == 4401
    for header in ("Bearer nothing", "Bearer", "Basic abc", "Bearer a b"):
        socket = await open_socket(forum.host, headers={"authorization": header})
        assert await socket.closing_code() == 4401


@pytest.mark.parametrize(
    ("origin", "is_welcome"),
    [
        ("http://alpha.localhost", True),
        ("https://alpha.localhost:8443", True),
        ("http://beta.localhost", False),
        ("http://localhost", False),
        ("https://evil.example", False),
        ("null", False),
        ("https://app.example", True),
    ],
)
async def test_w4_pages_of_other_hosts_are_turned_away(
    forum: Forum, settings: Any, origin: str, is_welcome: bool
) -> None:
    settings.LIVE_ORIGINS = ["https://app.example"]
    headers = [(b"host", forum.host.encode()), (b"origin", origin.encode())]
    communicator = WebsocketCommunicator(application, "/live/v1", headers=headers)
    connected, _ = await communicator.connect(timeout=PATIENCE)
    assert connected is is_welcome
    if connected:
        await communicator.disconnect()
    else:
        await communicator.wait()


@pytest.mark.parametrize("origin", ["http://[", "http://a]b", "http://[x]"])
async def test_w3_an_origin_that_is_no_address_is_turned_away(forum: Forum, origin: str) -> None:
    headers = [(b"host", forum.host.encode()), (b"origin", origin.encode())]
    communicator = WebsocketCommunicator(application, "/live/v1", headers=headers)
    connected, _ = await communicator.connect(timeout=PATIENCE)
    assert not connected
    await communicator.wait()


async def test_w4_a_token_in_the_address_is_nobodys(forum: Forum) -> None:
    member = await call(forum.member)
    socket = await open_socket(forum.host, path=f"/live/v1?access_token={member.token}")
    assert (await socket.ask(type="subscribe", to="inbox"))["type"] == "refused"
    await socket.close()


async def test_t1_a_socket_hears_nothing_of_another_site(forum: Forum) -> None:
    other = await call(make_forum, "beta")
    foreign = await call(start, other)
    socket = await open_for(forum)
    for to, id_ in (("microcosm", other.root.id), ("conversation", foreign), ("presence", foreign)):
        assert (await socket.ask(type="subscribe", to=to, id=id_))["type"] == "refused"
    await socket.follow("site")
    await call(edit_site, other)
    await call(edit_site, forum)
    (frame,) = await socket.changes(1)
    assert frame["position"] == await position(forum)
    # A position of the other site is only a number.
    await socket.follow("site", after=await position(other))
    await socket.close()


async def test_a1_nobody_listens_on_the_apex(forum: Forum) -> None:
    root = await call(make_forum, "root", is_root=True)
    for token in ("", root.owner.token):
        socket = await open_socket(root.host, token=token)
        assert await socket.closing_code() == 4404


# --- Bad manners ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "1",
        "null",
        '"x"',
        "{}",
        '{"type":[]}',
        '{"type":{"a":1}}',
        '{"type":null}',
        '{"type":"explode"}',
        '{"type":"sign_in"}',
        '{"type":"sign_in","token":5}',
        '{"type":"sign_in","token":""}',
        '{"type":"sign_in","token":"' + "x" * 257 + '"}',
        '{"type":"subscribe"}',
        '{"type":"subscribe","to":"profile","id":1}',
        '{"type":"subscribe","to":["site"]}',
        '{"type":"subscribe","to":"microcosm"}',
        '{"type":"subscribe","to":"microcosm","id":"1"}',
        '{"type":"subscribe","to":"microcosm","id":-1}',
        '{"type":"subscribe","to":"microcosm","id":true}',
        '{"type":"subscribe","to":"microcosm","id":1.5}',
        '{"type":"subscribe","to":"microcosm","id":99999999999999999999}',
        '{"type":"subscribe","to":"site","after":"1"}',
        '{"type":"subscribe","to":"site","after":-1}',
        '{"type":"subscribe","to":"site","after":[1]}',
        '{"type":"unsubscribe","to":7}',
        '{"type":"typing"}',
        '{"type":"typing","id":"1"}',
        '{"type":"typing","id":1}',
        '{"type":"ping","x":"' + "y" * 5000 + '"}',
        '{"type":"ping","x":{"deep":1}}',
        "[" * 4000,
        '{"a":' * 600 + "1" + "}" * 600,
    ],
)
async def test_w3_a_malformed_frame_closes_that_socket_alone(forum: Forum, text: str) -> None:
    bystander = await open_for(forum)
    await bystander.follow("site")
    socket = await open_for(forum)
    await socket.communicator.send_to(text_data=text)
    error = await socket.hear()
    assert (error["type"], error["code"]) == ("error", 4400)
    assert await socket.closing_code() == 4400
    await call(edit_site, forum)
    await bystander.changes(1)
    await bystander.close()


#: One value of each type that JSON has, and what numbers and texts can be besides.
VALUES = [None, True, False, 0, -1, 1.5, 2**63, 10**30, "", "1", "x" * 300, [], [1], {}, {"a": 1}]


def wrong_frames() -> list[dict[str, Any]]:
    """Every frame of a client with each field of each type that the description does not allow, and without it."""
    valid = {
        "sign_in": {"type": "sign_in", "token": "nothing"},
        "subscribe": {"type": "subscribe", "to": "conversation", "id": 1, "after": 1},
        "unsubscribe": {"type": "unsubscribe", "to": "site", "id": 0},
        "typing_here": {"type": "typing", "id": 1},
        "ping": {"type": "ping"},
    }
    wrong = []
    for name, frame in valid.items():
        assert is_described(name, frame)
        assert set(frame) == set(SCHEMAS[name]["properties"])
        for field in frame:
            changed = [frame | {field: value} for value in VALUES]
            wrong += [one for one in changed if not is_described(name, one)]
        wrong += [{key: frame[key] for key in frame if key != field} for field in SCHEMAS[name]["required"]]
    return wrong


async def test_w3_every_field_of_a_wrong_type_closes_that_socket_alone(forum: Forum) -> None:
    bystander = await open_for(forum)
    await bystander.follow("site")
    frames = wrong_frames()
    assert len(frames) > 100
    for frame in frames:
        socket = await open_for(forum)
        await socket.communicator.send_json_to(frame)
        error = await socket.hear()
        assert (error["type"], error["code"]) == ("error", 4400), frame
        assert await socket.closing_code() == 4400, frame
    await call(edit_site, forum)
    await bystander.changes(1)
    await bystander.close()


async def test_w3_frames_at_the_wrong_time_close_that_socket_alone(forum: Forum) -> None:
    member, item_id = await call(forum.member), await call(start, forum)
    bystander = await open_for(forum)
    await bystander.follow("presence", item_id)
    typing = {"type": "typing", "id": item_id}
    sign_in = {"type": "sign_in", "token": member.token}
    follow = {"type": "subscribe", "to": "presence", "id": item_id}
    for person, frames in (
        # Before anything else, as a guest, and before it is followed.
        (None, [typing]),
        (None, [follow, typing]),
        (member, [typing]),
        # Once is enough, and not after something is followed.
        (member, [sign_in]),
        (None, [sign_in, sign_in]),
        (None, [follow, sign_in]),
    ):
        socket = await open_for(forum, person)
        for frame in frames:
            await socket.communicator.send_json_to(frame)
        assert await socket.closing_code() == 4400, frames
    await call(edit_site, forum)
    await bystander.say(type="ping")
    assert (await bystander.hear(past=("presence",)))["type"] == "pong"
    await bystander.close()


async def test_w3_binary_frames_are_refused(forum: Forum) -> None:
    socket = await open_for(forum)
    await socket.communicator.send_to(bytes_data=b'{"type":"ping"}')
    assert await socket.closing_code() == 4400


async def test_a_flood_is_stopped(forum: Forum) -> None:
    socket = await open_for(forum)
    for _ in range(MAX_FRAMES_AT_ONCE + 50):
        await socket.communicator.send_json_to({"type": "ping"})
    assert await socket.closing_code() == 4429


async def test_what_waited_for_a_slow_server_is_no_flood(forum: Forum) -> None:
    """As many frames as it takes to resume everything that may be followed, and a few pings."""
    socket = await open_for(forum)
    for _ in range(MAX_FRAMES_AT_ONCE):
        await socket.communicator.send_json_to({"type": "ping"})
    for _ in range(MAX_FRAMES_AT_ONCE):
        assert (await socket.hear())["type"] == "pong"
    await socket.close()


async def test_subscriptions_and_connections_are_limited(forum: Forum, settings: Any) -> None:
    settings.LIVE_CONNECTIONS_PER_ADDRESS, settings.LIVE_CONNECTIONS_PER_PERSON = 3, 1
    member = await call(forum.member)
    first = await open_for(forum, member)
    again = await open_socket(forum.host, token=member.token)
    assert await again.closing_code() == 4429
    by_frame = await open_for(forum)
    await by_frame.say(type="sign_in", token=member.token)
    assert await by_frame.closing_code() == 4429
    others = [await open_for(forum) for _ in range(2)]
    assert await (await open_socket(forum.host)).closing_code() == 4429
    for socket in others:
        await socket.close()
    await first.close()
    again = await open_for(forum, member)
    await again.close()


async def test_w6_a_client_that_does_not_read_is_cut_off_and_can_resume(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MAX_QUEUED_FRAMES", 5)
    slow = await open_for(forum)
    await slow.follow("site")
    (stuck,) = hub.rooms[forum.site.id].listeners
    quick = await open_for(forum)
    await quick.follow("site")
    never = asyncio.Event()

    async def wait(_frames: tuple[str, ...]) -> None:
        await never.wait()

    stuck._way = listening.Way(send=wait, close=stuck._way.close)
    begin = await position(forum)
    for _ in range(12):
        await call(edit_site, forum)
        await quick.changes(1)
    assert await slow.closing_code() == 4408
    assert stuck.is_closed
    again = await open_for(forum)
    await again.follow("site", after=begin)
    assert len(await again.changes(12)) == 12
    for socket in (quick, again):
        await socket.close()


async def test_where_something_is_and_who_may_know_that_are_of_one_moment(forum: Forum) -> None:
    """The log is read, then it is asked who may know: what moves in between must not be told with where it was."""
    hidden = await call(make_microcosm, forum)
    await call(make_private, hidden)
    item_id = await call(start, forum, hidden.id)
    socket = await open_for(forum)
    await socket.follow("site")
    room = hub.rooms[forum.site.id]
    rows = await call(changes_after, {forum.site.id: 0}, limit=100)
    facts = await hub._facts(forum.site.id, room, rows)
    assert {fact.microcosm_id for fact in facts if fact.item_id == item_id} == {hidden.id}
    await call(
        edit_item,
        site_id=forum.site.id,
        actor_id=forum.owner.id,
        item_id=item_id,
        title=None,
        microcosm_id=forum.root.id,
        reason="better there",
        moderates_target=True,
    )
    told = [row for row in await hub._audience(forum.site.id, room, facts) if row.item_id == item_id]
    assert [(row.kind, row.microcosm_id, row.profile_ids) for row in told] == [
        ("conversation.created", forum.root.id, [0])
    ]
    await socket.close()


async def hold_up(forum: Forum) -> asyncio.Event:
    """Let the only client read nothing until the event is set."""
    (stuck,) = hub.rooms[forum.site.id].listeners
    goes_on, way = asyncio.Event(), stuck._way

    async def wait(texts: tuple[str, ...]) -> None:
        await goes_on.wait()
        await way.send(texts)

    stuck._way = listening.Way(send=wait, close=way.close)
    return goes_on


async def test_w2_who_is_behind_when_rights_are_taken_is_cut_off_and_everything_is_decided_anew(forum: Forum) -> None:
    place = await call(make_microcosm, forum)
    slow = await open_for(forum)
    begin = await slow.follow("site")
    await hold_up(forum)
    await call(start, forum, place.id, "Was open")
    await until(lambda: _is_told(forum))
    await call(make_private, place)
    role = await call(Role.objects.get, microcosm=place)
    await call(edit_role, actor_id=forum.owner.id, site_id=forum.site.id, role_id=role.id, flags={"can_create": False})
    assert await slow.closing_code() == 4408
    again = await open_for(forum)
    await again.follow("site", after=begin)
    await again.silence()
    await again.close()


async def test_w2_who_reads_as_things_happen_is_not_cut_off_when_rights_are_taken(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.live.hub.SILENCE_SECONDS", 0.0)
    socket = await open_for(forum)
    await socket.follow("site")
    for number in range(5):
        item_id = await call(start, forum, forum.root.id, f"Number {number}")
        await call(delete_item, site_id=forum.site.id, actor_id=forum.owner.id, item_id=item_id)
    frames = await socket.changes(10)
    assert [frame["kind"] for frame in frames] == ["conversation.created", "conversation.deleted"] * 5
    await socket.silence()
    await socket.close()


async def test_w2_a_slow_client_that_resumes_is_asked_about_again_while_it_reads(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MAX_QUEUED_FRAMES", 4)
    monkeypatch.setattr(replay, "FRESH_SECONDS", 0.0)
    place = await call(make_microcosm, forum)
    begin = await position(forum)
    for number in range(6):
        await call(start, forum, place.id, f"Number {number}")
    slow = await open_for(forum)
    await slow.silence()
    goes_on = await hold_up(forum)
    await slow.say(type="subscribe", to="site", after=begin)
    (stuck,) = hub.rooms[forum.site.id].listeners
    await until(lambda: _is_far_behind(stuck))
    await call(make_private, place)
    goes_on.set()
    assert (await slow.hear())["type"] == "subscribed"
    # What was on its way already, and nothing of the rest.
    await slow.changes(2)
    await slow.silence()
    await slow.close()


async def _is_told(forum: Forum) -> bool:
    return hub.rooms[forum.site.id].told == await position(forum)


async def _is_far_behind(listener: listening.Listener) -> bool:
    return listener.is_far_behind


async def test_an_unknown_host_or_address_is_closed(forum: Forum) -> None:
    socket = await open_socket("nobody.localhost")
    assert await socket.closing_code() == 4404
    elsewhere = WebsocketCommunicator(application, "/live/v2", headers=[(b"host", forum.host.encode())])
    connected, _ = await elsewhere.connect()
    assert not connected
    await elsewhere.wait()


async def test_deleting_is_told(forum: Forum) -> None:
    item_id = await call(start, forum)
    comment_id = await call(say, forum.owner, item_id, "One.")
    socket: Socket = await open_for(forum)
    await socket.follow("conversation", item_id)
    await call(delete_comment, site_id=forum.site.id, actor_id=forum.owner.id, comment_id=comment_id)
    (frame,) = await socket.changes(1)
    assert (frame["gone"], frame["ids"]["commentId"], "actorId" in frame) == (True, comment_id, False)
    await socket.close()

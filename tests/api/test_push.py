"""Push messages: subscribing, and what a push service gets and a browser reads."""

from collections.abc import Iterator
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.core import clock
from apps.core.outbound import Unreachable
from apps.items.models import Item
from apps.items.reading import mark_item_read
from apps.jobs.registry import TASKS
from apps.sites.types import ItemType
from apps.updates import pushing, tasks, webpush
from apps.updates.models import PushSubscription, Update
from tests.client import ApiClient
from tests.content import closed_to_all_but, place_in, say, start
from tests.factories import Forum, Person
from tests.queue import empty_queue
from tests.servers import Server, reply, serving

pytestmark = pytest.mark.django_db

#: The example of RFC 8291, appendix A.
EXAMPLE = {
    "payload": b"When I grow up, I want to be a watermelon",
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
SENDER_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
RESULT = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_y"
    "l95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_a_message_is_encrypted_as_the_rfc_has_it() -> None:
    key = ec.derive_private_key(int.from_bytes(webpush.decode(SENDER_KEY), "big"), ec.SECP256R1())
    assert webpush.encode(webpush.encrypt(key=key, salt=webpush.decode(SALT), **EXAMPLE)) == RESULT  # type: ignore[arg-type]


class Browser:
    """One that has subscribed at a push service, and reads what comes."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.secret = b"0123456789abcdef"

    @property
    def point(self) -> bytes:
        """Its public key."""
        numbers = self.key.public_key().public_numbers()
        return b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")

    @property
    def json(self) -> dict[str, Any]:
        """What it gives a page."""
        keys = {"p256dh": webpush.encode(self.point), "auth": webpush.encode(self.secret)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def read(self, body: bytes) -> Any:
        """What a message says (RFC 8188 and 8291, from the receiver's side)."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert size == 4096
        assert len(body) <= 4096
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        info = b"WebPush: info\x00" + self.point + sender
        secret = HKDF(SHA256(), 32, self.secret, info).derive(self.key.exchange(ec.ECDH(), public))
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
        text = AESGCM(key).decrypt(nonce, sealed, None)
        assert text.endswith(b"\x02")
        return orjson.loads(text[:-1])


@pytest.fixture
def service(settings: Any) -> Iterator[Server]:
    """A push service that takes everything."""
    with serving() as server:
        settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.1/32"]
        settings.OUTBOUND_PORTS = [80, 443, server.port]
        server.replies["/1"] = reply(status=201)
        yield server


@pytest.fixture
def anna(forum: Forum) -> Person:
    """Who is told."""
    empty_queue()
    return forum.member("anna")


@pytest.fixture
def browser(service: Server, api: ApiClient, anna: Person) -> Browser:
    """Anna's."""
    browser = Browser(service.url("/1"))
    assert api.as_(anna).post("updates/push", browser.json).status == 302
    return browser


def mention(forum: Forum, text: str = "@anna", *, title: str = "Tomatoes & co") -> dict[str, Any]:
    """Somebody names anna; the arguments of the job that pushes it."""
    say(forum.owner, start(forum.owner, place_in(forum), title=title), text)
    for job in ProcrastinateJob.objects.filter(task_name=tasks.TELL_OF_COMMENT).order_by("id"):
        TASKS[job.task_name].function(**job.args)
    args: dict[str, Any] = ProcrastinateJob.objects.filter(task_name=pushing.PUSH).order_by("-id")[0].args
    return args


def test_a_browser_is_told_of_an_update(browser: Browser, service: Server, forum: Forum, settings: Any) -> None:
    job = mention(forum)
    tasks.push(**job)
    update = Update.objects.get()
    (asked,) = service.asked
    assert browser.read(asked.body) == {
        "updateId": update.id,
        "updateType": "mentioned",
        "itemType": "conversation",
        "itemId": update.item_id,
        "commentId": update.comment_id,
        "title": "Tomatoes & co",
    }
    assert asked.method == "POST"
    assert asked.headers["content-encoding"] == "aes128gcm"
    assert asked.headers["topic"] == f"update-{update.id}"
    assert int(asked.headers["ttl"]) > 0
    scheme, token, key = asked.headers["authorization"].replace(",", "").split(" ")
    assert scheme == "vapid"
    assert key == f"k={webpush.public_key()}"
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), webpush.decode(webpush.public_key()))
    claims = jwt.decode(token.removeprefix("t="), public, algorithms=["ES256"], audience=service.url("/1")[:-2])
    assert claims["sub"] == "http://localhost"
    assert 0 < claims["exp"] - clock.now().timestamp() <= 24 * 3600


def test_the_longest_title_fits(browser: Browser, service: Server, forum: Forum) -> None:
    job = mention(forum)
    Item.objects.update(title="漢" * 1000)
    tasks.push(**job)
    assert browser.read(service.asked[0].body)["title"] == "漢" * 200


def test_a_repeat_has_the_same_topic(browser: Browser, service: Server, forum: Forum) -> None:
    job = mention(forum)
    tasks.push(**job)
    tasks.push(**job)
    assert [asked.headers["topic"] for asked in service.asked] == [f"update-{job['update_id']}"] * 2


@pytest.mark.parametrize("what", ["permission", "read", "deleted", "gone"])
def test_A1_A5_what_may_not_be_read_or_is_old_by_then_is_not_pushed(
    browser: Browser, service: Server, forum: Forum, anna: Person, what: str
) -> None:
    job = mention(forum)
    item = Update.objects.get().item
    assert item is not None
    assert item.microcosm is not None
    if what == "permission":
        closed_to_all_but(item.microcosm, forum.owner)
    elif what == "read":
        mark_item_read(
            site_id=forum.site.id, profile_id=anna.id, kind=ItemType.CONVERSATION, item_id=item.id, at=clock.now()
        )
    elif what == "deleted":
        type(item).objects.filter(id=item.id).update(is_deleted=True)
    else:
        PushSubscription.objects.all().delete()
    tasks.push(**job)
    assert service.asked == []


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_has_left_is_forgotten(browser: Browser, service: Server, forum: Forum, status: int) -> None:
    service.replies["/1"] = reply(status=status)
    tasks.push(**mention(forum))
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize("status", [301, 429, 500, 503])
def test_a_service_that_does_not_take_it_is_asked_again(
    browser: Browser, service: Server, forum: Forum, status: int
) -> None:
    service.replies["/1"] = reply(status=status, headers={"Location": "/2"})
    job = mention(forum)
    with pytest.raises(pushing.NotDelivered, match=str(status)):
        tasks.push(**job)
    service.replies["/1"] = reply(status=201)
    tasks.push(**job)
    assert len(service.asked) == 2


def test_a_service_that_is_away_is_asked_again(browser: Browser, forum: Forum, settings: Any) -> None:
    job = mention(forum)
    PushSubscription.objects.update(endpoint="http://127.0.0.1:1/")
    settings.OUTBOUND_PORTS = [1]
    with pytest.raises(Unreachable):
        tasks.push(**job)
    assert PushSubscription.objects.exists()


def test_O3_an_address_that_has_become_private_is_forgotten_unasked(
    browser: Browser, service: Server, forum: Forum, settings: Any
) -> None:
    job = mention(forum)
    settings.OUTBOUND_ALLOWED_NETWORKS = []
    tasks.push(**job)
    assert service.asked == []
    assert not PushSubscription.objects.exists()


def test_nothing_is_queued_for_those_without_a_browser(service: Server, forum: Forum, anna: Person) -> None:
    say(forum.owner, start(forum.owner, place_in(forum)), "@anna")
    for job in ProcrastinateJob.objects.filter(task_name=tasks.TELL_OF_COMMENT):
        tasks.tell_of_comment(**job.args)
    assert not ProcrastinateJob.objects.filter(task_name=pushing.PUSH).exists()


# --- Subscribing ----------------------------------------------------------------------------------


def test_a_member_adds_sees_and_ends_their_own(api: ApiClient, forum: Forum, anna: Person) -> None:
    mine, others = api.as_(anna), api.as_(forum.member("bert"))
    assert mine.get("updates/push").data == {"publicKey": webpush.public_key(), "subscriptions": []}
    first = Browser("https://push.example/1")
    for browser in (first, Browser("https://push.example/2"), first):
        reply = mine.post("updates/push", browser.json)
        assert (reply.status, reply.location) == (302, "/api/v1/updates/push")
    shown = mine.get("updates/push").data["subscriptions"]
    assert [entry["endpoint"] for entry in shown] == ["https://push.example/1", "https://push.example/2"]
    assert others.get("updates/push").data["subscriptions"] == []
    assert others.delete(f"updates/push/{shown[0]['id']}").status == 404
    assert mine.delete(f"updates/push/{shown[0]['id']}").status == 200
    assert mine.delete(f"updates/push/{shown[0]['id']}").status == 404
    assert [entry["id"] for entry in mine.get("updates/push").data["subscriptions"]] == [shown[1]["id"]]


def test_keys_are_kept_as_they_are_used_whatever_their_padding(api: ApiClient, anna: Person) -> None:
    browser = Browser("https://push.example/1")
    keys = browser.json["keys"]
    padded = {name: key + "=" * 200 for name, key in keys.items()}
    assert api.as_(anna).post("updates/push", browser.json | {"keys": padded}).status == 302
    assert PushSubscription.objects.values("p256dh", "auth").get() == keys


def test_guests_are_refused(api: ApiClient) -> None:
    assert api.get("updates/push").status == 403
    assert api.post("updates/push", Browser("https://push.example/1").json).status == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": ""},
        {"endpoint": "ftp://push.example/"},
        {"endpoint": "https://127.0.0.1/"},
        {"endpoint": "https://[::1]/"},
        {"endpoint": "https://push.example:22/"},
        {"endpoint": "https://user@push.example/"},
        {"endpoint": "https://push.example/" + "x" * 2000},
        {"endpoint": 7},
        {"keys": {}},
        {"keys": []},
        {"keys": {"p256dh": "AAAA", "auth": "BTBZMqHH6r4Tts7J_aSIgg"}},
        {"keys": {"p256dh": EXAMPLE["p256dh"], "auth": "AAAA"}},
        {"keys": {"p256dh": EXAMPLE["p256dh"], "auth": "ä"}},
        {"keys": {"p256dh": 1, "auth": 2}},
    ],
)
def test_O2_what_no_browser_gives_is_refused(api: ApiClient, anna: Person, changes: dict[str, Any]) -> None:
    body = Browser("https://push.example/1").json | changes
    assert api.as_(anna).post("updates/push", body).status == 400
    assert not PushSubscription.objects.exists()


def test_there_is_a_limit(api: ApiClient, anna: Person) -> None:
    for number in range(pushing.MAX_SUBSCRIPTIONS):
        assert api.as_(anna).post("updates/push", Browser(f"https://push.example/{number}").json).status == 302
    assert api.as_(anna).post("updates/push", Browser("https://push.example/x").json).status == 400
    assert api.as_(anna).post("updates/push", Browser("https://push.example/3").json).status == 302
    assert PushSubscription.objects.count() == pushing.MAX_SUBSCRIPTIONS


def test_without_a_key_nothing_is_pushed(api: ApiClient, anna: Person, settings: Any) -> None:
    settings.VAPID_PRIVATE_KEY = ""
    assert api.as_(anna).get("updates/push").data["publicKey"] is None
    assert api.as_(anna).post("updates/push", Browser("https://push.example/1").json).status == 400

"""What receivers of webhooks get, in which order, and what becomes of what they do not take."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from apps.comments.services import delete_comment
from apps.core import clock
from apps.core.clock import set_clock
from apps.core.partitions import forget_changes
from apps.core.queries import log_place
from apps.huddles.services import create_huddle
from apps.items.models import Item
from apps.sites.models import Site
from apps.webhooks import tasks
from apps.webhooks.models import Delivery, Webhook
from apps.webhooks.planning import GAP, plan_deliveries, queue_idle
from apps.webhooks.sending import claim_delivery, finish_delivery, post, send_deliveries, wait_after
from apps.webhooks.services import ping, prune_deliveries, replay, switch_webhook
from tests.changes import settle
from tests.client import ApiClient
from tests.content import closed_to_all_but, place_in, say, start
from tests.factories import Forum
from tests.servers import Names, reply
from tests.webhooks.receiver import PATH, Receiver, deliver, is_signed, statuses

pytestmark = pytest.mark.django_db

Hooked = Callable[..., Webhook]


def later(**lapse: float) -> None:
    """Move the clock on."""
    set_clock(frozen=clock.now() + timedelta(**lapse))


def fail(webhook: Webhook, receiver: Receiver, *, hours: int) -> None:
    """Let whatever is sent fail, and try each hour."""
    for _ in range(hours):
        receiver.statuses = [500] * 20
        send_deliveries(site_id=webhook.site_id, webhook_id=webhook.id)
        later(hours=1)


# --- What is sent -------------------------------------------------------------------------------


def test_a_change_is_told_by_ids_signed_and_without_content(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    item = start(forum.owner, place_in(forum))
    webhook = hooked("comment")
    comment = say(forum.owner, item, "Nobody else may see these words.")
    deliver(forum.site.id)
    (request,) = receiver.asked
    message = json.loads(request.body)
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-microcosm-delivery"] == message["id"] == f"{webhook.id}-{message['position']}"
    assert request.headers["x-microcosm-kind"] == message["kind"] == "comment.created"
    assert is_signed(request, webhook)
    assert message["ids"] == {
        "commentId": comment.id, "itemType": "conversation", "itemId": item.id, "microcosmId": item.microcosm_id
    }  # fmt: skip
    assert (message["siteId"], message["actorId"]) == (forum.site.id, forum.owner.id)
    assert set(message) == {"id", "siteId", "position", "kind", "ids", "actorId", "created"}
    assert b"words" not in request.body


def test_a_webhook_hears_of_what_it_has_chosen(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    place = place_in(forum)
    hooked("conversation.created", "profile")
    item = start(forum.owner, place)
    say(forum.owner, item)
    forum.member()
    deliver(forum.site.id)
    assert receiver.kinds() == ["conversation.created", "profile.created"]


def test_a_webhook_hears_of_nothing_that_was_before_it(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    start(forum.owner, place_in(forum))
    hooked()
    deliver(forum.site.id)
    assert receiver.kinds() == []


def test_a1_huddles_and_what_members_keep_for_themselves_are_not_told(
    forum: Forum, api: ApiClient, receiver: Receiver, hooked: Hooked
) -> None:
    hooked()
    member = forum.member()
    huddle_id = create_huddle(
        site_id=forum.site.id, author_id=member.id, title="x", is_confidential=False, invited_ids=[forum.owner.id]
    )
    say(member, Item.objects.get(id=huddle_id))
    for person in (member, forum.owner):
        assert api.as_(person).put("profiles/read", {"itemType": "site", "itemId": 0}).status == 200
    deliver(forum.site.id)
    assert receiver.kinds() == ["profile.created"]


def test_t1_a_webhook_hears_of_its_own_site_alone(
    forum: Forum, other_forum: Forum, receiver: Receiver, hooked: Hooked
) -> None:
    hooked()
    start(other_forum.owner, place_in(other_forum))
    deliver(forum.site.id)
    deliver(other_forum.site.id)
    assert receiver.kinds() == []


def test_what_is_deleted_before_it_is_told_is_told_as_deleted(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    item = start(forum.owner, place_in(forum))
    webhook = hooked()
    comment = say(forum.owner, item)
    settle()
    plan_deliveries(site_id=forum.site.id)
    delete_comment(site_id=forum.site.id, actor_id=forum.owner.id, comment_id=comment.id)
    deliver(forum.site.id)
    assert [(message["kind"], message.get("gone")) for message in receiver.messages] == [("comment.deleted", True)]
    assert statuses(webhook)[0] == ("comment.created", "skipped", 0)


def test_a5_who_does_not_own_the_site_any_more_is_told_nothing(
    forum: Forum, receiver: Receiver, hooked: Hooked
) -> None:
    place = place_in(forum)
    webhook = hooked()
    start(forum.owner, place)
    settle()
    plan_deliveries(site_id=forum.site.id)
    heir = forum.member()
    Site.objects.filter(id=forum.site.id).update(owner=heir.profile.user_id, created_by=heir.profile.user_id)
    send_deliveries(site_id=forum.site.id, webhook_id=webhook.id)
    assert receiver.asked == []
    webhook.refresh_from_db()
    assert webhook.disabled_reason == "not_owner"
    switch_webhook(webhook, actor_id=heir.id, profile_id=heir.id, is_active=True)
    deliver(forum.site.id)
    assert "conversation.created" in receiver.kinds()


def test_what_the_owner_of_the_site_sees_in_private_places_is_told(
    forum: Forum, receiver: Receiver, hooked: Hooked
) -> None:
    place = place_in(forum)
    closed_to_all_but(place, forum.member())
    hooked("conversation")
    start(forum.owner, place)
    deliver(forum.site.id)
    assert receiver.kinds() == ["conversation.created"]


def test_a_deleted_site_tells_nothing(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    hooked()
    start(forum.owner, place_in(forum))
    Site.objects.filter(id=forum.site.id).update(is_deleted=True)
    deliver(forum.site.id)
    assert receiver.asked == []


# --- Order and further tries --------------------------------------------------------------------


def test_what_fails_holds_back_its_own_item_and_no_other(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    place = place_in(forum)
    webhook = hooked("conversation", "comment")
    first, second = (start(forum.owner, place) for _ in range(2))
    say(forum.owner, first)
    say(forum.owner, second)
    receiver.statuses = [503]
    deliver(forum.site.id)
    told = [(message["kind"], message["ids"]["itemId"]) for message in receiver.messages]
    assert told == [
        ("conversation.created", first.id), ("conversation.created", second.id), ("comment.created", second.id)
    ]  # fmt: skip
    assert [status for _, status, _ in statuses(webhook)] == ["waiting", "delivered", "waiting", "delivered"]
    say(forum.owner, first)
    deliver(forum.site.id)
    assert len(receiver.asked) == 3
    receiver.asked.clear()
    later(minutes=1)
    deliver(forum.site.id)
    assert receiver.kinds() == ["conversation.created", "comment.created", "comment.created"]


def test_a_repeat_has_the_same_id(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    place = place_in(forum)
    hooked()
    start(forum.owner, place)
    receiver.statuses = [500, 500]
    for _ in range(3):
        deliver(forum.site.id)
        later(minutes=5)
    assert len(receiver.asked) == 3
    assert len({(request.headers["x-microcosm-delivery"], request.body) for request in receiver.asked}) == 1


def test_waits_grow_up_to_an_hour() -> None:
    minutes = [wait_after(tries) / timedelta(minutes=1) for tries in (1, 2, 3, 4, 5, 6, 7, 8, 40)]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_what_is_never_taken_is_dead_after_a_day_and_lets_the_next_one_go(
    forum: Forum, receiver: Receiver, hooked: Hooked
) -> None:
    place = place_in(forum)
    webhook = hooked("conversation", "comment")
    item = start(forum.owner, place)
    say(forum.owner, item)
    settle()
    plan_deliveries(site_id=forum.site.id)
    fail(webhook, receiver, hours=25)
    receiver.asked.clear()
    receiver.statuses = []
    later(hours=1)
    send_deliveries(site_id=forum.site.id, webhook_id=webhook.id)
    dead, delivered = statuses(webhook)
    assert dead[:2] == ("conversation.created", "dead")
    assert delivered[:2] == ("comment.created", "delivered")
    assert receiver.kinds() == ["comment.created"]


def test_sustained_failure_switches_off_and_mails_once(
    forum: Forum, api: ApiClient, receiver: Receiver, hooked: Hooked
) -> None:
    place = place_in(forum)
    webhook = hooked("conversation")
    for _ in range(4):
        start(forum.owner, place)
        settle()
        plan_deliveries(site_id=forum.site.id)
        webhook.refresh_from_db()
        assert webhook.is_active
        fail(webhook, receiver, hours=20)
    webhook.refresh_from_db()
    assert webhook.disabled_reason == "failing"
    count = len(receiver.asked)
    deliver(forum.site.id)
    assert len(receiver.asked) == count
    since = "2026-11-21T10:00:00Z"
    for _ in range(2):
        tasks.tell_of_disabling(site_id=forum.site.id, webhook_id=webhook.id, since=since)
    first, second = mail.outbox
    assert first.to == [forum.owner.profile.user.email]
    assert str(webhook.id) in first.body
    assert first.message()["Message-ID"] == second.message()["Message-ID"]
    shown = api.as_(forum.owner).get(f"webhooks/{webhook.id}").data
    assert (shown["active"], shown["disabledReason"]) == (False, "failing")
    assert "failingSince" in shown


def test_one_success_ends_the_failing(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    place = place_in(forum)
    webhook = hooked("conversation")
    for _ in range(2):
        start(forum.owner, place)
    receiver.statuses = [500, 200]
    deliver(forum.site.id)
    webhook.refresh_from_db()
    assert webhook.failing_since is None


def test_switched_on_again_it_goes_on_where_it_stopped(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    place = place_in(forum)
    webhook = hooked("conversation", "comment")
    item = start(forum.owner, place)
    receiver.statuses = [500]
    deliver(forum.site.id)
    switch_webhook(webhook, actor_id=forum.owner.id, profile_id=forum.owner.id, is_active=False)
    say(forum.owner, item)
    later(hours=2)
    deliver(forum.site.id)
    assert receiver.kinds() == ["conversation.created"]
    switch_webhook(webhook, actor_id=forum.owner.id, profile_id=forum.owner.id, is_active=True)
    deliver(forum.site.id)
    assert receiver.kinds() == ["conversation.created", "comment.created"]


# --- Replay, gaps, what is forgotten ------------------------------------------------------------


def test_a_replay_sends_the_same_again_in_order(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    place = place_in(forum)
    webhook = hooked("conversation", "comment")
    item = start(forum.owner, place)
    for _ in range(3):
        say(forum.owner, item)
    deliver(forum.site.id)
    sent = receiver.told
    receiver.asked.clear()
    webhook.refresh_from_db()
    replay(webhook, actor_id=forum.owner.id, after=Delivery.objects.earliest("position").position or 0)
    deliver(forum.site.id)
    assert receiver.told == sent[1:]


def test_a_replay_while_one_is_being_sent_loses_nothing(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    place = place_in(forum)
    webhook = hooked("conversation")
    after = webhook.position
    start(forum.owner, place)
    settle()
    plan_deliveries(site_id=forum.site.id)
    claim = claim_delivery(site_id=forum.site.id, webhook_id=webhook.id)
    assert claim
    replay(webhook, actor_id=forum.owner.id, after=after)
    deliver(forum.site.id)
    assert receiver.asked == []
    finish_delivery(claim, post(claim))
    deliver(forum.site.id)
    assert [kind for _, kind in receiver.told] == ["conversation.created"] * 2
    assert len({id for id, _ in receiver.told}) == 1


def test_what_the_log_forgot_before_it_was_told_is_an_explicit_gap(
    forum: Forum, receiver: Receiver, hooked: Hooked
) -> None:
    place = place_in(forum)
    webhook = hooked()
    switch_webhook(webhook, actor_id=forum.owner.id, profile_id=forum.owner.id, is_active=False)
    start(forum.owner, place)
    settle()
    later(days=9)
    forget_changes(before=clock.now() - timedelta(days=7))
    switch_webhook(webhook, actor_id=forum.owner.id, profile_id=forum.owner.id, is_active=True)
    deliver(forum.site.id)
    (message,) = receiver.messages
    assert (message["kind"], message["ids"]) == (GAP, {})
    deliver(forum.site.id)
    assert len(receiver.asked) == 1


def test_where_nothing_happens_there_is_no_gap(
    forum: Forum, other_forum: Forum, receiver: Receiver, hooked: Hooked
) -> None:
    hooked()
    for _ in range(20):
        start(other_forum.owner, place_in(other_forum))
        settle()
        later(hours=13)
        forget_changes(before=clock.now() - timedelta(days=7))
        assert queue_idle() == 1
        deliver(forum.site.id)
        assert queue_idle() == 0
    assert receiver.asked == []
    place_in(forum)
    deliver(forum.site.id)
    assert receiver.kinds() == ["microcosm.created"]


def test_old_deliveries_are_forgotten_but_not_what_waits(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    place = place_in(forum)
    webhook = hooked("conversation")
    for _ in range(2):
        start(forum.owner, place)
    receiver.statuses = [200, 500]
    deliver(forum.site.id)
    assert prune_deliveries() == 0
    later(days=8)
    assert prune_deliveries() == 1
    assert [status for _, status, _ in statuses(webhook)] == ["waiting"]
    ping(webhook)
    switch_webhook(webhook, actor_id=forum.owner.id, profile_id=forum.owner.id, is_active=False)
    later(days=8)
    assert prune_deliveries() == 1
    assert statuses(webhook) == [("conversation.created", "waiting", 1)]


@pytest.fixture
def behind(forum: Forum, receiver: Receiver, hooked: Hooked) -> Webhook:
    """A webhook that is off: of five changes that wait for it, the log has forgotten two."""
    place = place_in(forum)
    webhook = hooked("conversation", "comment")
    for days in (2, 6):
        item = start(forum.owner, place)
        say(forum.owner, item)
        settle()
        plan_deliveries(site_id=forum.site.id)
        later(days=days)
    say(forum.owner, Item.objects.earliest("id"))
    settle()
    plan_deliveries(site_id=forum.site.id)
    switch_webhook(webhook, actor_id=forum.owner.id, profile_id=forum.owner.id, is_active=False)
    forget_changes(before=clock.now() - timedelta(days=7))
    return webhook


@pytest.mark.parametrize("prunings", [0, 1, 2])
def test_what_waited_until_the_log_forgot_it_is_an_explicit_gap(
    behind: Webhook, receiver: Receiver, prunings: int
) -> None:
    forgotten = log_place(site_id=behind.site_id).forgotten
    first, second, *later_ones = Delivery.objects.filter(webhook=behind).order_by("position")
    assert first.position < second.position <= forgotten < later_ones[0].position
    for number in range(prunings):
        assert prune_deliveries() == (2 if number == 0 else 0)
        assert list(Delivery.objects.filter(webhook=behind, kind=GAP).values_list("position", "status")) == [
            (second.position, "waiting")
        ]
    switch_webhook(behind, actor_id=behind.profile_id, profile_id=behind.profile_id, is_active=True)
    deliver(behind.site_id)
    gap, *others = sorted(receiver.messages, key=lambda message: int(message["position"]))
    assert (gap["kind"], gap["ids"], gap["position"]) == (GAP, {}, second.position)
    assert [message["position"] for message in others] == [delivery.position for delivery in later_ones]
    assert "skipped" not in [status for _, status, _ in statuses(behind)]
    receiver.asked.clear()
    deliver(behind.site_id)
    assert receiver.asked == []


def test_what_is_lost_later_joins_the_gap_that_waits(behind: Webhook) -> None:
    last = Delivery.objects.filter(webhook=behind).latest("position")
    assert prune_deliveries() == 2
    later(days=20)
    forget_changes(before=clock.now() - timedelta(days=7))
    # The gap and the three changes behind it.
    assert prune_deliveries() == 4
    assert Delivery.objects.filter(webhook=behind).values_list("kind", "position").get() == (GAP, last.position)


# --- Where it may go (O1 to O5) -----------------------------------------------------------------


def error_of(webhook: Webhook) -> str:
    """Why the only delivery has failed."""
    delivery = Delivery.objects.get(webhook=webhook)
    assert delivery.status == Delivery.Status.WAITING
    return delivery.error


def test_o3_an_address_is_checked_at_each_connection(
    forum: Forum, receiver: Receiver, hooked: Hooked, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    names = Names(monkeypatch)
    names.answers["hook.example.com"] = [["127.0.0.1"], ["127.0.0.2"], ["10.0.0.1"]]
    port = receiver.server.port
    webhook = hooked("conversation", url=f"http://hook.example.com:{port}{PATH}")
    place = place_in(forum)
    start(forum.owner, place)
    deliver(forum.site.id)
    assert len(receiver.asked) == 1
    Delivery.objects.all().delete()
    start(forum.owner, place)
    for _ in range(2):
        deliver(forum.site.id)
        assert error_of(webhook) == "This leads to an address that is not public."
        later(minutes=5)
    assert len(receiver.asked) == 1


def test_o3_a_redirect_is_not_followed(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    receiver.server.replies["/moved"] = reply(status=307, headers={"Location": receiver.url})
    webhook = hooked("conversation", url=receiver.server.url("/moved"))
    start(forum.owner, place_in(forum))
    deliver(forum.site.id)
    assert error_of(webhook) == "answered with 307"
    assert [request.target for request in receiver.asked] == ["/moved"]


def test_an_address_without_tls_is_refused_when_the_setting_is_withdrawn(
    forum: Forum, receiver: Receiver, hooked: Hooked, settings: Any
) -> None:
    webhook = hooked("conversation")
    settings.WEBHOOK_ALLOW_HTTP = False
    start(forum.owner, place_in(forum))
    deliver(forum.site.id)
    assert error_of(webhook) == "the address of a webhook begins with https://"
    assert receiver.asked == []


def test_o5_answers_are_bounded_in_size_and_time(
    forum: Forum, receiver: Receiver, hooked: Hooked, settings: Any
) -> None:
    settings.WEBHOOK_TIMEOUT_SECONDS = 1
    hooked("conversation", url=receiver.server.url("/large"))
    webhook = hooked("conversation", url=receiver.server.url("/silent"))
    receiver.server.replies["/large"] = reply(b"x" * 100_000)

    def wait(handler: Any) -> None:
        handler.rfile.read(1)

    receiver.server.replies["/silent"] = wait
    start(forum.owner, place_in(forum))
    deliver(forum.site.id)
    errors = list(Delivery.objects.order_by("webhook_id").values_list("error", flat=True))
    assert errors == ["The answer is too large.", "The answer took too long."]
    webhook.refresh_from_db()
    assert webhook.sending_until is None


def test_a_connection_that_is_refused_is_one_more_failure(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    webhook = hooked("conversation")
    receiver.server.replies[PATH] = lambda handler: handler.connection.close()
    start(forum.owner, place_in(forum))
    deliver(forum.site.id)
    assert error_of(webhook)
    assert Delivery.objects.get().response_status is None

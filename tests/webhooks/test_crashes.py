"""Acceptance 6 of the live part, for webhooks: nothing is lost though the worker dies at each step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.core.clock import set_clock
from apps.microcosms.models import Microcosm
from apps.webhooks import sending, tasks
from apps.webhooks.models import Delivery, Webhook
from apps.webhooks.planning import plan_next, queue_idle
from apps.webhooks.services import create_webhook
from tests.content import place_in, say, start
from tests.factories import Forum
from tests.queries import count_statements
from tests.queue import empty_queue
from tests.services.test_items_concurrency import at_once
from tests.webhooks.receiver import Receiver, work

pytestmark = pytest.mark.django_db(transaction=True)

Hooked = Callable[..., Webhook]


class Killed(BaseException):
    """The worker is no more."""


@pytest.fixture(autouse=True)
def queue(transactional_db: Any) -> Iterator[None]:
    """An empty queue of jobs, and none left behind."""
    empty_queue()
    yield
    empty_queue()


@contextmanager
def dying_at(number: int) -> Iterator[Callable[[], bool]]:
    """Kill whoever runs the statement of this number, counted from where the block begins; tells whether it came."""
    count = 0

    def run(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        nonlocal count
        count += 1
        if count == number:
            raise Killed
        return execute(sql, params, many, context)

    with connection.execute_wrapper(run):
        yield lambda: count >= number


def start_and_undo(forum: Forum, place: Microcosm) -> None:
    """A conversation that never was."""
    with transaction.atomic():
        start(forum.owner, place)
        transaction.set_rollback(True)


def recover() -> None:
    """What another worker and the scheduler do: jobs are still in the queue, leases end, the sweep finds the rest."""
    set_clock(shift=timedelta(minutes=2))
    work()
    tasks.sweep()
    work()
    set_clock()


def test_nothing_is_lost_wherever_the_worker_dies(
    forum: Forum, receiver: Receiver, hooked: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_in(forum)
    webhook = hooked("conversation", "comment")
    deaths = 0
    for number in range(1, 1000):
        empty_queue()
        receiver.asked.clear()
        item = start(forum.owner, place)
        say(forum.owner, item)
        with dying_at(number) as has_come:
            try:
                work()
            except Killed:
                deaths += 1
        recover()
        assert_told_once(webhook, receiver, item_id=item.id)
        if not has_come():
            break
    assert deaths > 20
    assert not Delivery.objects.exclude(status=Delivery.Status.DELIVERED).exists()


def assert_told_once(webhook: Webhook, receiver: Receiver, *, item_id: int) -> None:
    """Both changes have arrived in order; one that came twice had its id."""
    told = list(dict.fromkeys(receiver.told))
    assert [kind for _, kind in told] == ["conversation.created", "comment.created"]
    assert {message["ids"]["itemId"] for message in receiver.messages} == {item_id}
    assert len({request.headers["x-microcosm-delivery"] for request in receiver.asked}) == 2
    positions = [message["position"] for message in receiver.messages]
    assert positions == sorted(positions)
    assert len(positions) <= 3


@pytest.mark.parametrize("has_arrived", [False, True])
def test_a_worker_that_dies_while_it_sends_is_replaced_when_its_time_is_over(
    forum: Forum, receiver: Receiver, hooked: Hooked, monkeypatch: pytest.MonkeyPatch, has_arrived: bool
) -> None:
    webhook = hooked("conversation")
    start(forum.owner, place_in(forum))

    def die(claim: sending.Claim) -> sending.Outcome:
        if has_arrived:
            real_post(claim)
        raise Killed

    real_post = sending.post
    with monkeypatch.context() as patch:
        patch.setattr(sending, "post", die)
        with pytest.raises(Killed):
            work()
    # Nobody else sends meanwhile.
    work()
    assert len(receiver.asked) == has_arrived
    recover()
    assert len(receiver.asked) == 1 + has_arrived
    assert len(set(receiver.told)) == 1
    delivery = Delivery.objects.get(webhook=webhook)
    assert (delivery.status, delivery.tries) == ("delivered", 2)


def test_who_was_taken_for_dead_changes_nothing_any_more(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    webhook = hooked("conversation")
    start(forum.owner, place_in(forum))
    plan_next(site_id=forum.site.id, webhook_id=webhook.id)
    slow = sending.claim_delivery(site_id=forum.site.id, webhook_id=webhook.id)
    assert slow
    set_clock(shift=timedelta(minutes=2))
    sending.send_deliveries(site_id=forum.site.id, webhook_id=webhook.id)
    sending.finish_delivery(slow, sending.Outcome(500, milliseconds=1, error=""))
    delivery = Delivery.objects.get(webhook=webhook)
    assert (delivery.status, delivery.response_status) == ("delivered", 200)
    webhook.refresh_from_db()
    assert (webhook.failing_since, webhook.sending_until) == (None, None)


def test_a_change_that_is_rolled_back_is_told_to_nobody(forum: Forum, receiver: Receiver, hooked: Hooked) -> None:
    place = place_in(forum)
    hooked()
    start_and_undo(forum, place)
    assert not ProcrastinateJob.objects.exists()
    work()
    tasks.sweep()
    work()
    assert receiver.asked == []


def test_one_transaction_queues_one_job_for_any_number_of_webhooks(forum: Forum, hooked: Hooked) -> None:
    place = place_in(forum)

    def cost() -> tuple[int, int]:
        empty_queue()
        with count_statements() as statements, transaction.atomic():
            item = start(forum.owner, place)
            say(forum.owner, item)
        return ProcrastinateJob.objects.filter(task_name__startswith="webhooks.").count(), len(statements)

    cost()
    without = cost()
    hooked()
    with_one = cost()
    for _ in range(19):
        hooked()
    # The statement that asks whether anybody is to be woken is sent either way.
    assert cost() == with_one == (without[0] + 1, without[1])


def test_a_transaction_on_two_sites_wakes_both(forum: Forum, other_forum: Forum, hooked: Hooked) -> None:
    hooked()
    there = other_forum.owner.id
    create_webhook(
        site_id=other_forum.site.id, actor_id=there, profile_id=there, url="https://example.org/hook", kinds=[]
    )
    places = [place_in(site) for site in (forum, other_forum)]
    empty_queue()
    with transaction.atomic():
        for site, place in zip((forum, other_forum, forum), (*places, places[0]), strict=True):
            start(site.owner, place)
    plans = ProcrastinateJob.objects.filter(task_name=tasks.PLAN).values_list("args__site_id", flat=True)
    assert sorted(plans) == sorted([forum.site.id, other_forum.site.id])


def test_a_savepoint_that_is_rolled_back_takes_its_job_and_nothing_else(
    forum: Forum, receiver: Receiver, hooked: Hooked
) -> None:
    place = place_in(forum)
    hooked("conversation")
    with transaction.atomic():
        start_and_undo(forum, place)
        start(forum.owner, place)
    work()
    assert receiver.kinds() == ["conversation.created"]


def test_many_workers_and_writers_tell_everything_once_and_in_order(
    forum: Forum, receiver: Receiver, hooked: Hooked
) -> None:
    place = place_in(forum)
    webhook = hooked("comment")
    items = [start(forum.owner, place) for _ in range(4)]
    empty_queue()

    def talk(item: Any) -> None:
        for _ in range(10):
            say(forum.owner, item)

    def tell() -> None:
        for _ in range(30):
            plan_next(site_id=forum.site.id, webhook_id=webhook.id)
            sending.send_deliveries(site_id=forum.site.id, webhook_id=webhook.id)

    at_once(*(lambda item=item: talk(item) for item in items), *[tell] * 3)
    plan_next(site_id=forum.site.id, webhook_id=webhook.id)
    sending.send_deliveries(site_id=forum.site.id, webhook_id=webhook.id)
    assert len(receiver.asked) == 40
    assert len(set(receiver.told)) == 40
    for item in items:
        positions = [message["position"] for message in receiver.messages if message["ids"]["itemId"] == item.id]
        assert len(positions) == 10
        assert positions == sorted(positions)
    assert queue_idle() == 0

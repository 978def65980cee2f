"""Sending what is due to a webhook: one delivery at a time, in order, with its outcome kept (docs/decisions/0058)."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from apps.core import clock
from apps.core.outbound import Limits, OutboundError, fetch
from apps.jobs.services import defer
from apps.webhooks import queries
from apps.webhooks.addresses import check_address
from apps.webhooks.models import Delivery, Webhook
from apps.webhooks.planning import GAP, SEND, leave_gap
from apps.webhooks.services import PING, disable_webhook
from apps.webhooks.shapes import message
from apps.webhooks.signing import secret_of, signature

#: How long one job goes on before others have their turn: a thread that waits for a slow receiver does nothing else.
BUDGET_SECONDS = 10.0
#: Bytes of an answer: nobody reads it.
MAX_ANSWER_BYTES = 64 * 1024
#: How long after the time limit of a delivery whoever had it in hand is taken for dead.
GRACE = timedelta(seconds=30)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
#: Deliveries that one transaction may pass over because nobody may know of them any more.
SKIPPED_AT_ONCE = 100
NOT_VISIBLE = "not visible to the owner any more"


@dataclass(frozen=True)
class Claim:
    """A delivery in somebody's hand."""

    site_id: int
    webhook_id: int
    delivery_id: int
    #: Which try it is; only the last one's outcome counts.
    tries: int
    #: Until when nobody else takes another.
    until: datetime
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """How a try ended."""

    response_status: int | None
    milliseconds: int
    error: str

    @property
    def is_success(self) -> bool:
        """Whether the receiver has taken it."""
        return self.response_status is not None and 200 <= self.response_status < 300


def send_deliveries(*, site_id: int, webhook_id: int) -> None:
    """Send what is due to a webhook until nothing is, somebody else does, or the rest is left to another job."""
    deadline = time.monotonic() + BUDGET_SECONDS
    while claim := claim_delivery(site_id=site_id, webhook_id=webhook_id):
        finish_delivery(claim, post(claim))
        if time.monotonic() > deadline:
            with transaction.atomic():
                defer(SEND, site_id=site_id, webhook_id=webhook_id)
            return


@transaction.atomic
def claim_delivery(*, site_id: int, webhook_id: int) -> Claim | None:
    """Take the next delivery in hand, with what its owner may know now; None when there is nothing to do.

    Locks the webhook. Who finds that somebody else has one in hand may go: that one looks again when they are done.
    """
    webhook = (
        Webhook.objects.select_for_update(of=("self",))
        .select_related("site", "profile")
        .filter(site_id=site_id, id=webhook_id, disabled_reason="", site__is_deleted=False)
        .first()
    )
    now = clock.now()
    if webhook is None or (webhook.sending_until is not None and webhook.sending_until > now):
        return None
    if webhook.profile.user_id not in (webhook.site.owner_id, webhook.site.created_by_id):
        disable_webhook(webhook, reason=Webhook.Disabled.NOT_OWNER, now=now)
        return None
    for _ in range(SKIPPED_AT_ONCE):
        delivery = _next_due(webhook, now=now)
        if delivery is None:
            return None
        body = _body(webhook, delivery)
        if body is not None:
            return _taken(webhook, delivery, body=body, now=now)
        if not leave_gap(webhook, now=now):
            _end(delivery, status=Delivery.Status.SKIPPED, error=NOT_VISIBLE, now=now)
    defer(SEND, site_id=site_id, webhook_id=webhook_id)
    return None


def post(claim: Claim) -> Outcome:
    """Send a delivery; the only thing here that waits for somebody else."""
    started_at = time.monotonic()
    status, error = None, ""
    limits = Limits(total=settings.WEBHOOK_TIMEOUT_SECONDS, size=MAX_ANSWER_BYTES, redirects=0)
    try:
        check_address(claim.url)
        status = fetch(claim.url, method="POST", headers=claim.headers, content=claim.body, limits=limits).status
    except OutboundError as problem:
        error = str(problem)
    return Outcome(status, milliseconds=int((time.monotonic() - started_at) * 1000), error=error)


@transaction.atomic
def finish_delivery(claim: Claim, outcome: Outcome) -> None:
    """Keep how a try ended, and make due what follows from it. Locks the webhook.

    What was given to somebody else meanwhile, or replayed, is theirs.
    """
    webhook = Webhook.objects.select_for_update().filter(site_id=claim.site_id, id=claim.webhook_id).first()
    if webhook is None:
        return
    if webhook.sending_until == claim.until:
        webhook.sending_until = None
        webhook.save(update_fields=["sending_until"])
    delivery = Delivery.objects.filter(
        site_id=claim.site_id, id=claim.delivery_id, tries=claim.tries, status=Delivery.Status.WAITING
    ).first()
    if delivery is None:
        return
    now = clock.now()
    delivery.response_status, delivery.milliseconds = outcome.response_status, outcome.milliseconds
    if outcome.is_success:
        webhook.failing_since = None
        _end(delivery, status=Delivery.Status.DELIVERED, error="", now=now)
    else:
        webhook.failing_since = webhook.failing_since or now
        _note_failure(delivery, error=outcome.error or f"answered with {outcome.response_status}", now=now)
    webhook.save(update_fields=["failing_since"])
    if _has_failed_for_long(webhook, now=now) and webhook.is_active:
        disable_webhook(webhook, reason=Webhook.Disabled.FAILING, now=now)


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many tries: a minute, then twice as long each time, up to an hour."""
    return min(FIRST_WAIT * (1 << min(tries - 1, 10)), LONGEST_WAIT)


def _next_due(webhook: Webhook, *, now: datetime) -> Delivery | None:
    due = Delivery.objects.filter(site_id=webhook.site_id, webhook=webhook, due_at__lte=now)
    return due.order_by("due_at", "position", "id").first()


def _body(webhook: Webhook, delivery: Delivery) -> bytes | None:
    """What is sent, None when nobody may know of it."""
    if delivery.kind in (PING, GAP):
        return message(delivery)
    change = queries.change_for(webhook, position=delivery.position or 0)
    return None if change is None else message(delivery, change=change)


def _taken(webhook: Webhook, delivery: Delivery, *, body: bytes, now: datetime) -> Claim:
    delivery.tries += 1
    delivery.last_tried_at = now
    delivery.first_tried_at = delivery.first_tried_at or now
    delivery.save(update_fields=["tries", "last_tried_at", "first_tried_at"])
    webhook.sending_until = now + timedelta(seconds=settings.WEBHOOK_TIMEOUT_SECONDS) + GRACE
    webhook.save(update_fields=["sending_until"])
    moment = str(int(now.timestamp()))
    return Claim(
        site_id=webhook.site_id,
        webhook_id=webhook.id,
        delivery_id=delivery.id,
        tries=delivery.tries,
        until=webhook.sending_until,
        url=webhook.url,
        headers={
            "Content-Type": "application/json",
            "X-Microcosm-Delivery": delivery.public_id,
            "X-Microcosm-Kind": delivery.kind,
            "X-Microcosm-Timestamp": moment,
            "X-Microcosm-Signature": signature(secret_of(webhook.secret_nonce), timestamp=moment, body=body),
        },
        body=body,
    )


def _note_failure(delivery: Delivery, *, error: str, now: datetime) -> None:
    is_last = now - (delivery.first_tried_at or now) >= timedelta(hours=settings.WEBHOOK_RETRY_HOURS)
    if is_last:
        _end(delivery, status=Delivery.Status.DEAD, error=error, now=now)
        return
    delivery.due_at = now + wait_after(delivery.tries)
    delivery.error = _short(error)
    delivery.save(update_fields=["due_at", "error", "response_status", "milliseconds"])


def _end(delivery: Delivery, *, status: Delivery.Status, error: str, now: datetime) -> None:
    """The delivery is done with; the next one of its subject may go."""
    delivery.status = status
    delivery.due_at = None
    delivery.error = _short(error)
    delivery.save(update_fields=["status", "due_at", "error", "response_status", "milliseconds"])
    following = Delivery.objects.filter(
        site_id=delivery.site_id,
        webhook_id=delivery.webhook_id,
        subject=delivery.subject,
        status=Delivery.Status.WAITING,
    )
    first = following.order_by("position", "id").first()
    if first is not None:
        Delivery.objects.filter(site_id=delivery.site_id, id=first.id).update(due_at=now)


def _has_failed_for_long(webhook: Webhook, *, now: datetime) -> bool:
    if webhook.failing_since is None:
        return False
    return now - webhook.failing_since >= timedelta(hours=settings.WEBHOOK_DISABLE_HOURS)


def _short(error: str) -> str:
    return error.replace("\x00", "")[: Delivery._meta.get_field("error").max_length]

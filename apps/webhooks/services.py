"""Writes of webhooks: what their owners do with them.

Those that take a webhook raise Missing when somebody has deleted it meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from apps.core import clock
from apps.core.errors import Missing, OutOfRange
from apps.core.outbound import BadAddress
from apps.core.queries import log_place
from apps.core.wire import timestamp
from apps.jobs.services import defer, require_task
from apps.moderation.services import record_act
from apps.sites.models import Site
from apps.webhooks import queries
from apps.webhooks.addresses import check_address
from apps.webhooks.models import Delivery, Webhook
from apps.webhooks.planning import PLAN, SEND, leave_gap
from apps.webhooks.signing import new_nonce, secret_of

MAIL_DISABLED = "webhooks.mail_disabled"
MAX_KINDS = 50
#: Deliveries that one statement deletes.
PRUNE_BATCH = 10_000
PING = "ping"


class BadWebhookAddress(OutOfRange):
    """This cannot be the address of a webhook."""


class BadKinds(OutOfRange):
    """kinds are words such as comment or comment.created, of what a webhook may hear of."""


class TooManyWebhooks(OutOfRange):
    """The site has as many webhooks as it may have."""


class WebhookDisabled(OutOfRange):
    """Nothing is sent to this webhook: switch it on first."""


class NotInLog(OutOfRange):
    """The log does not hold everything behind this position, or the webhook has not come so far."""


@transaction.atomic
def create_webhook(*, site_id: int, actor_id: int, profile_id: int, url: str, kinds: Sequence[str]) -> Webhook:
    """A webhook that is told what happens from now on, as far as `profile_id` may see it. Locks the site.

    Raises BadWebhookAddress, BadKinds or TooManyWebhooks.
    """
    _check_url(url)
    Site.objects.select_for_update(no_key=True).get(id=site_id)
    if Webhook.objects.filter(site_id=site_id).count() >= settings.WEBHOOKS_PER_SITE:
        raise TooManyWebhooks
    now = clock.now()
    webhook = Webhook.objects.create(
        site_id=site_id,
        profile_id=profile_id,
        url=url,
        kinds=_checked_kinds(kinds),
        secret_nonce=new_nonce(),
        position=log_place(site_id=site_id).head,
        caught_up_at=now,
        created_at=now,
    )
    _record("created", webhook, actor_id=actor_id)
    return webhook


def wake(*, site_id: int) -> None:
    """Queue one job for a site that has webhooks, once in the running transaction, whatever else that changes."""
    require_task(PLAN)
    queries.statements.wake.send(site_id=site_id, task=PLAN)


@transaction.atomic
def edit_webhook(
    webhook: Webhook, *, actor_id: int, url: str | None = None, kinds: Sequence[str] | None = None
) -> None:
    """Change where a webhook is, or what it hears of from now on; None keeps. Raises BadWebhookAddress or BadKinds."""
    webhook = _locked(webhook)
    if url is not None and url != webhook.url:
        _check_url(url)
        webhook.url = url
        webhook.failing_since = None
    if kinds is not None:
        webhook.kinds = _checked_kinds(kinds)
    webhook.save(update_fields=["url", "kinds", "failing_since"])
    _record("edited", webhook, actor_id=actor_id)


@transaction.atomic
def switch_webhook(webhook: Webhook, *, actor_id: int, profile_id: int, is_active: bool) -> None:
    """Stop sending, or go on where it stopped; whoever switches it on answers for it from then on."""
    if not is_active:
        pause_webhook(webhook, actor_id=actor_id)
        return
    webhook = _locked(webhook)
    if webhook.is_active:
        return
    webhook.disabled_reason = ""
    webhook.failing_since = None
    webhook.profile_id = profile_id
    webhook.save(update_fields=["disabled_reason", "failing_since", "profile"])
    queries.release_heads(webhook, now=clock.now())
    defer(PLAN, site_id=webhook.site_id)
    defer(SEND, site_id=webhook.site_id, webhook_id=webhook.id)
    _record("switched_on", webhook, actor_id=actor_id)


@transaction.atomic
def pause_webhook(webhook: Webhook, *, actor_id: int | None = None) -> None:
    """Stop sending until somebody switches it on."""
    webhook = _locked(webhook)
    if not webhook.is_active:
        return
    disable_webhook(webhook, reason=Webhook.Disabled.PAUSED, now=clock.now())
    _record("switched_off", webhook, actor_id=actor_id)


def disable_webhook(webhook: Webhook, *, reason: Webhook.Disabled, now: datetime) -> None:
    """Stop sending to a webhook whose row is locked; its owner is mailed when it has failed for too long."""
    webhook.disabled_reason = reason
    webhook.save(update_fields=["disabled_reason"])
    if reason == Webhook.Disabled.FAILING:
        defer(MAIL_DISABLED, site_id=webhook.site_id, webhook_id=webhook.id, since=timestamp(now))


@transaction.atomic
def change_secret(webhook: Webhook, *, actor_id: int) -> str:
    """A new secret, which signs whatever is sent from now on."""
    webhook = _locked(webhook)
    webhook.secret_nonce = new_nonce()
    webhook.save(update_fields=["secret_nonce"])
    _record("secret_changed", webhook, actor_id=actor_id)
    return secret_of(webhook.secret_nonce)


@transaction.atomic
def delete_webhook(webhook: Webhook, *, actor_id: int) -> None:
    """Forget a webhook with its deliveries."""
    webhook = _locked(webhook)
    _record("deleted", webhook, actor_id=actor_id)
    Webhook.objects.filter(site_id=webhook.site_id, id=webhook.id).delete()


@transaction.atomic
def replay(webhook: Webhook, *, actor_id: int, after: int) -> None:
    """Send everything behind a position again, under the same ids. Raises NotInLog.

    The deliveries are forgotten and made anew in order. One that is just being sent may arrive twice.
    """
    webhook = _locked(webhook)
    if after > webhook.position or not log_place(site_id=webhook.site_id).holds(after):
        raise NotInLog
    Delivery.objects.filter(site_id=webhook.site_id, webhook=webhook, position__gt=after).delete()
    webhook.position = after
    webhook.save(update_fields=["position"])
    queries.release_heads(webhook, now=clock.now())
    defer(PLAN, site_id=webhook.site_id)
    _record("replayed", webhook, actor_id=actor_id)


@transaction.atomic
def ping(webhook: Webhook) -> Delivery:
    """Send something to try a webhook out; one that waits already is the answer. Raises WebhookDisabled."""
    webhook = _locked(webhook)
    if not webhook.is_active:
        raise WebhookDisabled
    waiting = {"site_id": webhook.site_id, "webhook": webhook, "subject": PING, "status": Delivery.Status.WAITING}
    delivery = Delivery.objects.filter(**waiting).first()
    if delivery is None:
        now = clock.now()
        delivery = Delivery.objects.create(**waiting, kind=PING, due_at=now, created_at=now)
    defer(SEND, site_id=webhook.site_id, webhook_id=webhook.id)
    return delivery


def prune_deliveries() -> int:
    """Delete what is older than the setting says and has ended, on all sites; returns how many.

    What waits for a webhook that is off stays as long as the log has it; then a gap stands for it.
    """
    before = clock.now() - timedelta(days=settings.WEBHOOK_DELIVERY_DAYS)
    count = sum(_forget_waiting(webhook) for webhook in Webhook.objects.exclude(disabled_reason="").order_by("id"))
    while deleted := queries.delete_old(before=before, batch=PRUNE_BATCH):
        count += deleted
    return count


@transaction.atomic
def _forget_waiting(webhook: Webhook) -> int:
    try:
        return leave_gap(_locked(webhook), now=clock.now())
    except Missing:
        return 0


def _locked(webhook: Webhook) -> Webhook:
    locked = Webhook.objects.select_for_update().filter(site_id=webhook.site_id, id=webhook.id).first()
    if locked is None:
        raise Missing
    return locked


def _check_url(url: str) -> None:
    try:
        check_address(url)
    except BadAddress as error:
        raise BadWebhookAddress(f"url: {error}") from error


def _checked_kinds(kinds: Sequence[str]) -> list[str]:
    checked = list(dict.fromkeys(kinds))
    if len(checked) > MAX_KINDS or not all(queries.is_kind(kind) for kind in checked):
        raise BadKinds
    return checked


def _record(what: str, webhook: Webhook, *, actor_id: int | None) -> None:
    ids = {"webhook_id": webhook.id, "owner_id": webhook.profile_id}
    record_act(f"webhook.{what}", site_id=webhook.site_id, actor_id=actor_id, ids=ids)

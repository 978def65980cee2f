"""From the change log to deliveries: each webhook follows the log of its site in slices (docs/decisions/0058)."""

import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from apps.core import clock
from apps.core.queries import log_place
from apps.jobs.services import defer
from apps.webhooks import queries
from apps.webhooks.models import Delivery, Webhook

PLAN = "webhooks.plan"
SEND = "webhooks.send"
#: Changes that one transaction looks at.
SLICE = 500
#: How long one job goes on before it leaves the rest to another.
BUDGET_SECONDS = 60.0
#: How old `caught_up_at` may get where nothing happens.
STALE = timedelta(hours=12)
#: Says that changes are missing, because the log has forgotten them before they could be told.
GAP = "gap"


def plan_deliveries(*, site_id: int) -> None:
    """Make the deliveries of what the webhooks of a site have not followed yet, and queue their sending."""
    deadline = time.monotonic() + BUDGET_SECONDS
    for webhook_id in queries.webhooks_of(site_id).filter(disabled_reason="").values_list("id", flat=True):
        while plan_next(site_id=site_id, webhook_id=webhook_id):
            if time.monotonic() > deadline:
                with transaction.atomic():
                    defer(PLAN, site_id=site_id)
                return


@transaction.atomic
def plan_next(*, site_id: int, webhook_id: int) -> bool:
    """Make the deliveries of the next changes for one webhook; whether there may be more. Locks its row.

    Who waited for the lock begins where the one before has ended, and reads the log after that.
    """
    webhook = (
        Webhook.objects.select_for_update(of=("self",))
        .filter(site_id=site_id, id=webhook_id, disabled_reason="", site__is_deleted=False)
        .first()
    )
    if webhook is None:
        return False
    now = clock.now()
    made = _note_gap(webhook, now=now)
    page = queries.plan_slice(webhook, scan_limit=SLICE, now=now)
    has_more: bool = page.scanned == SLICE
    if page.last is not None:
        webhook.position = page.last
    if not has_more:
        webhook.caught_up_at = now
    webhook.save(update_fields=["position", "caught_up_at"])
    if made or page.made:
        defer(SEND, site_id=site_id, webhook_id=webhook_id)
    return has_more


def _note_gap(webhook: Webhook, *, now: datetime) -> bool:
    """Say so when the log may have forgotten changes that were never looked at.

    Where nothing happens the position stays behind what is forgotten on other sites, which is no gap as long as all
    that was written since the last look is young enough to be in the log.
    """
    forgotten = log_place(site_id=webhook.site_id).forgotten
    if webhook.position >= forgotten:
        return False
    webhook.position = forgotten
    if webhook.caught_up_at + timedelta(days=settings.CHANGE_LOG_DAYS) > now:
        return False
    _create_gap(webhook, position=forgotten, now=now)
    return True


def leave_gap(webhook: Webhook, *, now: datetime) -> int:
    """Put one gap in the place of all that waits and that the log has forgotten; returns how much that was.

    The webhook's row is locked. Nobody could be told what was in those changes any more.
    """
    lost = Delivery.objects.filter(
        site_id=webhook.site_id,
        webhook=webhook,
        status=Delivery.Status.WAITING,
        position__lte=log_place(site_id=webhook.site_id).forgotten,
    )
    if not lost.exclude(kind=GAP).exists():
        return 0
    last: int = lost.aggregate(last=Max("position"))["last"]
    count, _by_model = lost.delete()
    _create_gap(webhook, position=last, now=now)
    queries.release_heads(webhook, now=now)
    return count


def _create_gap(webhook: Webhook, *, position: int, now: datetime) -> None:
    Delivery.objects.create(
        site_id=webhook.site_id,
        webhook=webhook,
        position=position,
        kind=GAP,
        subject=GAP,
        due_at=now,
        created_at=now,
    )


def queue_idle() -> int:
    """Queue what has to be done for webhooks that nobody takes care of; returns how many jobs."""
    now = clock.now()
    found = queries.idle_webhooks(now=now, stale=now - STALE)
    behind = {row.site_id for row in found if row.is_behind}
    due = [row for row in found if row.is_due]
    with transaction.atomic():
        for site_id in sorted(behind):
            defer(PLAN, site_id=site_id)
        for row in due:
            defer(SEND, site_id=row.site_id, webhook_id=row.webhook_id)
    return len(behind) + len(due)

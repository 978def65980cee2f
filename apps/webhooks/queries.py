"""Statements about webhooks, and what their owners look at."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from apps.core.sql import Statements
from apps.webhooks.models import Delivery, Webhook

statements = Statements(__file__)

#: The families of kinds that a webhook may hear of; huddles and what members keep for themselves are not among them.
FAMILIES = ("comment", "conversation", "event", "forum", "microcosm", "poll", "profile", "role", "site")
_KIND = re.compile(r"([a-z_]{1,30})(\.[a-z_]{1,30})?")


def is_kind(text: str) -> bool:
    """Whether a text is a kind, or a family of kinds, that a webhook may hear of."""
    found = _KIND.fullmatch(text)
    return found is not None and found[1] in FAMILIES


def webhooks_of(site_id: int) -> QuerySet[Webhook]:
    """The webhooks of a site, oldest first."""
    return Webhook.objects.filter(site_id=site_id).order_by("id")


def deliveries_of(webhook: Webhook, *, status: str = "") -> QuerySet[Delivery]:
    """What a webhook was or will be sent; of one status if it is said."""
    found = Delivery.objects.filter(site_id=webhook.site_id, webhook=webhook)
    return found.filter(status=status) if status else found


def plan_slice(webhook: Webhook, *, scan_limit: int, now: datetime) -> Any:
    """Make the deliveries of the next changes; a row of `scanned`, `last` and `made`."""
    return statements.plan_slice.row(
        site_id=webhook.site_id,
        webhook_id=webhook.id,
        profile_id=webhook.profile_id,
        after=webhook.position,
        scan_limit=scan_limit,
        families=list(FAMILIES),
        kinds=list(webhook.kinds),
        now=now,
    )


def change_for(webhook: Webhook, *, position: int) -> Any | None:
    """A change as the owner of a webhook may know it now, None if they may not."""
    return statements.change_for.row(site_id=webhook.site_id, position=position, profile_id=webhook.profile_id)


def release_heads(webhook: Webhook, *, now: datetime) -> None:
    """Make the first waiting delivery of each subject due."""
    statements.release_heads.execute(site_id=webhook.site_id, webhook_id=webhook.id, now=now)


def idle_webhooks(*, now: datetime, stale: datetime) -> Sequence[Any]:
    """Webhooks of all sites with work that nobody does: rows of site_id, webhook_id, is_behind and is_due."""
    return statements.idle_webhooks.rows(now=now, stale=stale)


def delete_old(*, before: datetime, batch: int) -> int:
    """Delete some old deliveries; how many."""
    return statements.prune_deliveries.execute(before=before, batch=batch)

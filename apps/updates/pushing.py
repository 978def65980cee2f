"""Push messages to members' browsers about updates: ids, and the title if they may read it (docs/decisions/0057)."""

import html
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction

from apps.core.errors import Missing, OutOfRange
from apps.core.outbound import BadAddress, Limits, checked_url, fetch
from apps.jobs.services import defer_all
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from apps.updates import webpush
from apps.updates.models import PushSubscription
from apps.updates.queries import statements, update
from apps.updates.types import UpdateType

#: Name of the task (apps/updates/tasks.py).
PUSH = "updates.push"

#: Browsers that one member can be reached in.
MAX_SUBSCRIPTIONS = 10
MAX_ENDPOINT_LENGTH = 2000
MAX_TITLE_LENGTH = 200
#: How long a service keeps a message for a browser that is away.
KEPT_SECONDS = 24 * 3600
#: The service's way to say that a browser has left.
GONE = frozenset({404, 410})
LIMITS = Limits(total=10, size=64 * 1024, redirects=0)


class PushIsOff(OutOfRange):
    """This platform sends no push messages."""


class TooManySubscriptions(OutOfRange):
    """You have subscribed in too many browsers; end one of them first."""


class NotDelivered(Exception):
    """A push service did not take a message."""


@transaction.atomic
def subscribe(*, site_id: int, profile_id: int, endpoint: str, p256dh: str, auth: str) -> int:
    """A member wants push messages in a browser; returns the id. The same endpoint again gets the keys given last.

    Raises OutOfRange for what no browser gives: addresses that requests may not go to, and keys that are none.
    """
    if not settings.VAPID_PRIVATE_KEY:
        raise PushIsOff
    if len(endpoint) > MAX_ENDPOINT_LENGTH:
        raise OutOfRange(f"endpoint has at most {MAX_ENDPOINT_LENGTH} characters")
    try:
        checked_url(endpoint)
        keys = webpush.checked_keys(p256dh=p256dh, auth=auth)
    except (BadAddress, webpush.BadKeys) as error:
        raise OutOfRange(str(error)) from error
    # Two at once may not exceed the limit together.
    Profile.objects.select_for_update(no_key=True).filter(site_id=site_id, id=profile_id).values_list("id").first()
    mine = PushSubscription.objects.filter(profile_id=profile_id)
    digest = sha256(endpoint.encode()).hexdigest()
    if not mine.filter(endpoint_hash=digest).exists() and mine.count() >= MAX_SUBSCRIPTIONS:
        raise TooManySubscriptions
    subscription, _created = PushSubscription.objects.update_or_create(
        profile_id=profile_id,
        endpoint_hash=digest,
        defaults={"endpoint": endpoint, **keys},
    )
    return subscription.id


@transaction.atomic
def end_subscription(*, profile_id: int, subscription_id: int) -> None:
    """A member wants no push messages in a browser; raises Missing unless it is theirs."""
    deleted, _by_model = PushSubscription.objects.filter(profile_id=profile_id, id=subscription_id).delete()
    if not deleted:
        raise Missing


def queue_pushes(*, site_id: int, update_ids: Sequence[int]) -> None:
    """Queue a message for each browser of those whom new updates are for; in the same transaction."""
    if update_ids and settings.VAPID_PRIVATE_KEY:
        rows = statements.browsers.rows(site_id=site_id, update_ids=list(update_ids))
        defer_all(
            PUSH,
            [
                {
                    "site_id": site_id,
                    "profile_id": row.profile_id,
                    "subscription_id": row.subscription_id,
                    "update_id": row.update_id,
                }
                for row in rows
            ],
        )


def push(*, site_id: int, profile_id: int, subscription_id: int, update_id: int) -> None:
    """Send one message, if the update is in the member's list and news now (A1, A5); raises NotDelivered to try again.

    A repeat has the same topic: a service that still keeps the first replaces it, a browser shows one.
    """
    browser = PushSubscription.objects.filter(id=subscription_id, profile_id=profile_id).first()
    row = update(site_id=site_id, profile_id=profile_id, update_id=update_id)
    if browser is None or row is None or not row.is_news:
        return
    try:
        answer = fetch(
            browser.endpoint,
            method="POST",
            headers={
                "Authorization": webpush.authorization(browser.endpoint),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(KEPT_SECONDS),
                "Topic": f"update-{update_id}",
            },
            content=webpush.encrypt(_payload(row), p256dh=browser.p256dh, auth=browser.auth),
            limits=LIMITS,
        )
    except BadAddress:
        # What the name stands for has changed, or what may be reached.
        _forget(subscription_id)
        return
    if answer.status in GONE:
        _forget(subscription_id)
    elif not 200 <= answer.status < 300:
        raise NotDelivered(f"the push service answered {answer.status}")


@transaction.atomic
def _forget(subscription_id: int) -> None:
    PushSubscription.objects.filter(id=subscription_id).delete()


def _payload(row: Any) -> bytes:
    """What a browser is told: names of things as on the wire, and the title as plain text."""
    told: Mapping[str, Any] = {
        "updateId": row.update_id,
        "updateType": UpdateType(row.update_type).word,
        "itemType": ItemType(row.kind).word,
        "itemId": row.id,
        "commentId": row.comment_id,
        "title": html.unescape(row.title)[:MAX_TITLE_LENGTH],
    }
    return orjson.dumps(told)

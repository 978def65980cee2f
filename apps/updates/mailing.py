"""Mail about updates: noted with them, sent by jobs, at least once and under one id (docs/decisions/0056)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any

from anymail.exceptions import AnymailRecipientsRefused
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from apps.core import clock
from apps.items.models import Item
from apps.jobs.services import defer, defer_all
from apps.profiles.models import Profile
from apps.profiles.services import edit_options
from apps.sites.types import ItemType
from apps.updates import letters
from apps.updates.models import Mail, Undeliverable, Watcher
from apps.updates.queries import statements
from apps.updates.services import choose
from apps.updates.types import Digest, UpdateType

#: Names of the tasks (apps/updates/tasks.py).
MAIL = "updates.mail"
MAIL_DIGEST = "updates.mail_digest"
MAIL_OF_NEWCOMER = "updates.mail_of_newcomer"

#: People that one transaction queues mail for.
READERS_AT_ONCE = 1000
#: Things that one digest names; of more it gives the number.
DIGEST_LENGTH = 100
HOUR = timedelta(hours=1)

PERMANENT = range(500, 600)


# --- Noting ---------------------------------------------------------------------------------------


def queue_mails(*, site_id: int, update_ids: Sequence[int]) -> None:
    """Note and queue a mail about each of some new updates, for those who want one; in the same transaction."""
    if update_ids:
        rows = statements.queue_mails.rows(site_id=site_id, update_ids=list(update_ids), now=clock.now())
        _defer_mails(site_id, [(row.id, row.profile_id) for row in rows])


@transaction.atomic
def mail_of_newcomer(*, site_id: int, newcomer_id: int, after_id: int = 0) -> None:
    """Queue a mail about somebody new for the next of those who watch all profiles; a job of its own for the rest."""
    queued = statements.queue_mails_of_newcomer.row(
        site_id=site_id, newcomer_id=newcomer_id, after_id=after_id, limit=READERS_AT_ONCE, now=clock.now()
    )
    if queued is None:
        return
    _defer_mails(site_id, list(zip(queued.mail_ids, queued.profile_ids, strict=True)))
    if queued.watching_count == READERS_AT_ONCE:
        defer(MAIL_OF_NEWCOMER, site_id=site_id, newcomer_id=newcomer_id, after_id=queued.last_id)


def _defer_mails(site_id: int, mails: Sequence[tuple[int, int]]) -> None:
    defer_all(
        MAIL,
        [{"site_id": site_id, "profile_id": profile_id, "mail_id": mail_id} for mail_id, profile_id in mails],
    )


# --- Sending --------------------------------------------------------------------------------------


def send_mail(*, site_id: int, profile_id: int, mail_id: int) -> None:
    """Send one mail, unless by now it is not wanted, not allowed, not news or has to wait for a digest.

    The row is claimed before and marked after: a worker that dies in between sends it again, under the same Message-ID.
    """
    row = _claim(site_id=site_id, profile_id=profile_id, mail_id=mail_id)
    if row is not None:
        _send(letters.letter(row, site_id=site_id), email=row.email)
        _mark_sent([mail_id])


@transaction.atomic
def _claim(*, site_id: int, profile_id: int, mail_id: int) -> Any | None:
    """The row to send, or None; locks the member, so that of two mails about one item the second sees the first."""
    _lock(site_id=site_id, profile_id=profile_id)
    row = next(iter(_rows(site_id=site_id, profile_id=profile_id, mail_ids=[mail_id])), None)
    mine = Mail.objects.filter(id=mail_id, profile_id=profile_id, sent_at=None)
    if row is None:
        mine.delete()
        return None
    if row.claimed_at is not None:
        return row
    if row.digest:
        mine.update(digest=row.digest)
        return None
    if row.is_repeated:
        mine.delete()
        return None
    if row.sent_count >= settings.MAILS_PER_HOUR:
        mine.update(digest=Digest.DAILY)
        return None
    now = clock.now()
    mine.update(claimed_at=now)
    statements.note_notified.execute(site_id=site_id, mail_id=mail_id, now=now)
    return row


def _lock(*, site_id: int, profile_id: int) -> None:
    Profile.objects.select_for_update(no_key=True).filter(site_id=site_id, id=profile_id).values_list("id").first()


def _rows(*, site_id: int, profile_id: int, mail_ids: Sequence[int]) -> list[Any]:
    return statements.letters.rows(
        site_id=site_id, profile_id=profile_id, mail_ids=list(mail_ids), since=clock.now() - HOUR
    )


def _send(message: "letters.Letter", *, email: str) -> None:
    """Hand a message over; an address that does not exist is noted, any other failure is tried again by the job."""
    try:
        message.send()
    except SMTPRecipientsRefused as error:
        code, reason = next(iter(error.recipients.values()))
        if code not in PERMANENT:
            raise
        note_bounce(email=email, reason=f"{code} {reason.decode(errors='replace')}")
    except AnymailRecipientsRefused as error:
        note_bounce(email=email, reason=str(error))


@transaction.atomic
def _mark_sent(mail_ids: Sequence[int]) -> None:
    Mail.objects.filter(id__in=mail_ids, sent_at=None).update(sent_at=clock.now())


# --- Digests --------------------------------------------------------------------------------------


def queue_digests(digest: Digest, *, site_ids: Sequence[int], until: datetime) -> int:
    """Queue a digest for everybody who has mails waiting for one since before a moment; returns how many."""
    return sum(_queue_digests(digest, site_id=site_id, until=until) for site_id in site_ids)


def _queue_digests(digest: Digest, *, site_id: int, until: datetime) -> int:
    count, after_id = 0, 0
    while True:
        with transaction.atomic():
            rows = statements.digest_readers.rows(
                site_id=site_id, digest=int(digest), until=until, after_id=after_id, limit=READERS_AT_ONCE
            )
            same: dict[str, int | str] = {"site_id": site_id, "digest": int(digest), "until": until.isoformat()}
            defer_all(MAIL_DIGEST, [{**same, "profile_id": row.profile_id} for row in rows])
        count += len(rows)
        if len(rows) < READERS_AT_ONCE:
            return count
        after_id = rows[-1].profile_id


def send_digest(*, site_id: int, profile_id: int, digest: Digest, until: datetime) -> None:
    """Send a member everything that waits for a digest since before a moment and is still wanted, allowed and news.

    A worker that dies before the rows are marked sends it again, under the same Message-ID.
    """
    rows, mail_ids = _collect(site_id=site_id, profile_id=profile_id, digest=digest, until=until)
    if rows:
        message = letters.digest_letter(
            rows[:DIGEST_LENGTH], site_id=site_id, digest=digest, until=until, more=max(0, len(rows) - DIGEST_LENGTH)
        )
        _send(message, email=rows[0].email)
        _mark_sent(mail_ids)


@transaction.atomic
def _collect(*, site_id: int, profile_id: int, digest: Digest, until: datetime) -> tuple[list[Any], list[int]]:
    _lock(site_id=site_id, profile_id=profile_id)
    waiting = Mail.objects.filter(profile_id=profile_id, digest=digest, sent_at=None, created_at__lt=until)
    rows = _rows(site_id=site_id, profile_id=profile_id, mail_ids=list(waiting.values_list("id", flat=True)))
    mail_ids = [row.mail_id for row in rows]
    waiting.exclude(id__in=mail_ids).delete()
    waiting.filter(id__in=mail_ids, claimed_at=None).update(claimed_at=clock.now())
    return rows, mail_ids


# --- No more --------------------------------------------------------------------------------------


@transaction.atomic
def unsubscribe(subscription: "letters.Subscription") -> None:
    """What a signed link of a mail asks for: no more of its kind. Twice is like once.

    Of things that are watched it is the nearest watcher whose flag goes, for all of them must want mail; a digest ends
    all mail of the site.
    """
    site_id, profile_id = subscription.site_id, subscription.profile_id
    if not Profile.objects.filter(site_id=site_id, id=profile_id).exists():
        return
    if subscription.type is None:
        edit_options(site_id=site_id, profile_id=profile_id, send_email=False)
        return
    if subscription.type in (UpdateType.REPLY_TO_COMMENT, UpdateType.MENTIONED, UpdateType.EVENT_REMINDER):
        choose(
            site_id=site_id, profile_id=profile_id, type=subscription.type, send_email=False, send_sms=None, digest=None
        )
        return
    mine = Watcher.objects.filter(profile_id=profile_id)
    for nearest in _watched(subscription):
        if mine.filter(nearest).update(send_email=False):
            return


def _watched(subscription: "letters.Subscription") -> list[Q]:
    """What may have been watched to be mailed about a type of update, the nearest first."""
    nothing = Q(item=None, microcosm=None, target_profile=None)
    if subscription.type is UpdateType.NEW_USER:
        return [Q(kind=ItemType.PROFILE.value) & nothing]
    if subscription.home_id:
        return [Q(kind=ItemType.PROFILE.value, target_profile_id=subscription.home_id)]
    place_id = (
        Item.objects.filter(site_id=subscription.site_id, id=subscription.item_id)
        .values_list("microcosm_id", flat=True)
        .first()
    )
    on_item = [] if subscription.type is UpdateType.NEW_ITEM else [Q(item_id=subscription.item_id)]
    on_place = [Q(microcosm_id=place_id)] if place_id is not None else []
    return [*on_item, *on_place, Q(kind=ItemType.SITE.value) & nothing]


# --- Addresses that take no mail ------------------------------------------------------------------


@transaction.atomic
def note_bounce(*, email: str, reason: str) -> None:
    """An address has refused mail for good; after MAIL_BOUNCES of these it gets none until an operator says so."""
    now = clock.now()
    address, _created = Undeliverable.objects.get_or_create(email=email.lower())
    Undeliverable.objects.filter(id=address.id).update(
        bounce_count=F("bounce_count") + 1, bounced_at=now, reason=reason[:1000].replace("\x00", "")
    )
    Undeliverable.objects.filter(id=address.id, stopped_at=None, bounce_count__gte=settings.MAIL_BOUNCES).update(
        stopped_at=now
    )


@transaction.atomic
def mail_again(address_ids: Sequence[int]) -> int:
    """An operator believes that these addresses take mail again; returns how many there are."""
    return Undeliverable.objects.filter(id__in=address_ids).delete()[0]


# --- Forgetting -----------------------------------------------------------------------------------


def prune_mails(*, before: datetime) -> int:
    """Delete the records of mails that were noted before a moment; returns how many."""
    return Mail.objects.filter(created_at__lt=before).delete()[0]

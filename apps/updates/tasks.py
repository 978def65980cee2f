"""Jobs of updates: telling people is work that nobody waits for."""

from datetime import datetime, timedelta

from apps.core import clock
from apps.jobs.registry import PATIENT_ATTEMPTS, Priority, Report, task
from apps.sites.queries import live_site_ids
from apps.updates import mailing, pushing, services, telling
from apps.updates.mailing import MAIL, MAIL_DIGEST, MAIL_OF_NEWCOMER
from apps.updates.pushing import PUSH
from apps.updates.telling import TELL_MENTIONED, TELL_OF_COMMENT, TELL_OF_PLACE, TELL_WATCHERS
from apps.updates.types import Digest, UpdateType

#: How long it is remembered what was mailed.
MAILS_KEPT = timedelta(days=90)


@task(TELL_WATCHERS)
def tell_watchers(
    site_id: int, type: int, item_id: int, actor_id: int = 0, comment_id: int = 0, after_id: int = 0
) -> None:
    """Tell some of those who watch something of news about it; 0 stands for no item, no comment and nobody."""
    telling.tell_watchers(
        site_id=site_id,
        type=UpdateType(type),
        item_id=item_id or None,
        comment_id=comment_id or None,
        actor_id=actor_id or None,
        after_id=after_id,
    )


@task(TELL_OF_COMMENT)
def tell_of_comment(site_id: int, comment_id: int, actor_id: int, mentioned_ids: str) -> None:
    """Tell everyone whom a new comment concerns; `mentioned_ids` are numbers with commas between them."""
    telling.tell_of_comment(
        site_id=site_id, comment_id=comment_id, actor_id=actor_id, mentioned_ids=_numbers(mentioned_ids)
    )


@task(TELL_MENTIONED)
def tell_mentioned(site_id: int, comment_id: int, actor_id: int, mentioned_ids: str) -> None:
    """Tell those whom an edited comment names for the first time."""
    telling.tell_mentioned(
        site_id=site_id, comment_id=comment_id, actor_id=actor_id, profile_ids=_numbers(mentioned_ids)
    )


@task(TELL_OF_PLACE)
def tell_of_place(site_id: int, item_id: int, profile_id: int) -> None:
    """Tell somebody who waited for a place at an event that they have it."""
    telling.tell_of_place(site_id=site_id, item_id=item_id, profile_id=profile_id)


@task(MAIL, attempts=PATIENT_ATTEMPTS, priority=Priority.BULK)
def mail(site_id: int, profile_id: int, mail_id: int) -> None:
    """Send one mail about an update or somebody new, if it is still to be sent."""
    mailing.send_mail(site_id=site_id, profile_id=profile_id, mail_id=mail_id)


@task(MAIL_OF_NEWCOMER)
def mail_of_newcomer(site_id: int, newcomer_id: int, after_id: int = 0) -> None:
    """Have some of those who watch all profiles mailed about somebody new."""
    mailing.mail_of_newcomer(site_id=site_id, newcomer_id=newcomer_id, after_id=after_id)


@task(MAIL_DIGEST, attempts=PATIENT_ATTEMPTS, priority=Priority.BULK)
def mail_digest(site_id: int, profile_id: int, digest: int, until: str) -> None:
    """Send a member what has waited for a digest since before a moment."""
    mailing.send_digest(
        site_id=site_id, profile_id=profile_id, digest=Digest(digest), until=datetime.fromisoformat(until)
    )


@task(PUSH, attempts=PATIENT_ATTEMPTS, priority=Priority.BULK)
def push(site_id: int, profile_id: int, subscription_id: int, update_id: int) -> None:
    """Send one push message to a browser, if the update is still news."""
    pushing.push(site_id=site_id, profile_id=profile_id, subscription_id=subscription_id, update_id=update_id)


@task("updates.queue_daily_digests", limit_seconds=1800)
def queue_daily_digests() -> Report:
    """Have digests of the days before today sent, on all sites."""
    return _queue_digests(Digest.DAILY)


@task("updates.queue_weekly_digests", limit_seconds=1800)
def queue_weekly_digests() -> Report:
    """The same for digests of a week."""
    return _queue_digests(Digest.WEEKLY)


def _queue_digests(digest: Digest) -> Report:
    # The same moment whenever it runs today, so that a digest that is sent twice has one name.
    until = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return {"queued": mailing.queue_digests(digest, site_ids=live_site_ids(), until=until)}


@task("updates.remind", limit_seconds=1800)
def remind() -> Report:
    """Remind those who are going to an event that begins soon, on all sites."""
    return {"reminded": sum(telling.remind_attendees(site_id=site_id) for site_id in live_site_ids())}


@task("updates.prune", limit_seconds=3600)
def prune() -> Report:
    """Delete the updates that nobody misses, on all sites."""
    return {"deleted": sum(services.prune_updates(site_id=site_id) for site_id in live_site_ids())}


@task("updates.forget_mails", limit_seconds=3600)
def forget_mails() -> Report:
    """Delete the records of mails that were sent long ago."""
    return {"deleted": mailing.prune_mails(before=clock.now() - MAILS_KEPT)}


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]

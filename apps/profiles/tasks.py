"""Jobs of profiles."""

from apps.core.recounting import report
from apps.jobs.registry import Priority, Report, task
from apps.profiles import avatars
from apps.profiles.services import repair_counters
from apps.sites.queries import live_site_ids

GIVE_AVATAR = "profiles.give_avatar"


@task(GIVE_AVATAR, priority=Priority.BULK)
def give_avatar(*, profile_id: int) -> None:
    """Make the first avatar of a profile; one that has an avatar by now keeps it."""
    avatars.give_avatar(profile_id=profile_id)


@task("profiles.recount", limit_seconds=3600)
def recount() -> Report:
    """Count what everybody has written, and their unread huddles, again, on all sites."""
    return report(difference for site_id in live_site_ids() for difference in repair_counters(site_id=site_id))

"""What follows when somebody is new; runs in the transaction of the change."""

from collections.abc import Sequence

from django.conf import settings

from apps.jobs.services import defer_all
from apps.profiles import tasks
from apps.profiles.events import ProfileCreated


def picture_newcomers(events: Sequence[ProfileCreated]) -> None:
    """Have first avatars made (contract A 23.7)."""
    if settings.AVATARS:
        defer_all(tasks.GIVE_AVATAR, [{"profile_id": event.profile_id} for event in events])

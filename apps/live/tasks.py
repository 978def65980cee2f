"""Jobs of the change log."""

from datetime import timedelta

from django.conf import settings

from apps.core import clock
from apps.core.partitions import forget_changes, prepare_days
from apps.jobs.registry import task
from apps.live.queries import PRESENCE_PERIOD
from apps.live.services import forget_presence

KEEP_LOG = "live.keep_log"


@task(KEEP_LOG)
def keep_log() -> None:
    """Prepare the days of the change log that come, forget those older than the setting says, and who is long gone."""
    prepare_days()
    forget_changes(before=clock.now() - timedelta(days=settings.CHANGE_LOG_DAYS))
    forget_presence(before=clock.now() - PRESENCE_PERIOD)

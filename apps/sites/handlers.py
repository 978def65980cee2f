"""What follows when a site is founded; runs in the transaction of the change."""

from django.conf import settings

from apps.jobs.services import defer
from apps.sites import tasks
from apps.sites.events import SiteFounded


def tell_operators(event: SiteFounded) -> None:
    """The operators hear of a new site by mail (contract A 16.4)."""
    if settings.OPERATOR_EMAIL:
        defer(tasks.MAIL_FOUNDED, site_id=event.site_id)

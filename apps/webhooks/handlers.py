"""What follows for webhooks when something happens; runs in the transaction of the change."""

from collections.abc import Sequence

from apps.core.events import Event
from apps.webhooks import services


def wake(events: Sequence[Event]) -> None:
    """Queue one job for each site, however many webhooks it has and however much the transaction changes."""
    for site_id in sorted({event.site_id for event in events}):
        services.wake(site_id=site_id)

"""Writes of the numbers of sites and the platform that jobs make (contract A 16.1, 20, B 17; docs/decisions/0019)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from apps.core import clock
from apps.sites.queries import live_site_ids, statements

#: How long after their last request somebody counts as active, and as here (contract A 16.1).
ACTIVE = timedelta(days=90)
ONLINE = timedelta(minutes=90)
#: What the metrics of a day look back at.
METRICS_PERIOD = timedelta(days=1)
#: Sites whose people one statement counts.
SITES_AT_ONCE = 50


@transaction.atomic
def count_people(site_ids: Sequence[int]) -> int:
    """Count the people of some sites again; returns how many of the sites had other numbers."""
    now = clock.now()
    return statements.count_people.execute(
        site_ids=list(site_ids), active_since=now - ACTIVE, online_since=now - ONLINE
    )


@transaction.atomic
def count_people_online(site_ids: Sequence[int]) -> int:
    """Count who is here on some sites again; returns how many of the sites had another number."""
    return statements.count_people_online.execute(site_ids=list(site_ids), online_since=clock.now() - ONLINE)


def on_all_sites(count: Callable[[Sequence[int]], int]) -> int:
    """Run one of the counts above for all live sites, some at once, each time in a transaction of its own."""
    ids = live_site_ids()
    return sum(count(ids[start : start + SITES_AT_ONCE]) for start in range(0, len(ids), SITES_AT_ONCE))


@transaction.atomic
def record_metrics() -> datetime:
    """Write the metrics of this day, over what was written earlier today; returns the moment."""
    now = clock.now()
    statements.record_metrics.execute(day=now.date(), now=now, since=now - METRICS_PERIOD)
    return now

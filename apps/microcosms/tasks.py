"""Jobs of microcosms."""

from apps.core.recounting import report
from apps.jobs.registry import Report, task
from apps.microcosms.services import recompute_sequence, repair_counters
from apps.sites.queries import live_site_ids


@task("microcosms.recount", limit_seconds=3600)
def recount() -> Report:
    """Count what is in each microcosm again and put the busiest first, on all sites (contract B 17)."""
    differences = []
    for site_id in live_site_ids():
        differences += repair_counters(site_id=site_id)
        recompute_sequence(site_id=site_id)
    return report(differences)

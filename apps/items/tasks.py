"""Jobs of items."""

from apps.core.recounting import report
from apps.items.services import repair_counters
from apps.items.viewing import FOLD_BATCH, fold_views
from apps.jobs.registry import Report, task
from apps.sites.queries import live_site_ids


@task("items.fold_views")
def fold_stored_views() -> Report:
    """Add the stored views to the items, batch by batch."""
    view_count = 0
    while True:
        folded = fold_views()
        view_count += folded.view_count
        if folded.row_count < FOLD_BATCH:
            return {"views": view_count}


@task("items.recount", limit_seconds=3600)
def recount() -> Report:
    """Count what items keep of their comments again, on all sites."""
    return report(difference for site_id in live_site_ids() for difference in repair_counters(site_id=site_id))

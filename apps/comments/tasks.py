"""Jobs of comments."""

from django.db import transaction

from apps.comments.blocks import divide_site_anew
from apps.comments.services import RERENDER_BATCH, repair_counters, rerender_batch
from apps.core.recounting import report
from apps.jobs.registry import Report, task
from apps.jobs.services import defer
from apps.sites.queries import live_site_ids

RERENDER = "comments.rerender"


@task(RERENDER)
def rerender() -> Report:
    """Render a batch of revisions that an older renderer made, and queue the next batch while there may be one."""
    with transaction.atomic():
        rendered = rerender_batch()
        if rendered == RERENDER_BATCH:
            defer(RERENDER)
    return {"rendered": rendered}


@task("comments.recount", limit_seconds=3600)
def recount() -> Report:
    """Count the attachments of comments again and divide long discussions anew, on all sites."""
    sites = live_site_ids()
    for site_id in sites:
        divide_site_anew(site_id=site_id)
    return report(difference for site_id in sites for difference in repair_counters(site_id=site_id))

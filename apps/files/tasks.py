"""Jobs of files."""

from apps.core.recounting import report
from apps.files.services import make_missing_thumbnails, repair_counters, sweep_orphans
from apps.jobs.registry import Report, task
from apps.sites.queries import live_site_ids


@task("files.make_thumbnails", limit_seconds=300)
def make_thumbnails(*, file_id: int) -> None:
    """Make the smaller copies of a picture."""
    make_missing_thumbnails(file_id=file_id)


@task("files.sweep_orphans", limit_seconds=1800)
def sweep_orphaned_bytes() -> Report:
    """Remove bytes whose upload never ended."""
    return {"removed": sweep_orphans()}


@task("files.recount", limit_seconds=3600)
def recount() -> Report:
    """Count how often files are attached again, on all sites."""
    return report(difference for site_id in live_site_ids() for difference in repair_counters(site_id=site_id))

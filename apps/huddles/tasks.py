"""Jobs of huddles."""

from apps.huddles.services import delete_orphaned_huddles
from apps.jobs.registry import Report, task


@task("huddles.delete_orphaned", limit_seconds=1800)
def delete_orphaned() -> Report:
    """Delete the huddles that everybody has left, batch by batch."""
    deleted = 0
    while count := delete_orphaned_huddles():
        deleted += count
    return {"deleted": deleted}

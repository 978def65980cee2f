"""Jobs about jobs."""

from datetime import timedelta

from apps.core import clock
from apps.jobs.registry import Report, task
from apps.jobs.services import forget_runs

#: How long the record of a run that ended well is kept.
KEPT = timedelta(days=30)


@task("jobs.forget_runs")
def forget_old_runs() -> Report:
    """Delete the records of old runs that ended well; those that failed stay."""
    return {"deleted": forget_runs(before=clock.now() - KEPT)}

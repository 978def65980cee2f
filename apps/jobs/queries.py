"""What operators look at: the queue in numbers, and jobs with the reasons of their failures."""

from typing import Any

from django.db.models import Count, F, QuerySet
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.core.sql import Statements
from apps.jobs.models import FailedJob

statements = Statements(__file__)

#: Shown for a failed job that no worker could try.
NO_REASON = "no reason was noted: perhaps no task has this name any more"


def queue_numbers(*, task: str | None = None) -> list[dict[str, Any]]:
    """How many jobs there are of each task in each state."""
    jobs = ProcrastinateJob.objects.filter(**_of(task))
    return list(jobs.values("task_name", "status").annotate(count=Count("id")).order_by("task_name", "status"))


def failed_jobs(*, task: str | None = None) -> QuerySet[Any]:
    """The jobs that failed for good, oldest first, with `failed_at`, `reason` and `traceback` where they are known."""
    failed: QuerySet[Any] = _with_failure(FailedJob.objects.filter(**_of(task)))
    return failed.order_by("id")


def find_job(job_id: int) -> Any | None:
    """One job with the same, whatever its state."""
    return _with_failure(ProcrastinateJob.objects.filter(id=job_id)).first()


def _of(task: str | None) -> dict[str, str]:
    return {"task_name": task} if task else {}


def _with_failure(jobs: Any) -> Any:
    return jobs.annotate(
        failed_at=F("failure__failed_at"), reason=F("failure__reason"), traceback=F("failure__traceback")
    )

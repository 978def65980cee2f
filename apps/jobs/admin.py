"""Background work in the operators' admin: what scheduled jobs found, and what failed for good."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.jobs.models import FailedJob, Run
from apps.jobs.queries import NO_REASON, failed_jobs
from apps.jobs.services import drop_failed_jobs, retry_failed_jobs


@admin.register(Run)
class RunAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Runs of scheduled jobs, to look at; `manage.py run_job` makes one."""

    list_display = ("id", "name", "due_at", "started_at", "finished_at", "attempts", "outcome", "report", "error")
    list_filter = ("name", "outcome")
    ordering = ("-id",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes here: the scheduler and workers do."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        """As above."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        """As above."""
        return False


@admin.register(FailedJob)
class FailedJobAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Jobs that failed for good: an operator retries or drops them, as `manage.py jobs` does."""

    list_display = ("id", "task_name", "args", "attempts", "failed_at", "reason")
    list_filter = ("task_name",)
    search_fields = ("=id", "task_name", "failure__reason")
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("retry", "drop")
    fields = ("id", "task_name", "args", "attempts", "failed_at", "reason", "traceback")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[FailedJob]:
        return failed_jobs()

    @admin.display(ordering="failure__failed_at")
    def failed_at(self, job: Any) -> datetime | None:
        """When its last try failed."""
        moment: datetime | None = job.failed_at
        return moment

    @admin.display
    def reason(self, job: Any) -> str:
        """Why."""
        return job.reason or NO_REASON

    @admin.display
    def traceback(self, job: Any) -> str:
        """Where."""
        return job.traceback or "-"

    @admin.action(description="Give another try", permissions=["change"])
    def retry(self, request: HttpRequest, chosen: QuerySet[FailedJob]) -> None:
        """Put the chosen jobs back into the queue."""
        retried = retry_failed_jobs(chosen.values_list("id", flat=True))
        messages.success(request, f"{len(retried)} jobs are tried again.")

    @admin.action(description="Drop", permissions=["change"])
    def drop(self, request: HttpRequest, chosen: QuerySet[FailedJob]) -> None:
        """Delete the chosen jobs: what they were to do is not done."""
        dropped = drop_failed_jobs(chosen.values_list("id", flat=True))
        messages.success(request, f"{len(dropped)} jobs are dropped.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Jobs come with the changes that need them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FailedJob | None = None) -> bool:
        """Drop does it, through the queue's own functions."""
        return False

    def save_model(self, request: HttpRequest, obj: FailedJob, form: Any, change: bool) -> None:
        """Nothing can be edited."""

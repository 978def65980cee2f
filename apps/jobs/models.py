"""What is kept about background work beside the queue itself: slots, runs, and why jobs failed."""

from typing import Any, ClassVar

from django.db import models
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.core import clock


class ScheduledJob(models.Model):
    """How far the slots of one scheduled job have been dealt with."""

    name = models.CharField(max_length=64, primary_key=True)
    #: Every slot up to here was claimed or, after downtime, passed over on purpose.
    covered_until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Run(models.Model):
    """One run of a scheduled job: of a slot, or by hand."""

    class Outcome(models.TextChoices):
        """How it ended; blank while it has not."""

        SUCCEEDED = "succeeded"
        FAILED = "failed"

    name = models.CharField(max_length=64)
    #: The slot; null for a run by hand.
    due_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(default=clock.now)
    #: The last attempt's.
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True, default="")
    #: What the job found, as it returned it.
    report = models.JSONField(null=True, blank=True)
    #: Why the last attempt failed.
    error = models.TextField(blank=True, default="")
    #: The job in the queue, which is gone once it succeeded; null for a run by hand.
    job_id = models.BigIntegerField(null=True, blank=True, unique=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "due_at"], name="jobs_run_slot")]
        indexes = [models.Index(fields=["claimed_at"], name="jobs_run_claimed")]

    def __str__(self) -> str:
        return f"{self.name} {self.due_at or 'by hand'}"


class Failure(models.Model):
    """Why a job that is still in the queue's table failed the last time; the database deletes it with the job."""

    job = models.OneToOneField(
        ProcrastinateJob, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="failure"
    )
    failed_at = models.DateTimeField(default=clock.now)
    #: Kind and text of the exception, on one line where the exception's text is.
    reason = models.TextField()
    traceback = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"{self.job_id}: {self.reason}"


class FailedJobs(models.Manager["FailedJob"]):
    """Jobs that nobody will try again by themselves."""

    def get_queryset(self) -> models.QuerySet["FailedJob"]:
        return super().get_queryset().filter(status="failed")


class FailedJob(ProcrastinateJob):
    """A job that failed for good: it stays until an operator retries or drops it."""

    objects: ClassVar[Any] = FailedJobs()

    class Meta:
        proxy = True
        verbose_name = "failed job"

    def __str__(self) -> str:
        return f"{self.task_name} {self.id}"

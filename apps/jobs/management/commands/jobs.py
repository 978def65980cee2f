"""`manage.py jobs`: what waits, what failed for good, and what to do with it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.wire import timestamp
from apps.jobs.queries import NO_REASON, failed_jobs, find_job, queue_numbers
from apps.jobs.services import drop_failed_jobs, retry_failed_jobs


class Command(BaseCommand):
    """For operators; the admin does the same."""

    help = "Look at the queue; retry or drop jobs that failed for good."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the command understands."""
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="numbers of the queue, and the jobs that failed")
        listing.add_argument("--task", help="only jobs of this task")
        showing = actions.add_parser("show", help="everything about one job")
        showing.add_argument("id", type=int)
        for name, what in (("retry", "give failed jobs another try"), ("drop", "delete failed jobs")):
            action = actions.add_parser(name, help=what)
            action.add_argument("ids", type=int, nargs="*", metavar="id")
            action.add_argument("--task", help="all failed jobs of this task")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        """Do one of them."""
        if action == "list":
            self._list(task=options["task"])
        elif action == "show":
            self._show(options["id"])
        else:
            self._act(action, ids=options["ids"], task=options["task"])

    def _list(self, *, task: str | None) -> None:
        for number in queue_numbers(task=task):
            self.stdout.write(f"{number['count']:6} {number['status']:9} {number['task_name']}")
        for job in failed_jobs(task=task):
            reason = (job.reason or NO_REASON).splitlines()[0]
            failed_at = timestamp(job.failed_at) if job.failed_at else "-"
            self.stdout.write(f"{job.id} {job.task_name} {json.dumps(job.args)} {failed_at} {reason}")

    def _show(self, job_id: int) -> None:
        job = find_job(job_id)
        if job is None:
            raise CommandError(f"there is no job {job_id}")
        shown = {
            "job": job.id,
            "task": job.task_name,
            "arguments": json.dumps(job.args),
            "status": job.status,
            "tries": job.attempts,
            "next try": timestamp(job.scheduled_at) if job.status == "todo" and job.scheduled_at else "-",
            "failed": timestamp(job.failed_at) if job.failed_at else "-",
            "reason": job.reason or (NO_REASON if job.status == "failed" else "-"),
        }
        for name, value in shown.items():
            self.stdout.write(f"{name + ':':10} {value}")
        if job.traceback:
            self.stdout.write(job.traceback)

    def _act(self, action: str, *, ids: list[int], task: str | None) -> None:
        if bool(ids) == bool(task):
            raise CommandError("name jobs by their ids, or all of a task with --task")
        chosen = ids or [job.id for job in failed_jobs(task=task)]
        done = retry_failed_jobs(chosen) if action == "retry" else drop_failed_jobs(chosen)
        word = "retried" if action == "retry" else "dropped"
        self.stdout.write(f"{word}: {', '.join(map(str, done)) or 'none'}")
        if missed := sorted(set(ids) - set(done)):
            raise CommandError(f"no failed jobs: {', '.join(map(str, missed))}")

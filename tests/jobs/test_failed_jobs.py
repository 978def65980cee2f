"""Jobs that failed for good: an operator looks at them, retries or drops them, on the command line and in the admin."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client as Browser
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.accounts.services import create_operator
from apps.core.clock import set_clock
from apps.jobs.models import Failure, Run
from apps.jobs.queries import NO_REASON
from apps.jobs.services import defer, drop_failed_jobs, note_failure, retry_failed_jobs
from tests.factories import Forum

pytestmark = pytest.mark.django_db

MOMENT = datetime(2030, 1, 1, 12, tzinfo=UTC)


def queue(name: str = "accounts.send_code_mail", **arguments: int | str) -> int:
    with transaction.atomic():
        defer(name, **arguments)
    return int(ProcrastinateJob.objects.latest("id").id)


def fail(job_id: int, *, reason: str = "", traceback: str = "") -> int:
    """What the worker does at the last try."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET attempts = 5, status = 'doing' WHERE id = %s", [job_id])
        cursor.execute("SELECT procrastinate_finish_job_v1(%s, 'failed', false)", [job_id])
    if reason:
        set_clock(frozen=MOMENT)
        note_failure(job_id=job_id, is_last=True, reason=reason, traceback=traceback)
        set_clock()
    return job_id


def jobs(*arguments: str) -> str:
    output = StringIO()
    call_command("jobs", *arguments, stdout=output)
    return output.getvalue()


def statuses() -> dict[int, str]:
    return dict(ProcrastinateJob.objects.values_list("id", "status"))


@pytest.fixture
def failed() -> list[int]:
    """Two that failed, of one task each."""
    return [
        fail(queue(code_id=1, audience="a"), reason="SMTPError: no\nsecond line", traceback="Traceback ...\n"),
        fail(queue("updates.tell_of_item", site_id=7, type=8, item_id=3), reason="KeyError: 8"),
    ]


def test_the_list_shows_numbers_and_reasons(failed: list[int]) -> None:
    queue(code_id=2, audience="a")
    assert jobs("list").splitlines() == [
        "     1 todo      accounts.send_code_mail",
        "     1 failed    accounts.send_code_mail",
        "     1 failed    updates.tell_of_item",
        f'{failed[0]} accounts.send_code_mail {{"code_id": 1, "audience": "a"}} 2030-01-01T12:00:00Z SMTPError: no',
        f'{failed[1]} updates.tell_of_item {{"type": 8, "item_id": 3, "site_id": 7}} 2030-01-01T12:00:00Z KeyError: 8',
    ]
    assert len(jobs("list", "--task", "updates.tell_of_item").splitlines()) == 2


def test_one_job_is_shown_with_everything(failed: list[int]) -> None:
    assert jobs("show", str(failed[0])).splitlines() == [
        f"job:       {failed[0]}",
        "task:      accounts.send_code_mail",
        'arguments: {"code_id": 1, "audience": "a"}',
        "status:    failed",
        "tries:     6",
        "next try:  -",
        "failed:    2030-01-01T12:00:00Z",
        "reason:    SMTPError: no",
        "second line",
        "Traceback ...",
    ]


def test_a_job_without_a_task_says_so() -> None:
    job_id = fail(queue(code_id=1, audience="a"))
    assert NO_REASON in jobs("show", str(job_id))
    assert NO_REASON in jobs("list")


def test_a_retry_puts_a_job_back_and_a_drop_removes_it_with_its_reason(failed: list[int]) -> None:
    assert jobs("retry", str(failed[0])) == f"retried: {failed[0]}\n"
    assert statuses() == {failed[0]: "todo", failed[1]: "failed"}
    assert jobs("drop", "--task", "updates.tell_of_item") == f"dropped: {failed[1]}\n"
    assert statuses() == {failed[0]: "todo"}
    assert [failure.job_id for failure in Failure.objects.all()] == [failed[0]]


def test_several_are_named_at_once(failed: list[int]) -> None:
    assert jobs("drop", *map(str, failed)) == f"dropped: {failed[0]}, {failed[1]}\n"
    assert statuses() == {}
    assert not Failure.objects.exists()


@pytest.mark.parametrize("action", ["retry", "drop"])
def test_what_has_not_failed_is_left_alone(action: str, failed: list[int]) -> None:
    waiting = queue(code_id=2, audience="a")
    with pytest.raises(CommandError, match=f"^no failed jobs: {waiting}, 999999$"):
        jobs(action, str(waiting), "999999", str(failed[0]))
    assert statuses()[waiting] == "todo"
    assert statuses().get(failed[0]) == ("todo" if action == "retry" else None)


@pytest.mark.parametrize("action", ["retry", "drop"])
def test_a_choice_is_needed_and_only_one(action: str, failed: list[int]) -> None:
    for arguments in ([], [str(failed[0]), "--task", "updates.tell_of_item"]):
        with pytest.raises(CommandError, match="name jobs by their ids, or all of a task with --task"):
            jobs(action, *arguments)
    assert set(statuses().values()) == {"failed"}
    assert jobs(action, "--task", "nobody.does_this").endswith(": none\n")


def test_an_unknown_job_is_one_line() -> None:
    with pytest.raises(CommandError, match=r"^there is no job 999999$"):
        jobs("show", "999999")


def test_the_services_name_what_they_did(failed: list[int]) -> None:
    assert retry_failed_jobs([failed[1], failed[0], failed[0], 999999]) == failed
    assert drop_failed_jobs(failed) == []


def test_a_run_fails_with_its_job_and_can_still_succeed() -> None:
    job_id = queue("jobs.forget_runs")
    Run.objects.create(name="jobs.forget_runs", due_at=MOMENT, job_id=job_id)
    note_failure(job_id=job_id, is_last=False, reason="KeyError: 1")
    run = Run.objects.get()
    assert (run.outcome, run.error, run.finished_at) == ("", "KeyError: 1", None)
    fail(job_id, reason="KeyError: 2")
    run.refresh_from_db()
    assert (run.outcome, run.error, run.finished_at) == ("failed", "KeyError: 2", MOMENT)


# --- The admin ------------------------------------------------------------------------------------

URL = "/admin/jobs/failedjob/"


@pytest.fixture
def operator(root_forum: Forum) -> Browser:
    """A browser of an operator."""
    user = create_operator(email="operator@example.org", password="a long pass phrase")
    browser = Browser(headers={"host": root_forum.host})
    browser.force_login(user)
    return browser


def test_the_admin_lists_and_shows_them(operator: Browser, failed: list[int]) -> None:
    waiting = queue(code_id=2, audience="a")
    page = operator.get(URL).content.decode()
    assert "SMTPError: no" in page
    assert "KeyError: 8" in page
    assert f"{URL}{waiting}/" not in page
    assert "Traceback ..." in operator.get(f"{URL}{failed[0]}/change/").content.decode()
    assert operator.get(f"{URL}?q=KeyError").content.decode().count("KeyError: 8") == 1
    assert operator.get(f"{URL}{failed[0]}/delete/").status_code == 403
    assert operator.get(f"{URL}add/").status_code == 403


def test_the_admin_retries_and_drops(operator: Browser, failed: list[int]) -> None:
    reply = operator.post(URL, {"action": "retry", "_selected_action": [failed[0]]}, follow=True)
    assert "1 jobs are tried again." in reply.content.decode()
    assert statuses() == {failed[0]: "todo", failed[1]: "failed"}
    reply = operator.post(URL, {"action": "drop", "_selected_action": failed}, follow=True)
    assert "1 jobs are dropped." in reply.content.decode()
    assert statuses() == {failed[0]: "todo"}


def test_the_admin_shows_runs(operator: Browser) -> None:
    run = Run.objects.create(name="microcosms.recount", outcome="succeeded", report={"corrected": 3})
    assert "corrected" in operator.get("/admin/jobs/run/").content.decode()
    assert operator.get(f"/admin/jobs/run/{run.id}/change/").status_code == 200
    assert operator.post(f"/admin/jobs/run/{run.id}/change/", {"name": "x"}).status_code == 403


def test_an_operator_who_may_only_look_changes_nothing(operator: Browser, failed: list[int]) -> None:
    from django.contrib.auth.models import Permission

    user = create_operator(email="second@example.org", password="a long pass phrase")
    user.is_superuser = False
    user.save(update_fields=["is_superuser"])
    user.user_permissions.add(Permission.objects.get(content_type__app_label="jobs", codename="view_failedjob"))
    operator.force_login(user)
    assert "SMTPError: no" in operator.get(URL).content.decode()
    operator.post(URL, {"action": "drop", "_selected_action": failed})
    assert set(statuses().values()) == {"failed"}

"""`manage.py run_job`, and what the scheduled jobs of the platform do and report."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.core import clock
from apps.jobs.models import Run
from apps.jobs.schedule import load_schedule
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from tests.factories import Forum

pytestmark = pytest.mark.django_db


def run_job(*arguments: str) -> str:
    output = StringIO()
    call_command("run_job", *arguments, stdout=output)
    return output.getvalue()


def test_the_list_names_every_job() -> None:
    lines = run_job("--list").splitlines()
    assert [line.split()[0] for line in lines] == list(load_schedule())
    assert "0 0 1 * * *" in next(line for line in lines if line.startswith("microcosms.recount"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody.does_this"], "no scheduled job is called nobody.does_this: --list names them"),
        ([], "name a job, or use --list"),
        # A task that is not scheduled.
        (["accounts.send_code_mail"], "no scheduled job is called accounts.send_code_mail: --list names them"),
    ],
)
def test_a_wrong_name_is_one_line(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError) as error:
        run_job(*arguments)
    assert str(error.value) == said
    assert not Run.objects.exists()


def test_a_repair_prints_and_records_what_it_found(forum: Forum, other_forum: Forum) -> None:
    Microcosm.objects.filter(id=forum.root.id).update(comment_count=7)
    said = run_job("microcosms.recount")
    assert '"corrected": 1' in said
    run = Run.objects.get()
    assert (run.name, run.due_at, run.outcome, run.attempts, run.error) == (
        "microcosms.recount",
        None,
        "succeeded",
        1,
        "",
    )
    found = f"microcosms_microcosm {forum.root.id}: comment_count was 7 and is 0"
    assert run.report == {"corrected": 1, "differences": [found]}
    assert Microcosm.objects.get(id=forum.root.id).comment_count == 0
    assert run.started_at is not None
    assert run.finished_at is not None


def test_profiles_are_repaired_site_by_site(forum: Forum, other_forum: Forum) -> None:
    Profile.objects.filter(id__in=[forum.owner.id, other_forum.owner.id]).update(comment_count=5)
    assert '"corrected": 2' in run_job("profiles.recount")
    found = [f"profiles_profile {who.owner.id}: comment_count was 5 and is 0" for who in (forum, other_forum)]
    assert Run.objects.get().report == {"corrected": 2, "differences": found}


@pytest.mark.parametrize("name", list(load_schedule()))
def test_every_scheduled_job_runs_on_a_platform_where_nothing_happened(name: str, forum: Forum) -> None:
    run_job(name)
    assert Run.objects.get(name=name).outcome == "succeeded"


def test_a_job_that_fails_is_one_line_and_recorded(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError("disk\x00full")

    monkeypatch.setattr("apps.files.storage.LocalFileStorage.remove_leftovers", lambda *_, **__: fail())
    with pytest.raises(CommandError, match=r"^files\.sweep_orphans failed: OSError: diskfull$"):
        run_job("files.sweep_orphans")
    run = Run.objects.get()
    assert (run.outcome, run.error, run.report) == ("failed", "OSError: diskfull", None)
    assert run.finished_at is not None


def test_old_runs_are_forgotten_and_failed_ones_stay() -> None:
    long_ago = clock.now() - timedelta(days=31)
    Run.objects.create(name="old", claimed_at=long_ago, outcome="succeeded")
    Run.objects.create(name="failed", claimed_at=long_ago, outcome="failed")
    Run.objects.create(name="new", outcome="succeeded")
    assert '"deleted": 1' in run_job("jobs.forget_runs")
    assert set(Run.objects.values_list("name", flat=True)) == {"failed", "new", "jobs.forget_runs"}

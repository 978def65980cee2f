"""A dry run finds what a real one would, and writes nothing at all."""

from pathlib import Path

import pytest
from django.core.management import call_command

from tests.transfer import fingerprints
from tests.transfer.exports import SAMPLE, run_import, small_export


def outcome(report: object) -> dict[str, tuple[int, ...]]:
    """The numbers of a report."""
    return {
        folder: (tally.found, tally.imported, tally.present, tally.skipped, tally.errors)
        for folder, tally in report.tallies.items()  # type: ignore[attr-defined]
    }


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_of_a_new_site_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = fingerprints.database()
    call_command("import_forum", str(SAMPLE), site="old", dry_run=True)
    assert fingerprints.database() == before
    shown = capsys.readouterr().out
    assert "Nothing was written" in shown
    assert "2,188" in shown


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_into_a_site_that_exists_writes_nothing(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    run_import(tmp_path)
    writer.profile(50, isBanned=True)
    writer.forum(50, usergroups=[{"id": 1, "forumPermissions": {"canView": True}}])
    writer.conversation(50, forumId=50)
    writer.comment(50, onId=50)
    writer.message(50, to=[{"id": 50}])
    writer.follows(50, forums=[{"id": 50}])
    writer.role(50, default=True)
    before = fingerprints.database()
    dry = run_import(tmp_path, is_dry=True)
    assert fingerprints.database() == before
    assert dry.imported_count == 7
    assert outcome(run_import(tmp_path)) == outcome(dry)


@pytest.mark.django_db
def test_a_dry_run_says_what_a_real_one_does(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    writer.profile(4, email="old1@example.org")
    writer.profile(5, name="person2")
    writer.profile(6, email="nowhere")
    writer.conversation(9, forumId=99)
    writer.comment(30, onId=99)
    writer.comment(31, inReplyTo=99)
    writer.comment(32, inReplyTo=3, onId=3)
    writer.write("comments/33.json", "{")
    dry = run_import(tmp_path, is_dry=True, continues_on_error=True)
    real = run_import(tmp_path, continues_on_error=True)
    # The founder of a site that was only imagined is a profile like any other.
    assert outcome(dry) == outcome(real)
    without_replies = [p for p in dry.problems if "answers" not in p.message]
    assert without_replies == [p for p in real.problems if "answers" not in p.message]
    assert [p.message for p in dry.problems if "answers" in p.message] == [
        "answers comment 99, which is not imported", "answers comment 3, which is somewhere else",
    ]  # fmt: skip
    assert len([p for p in real.problems if "answers" in p.message]) == 2

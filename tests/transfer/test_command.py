"""The command itself: its options and what it shows."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.sites.models import Site
from tests.transfer.exports import small_export

pytestmark = pytest.mark.django_db


def test_the_summary_names_each_type_with_its_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer = small_export(tmp_path)
    writer.comment(50, onId=99)
    call_command("import_forum", str(tmp_path), site="old")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["found", "imported", "already", "there", "skipped", "errors"],
        ["profiles", "3", "3", "0", "0", "0"],
        ["roles", "2", "2", "0", "0", "0"],
        ["forums", "2", "2", "0", "0", "0"],
        ["conversations", "3", "3", "0", "0", "0"],
        ["messages", "1", "1", "0", "0", "0"],
        ["comments", "10", "9", "0", "1", "0"],
        ["follows", "1", "1", "0", "0", "0"],
        ["The", "import", "is", "complete."],
    ]


def test_an_import_that_goes_well_warns_of_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Counters that it leaves to the end are no defects."""
    small_export(tmp_path)
    call_command("import_forum", str(tmp_path), site="old", owner=1)
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []


def test_progress_is_shown_where_somebody_looks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small_export(tmp_path)
    call_command("import_forum", str(tmp_path), site="old", dry_run=True)
    assert "%" not in capsys.readouterr().err
    call_command("import_forum", str(tmp_path), site="old", dry_run=True, progress=True)
    shown = capsys.readouterr().err
    assert "comments: 100%" in shown
    assert "9/9" in shown


def test_many_problems_are_cut_on_the_terminal_and_whole_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = small_export(tmp_path / "export")
    for id in range(100, 150):
        writer.comment(id, onId=99)
    call_command("import_forum", str(tmp_path / "export"), site="old", owner=1, errors=tmp_path / "problems.jsonl")
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == 21
    assert shown[-1] == "... and 30 more; --errors FILE keeps them all"
    assert len((tmp_path / "problems.jsonl").read_text().splitlines()) == 50


def test_a_new_site_has_the_title_and_description_given(tmp_path: Path) -> None:
    small_export(tmp_path)
    call_command("import_forum", str(tmp_path), site="OLD", title="Tom & Jerry", description="Cat <b>and</b> mouse.")
    site = Site.objects.get(key="old")
    assert (site.title, site.description) == ("Tom &amp; Jerry", "Cat and mouse.")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"title": "x" * 51}, "the title of a site has 1 to 50 characters"),
        ({"batch_size": 0}, "--batch-size must be 1 or more"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path: Path, options: dict[str, object], message: str) -> None:
    small_export(tmp_path)
    with pytest.raises(CommandError, match=message):
        call_command("import_forum", str(tmp_path), site="old", **options)


def test_a_path_without_an_export_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(CommandError):
            call_command("import_forum", str(path), site="old")
    assert not Site.objects.exists()

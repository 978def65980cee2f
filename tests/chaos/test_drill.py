"""The small drill, as `make chaos CHAOS_ARGS=--small` runs it."""

import shutil

from microcosm.development.testing import temporary_directory
from tests.chaos.drill import SMALL, run_drill

#: What is killed and written follows from it; what happens at the same time does not.
SEED = 20261130


def test_each_reader_is_told_exactly_what_they_may_know_whatever_is_killed() -> None:
    folder = temporary_directory("microcosm-chaos-")
    try:
        outcome = run_drill(SMALL, seed=SEED, folder=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert outcome.problems == []
    assert outcome.numbers["changes told"] > SMALL.changes
    assert sum(outcome.numbers["killed"].values()) == SMALL.kills

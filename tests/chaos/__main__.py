"""`make chaos`: 200 sockets and 20,000 changes while servers and database are killed; exits 1 if anything is wrong."""

import argparse
import dataclasses
import random
import shutil
import sys

from microcosm.development.testing import temporary_directory
from tests.chaos.drill import FULL, SMALL, run_drill


def main() -> int:
    """Run one drill and print what it has shown."""
    options = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    options.add_argument("--seed", type=int, default=random.randrange(10**6), help="of all choices of the drill")
    options.add_argument("--small", action="store_true", help="24 sockets and 600 changes")
    options.add_argument("--keep", action="store_true", help="keep the folder with database and logs")
    for each in dataclasses.fields(FULL):
        options.add_argument(f"--{each.name}", type=int)
    chosen = options.parse_args()
    size = SMALL if chosen.small else FULL
    given = {each.name: getattr(chosen, each.name) for each in dataclasses.fields(FULL)}
    size = dataclasses.replace(size, **{name: value for name, value in given.items() if value is not None})
    folder = temporary_directory("microcosm-chaos-")
    print(f"seed {chosen.seed}, {size}", flush=True)
    try:
        outcome = run_drill(size, seed=chosen.seed, folder=folder)
    finally:
        if chosen.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    for name, number in outcome.numbers.items():
        print(f"{name:22}{number}")
    for problem in outcome.problems:
        print(f"PROBLEM {problem}")
    print(f"{len(outcome.problems)} problems, seed {chosen.seed}")
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())

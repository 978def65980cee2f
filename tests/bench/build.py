"""`python -m tests.bench.build SCALE NOTE NAME`: fill the database of DATABASE_URL and write its casts to a note."""

import json
import sys
import time
from pathlib import Path

import django


def main(scale: str, note: str, name: str) -> None:
    """Fill the database; the note is written last, so that one exists only for data that are complete."""
    django.setup()
    from tests.bench import data

    started, now = time.monotonic(), data.moment_of_building()
    size, divisor = {"full": (data.FULL, 100), "quick": (data.QUICK, 10)}[scale]
    casts = data.fill(size, divisor=divisor, now=now)
    Path(note).write_text(json.dumps({"name": name, "built_at": now.isoformat(), "casts": casts}))
    print(f"built in {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])

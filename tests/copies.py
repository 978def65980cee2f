"""Copies of what `make run` runs, for the tests that look at one from outside."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microcosm.development.testing import free_port, wait_until
from tests.asking import ask

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 90.0
#: What the test run itself is set to must not reach the copies under test.
OURS = ("DATABASE_URL", "CACHE_URL", "DJANGO_SETTINGS_MODULE", "PLATFORM_PORT", "PLATFORM_DOMAIN", "HOST")


def environment(**settings: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**clean, "PYTHONPATH": str(ROOT), **settings}


@dataclass
class Copy:
    """One running copy."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text()

    @property
    def demo(self) -> dict[str, Any]:
        return json.loads((self.folder / "demo.json").read_text())  # type: ignore[no-any-return]

    def get(self, path: str, *, host: str | None = None, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return ask(self.port, path, host=host or self.demo["host"], **headers)

    def stop(self, kind: signal.Signals) -> int:
        self.process.send_signal(kind)
        return self.process.wait(SECONDS)


@contextlib.contextmanager
def started(folder: Path, **settings: str) -> Iterator[Copy]:
    """A copy that has written demo.json; killed at the end if it still runs."""
    port = free_port()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "microcosm.development"],
            cwd=ROOT,
            env=environment(PORT=str(port), DATA_DIR=str(folder), **settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    copy = Copy(folder, port, process)
    try:

        def is_ready() -> bool:
            assert process.poll() is None, copy.output
            # A copy that was killed left its own.
            return (folder / "demo.json").exists() and copy.demo["base_url"].endswith(f":{port}")

        wait_until(is_ready, seconds=SECONDS, what="demo.json")
        yield copy
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(SECONDS)

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
    """A copy, running or not, on a port and with data of its own."""

    folder: Path
    port: int
    settings: dict[str, str]
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text()

    @property
    def demo(self) -> dict[str, Any]:
        return json.loads((self.folder / "demo.json").read_text())  # type: ignore[no-any-return]

    def start(self) -> None:
        """Run until it has written demo.json."""
        before = self._demo_version()
        with (self.folder / "output").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "microcosm.development"],
                cwd=ROOT,
                env=environment(PORT=str(self.port), DATA_DIR=str(self.folder), **self.settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.process = process

        def is_ready() -> bool:
            assert process.poll() is None, self.output
            # A copy that was killed left its own.
            return self._demo_version() not in (None, before)

        wait_until(is_ready, seconds=SECONDS, what="demo.json")

    def _demo_version(self) -> tuple[int, int] | None:
        try:
            status = (self.folder / "demo.json").stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def stop(self, kind: signal.Signals) -> int:
        """Send a signal and wait for the end."""
        assert self.process is not None
        self.process.send_signal(kind)
        return self.process.wait(SECONDS)

    def get(self, path: str, *, host: str | None = None, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return ask(self.port, path, host=host or self.demo["host"], **headers)

    def write(self, method: str, path: str, content: Any, *, as_: str) -> Any:
        """What the API answers to JSON from one of the demo site's people, named by role."""
        demo = self.demo
        answer = ask(
            self.port,
            f"/api/v1{path}",
            host=demo["host"],
            method=method,
            body=json.dumps(content).encode(),
            Content_Type="application/json",
            Authorization=f"Bearer {demo['tokens'][as_]}",
            Prefer="return=representation",
        )
        assert answer.status < 300, answer.body
        return answer.json()["data"]

    def manage(self, *arguments: str) -> None:
        """Run a command on its data, whether it runs or not."""
        subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment(DATA_DIR=str(self.folder)),
            check=True,
            timeout=SECONDS,
        )


@contextlib.contextmanager
def started(folder: Path, **settings: str) -> Iterator[Copy]:
    """A copy that has written demo.json; stopped at the end if it still runs."""
    copy = Copy(folder, free_port(), settings)
    try:
        copy.start()
        yield copy
    finally:
        if copy.process is not None and copy.process.poll() is None:
            copy.process.terminate()
            copy.process.wait(SECONDS)

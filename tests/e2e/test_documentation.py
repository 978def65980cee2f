"""The documentation page in a real browser, which gets nothing but what this server has."""

import subprocess
from pathlib import Path

from microcosm.development.testing import find_program
from tests.copies import started


def test_a_browser_shows_the_operations(tmp_path: Path) -> None:
    chromium = find_program("chromium")
    folder = tmp_path / "data"
    folder.mkdir()
    with started(folder) as copy:
        host = copy.demo["host"]
        page = subprocess.run(
            [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                f"--user-data-dir={tmp_path / 'browser'}",
                f"--host-resolver-rules=MAP {host} 127.0.0.1",
                "--virtual-time-budget=60000",
                "--dump-dom",
                f"http://{host}:{copy.port}/api/v1/docs",
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout
    assert "Microcosm API" in page
    assert "conversations" in page
    assert 'class="opblock-tag' in page

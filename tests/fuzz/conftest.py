"""How much the fuzz tests ask, and where their uploads go."""

from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make fuzz` asks more than the suite."""
    parser.addoption("--fuzz-examples", type=int, default=None, help="requests an operation and viewer, in fuzz tests")


@pytest.fixture(autouse=True)
def media_root(settings: Any, tmp_path: Path) -> None:
    """Uploads of a test end with it."""
    settings.MEDIA_ROOT = str(tmp_path / "media")

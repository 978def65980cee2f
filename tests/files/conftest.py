"""Fixtures of files: a folder of their own, and a member who uploads."""

from pathlib import Path
from typing import Any

import pytest

from tests.client import ApiClient
from tests.factories import Forum, Person


@pytest.fixture(autouse=True)
def media_root(settings: Any, tmp_path: Path) -> Path:
    """Where the uploads of one test go."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return tmp_path / "media"


@pytest.fixture
def member(forum: Forum) -> Person:
    """Somebody who uploads."""
    return forum.member()


@pytest.fixture
def uploader(api: ApiClient, member: Person) -> ApiClient:
    """The same as a client."""
    return api.as_(member)

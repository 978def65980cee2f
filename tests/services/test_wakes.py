"""How followers of the change log reach the database."""

from typing import Any

import pytest
from django.db import connection

from apps.core.wakes import address


def test_followers_reach_the_database_as_everybody_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that DATABASE_URL says counts, certificates too; not what Django means for its own connections alone."""
    given: dict[str, Any] = {
        "dbname": "forum",
        "host": "db.example.org",
        "port": 5433,
        "password": "",
        "sslmode": "verify-full",
        "sslrootcert": "/etc/ca.pem",
        "options": "-c statement_timeout=30000",
        "context": object(),
        "prepare_threshold": None,
    }
    monkeypatch.setattr(connection, "get_connection_params", lambda: given)
    assert address() == {
        "dbname": "forum",
        "host": "db.example.org",
        "port": "5433",
        "sslmode": "verify-full",
        "sslrootcert": "/etc/ca.pem",
    }

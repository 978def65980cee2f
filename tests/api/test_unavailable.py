"""A database that is away: every route says so in the contract's shape, and that it is worth trying again (R7)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import OperationalError, connection

from apps.core.api import as_api_error
from apps.sites.hosts import forget_sites
from tests.client import ApiClient
from tests.factories import Forum

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def without_database(monkeypatch: pytest.MonkeyPatch, forum: Forum, api: ApiClient) -> Iterator[ApiClient]:
    """A client whose site is known, on a server whose database does not answer."""
    assert api.get("site").status == 200
    connection.close()
    with monkeypatch.context() as patch:
        # Nothing listens there.
        patch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        patch.setitem(connection.settings_dict, "PORT", "9")
        yield replace(api, checked=False).as_(forum.owner)
    connection.close()


@pytest.mark.parametrize("is_known", [True, False], ids=["in a view", "before the site is known"])
def test_r7_what_needs_the_database_is_503_with_a_time_to_come_back(
    without_database: ApiClient, is_known: bool
) -> None:
    if not is_known:
        forget_sites()
    for reply in (without_database.get("microcosms"), without_database.post("conversations", {"microcosmId": 1})):
        assert (reply.status, reply.json["status"], reply.headers["Retry-After"]) == (503, 503, "1")
        assert reply.json["error"] == ["The database does not answer at the moment; try again soon."]


def test_a_statement_that_takes_too_long_is_no_lost_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 1")
        with pytest.raises(OperationalError) as caught:
            cursor.execute("SELECT pg_sleep(5)")
        cursor.execute("RESET statement_timeout")
    assert as_api_error(caught.value).status == 500

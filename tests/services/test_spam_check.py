"""The spam check that asks another server (contract A 30)."""

import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from apps.accounts.errors import AddressRefused
from apps.accounts.models import User
from apps.accounts.services import sign_up
from apps.accounts.spam import is_spammer
from apps.core import clock
from tests.servers import Server, reply, serving

DAY = 24 * 3600


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    """A server with the interface of stopforumspam.org, which the settings name."""
    with serving() as server:
        settings.OUTBOUND_ALLOWED_NETWORKS, settings.OUTBOUND_PORTS = ["127.0.0.1"], [server.port]
        settings.SPAM_CHECK = "apps.accounts.spam.StopForumSpam"
        settings.STOP_FORUM_SPAM_URL = server.url("/api")
        yield server


def says(server: Server, *, status: int = 200, success: Any = 1, **email: Any) -> None:
    """What the server answers of every address."""
    body = json.dumps({"success": success, "email": email}).encode()
    server.replies["/api"] = reply(body, status=status, content_type="application/json")


def ago(days: int) -> int:
    """Unix time some days ago."""
    return int(clock.now().timestamp()) - days * DAY


def test_seen_within_a_year_with_any_confidence(server: Server) -> None:
    says(server, appears=1, lastseen=ago(364), confidence=0.1, frequency=3)
    assert is_spammer(email="a+b&f=xml@example.com")
    asked = server.asked[0]
    assert urlsplit(asked.target).path == "/api"
    query = parse_qs(urlsplit(asked.target).query, keep_blank_values=True)
    assert query == {"f": ["json"], "unix": [""], "email": ["a+b&f=xml@example.com"]}
    says(server, appears=1, lastseen=str(ago(1)), confidence="95.2")
    assert is_spammer(email="x@example.com")


@pytest.mark.parametrize(
    "email",
    [{"appears": 0, "frequency": 0}, {"lastseen": ago(366), "confidence": 99}, {"lastseen": ago(1), "confidence": 0},
     {"lastseen": ago(1)}, {"confidence": 99}, {"lastseen": "yesterday", "confidence": 99}],
)  # fmt: skip
def test_everybody_else(server: Server, email: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    says(server, **email)
    assert not is_spammer(email="x@example.com")
    assert caplog.text == ""


@pytest.mark.parametrize(
    "failing",
    [
        reply(b'{"success":1,"email":{"lastseen":99999999999,"confidence":99}}', status=503),
        reply(b'{"success":0,"error":"rate limit exceeded"}'),
        reply(b'{"success":1}'),
        reply(b"[]"),
        reply(b"<html>"),
        reply(status=302, headers={"Location": "http://169.254.169.254/"}),
        reply(b"x" * 100_000),
    ],
)
def test_a_check_that_fails_takes_the_address_and_says_so(
    server: Server, failing: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server.replies["/api"] = failing
    with caplog.at_level(logging.WARNING):
        assert not is_spammer(email="secret.person@example.com")
    assert "taken unchecked" in caplog.text
    assert "secret.person" not in caplog.text


@pytest.mark.django_db
def test_a_spammer_gets_no_account(server: Server) -> None:
    says(server, lastseen=ago(1), confidence=50)
    with pytest.raises(AddressRefused):
        sign_up(email="spammer@example.com", password="a long pass phrase", audience="http://alpha.localhost")
    assert not User.objects.filter(email="spammer@example.com").exists()
    assert len(server.asked) == 1


@pytest.mark.django_db
def test_a_known_address_is_not_asked_about(server: Server, settings: Any) -> None:
    settings.EMAIL_CONFIRMATION_REQUIRED = False
    says(server)
    assert sign_up(email="known@example.com", password="a long pass phrase", audience="http://alpha.localhost")
    sign_up(email="known@example.com", password="a long pass phrase", audience="http://alpha.localhost")
    assert len(server.asked) == 1

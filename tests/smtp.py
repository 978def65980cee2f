"""A mail server that keeps what it is given, on a port of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller


class Sink:
    """Takes mail for anybody, but as it is told to."""

    def __init__(self) -> None:
        self.envelopes: list[tuple[str, EmailMessage]] = []
        #: What it says to recipients instead of taking them, by address.
        self.refusals: dict[str, str] = {}
        #: What it says to the next messages instead of taking them.
        self.failures: list[str] = []
        #: What happens once it has the next message and before it says so.
        self.when_given: list[Callable[[], None]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Take or refuse a recipient."""
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take or refuse a message."""
        if self.failures:
            return self.failures.pop(0)
        message = message_from_bytes(envelope.content, policy=policy.default)
        for address in envelope.rcpt_tos:
            self.envelopes.append((address, message))  # type: ignore[arg-type]
        while self.when_given:
            self.when_given.pop()()
        return "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        """What it has taken."""
        return [message for _, message in self.envelopes]


class _Controller(Controller):
    """A server on whichever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@contextmanager
def running_sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Sink, int]]:
    """A sink that listens, and its port; mail of this process goes there."""
    from django.conf import settings

    sink = Sink()
    controller = _Controller(sink, hostname="127.0.0.1", port=0)
    controller.start()
    port = controller.port
    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
    monkeypatch.setattr(settings, "EMAIL_PORT", port)
    monkeypatch.setattr(settings, "EMAIL_USE_TLS", False, raising=False)
    monkeypatch.setattr(settings, "EMAIL_HOST_USER", "")
    monkeypatch.setattr(settings, "EMAIL_HOST_PASSWORD", "")
    try:
        yield sink, port
    finally:
        controller.stop()

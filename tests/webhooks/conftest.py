"""A receiver that may be reached, and webhooks that lead to it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.webhooks.models import Webhook
from apps.webhooks.services import create_webhook
from tests.changes import settle
from tests.factories import Forum, Person
from tests.servers import serving
from tests.webhooks.receiver import Receiver


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A server that may be asked without TLS, though 127.0.0.1 is not public."""
    with serving() as server:
        settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.1/32"]
        settings.OUTBOUND_PORTS = [80, 443, server.port]
        settings.WEBHOOK_ALLOW_HTTP = True
        yield Receiver(server)


@pytest.fixture
def hooked(forum: Forum, receiver: Receiver) -> Callable[..., Webhook]:
    """A function that makes a webhook of the owner of the site."""

    def make(*kinds: str, owner: Person | None = None, url: str = "") -> Webhook:
        settle()
        person = owner or forum.owner
        return create_webhook(
            site_id=forum.site.id,
            actor_id=person.id,
            profile_id=person.id,
            url=url or receiver.url,
            kinds=kinds,
        )

    return make

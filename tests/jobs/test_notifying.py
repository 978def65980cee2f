"""A comment reaches its readers by mail and push though workers die while they hand it over (acceptance 6 of Live)."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from apps.updates.models import PushSubscription, Update
from apps.updates.pushing import subscribe
from apps.updates.services import choose
from apps.updates.types import UpdateType
from tests.api.test_push import Browser
from tests.content import place_in, say
from tests.content import start as start_item
from tests.factories import Forum
from tests.jobs.conftest import Process, statuses, wait_for
from tests.queue import empty_queue
from tests.servers import reply, serving
from tests.smtp import running_sink


@pytest.mark.django_db(transaction=True)
def test_neither_mail_nor_push_is_lost_and_a_repeat_can_be_told(
    start: Callable[..., Process], forum: Forum, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Each worker is killed when the other server has everything and has not answered yet."""
    anna = forum.member("anna")
    who = {"site_id": forum.site.id, "profile_id": anna.id}
    choose(type=UpdateType.MENTIONED, send_email=True, **who)
    item = start_item(forum.owner, place_in(forum))
    with running_sink(monkeypatch) as (sink, smtp_port), serving() as service:
        settings.OUTBOUND_ALLOWED_NETWORKS, settings.OUTBOUND_PORTS = ["127.0.0.1/32"], [service.port]
        browser = Browser(service.url("/1"))
        subscribe(endpoint=browser.endpoint, **browser.json["keys"], **who)
        environment = {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
            "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.1/32",
            "OUTBOUND_PORTS": str(service.port),
        }
        workers: list[Process] = []

        def push_once(handler: BaseHTTPRequestHandler) -> None:
            service.replies["/1"] = reply(status=201)
            workers[-1].kill()

        sink.when_given.append(lambda: workers[-1].kill())
        service.replies["/1"] = push_once
        empty_queue()
        say(forum.owner, item, "@anna")
        while statuses():
            workers.append(start("worker", **environment))
            wait_for(lambda: statuses() == [] or workers[-1].process.poll() is not None, "the end of it")
        update = Update.objects.get(profile=anna.profile)
        mails = [message["Message-ID"] for message in sink.messages]
        assert mails == [f"<update-{update.id}@localhost>"] * len(mails)
        topics = [asked.headers["topic"] for asked in service.asked]
        assert topics == [f"update-{update.id}"] * len(topics)
        assert len(mails) >= 2
        assert len(topics) >= 2
        assert {browser.read(asked.body)["updateId"] for asked in service.asked} == {update.id}
        assert PushSubscription.objects.count() == 1

"""A comment reaches its readers, mail, push and webhooks though workers die at each step (acceptance 6 of Live)."""

import json
import os
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count
from procrastinate.contrib.django.models import ProcrastinateJob
from psycopg.conninfo import make_conninfo

from apps.comments.models import Comment
from apps.updates.models import Update
from apps.updates.pushing import subscribe
from apps.updates.services import choose
from apps.updates.types import UpdateType
from apps.webhooks.models import Delivery
from apps.webhooks.services import create_webhook
from microcosm.development.processes import die_with_parent
from microcosm.development.testing import free_port, running
from tests.api.test_push import Browser
from tests.content import place_in
from tests.content import start as start_item
from tests.crowds import add_watchers
from tests.factories import Forum
from tests.jobs.conftest import ROOT, SECONDS, wait_for
from tests.queue import empty_queue
from tests.servers import reply, serving
from tests.smtp import running_sink
from tests.units import unit_command

#: More than two slices of `tests.jobs.mortal` for each comment.
WATCHERS = 7

# Where workers die: a function and whether it has begun or ended. Of those in a transaction nothing may be left.
TELLING = [
    "apps.updates.telling.tell_of_comment before",
    "apps.updates.telling.queue_mails after",
    "apps.updates.telling.tell_of_comment after",
    "apps.updates.telling.tell_watchers before 2",
    "apps.updates.telling.queue_pushes after 3",
    "apps.updates.telling.tell_watchers after 2",
]
MAIL = [
    "apps.updates.mailing._claim before",
    "apps.updates.mailing._claim after",
    "apps.updates.mailing._send before",
    "mail taken",
    "apps.updates.mailing._send after",
    "apps.updates.mailing._mark_sent after",
]
PUSH = [
    "apps.updates.pushing.push before",
    "apps.updates.pushing.fetch before",
    "push taken",
    "apps.updates.pushing.fetch after",
    "apps.updates.pushing.push after",
]
WEBHOOK = [
    "apps.webhooks.planning.plan_next before",
    "apps.webhooks.planning.plan_next after",
    "apps.webhooks.sending.claim_delivery before",
    "apps.webhooks.sending.claim_delivery after",
    "webhook taken",
    "apps.webhooks.sending.post after",
    "apps.webhooks.sending._end after",
    "apps.webhooks.sending.finish_delivery after",
]
#: Who dies here has handed something over and could not say so: the outside world gets it again.
REPEATED = {
    "mail": {"mail taken", "apps.updates.mailing._send after"},
    "push": {"push taken", "apps.updates.pushing.fetch after", "apps.updates.pushing.push after"},
    "webhook": {"webhook taken", "apps.webhooks.sending.post after", "apps.webhooks.sending._end after"},
}
STEPS = [*TELLING, *MAIL, *PUSH, *WEBHOOK]


class Stable:
    """The process that forks workers which die where they are told to (`tests.jobs.mortal`)."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.worker_id = 0

    def say(self, line: str) -> None:
        """Ask for a worker, or for the scheduler."""
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def start(self, step: str) -> None:
        """A worker; `-` lives on."""
        self.say(step)
        self.worker_id = self._hear()

    def wait(self) -> int:
        """The signal that ended it."""
        return self._hear()

    def kill(self) -> None:
        """End the worker, as the kernel out of memory does."""
        os.kill(self.worker_id, SIGKILL)

    def _hear(self) -> int:
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        assert ready, "nothing happens to the worker"
        return int(self.process.stdout.readline())


@contextmanager
def stable(*, environment: dict[str, str], log: Path) -> Iterator[Stable]:
    """The process, until the end of the block."""
    name = f"mortal-{os.getpid()}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.mortal"],
            cwd=ROOT,
            env={**os.environ, **environment, "PGAPPNAME": name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            preexec_fn=die_with_parent,
        )
    try:
        yield Stable(process)
    finally:
        process.kill()
        process.wait(SECONDS)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [name])
        empty_queue()


def post_comment(port: int, forum: Forum, item_id: int) -> None:
    """Say something to anna over HTTP."""
    client = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    body = json.dumps({"itemType": "conversation", "itemId": item_id, "markdown": "Look here, @anna"})
    headers = {"Host": forum.host, "Content-Type": "application/json", **forum.owner.headers}
    client.request("POST", "/api/v1/comments", body=body, headers=headers)
    assert client.getresponse().status == 302
    client.close()


@pytest.mark.django_db(transaction=True)
def test_r1_nothing_is_lost_wherever_a_worker_dies_and_a_repeat_says_that_it_is_one(
    forum: Forum, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    """A comment for each step: some watch, anna is named, wants mail and has a browser, the site has a webhook."""
    anna = forum.member("anna")
    who = {"site_id": forum.site.id, "profile_id": anna.id}
    choose(type=UpdateType.MENTIONED, send_email=True, **who)
    place = place_in(forum)
    items = [start_item(forum.owner, place) for _ in STEPS]
    for item in items:
        add_watchers(item, WATCHERS)
    with running_sink(monkeypatch) as (sink, smtp_port), serving() as service, serving() as receiver:
        settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.1/32"]
        settings.OUTBOUND_PORTS = [service.port, receiver.port]
        settings.WEBHOOK_ALLOW_HTTP = True
        service.replies["/1"], receiver.replies["/hook"] = reply(status=201), reply()
        browser = Browser(service.url("/1"))
        subscribe(endpoint=browser.endpoint, **browser.json["keys"], **who)
        owner = forum.owner.id
        create_webhook(
            site_id=forum.site.id, actor_id=owner, profile_id=owner, url=receiver.url("/hook"), kinds=["comment"]
        )
        environment = {
            "DATABASE_URL": make_conninfo(os.environ["DATABASE_URL"], dbname=connection.settings_dict["NAME"]),
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
            "MAILS_PER_HOUR": "1000",
            "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.1/32",
            "OUTBOUND_PORTS": f"{service.port},{receiver.port}",
            "WEBHOOK_ALLOW_HTTP": "true",
        }
        empty_queue()
        port = free_port()
        with (
            stable(environment=environment, log=tmp_path / "workers") as workers,
            running(unit_command("http", port=port), log=tmp_path / "http", port=port, environment=environment),
        ):
            taken: dict[str, Callable[[], None]] = {
                "mail taken": lambda: sink.when_given.append(workers.kill),
                "push taken": lambda: service.replies.update({"/1": _killing(workers, service.replies, "/1")}),
                "webhook taken": lambda: receiver.replies.update(
                    {"/hook": _killing(workers, receiver.replies, "/hook")}
                ),
            }
            workers.say("scheduler")
            for item, step in zip(items, STEPS, strict=True):
                post_comment(port, forum, item.id)
                taken.get(step, lambda: None)()
                workers.start("-" if step in taken else step)
                assert workers.wait() == SIGKILL, step
            workers.start("-")
            wait_for(lambda: is_all_done(comments=len(STEPS)), "the end of the jobs")
    comments = set(Comment.objects.filter(item__in=items).values_list("id", flat=True))
    assert len(comments) == len(STEPS)
    updates = Update.objects.filter(type=UpdateType.NEW_COMMENT).values("comment").annotate(count=Count("id"))
    told = {row["comment"]: row["count"] for row in updates}
    # The owner is among the watchers and needs no word of their own comment.
    assert told == dict.fromkeys(comments, WATCHERS)
    named = set(Update.objects.filter(type=UpdateType.MENTIONED).values_list("id", flat=True))
    assert len(named) == len(STEPS)
    for kind, came, wanted in (
        ("mail", [message["Message-ID"] for message in sink.messages], {f"<update-{id}@localhost>" for id in named}),
        ("push", [asked.headers["topic"] for asked in service.asked], {f"update-{id}" for id in named}),
        (
            "webhook",
            [asked.headers["x-microcosm-delivery"] for asked in receiver.asked],
            {delivery.public_id for delivery in Delivery.objects.all()},
        ),
    ):
        times = Counter(came)
        assert set(times) == wanted, kind
        assert len(wanted) == len(STEPS), kind
        assert sum(times.values()) == len(STEPS) + len(REPEATED[kind]), kind
    for asked in service.asked:
        assert asked.headers["topic"] == f"update-{browser.read(asked.body)['updateId']}"
    messages = [json.loads(asked.body) for asked in receiver.asked]
    assert {message["ids"]["commentId"] for message in messages} == comments
    assert len({(message["id"], message["ids"]["commentId"]) for message in messages}) == len(STEPS)


def _killing(workers: Stable, replies: dict[str, Any], path: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer that never comes, because who waits for it dies; the next one does."""
    usual = replies[path]

    def kill(handler: BaseHTTPRequestHandler) -> None:
        replies[path] = usual
        workers.kill()

    return kill


def is_all_done(*, comments: int) -> bool:
    """Whether all that comments bring with them has been done; jobs of the sweep come and go."""
    if ProcrastinateJob.objects.exclude(task_name="webhooks.sweep").exists():
        return False
    return Delivery.objects.filter(status=Delivery.Status.DELIVERED).count() == comments

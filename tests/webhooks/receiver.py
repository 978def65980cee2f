"""A receiver of webhooks on this machine, and what runs their jobs in tests."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.jobs.registry import TASKS
from apps.webhooks.models import Delivery, Webhook
from apps.webhooks.planning import plan_deliveries
from apps.webhooks.sending import send_deliveries
from apps.webhooks.signing import secret_of, signature
from tests.changes import settle
from tests.servers import Asked, Server, reply

PATH = "/hook"


@dataclass
class Receiver:
    """What stands at the address of a webhook; `statuses` are its next answers, 200 when there are none."""

    server: Server
    statuses: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.replies[PATH] = lambda handler: reply(status=self.statuses.pop(0) if self.statuses else 200)(
            handler
        )

    @property
    def url(self) -> str:
        """The address of a webhook."""
        return self.server.url(PATH)

    @property
    def asked(self) -> list[Asked]:
        """Every request that came."""
        return self.server.asked

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What they said."""
        return [json.loads(request.body) for request in self.asked]

    @property
    def told(self) -> list[tuple[str, str]]:
        """Ids and kinds of what they said."""
        return [(message["id"], message["kind"]) for message in self.messages]

    def kinds(self) -> list[str]:
        """What has arrived since the last look."""
        kinds = [message["kind"] for message in self.messages]
        self.asked.clear()
        return kinds


def is_signed(request: Asked, webhook: Webhook) -> bool:
    """Whether a request proves who sent it."""
    expected = signature(
        secret_of(webhook.secret_nonce), timestamp=request.headers["x-microcosm-timestamp"], body=request.body
    )
    return request.headers["x-microcosm-signature"] == expected


def deliver(site_id: int) -> None:
    """What the jobs do after a transaction, in the one of the test."""
    settle()
    plan_deliveries(site_id=site_id)
    for webhook in Webhook.objects.filter(site_id=site_id).order_by("id"):
        send_deliveries(site_id=site_id, webhook_id=webhook.id)


def statuses(webhook: Webhook) -> list[tuple[str, str, int]]:
    """Kind, status and tries of all deliveries, oldest first."""
    return list(Delivery.objects.filter(webhook=webhook).order_by("id").values_list("kind", "status", "tries"))


def work() -> None:
    """Run the jobs of webhooks as a worker does, each until it ends; one that raises stays in the queue."""
    while True:
        job = ProcrastinateJob.objects.filter(task_name__startswith="webhooks.", status="todo").order_by("id").first()
        if job is None:
            return
        TASKS[job.task_name].function(**job.args)
        with transaction.atomic():
            ProcrastinateJob.objects.filter(id=job.id).delete()

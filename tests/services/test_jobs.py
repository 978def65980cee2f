"""Jobs: queued with the change that needs them, run by the worker (architecture, decision 8)."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import connection, connections, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import TaskNotFound

from apps.accounts import tasks
from apps.accounts.codes import code_of
from apps.accounts.models import EmailCode
from apps.accounts.services import send_code
from apps.jobs.registry import MAX_ATTEMPTS, PATIENT_ATTEMPTS, TASKS
from apps.jobs.services import defer, defer_all
from tests.factories import make_forum, make_user
from tests.queue import empty_queue

AUDIENCE = "https://forum.example.com"


@pytest.fixture
def queue(transactional_db: Any) -> Iterator[None]:
    """An empty queue of jobs, and none left behind."""
    empty_queue()
    yield
    empty_queue()


@pytest.fixture
def worker_connections() -> Iterator[None]:
    """Threads of a worker close their connections at once, so that the test database can be dropped."""
    kept = connections.settings["default"]["CONN_MAX_AGE"]
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    yield
    connections.settings["default"]["CONN_MAX_AGE"] = kept


def run_worker() -> None:
    """What `manage.py worker` does, once."""
    with app.replace_connector(app.connector.get_worker_connector()) as worker_app:
        worker_app.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)


def jobs() -> list[tuple[str, str, int]]:
    """Task, status and attempts of all jobs."""
    return list(ProcrastinateJob.objects.order_by("id").values_list("task_name", "status", "attempts"))


@pytest.mark.usefixtures("queue")
def test_a_job_is_gone_with_the_transaction_that_wanted_it() -> None:
    user = make_user()

    class InterruptionError(Exception):
        """What goes wrong after the job was queued."""

    def fail_later() -> None:
        with transaction.atomic():
            send_code(user=user, audience=AUDIENCE)
            assert len(jobs()) == 1
            raise InterruptionError

    with pytest.raises(InterruptionError):
        fail_later()
    assert jobs() == []
    assert not EmailCode.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_job_needs_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="outside a transaction"):
        defer("accounts.send_code_mail", code_id=1, audience=AUDIENCE)


@pytest.mark.django_db
def test_a_job_needs_a_task() -> None:
    with pytest.raises(TaskNotFound):
        defer("nobody.does_this", id=1)


@pytest.mark.usefixtures("queue", "worker_connections")
def test_the_worker_sends_the_mail_and_clears_the_job() -> None:
    user = make_user("Person@example.org")
    send_code(user=user, audience=AUDIENCE)
    assert jobs() == [("accounts.send_code_mail", "todo", 0)]
    run_worker()
    assert [message.to for message in mail.outbox] == [["Person@example.org"]]
    assert mail.outbox[0].subject == "Your code for forum.example.com"
    assert code_of(EmailCode.objects.get().nonce) in mail.outbox[0].body
    assert jobs() == []


@pytest.mark.usefixtures("queue", "worker_connections")
@pytest.mark.parametrize(
    ("name", "attempts"), [("accounts.send_code_mail", MAX_ATTEMPTS), ("sites.mail_founded", PATIENT_ATTEMPTS)]
)
def test_a_failing_job_is_tried_again_and_at_last_kept_as_failed(settings: Any, name: str, attempts: int) -> None:
    settings.EMAIL_BACKEND = "nobody.has.this.Backend"
    settings.OPERATOR_EMAIL = "operator@example.org"
    forum = make_forum()
    empty_queue()
    with transaction.atomic():
        if name == "sites.mail_founded":
            defer(name, site_id=forum.site.id)
        else:
            send_code(user=make_user(), audience=AUDIENCE)
    for attempt in range(1, attempts + 1):
        run_worker()
        status = "todo" if attempt < attempts else "failed"
        assert jobs() == [(name, status, attempt)]
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    assert mail.outbox == []


def test_a_server_that_is_away_for_an_afternoon_gets_its_mail_and_messages_all_the_same() -> None:
    assert {name for name, task in TASKS.items() if task.attempts == PATIENT_ATTEMPTS} == {
        "updates.mail",
        "updates.mail_digest",
        "updates.push",
        "sites.mail_founded",
        "webhooks.mail_disabled",
    }
    waits = [4**number for number in range(1, PATIENT_ATTEMPTS)]
    assert sum(waits) > 6 * 3600


@pytest.mark.usefixtures("queue")
def test_who_sits_before_a_screen_does_not_wait_for_mail_to_thousands() -> None:
    with transaction.atomic():
        defer_all("updates.mail", [{"site_id": 1, "profile_id": 1, "mail_id": number} for number in range(3)])
        defer("webhooks.plan", site_id=1)
        defer("accounts.send_code_mail", code_id=1, audience=AUDIENCE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_id FROM procrastinate_register_worker_v1()")
        worker_id = cursor.fetchone()[0]
        order = []
        for _ in range(5):
            cursor.execute("SELECT task_name FROM procrastinate_fetch_job_v2(NULL, %s)", [worker_id])
            order.append(cursor.fetchone()[0])
    assert order == ["accounts.send_code_mail", "webhooks.plan", *["updates.mail"] * 3]


@pytest.mark.django_db
def test_r1_a_mail_that_is_sent_again_holds_the_same_code() -> None:
    user = make_user()
    send_code(user=user, audience=AUDIENCE)
    code = EmailCode.objects.get()
    for _ in range(2):
        tasks.send_code_mail(code_id=code.id, audience=AUDIENCE)
    assert mail.outbox[0].body == mail.outbox[1].body
    assert EmailCode.objects.get() == code


@pytest.mark.django_db
def test_a_code_that_was_used_is_not_mailed() -> None:
    send_code(user=make_user(), audience=AUDIENCE)
    code_id = EmailCode.objects.get().id
    EmailCode.objects.all().delete()
    tasks.send_code_mail(code_id=code_id, audience=AUDIENCE)
    assert mail.outbox == []

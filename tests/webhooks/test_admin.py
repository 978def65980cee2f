"""Webhooks in the operators' admin."""

from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.services import create_operator
from apps.webhooks.models import Delivery, Webhook
from apps.webhooks.services import ping
from apps.webhooks.signing import secret_of
from tests.factories import Forum

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(root_forum: Forum) -> Client:
    """A browser of an operator."""
    create_operator(email="operator@example.org", password="a long pass phrase")
    browser = Client(headers={"host": root_forum.host})
    browser.post("/admin/login/", {"username": "operator@example.org", "password": "a long pass phrase"})
    return browser


def test_operators_see_webhooks_and_deliveries_but_no_secret(operator: Client, hooked: Callable[..., Webhook]) -> None:
    webhook = hooked("comment")
    delivery = ping(webhook)
    for url in (
        "/admin/webhooks/webhook/",
        f"/admin/webhooks/webhook/{webhook.id}/change/",
        "/admin/webhooks/delivery/",
        f"/admin/webhooks/delivery/{delivery.id}/change/",
    ):
        page = operator.get(url)
        assert page.status_code == 200, url
        for secret in (webhook.secret_nonce, secret_of(webhook.secret_nonce)):
            assert secret not in page.content.decode(), url


def test_operators_switch_webhooks_off_and_change_nothing_else(
    operator: Client, hooked: Callable[..., Webhook]
) -> None:
    webhook = hooked("comment")
    operator.post("/admin/webhooks/webhook/", {"action": "switch_off", "_selected_action": [webhook.id]})
    webhook.refresh_from_db()
    assert webhook.disabled_reason == "paused"
    operator.post(f"/admin/webhooks/webhook/{webhook.id}/change/", {"url": "https://example.org/taken", "_save": "1"})
    assert Webhook.objects.get().url == webhook.url
    assert operator.get("/admin/webhooks/webhook/add/").status_code == 403
    assert operator.post(f"/admin/webhooks/webhook/{webhook.id}/delete/", {"post": "yes"}).status_code == 403
    assert not Delivery.objects.exists()

"""Managing webhooks over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.accounts.models import User
from apps.accounts.services import get_or_create_user
from apps.core.errors import Missing
from apps.moderation.models import Act
from apps.sites.hosts import forget_sites
from apps.sites.models import Site
from apps.webhooks import services
from apps.webhooks.models import Delivery, Webhook
from apps.webhooks.signing import secret_of
from tests.changes import settle
from tests.client import ApiClient
from tests.content import place_in, start
from tests.factories import Forum, make_member
from tests.webhooks.receiver import Receiver, deliver, is_signed

pytestmark = pytest.mark.django_db

URL = "https://example.org/hook"


@pytest.fixture
def owner(api: ApiClient, forum: Forum) -> ApiClient:
    """The owner of the site."""
    return api.as_(forum.owner)


def jobs() -> list[str]:
    """What is queued for webhooks."""
    found = ProcrastinateJob.objects.filter(task_name__startswith="webhooks.").order_by("id")
    return list(found.values_list("task_name", flat=True))


def switch(client: ApiClient, webhook_id: int, value: bool) -> int:
    """The status of a request that switches a webhook."""
    return client.patch(f"webhooks/{webhook_id}", [{"op": "replace", "path": "/active", "value": value}]).status


def test_a_webhook_is_made_and_its_secret_shown_once(owner: ApiClient, forum: Forum) -> None:
    made = owner.post("webhooks", {"url": URL, "kinds": ["comment", "profile.banned", "comment"], "active": False}).data
    webhook = Webhook.objects.get()
    assert made["secret"] == secret_of(webhook.secret_nonce)
    assert len(made.pop("secret")) == 64
    assert made == owner.get(f"webhooks/{webhook.id}").data == owner.get("webhooks").data["webhooks"]["items"][0]
    assert (made["url"], made["kinds"], made["active"]) == (URL, ["comment", "profile.banned"], True)
    assert made["profileId"] == forum.owner.id
    assert webhook.secret_nonce.encode() not in owner.get("webhooks").content


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"url": ""}, 400),
        ({"url": 7}, 400),
        ({"url": "http://example.org/"}, 400),
        ({"url": "https://127.0.0.1/"}, 400),
        ({"url": "https://[::1]/"}, 400),
        ({"url": "https://0x7f000001/"}, 400),
        ({"url": "https://169.254.169.254/latest"}, 400),
        ({"url": "https://user:password@example.org/"}, 400),
        ({"url": "https://example.org:8443/"}, 400),
        ({"url": "ftp://example.org/"}, 400),
        ({"url": "https://example.org/" + "x" * 2000}, 400),
        ({"url": URL, "kinds": "comment"}, 400),
        ({"url": URL, "kinds": ["huddle"]}, 400),
        ({"url": URL, "kinds": ["inbox.read"]}, 400),
        ({"url": URL, "kinds": ["comment created"]}, 400),
        ({"url": URL, "kinds": [3]}, 400),
        ({"url": URL, "kinds": [f"comment.x{'y' * number}" for number in range(51)]}, 400),
        ([], 400),
    ],
)
def test_what_cannot_be_a_webhook_is_refused(owner: ApiClient, body: Any, status: int) -> None:
    assert owner.post("webhooks", body).status == status
    assert not Webhook.objects.exists()


def test_a_put_changes_what_it_names(owner: ApiClient) -> None:
    webhook_id = owner.post("webhooks", {"url": URL, "kinds": ["comment"]}).data["id"]
    path = f"webhooks/{webhook_id}"
    assert owner.follow(owner.put(path, {"kinds": ["role"]})).data["url"] == URL
    shown = owner.put(path, {"url": f"{URL}/2"}, headers={"Prefer": "return=representation"})
    assert (shown.status, shown.data["url"], shown.data["kinds"]) == (200, f"{URL}/2", ["role"])
    assert owner.put(path, {"url": "http://example.org/"}).status == 400
    assert owner.put(path, {"kinds": ["watcher"]}).status == 400
    assert owner.get(path).data["url"] == f"{URL}/2"


def test_a_webhook_is_switched_off_and_on(owner: ApiClient) -> None:
    webhook_id = owner.post("webhooks", {"url": URL}).data["id"]
    assert switch(owner, webhook_id, False) == 200
    shown = owner.get(f"webhooks/{webhook_id}").data
    assert (shown["active"], shown["disabledReason"]) == (False, "paused")
    assert owner.post(f"webhooks/{webhook_id}/ping").status == 400
    assert switch(owner, webhook_id, True) == 200
    assert owner.get(f"webhooks/{webhook_id}").data["active"] is True
    assert jobs() == ["webhooks.plan", "webhooks.send"]
    assert owner.patch(f"webhooks/{webhook_id}", [{"op": "replace", "path": "/url", "value": True}]).status == 400


def test_a_new_secret_signs_from_then_on(owner: ApiClient, receiver: Receiver, forum: Forum) -> None:
    made = owner.post("webhooks", {"url": receiver.url}).data
    other = owner.post(f"webhooks/{made['id']}/secret").data["secret"]
    webhook = Webhook.objects.get()
    assert other == secret_of(webhook.secret_nonce) != made["secret"]
    owner.post(f"webhooks/{webhook.id}/ping")
    deliver(forum.site.id)
    assert is_signed(receiver.asked[0], webhook)


def test_a_webhook_is_deleted_with_its_deliveries(owner: ApiClient) -> None:
    webhook_id = owner.post("webhooks", {"url": URL}).data["id"]
    owner.post(f"webhooks/{webhook_id}/ping")
    assert owner.delete(f"webhooks/{webhook_id}").status == 200
    assert owner.get(f"webhooks/{webhook_id}").status == 404
    assert not Delivery.objects.exists()


def test_a_site_has_no_more_webhooks_than_it_may(owner: ApiClient, settings: Any, other_forum: Forum) -> None:
    settings.WEBHOOKS_PER_SITE = 2
    assert [owner.post("webhooks", {"url": URL}).status for _ in range(3)] == [200, 200, 400]
    there = ApiClient(host=other_forum.host).as_(other_forum.owner)
    assert there.post("webhooks", {"url": URL}).status == 200


def test_a_ping_that_waits_is_not_doubled(owner: ApiClient, receiver: Receiver, forum: Forum) -> None:
    settle()
    webhook_id = owner.post("webhooks", {"url": receiver.url}).data["id"]
    first, second = (owner.post(f"webhooks/{webhook_id}/ping").data for _ in range(2))
    assert first == second
    assert (first["kind"], first["status"], first["tries"]) == ("ping", "waiting", 0)
    deliver(forum.site.id)
    assert receiver.told == [(first["id"], "ping")]
    shown = owner.get(f"webhooks/{webhook_id}/deliveries").data["deliveries"]["items"]
    assert [(entry["id"], entry["status"], entry["responseStatus"]) for entry in shown] == [
        (first["id"], "delivered", 200)
    ]
    assert owner.post(f"webhooks/{webhook_id}/ping").data["id"] != first["id"]


def test_deliveries_are_listed_newest_first_and_by_status(owner: ApiClient, receiver: Receiver, forum: Forum) -> None:
    place = place_in(forum)
    webhook_id = owner.post("webhooks", {"url": receiver.url, "kinds": ["conversation"]}).data["id"]
    receiver.statuses = [200, 500]
    items = [start(forum.owner, place) for _ in range(2)]
    deliver(forum.site.id)
    listed = owner.get(f"webhooks/{webhook_id}/deliveries").data["deliveries"]
    assert listed["total"] == 2
    failed, done = listed["items"]
    assert failed["position"] > done["position"]
    assert (failed["status"], failed["responseStatus"], failed["error"]) == ("waiting", 500, "answered with 500")
    assert "due" in failed
    assert "error" not in done
    by_status = owner.get(f"webhooks/{webhook_id}/deliveries?status=delivered").data["deliveries"]["items"]
    assert [entry["id"] for entry in by_status] == [done["id"]]
    assert owner.get(f"webhooks/{webhook_id}/deliveries?status=lost").status == 400
    assert len(items) == 2


@pytest.mark.parametrize("after", [-1, 2**63, "0", None])
def test_a_replay_needs_a_position(owner: ApiClient, after: Any) -> None:
    webhook_id = owner.post("webhooks", {"url": URL}).data["id"]
    assert owner.post(f"webhooks/{webhook_id}/replay", {"after": after}).status == 400


def test_a_replay_begins_neither_before_the_log_nor_behind_what_was_told(owner: ApiClient, forum: Forum) -> None:
    webhook_id = owner.post("webhooks", {"url": URL}).data["id"]
    position = owner.get(f"webhooks/{webhook_id}").data["position"]
    assert owner.post(f"webhooks/{webhook_id}/replay", {"after": position + 1}).status == 400
    assert owner.post(f"webhooks/{webhook_id}/replay", {"after": position}).status == 200


def test_an_operator_manages_them_for_the_owner(owner: ApiClient, api: ApiClient, forum: Forum) -> None:
    person = make_member(forum.site)
    User.objects.filter(id=person.profile.user_id).update(is_staff=True)
    operator = api.as_(person)
    made = operator.post("webhooks", {"url": URL}).data
    assert made["profileId"] == forum.owner.id
    assert switch(operator, made["id"], False) == 200
    assert owner.get(f"webhooks/{made['id']}").data["disabledReason"] == "paused"


def test_an_operator_needs_an_owner_with_a_profile_to_switch_on(owner: ApiClient, api: ApiClient, forum: Forum) -> None:
    """After an import or a change of owner, the owner may not have been on the site yet."""
    webhook_id = owner.post("webhooks", {"url": URL}).data["id"]
    person = make_member(forum.site)
    User.objects.filter(id=person.profile.user_id).update(is_staff=True)
    Site.objects.filter(id=forum.site.id).update(owner=get_or_create_user(email="heir@example.org"))
    forget_sites()
    operator = api.as_(person)
    assert switch(operator, webhook_id, False) == 200
    refused = operator.post("webhooks", {"url": URL})
    assert (refused.status, refused.code) == (400, 4)
    assert switch(operator, webhook_id, True) == 400
    assert [webhook.disabled_reason for webhook in Webhook.objects.all()] == ["paused"]


@pytest.mark.parametrize(
    "write",
    [
        lambda hook: services.edit_webhook(hook, actor_id=hook.profile_id, kinds=["comment"]),
        lambda hook: services.switch_webhook(
            hook, actor_id=hook.profile_id, profile_id=hook.profile_id, is_active=True
        ),
        lambda hook: services.pause_webhook(hook, actor_id=hook.profile_id),
        lambda hook: services.change_secret(hook, actor_id=hook.profile_id),
        lambda hook: services.delete_webhook(hook, actor_id=hook.profile_id),
        lambda hook: services.replay(hook, actor_id=hook.profile_id, after=hook.position),
        lambda hook: services.ping(hook),
    ],
)
def test_what_was_deleted_since_it_was_looked_up_is_missing(
    owner: ApiClient, write: Callable[[Webhook], object]
) -> None:
    webhook_id = owner.post("webhooks", {"url": URL}).data["id"]
    found = Webhook.objects.get(id=webhook_id)
    owner.delete(f"webhooks/{webhook_id}")
    acts = Act.objects.count()
    with pytest.raises(Missing):
        write(found)
    assert Act.objects.count() == acts


def test_what_owners_do_is_in_the_audit_trail_without_secrets(owner: ApiClient) -> None:
    made = owner.post("webhooks", {"url": URL}).data
    owner.put(f"webhooks/{made['id']}", {"kinds": ["comment"]})
    owner.post(f"webhooks/{made['id']}/secret")
    switch(owner, made["id"], False)
    switch(owner, made["id"], True)
    owner.post(f"webhooks/{made['id']}/replay", {"after": made["position"]})
    owner.delete(f"webhooks/{made['id']}")
    acts = list(Act.objects.filter(kind__startswith="webhook.").order_by("id"))
    assert [act.kind.removeprefix("webhook.") for act in acts] == [
        "created", "edited", "secret_changed", "switched_off", "switched_on", "replayed", "deleted"
    ]  # fmt: skip
    assert {act.ids["webhook_id"] for act in acts} == {made["id"]}
    assert {frozenset(act.ids) for act in acts} == {frozenset({"webhook_id", "owner_id"})}

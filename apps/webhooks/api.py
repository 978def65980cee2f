"""Webhooks: a site tells other servers what happens on it (docs/api/webhooks.md)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import OutOfRange
from apps.core.openapi import operation, patch_document, query_parameter
from apps.core.pagination import collection, rows_of
from apps.core.patching import read_patch
from apps.webhooks import queries, services, shapes
from apps.webhooks.access import access_webhook, require_manager, responsible_profile
from apps.webhooks.models import Delivery
from apps.webhooks.serializers import (
    DeliveryListOutput,
    DeliveryOutput,
    NewWebhookOutput,
    ReplayInput,
    SecretOutput,
    WebhookInput,
    WebhookListOutput,
    WebhookOutput,
)
from apps.webhooks.signing import secret_of

_STATUS = query_parameter("status", str, "Only deliveries of this status.", enum=Delivery.Status.values)


class WebhookList(Api):
    """`/webhooks`."""

    @operation("The webhooks of the site", answer=WebhookListOutput, paged=True)
    def get(self, request: Request) -> Answer:
        require_manager(self.viewer)
        found, paging = queries.webhooks_of(self.viewer.site_id), self.paging
        webhooks = collection(
            paging=paging,
            total=found.count(),
            items=[shapes.webhook(record) for record in found[paging.offset : paging.offset + paging.limit]],
            type=shapes.webhook_href(),
            url=self.url,
        )
        return Answer({"webhooks": webhooks, "meta": {}})

    @operation("Create a webhook", body=WebhookInput, answer=NewWebhookOutput)
    def post(self, request: Request) -> Answer:
        """The answer holds the secret, which is shown this once."""
        values = WebhookInput.read(request.data)
        require_manager(self.viewer)
        if "url" not in values:
            raise OutOfRange("url is required")
        webhook = services.create_webhook(
            site_id=self.viewer.site_id,
            actor_id=self.viewer.profile_id,
            profile_id=responsible_profile(self.viewer),
            url=values["url"],
            kinds=values.get("kinds", []),
        )
        return Answer(shapes.webhook(webhook) | {"secret": secret_of(webhook.secret_nonce)})


class WebhookDetail(Api):
    """`/webhooks/{id}`."""

    @operation("A webhook", answer=WebhookOutput)
    def get(self, request: Request, webhook_id: int) -> Answer:
        return Answer(shapes.webhook(access_webhook(self.viewer, webhook_id)))

    @operation("Change a webhook", body=WebhookInput, success=[302], prefer=200, represents=WebhookOutput)
    def put(self, request: Request, webhook_id: int) -> Answer:
        """What is left out stays as it is."""
        values = WebhookInput.read(request.data)
        webhook = access_webhook(self.viewer, webhook_id)
        services.edit_webhook(
            webhook, actor_id=self.viewer.profile_id, url=values.get("url"), kinds=values.get("kinds")
        )
        return self.wrote(
            shapes.webhook_href(webhook_id),
            representation=lambda: shapes.webhook(access_webhook(self.viewer, webhook_id)),
        )

    @operation(
        "Switch a webhook on or off",
        body=patch_document(["/active"]),
        errors=(501,),
    )
    def patch(self, request: Request, webhook_id: int) -> Answer:
        """Switched on, it goes on where it has stopped."""
        replacements = read_patch(request.data, paths={"/active"})
        webhook, is_active = access_webhook(self.viewer, webhook_id), replacements[-1].value
        services.switch_webhook(
            webhook,
            actor_id=self.viewer.profile_id,
            profile_id=responsible_profile(self.viewer) if is_active else webhook.profile_id,
            is_active=is_active,
        )
        return Answer()

    @operation("Delete a webhook with its deliveries")
    def delete(self, request: Request, webhook_id: int) -> Answer:
        webhook = access_webhook(self.viewer, webhook_id)
        services.delete_webhook(webhook, actor_id=self.viewer.profile_id)
        return Answer()


class WebhookSecret(Api):
    """`/webhooks/{id}/secret`."""

    @operation("Change the secret of a webhook", answer=SecretOutput)
    def post(self, request: Request, webhook_id: int) -> Answer:
        """The answer holds the new secret, which is shown this once and signs whatever is sent from now on."""
        webhook = access_webhook(self.viewer, webhook_id)
        return Answer({"secret": services.change_secret(webhook, actor_id=self.viewer.profile_id)})


class WebhookDeliveries(Api):
    """`/webhooks/{id}/deliveries`."""

    @operation("What a webhook was or will be sent", answer=DeliveryListOutput, cursors=True, query=(_STATUS,))
    def get(self, request: Request, webhook_id: int) -> Answer:
        """Newest first."""
        webhook = access_webhook(self.viewer, webhook_id)
        status = request.query_params.get("status", "")
        if status and status not in Delivery.Status.values:
            raise OutOfRange(f"status must be one of {', '.join(Delivery.Status.values)}")
        found, url = queries.deliveries_of(webhook, status=status), self.url
        paging, total = self.paging_of("deliveries", webhook_id, status), found.count()
        rows = rows_of(found, paging=paging, columns=("-id",))
        rows, ends = paging.cut(rows, total=total, key=lambda row: (row.id,))
        deliveries = collection(
            paging=paging,
            total=total,
            items=[shapes.delivery(record) for record in rows],
            type=f"{shapes.webhook_href(webhook_id)}/deliveries",
            url=url,
            ends=ends,
        )
        return Answer({"deliveries": deliveries, "meta": {}}, headers=ends.headers(url))


class WebhookReplay(Api):
    """`/webhooks/{id}/replay`."""

    @operation("Send everything behind a position again", body=ReplayInput)
    def post(self, request: Request, webhook_id: int) -> Answer:
        """In order, and under the same ids of deliveries as before."""
        values = ReplayInput.read(request.data)
        webhook = access_webhook(self.viewer, webhook_id)
        services.replay(webhook, actor_id=self.viewer.profile_id, after=values["after"])
        return Answer()


class WebhookPing(Api):
    """`/webhooks/{id}/ping`."""

    @operation("Send something to try a webhook out", answer=DeliveryOutput)
    def post(self, request: Request, webhook_id: int) -> Answer:
        """While one waits to be sent, it is answered instead of another."""
        webhook = access_webhook(self.viewer, webhook_id)
        return Answer(shapes.delivery(services.ping(webhook)))

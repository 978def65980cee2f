"""Routes of the browsers in which a member gets push messages."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.openapi import operation
from apps.updates import pushing, webpush
from apps.updates.queries import push_subscriptions
from apps.updates.serializers import PushInput, PushOutput
from apps.updates.shapes import push_settings

HREF = "/api/v1/updates/push"


class PushList(Api):
    """`/updates/push`."""

    @operation("The browsers in which the caller gets push messages", answer=PushOutput)
    def get(self, request: Request) -> Answer:
        """And the key that a browser needs to subscribe."""
        return Answer(self._shown(self.viewer.require_profile()))

    @operation(
        "Get push messages in a browser",
        body=PushInput,
        success=(302,),
        prefer=201,
        represents=PushOutput,
    )
    def post(self, request: Request) -> Answer:
        """What `PushManager.subscribe()` gives, as JSON; again it replaces the keys."""
        profile_id = self.viewer.require_profile()
        given = PushInput.read(request.data)
        keys = given.get("keys", {})
        pushing.subscribe(
            site_id=self.viewer.site_id,
            profile_id=profile_id,
            endpoint=given.get("endpoint", ""),
            p256dh=keys.get("p256dh", ""),
            auth=keys.get("auth", ""),
        )
        return self.wrote(HREF, representation=lambda: self._shown(profile_id), created=True)

    def _shown(self, profile_id: int) -> object:
        return push_settings(push_subscriptions(profile_id=profile_id), public_key=webpush.public_key())


class PushDetail(Api):
    """`/updates/push/{id}`."""

    @operation("Get no push messages in a browser any more")
    def delete(self, request: Request, push_id: int) -> Answer:
        """The caller's own; anybody else's is missing."""
        pushing.end_subscription(profile_id=self.viewer.require_profile(), subscription_id=push_id)
        return Answer()

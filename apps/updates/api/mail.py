"""The route of the link in a mail that ends mail of its kind (RFC 8058)."""

from django.template.loader import render_to_string
from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import Missing
from apps.core.openapi import operation
from apps.sites.models import Site
from apps.updates.letters import BadLink, Subscription, plain
from apps.updates.mailing import unsubscribe
from apps.updates.serializers import SubscriptionOutput

_KINDS = ["application/json", "text/html"]


class Unsubscribe(Api):
    """`/unsubscribe/{token}`; the token speaks for its receiver, so no other is read, and a ban is not in the way."""

    authentication_classes = ()

    @operation("What the link of a mail ends", answer=SubscriptionOutput, or_raw="text/html")
    def get(self, request: Request, mail_token: str) -> Answer:
        """Changes nothing, so that programs may look; a browser gets a page with a button."""
        return self._answer(request, self._subscription(mail_token), is_done=False)

    @operation(
        "End mail of a kind",
        body={"application/x-www-form-urlencoded": {"type": "object"}},
        answer=SubscriptionOutput,
        or_raw="text/html",
    )
    def post(self, request: Request, mail_token: str) -> Answer:
        """What mail programs send for their button; twice is like once."""
        subscription = self._subscription(mail_token)
        unsubscribe(subscription)
        return self._answer(request, subscription, is_done=True)

    def _subscription(self, token: str) -> Subscription:
        try:
            subscription = Subscription.of_token(token)
        except BadLink as error:
            raise Missing from error
        if subscription.site_id != self._site_id:
            raise Missing
        return subscription

    @property
    def _site_id(self) -> int:
        site_id: int = self.request._request.site.id  # type: ignore[attr-defined]
        return site_id

    def _answer(self, request: Request, subscription: Subscription, *, is_done: bool) -> Answer:
        headers = {"Vary": "Accept, X-Always-200, X-Disable-Boiler", "Cache-Control": "private, no-cache, max-age=0"}
        if request._request.get_preferred_type(_KINDS) != "text/html":
            return Answer({"description": subscription.description}, headers=headers)
        page = render_to_string(
            "updates/unsubscribe.html",
            {
                "site_title": plain(Site.objects.values_list("title", flat=True).get(id=self._site_id)),
                "description": subscription.description,
                "is_done": is_done,
            },
        )
        return Answer(
            raw=page.encode(),
            headers=headers
            | {
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
                "Referrer-Policy": "no-referrer",
            },
        )

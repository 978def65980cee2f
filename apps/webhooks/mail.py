"""What webhooks mail: plain text without anything that a stranger wrote (X2)."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from apps.sites.hosts import SiteInfo
from apps.webhooks.models import Webhook


def mail_disabled(*, site_id: int, webhook_id: int, since: str) -> None:
    """Tell the owner of a webhook that it was switched off; nothing if it is on again.

    A repeat has the same Message-ID; `since` tells one occasion from another.
    """
    webhook = Webhook.objects.select_related("site", "profile__user").filter(site_id=site_id, id=webhook_id).first()
    if webhook is None or webhook.disabled_reason != Webhook.Disabled.FAILING:
        return
    occasion = "".join(letter for letter in since if letter.isalnum())
    text = render_to_string(
        "webhooks/mail/disabled.txt",
        {
            "webhook_id": webhook.id,
            "site_url": SiteInfo.of_row(webhook.site).url,
            "hours": settings.WEBHOOK_DISABLE_HOURS,
        },
    )
    EmailMessage(
        f"Webhook {webhook.id} is switched off",
        text,
        settings.DEFAULT_FROM_EMAIL,
        [webhook.profile.user.email],
        headers={"Message-ID": f"<webhook-{webhook.id}-{occasion}@{settings.PLATFORM_DOMAIN}>"},
    ).send()

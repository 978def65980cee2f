"""Where a webhook may be: asked when its address is stored and before each delivery."""

from django.conf import settings

from apps.core.outbound import BadAddress, checked_url
from apps.webhooks.models import MAX_URL_LENGTH


def check_address(url: str) -> None:
    """Raise BadAddress for what no delivery may be sent to, as far as it can be told without looking the name up."""
    if len(url) > MAX_URL_LENGTH:
        raise BadAddress(f"an address has at most {MAX_URL_LENGTH} characters")
    if checked_url(url).scheme != "https" and not settings.WEBHOOK_ALLOW_HTTP:
        raise BadAddress("the address of a webhook begins with https://")

"""What sites mail: plain text without anything that a stranger wrote (X2)."""

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from apps.sites.hosts import SiteInfo
from apps.sites.models import Site


def mail_founded(*, site_id: int) -> None:
    """Tell the operators of a new site: its address, and where the admin shows it. Its title is not theirs to trust."""
    site = Site.objects.filter(id=site_id).first()
    if site is None or not settings.OPERATOR_EMAIL:
        return
    port = f":{settings.PLATFORM_PORT}" if settings.PLATFORM_PORT else ""
    platform = f"{settings.PLATFORM_SCHEME}://{settings.PLATFORM_DOMAIN}{port}"
    text = render_to_string(
        "sites/mail/founded.txt",
        {
            "site_url": SiteInfo.of_row(site).url,
            "admin_url": platform
            + reverse("admin:sites_site_change", args=[site.id], urlconf=settings.ROOT_HOST_URLCONF),
            "owner_id": site.owner_id,
        },
    )
    send_mail(f"New site: {site.key}", text, settings.DEFAULT_FROM_EMAIL, [settings.OPERATOR_EMAIL])

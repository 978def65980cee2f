"""What accounts mail: plain text without anything that a stranger wrote (X2)."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from apps.accounts.codes import code_of
from apps.accounts.models import EmailCode
from apps.core import clock


def mail_code(*, code_id: int, audience: str) -> None:
    """Send the code of a record to its user's address; nothing if it was replaced, used or has expired.

    A second call sends the same code again. `audience` is the address of the site where it was asked for.
    """
    code = EmailCode.objects.select_related("user").filter(id=code_id).first()
    if code is None or code.expires_at <= clock.now():
        return
    host = urlsplit(audience).netloc
    is_known = code.user.email_confirmed_at is not None or code.user.profiles.exists()
    text = render_to_string(
        "accounts/mail/code_known.txt" if is_known else "accounts/mail/code_new.txt",
        {"code": code_of(code.nonce), "host": host, "minutes": settings.EMAIL_CODE_MINUTES},
    )
    send_mail(f"Your code for {host}", text, settings.DEFAULT_FROM_EMAIL, [code.user.email])

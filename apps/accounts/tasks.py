"""Jobs of accounts."""

from django.contrib.sessions.backends.db import SessionStore

from apps.accounts.mail import mail_code
from apps.accounts.services import forget_expired
from apps.jobs.registry import Priority, Report, task


@task("accounts.send_code_mail", priority=Priority.URGENT)
def send_code_mail(*, code_id: int, audience: str) -> None:
    """Mail a code, unless another has replaced it or it can no longer be used."""
    mail_code(code_id=code_id, audience=audience)


@task("accounts.forget_expired", limit_seconds=1800)
def forget() -> Report:
    """Delete sign-in attempts, mailed codes, tokens and sessions of the admin that have lost their use."""
    SessionStore.clear_expired()
    return forget_expired()

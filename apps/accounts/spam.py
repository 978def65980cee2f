"""Whether an address that asks for an account is known for spam (contract A 30)."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from apps.core import clock
from apps.core.outbound import BrokenAnswer, Limits, OutboundError, fetch

log = logging.getLogger(__name__)

#: How long somebody who was seen spamming stays a spammer.
_REMEMBERED = timedelta(days=365)
_LIMITS = Limits(total=5.0, connect=2.0, size=64 * 1024, redirects=0)


class SpamCheck(Protocol):
    """What SPAM_CHECK names: asked once, when a sign-in meets an unknown address."""

    def is_spammer(self, *, email: str) -> bool:
        """Whether no account is made for `email`; a check that cannot be carried out says no."""


class NobodyIsASpammer:
    """The local default: asks no one."""

    def is_spammer(self, *, email: str) -> bool:
        """No."""
        return False


class StopForumSpam:
    """Asks a server with the interface of stopforumspam.org at STOP_FORUM_SPAM_URL."""

    def is_spammer(self, *, email: str) -> bool:
        """Whether the address was seen within a year; without a usable answer it is taken, and the log says so."""
        try:
            answer = fetch(
                settings.STOP_FORUM_SPAM_URL, params={"f": "json", "unix": "", "email": email}, limits=_LIMITS
            )
            if answer.status != 200:
                raise BrokenAnswer(f"the spam check answers {answer.status}")
            return _was_seen(answer.json())
        except OutboundError as error:
            log.warning("an address was taken unchecked, the spam check gives no answer: %s", error)
            return False


def _was_seen(answer: Any) -> bool:
    found = answer.get("email") if isinstance(answer, dict) and answer.get("success") == 1 else None
    if not isinstance(found, dict):
        raise BrokenAnswer("the spam check answers something else")
    seen, confidence = _number(found.get("lastseen")), _number(found.get("confidence"))
    if seen is None or confidence is None:
        return False
    earliest = clock.now() - _REMEMBERED
    return confidence > 0 and seen >= (earliest - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


def _number(value: Any) -> float | None:
    """A number, which some answers write as a text."""
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        return None


def is_spammer(*, email: str) -> bool:
    """What the check of the settings says of an address."""
    check: SpamCheck = import_string(settings.SPAM_CHECK)()
    return check.is_spammer(email=email)

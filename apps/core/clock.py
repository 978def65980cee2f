"""The time of day, so that tests can move it."""

from datetime import UTC, datetime, timedelta

_shift = timedelta(0)
_frozen: datetime | None = None


def now() -> datetime:
    """The current moment in UTC; everything that stores or compares a time asks here."""
    return (_frozen or datetime.now(UTC)) + _shift


def set_clock(*, frozen: datetime | None = None, shift: timedelta = timedelta(0)) -> None:
    """Stop the clock at `frozen` or let it run `shift` ahead; without arguments it is right again."""
    global _frozen, _shift  # one process, one clock
    _frozen, _shift = frozen, shift

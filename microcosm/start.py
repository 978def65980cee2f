"""Loading settings and apps at the start of a process; what is wrong with them is one line."""

import gc
import sys

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

#: Settings that name a class, found when it is needed - too late to tell the operator.
CLASSES = ("AVATARS", "EMAIL_BACKEND", "GEOCODER", "SPAM_CHECK")

#: How long a thread computes before another one that wants to gets its turn. Python's own 5 ms are many requests long.
TURN_SECONDS = 0.001


def load() -> None:
    """Load them; raises ImproperlyConfigured, with one line, if a setting cannot be used."""
    try:
        settings.DATABASES  # noqa: B018 - imports the settings module
    except ImportError as error:
        raise ImproperlyConfigured(f"DJANGO_SETTINGS_MODULE cannot be read: {error}") from error
    django.setup()
    for name in CLASSES:
        path = getattr(settings, name)
        try:
            if path:
                import_string(path)
        except ImportError as error:
            raise ImproperlyConfigured(f"{name} cannot be read: {error}") from error


def load_or_exit() -> None:
    """Load them, or end this process."""
    try:
        load()
    except ImproperlyConfigured as error:
        sys.exit(f"microcosm: wrong setting: {first_line(error)} (docs/settings.md)")


def first_line(error: BaseException) -> str:
    """An exception in one line."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def settle() -> None:
    """Let no request wait long for the other threads of a process that answers requests.

    What is there by now is left out of every later collection of garbage: going through it stops all threads. To be
    called when a server has loaded what it serves with, before its first request.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(TURN_SECONDS)

"""Reading settings from the environment; what cannot be used is named, with what would be (docs/settings.md)."""

import base64
import logging
import math
import re
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

#: The largest number of PostgreSQL's integer, and of days and hours that a date can be away.
MOST = 2_147_483_647
MOST_DAYS = 36_500
MOST_HOURS = 24 * MOST_DAYS

_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
#: user:password@, host, port, number of the database.
_REDIS = re.compile(r"rediss?://([^\s/@?#]*@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[^/]*))?(/[0-9]{0,4})?")


class Environment(environ.Env):  # type: ignore[misc]  # has no stubs
    """django-environ's reader, which takes nothing for granted: its own makes "ture" false and any JSON a list."""

    def get_value(self, var: Any, *args: Any, **options: Any) -> Any:
        try:
            return super().get_value(var, *args, **options)
        except (ValueError, ImproperlyConfigured) as error:
            raise ImproperlyConfigured(f"{var} cannot be read: {error}") from error

    def int(self, var: str, *, default: int, least: int = 0, most: int = MOST) -> int:
        """A whole number from `least` to `most`."""
        number: int = self.get_value(var, cast=int, default=default)
        if not least <= number <= most:
            raise ImproperlyConfigured(f"{var} is {number}; it must be from {least} to {most}")
        return number

    def float(self, var: str, *, default: float) -> float:
        """A number, 0 or more."""
        number: float = self.get_value(var, cast=float, default=default)
        if not 0 <= number < math.inf:
            raise ImproperlyConfigured(f"{var} is {number}; it must be 0 or more")
        return number

    def bool(self, var: str, *, default: bool) -> bool:
        """`true` or `false`, or another usual word for them."""
        text = self.get_value(var, default="").strip().lower()
        if text and text not in _TRUE | _FALSE:
            raise ImproperlyConfigured(f"{var} is {text!r}; it must be true or false")
        return text in _TRUE if text else default

    def json(self, var: str, *, default: Any) -> Any:
        """JSON of the type that the default has."""
        value = super().json(var, default=default)
        if type(value) is not type(default):
            raise ImproperlyConfigured(f"{var} must be a JSON {'object' if default == {} else 'list'}")
        return value

    def email_url(self, var: str, *, default: str) -> dict[str, Any]:
        """Django's settings of mail."""
        try:
            settings: dict[str, Any] = super().email_url(var, default=default)
        except (ValueError, ImproperlyConfigured) as error:
            raise ImproperlyConfigured(f"{var} cannot be read: {error}") from error
        return settings

    def choice(self, var: str, *, default: str, options: Iterable[str]) -> str:
        """One of several words."""
        return self.checked(var, default=default, test=lambda text: text in options, wanted=" or ".join(options))

    def checked(self, var: str, *, default: str, test: Callable[[str], object], wanted: str) -> str:
        """A text that passes a test; `wanted` says of which kind it must be. The default need not."""
        text: str = self.str(var, default=default)
        if text != default and not test(text):
            raise ImproperlyConfigured(f"{var} is {text!r}; it must be {wanted}")
        return text

    def redis_url(self, var: str) -> str:
        """The address of a Redis, or empty; a wrong one is not repeated, as a password may be in it."""
        text: str = self.str(var, default="")
        if text and not is_redis(text):
            raise ImproperlyConfigured(f"{var} must be like redis://user:password@host:6379/0, or rediss:// for TLS")
        return text

    def networks(self, var: str) -> list[str]:
        """Addresses and networks."""
        texts: list[str] = self.list(var, default=[])
        try:
            for text in texts:
                ip_network(text, strict=False)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} cannot be read: {error}") from error
        return texts


def is_domain(text: str) -> bool:
    """Whether a text can be the name of a host."""
    return len(text) <= 253 and _DOMAIN.fullmatch(text.lower()) is not None


def is_port(text: str) -> bool:
    """Whether a text is the number of a port."""
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 0 < int(text) < 65_536


def is_memcached(text: str) -> bool:
    """Whether a text says where memcached is."""
    host, _, port = text.rpartition(":")
    return text.startswith("/") or (host != "" and "/" not in host and is_port(port))


def is_redis(text: str) -> bool:
    """Whether a text says where a Redis is."""
    parts = _REDIS.fullmatch(text)
    return parts is not None and (parts["port"] is None or is_port(parts["port"]))


def is_key(text: str) -> bool:
    """Whether a text is 32 bytes in base64 for URLs."""
    try:
        return len(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)) == 32
    except ValueError:
        return False


def is_header(text: str) -> bool:
    """Whether a text is the name of a header."""
    return re.fullmatch(r"[A-Za-z0-9-]+", text) is not None


def is_file(text: str) -> bool:
    """Whether there is such a file."""
    return not text or Path(text).is_file()


def is_folder(text: str) -> bool:
    """Whether there is such a folder."""
    return not text or Path(text).is_dir()


#: What the log may be limited to.
LOG_LEVELS = tuple(name for name in logging.getLevelNamesMapping() if name not in ("NOTSET", "WARN", "FATAL"))

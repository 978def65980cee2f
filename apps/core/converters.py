"""Patterns of path variables (contract A 1.2); a path that does not match is no route."""

from django.urls import register_converter


class _Pattern:
    regex = ""

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: object) -> str:
        return str(value)


class IdConverter(_Pattern):
    """Digits; `Api` refuses what does not fit 64 bits with 400."""

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:  # type: ignore[override]
        digits = value.lstrip("0")
        return int(digits or "0") if len(digits) < 20 else 2**64


class AnyIdConverter(_Pattern):
    """The id of a role below a microcosm: words reach the view, which answers 400."""

    regex = "[0-9a-zA-Z_-]+"


class TokenConverter(_Pattern):
    """An access token."""

    regex = "[0-9a-zA-Z]+"


class MailTokenConverter(_Pattern):
    """What a link in a mail is signed with."""

    regex = "[0-9a-zA-Z_:-]+"


class HashConverter(_Pattern):
    """The hash of a file, with an extension that nobody reads."""

    regex = r"[0-9A-Za-z]+(?:\.[^/]+)?"


class KeyConverter(_Pattern):
    """The key of an attribute."""

    regex = "[0-9a-zA-Z_-]+"


class ShortConverter(_Pattern):
    """A short link."""

    regex = "[2-9a-zA-Z]+"


class HostConverter(_Pattern):
    """A host name."""

    regex = "[0-9a-zA-Z.-]+"


class SubdomainConverter(_Pattern):
    """The key of a site."""

    regex = "[0-9a-zA-Z]+"


def register_converters() -> None:
    """Make the patterns known by the names that `urls.py` files use."""
    register_converter(IdConverter, "id")
    register_converter(AnyIdConverter, "any_id")
    register_converter(TokenConverter, "token")
    register_converter(MailTokenConverter, "mail_token")
    register_converter(HashConverter, "hash")
    register_converter(KeyConverter, "key")
    register_converter(ShortConverter, "short")
    register_converter(HostConverter, "host")
    register_converter(SubdomainConverter, "subdomain")

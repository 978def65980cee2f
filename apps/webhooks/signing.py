"""Secrets of webhooks, and the signatures made with them (docs/api/webhooks.md, docs/decisions/0059)."""

import hashlib
import hmac
import secrets

from django.utils.crypto import salted_hmac


def new_nonce() -> str:
    """What a secret is made from."""
    return secrets.token_hex(32)


def secret_of(nonce: str) -> str:
    """The secret of a nonce, which the database alone never holds. Another SECRET_KEY makes another secret."""
    return salted_hmac("apps.webhooks.signing", nonce, algorithm="sha256").hexdigest()


def signature(secret: str, *, timestamp: str, body: bytes) -> str:
    """What a receiver compares: HMAC-SHA256 over the timestamp, a full stop and the body as it was sent."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"

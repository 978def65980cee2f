"""One-time codes for mail: made from a nonce and the server's secret, so that the database alone never holds one."""

import base64
import secrets

from django.utils.crypto import constant_time_compare, salted_hmac

LENGTH = 8


def new_nonce() -> str:
    """What a code is made from."""
    return secrets.token_hex(32)


def code_of(nonce: str) -> str:
    """The code of a nonce: eight letters and digits, 40 bits. Another SECRET_KEY makes another code."""
    digest = salted_hmac("apps.accounts.codes", nonce, algorithm="sha256").digest()
    return base64.b32encode(digest).decode()[:LENGTH]


def is_code_of(nonce: str, code: str) -> bool:
    """Whether somebody typed the code of a nonce; case, spaces and hyphens do not count."""
    typed = code.replace(" ", "").replace("-", "").upper()
    return constant_time_compare(typed, code_of(nonce))

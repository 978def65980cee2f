"""Access tokens: made once, kept only as a hash (I5)."""

import hashlib
import secrets
import string

ALPHABET = string.ascii_letters + string.digits
LENGTH = 128


def new_token() -> str:
    """128 random letters and digits: more than 700 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def token_hash(token: str) -> str:
    """What is stored of a token; enough against 128 random characters, and cheap for every request."""
    return hashlib.sha256(token.encode()).hexdigest()

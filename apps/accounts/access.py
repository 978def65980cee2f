"""The only way to a client application or a token that a request may use."""

from django.utils.crypto import constant_time_compare

from apps.accounts.errors import WrongClientSecret
from apps.accounts.models import AccessToken, Client
from apps.accounts.tokens import token_hash
from apps.core.errors import Forbidden, Missing


class NotYourToken(Forbidden):
    """A token shows itself only to requests that carry it."""


def access_client(secret: str) -> Client:
    """The client application with a secret; raises WrongClientSecret."""
    # Only hashes are looked up and compared, so neither step tells how near a wrong secret came.
    hashed = token_hash(secret)
    client = Client.objects.filter(secret_hash=hashed).first()
    if client is None or not constant_time_compare(client.secret_hash, hashed):
        raise WrongClientSecret
    return client


def access_token(token: str, *, presented_hash: str) -> AccessToken:
    """The record of a live token for a request that presents the same one; raises Missing or NotYourToken."""
    hashed = token_hash(token)
    record = AccessToken.objects.select_related("user").filter(token_hash=hashed, revoked_at=None).first()
    if record is None:
        raise Missing("there is no such token")
    if not constant_time_compare(presented_hash, hashed):
        raise NotYourToken
    return record

"""The seam of signing in: a proof goes in, a verified identity comes out.

A backend says who somebody is and nothing else: accounts, profiles, bans and tokens are not its business. Settings name
the backends (`SIGN_IN_BACKENDS`), requests choose one by its name.
"""

from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from apps.accounts.errors import UnknownBackend


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a client brings to be signed in; each backend reads what it knows, the rest is empty."""

    #: Where the client signs in, as `https://host`: what the proof must have been made for.
    audience: str
    assertion: str = ""
    email: str = ""
    password: str = ""
    is_sign_up: bool = False
    #: A code of ours from a mail, or one of an identity provider.
    code: str = ""
    #: The token of an identity provider, for clients that made the exchange themselves.
    access_token: str = ""
    token_type: str = ""
    #: The identity provider that the site has chosen.
    provider_domain: str = ""
    provider_client_id: str = ""
    provider_client_secret: str = ""


@dataclass(frozen=True, kw_only=True)
class VerifiedIdentity:
    """Who somebody is: they may act as the account of `email`, which therefore must never be merely claimed."""

    email: str
    #: Whether the proof also shows that they read the address, as a mailed code does.
    is_email_confirmed: bool


class SignInBackend(Protocol):
    """One way to prove who one is."""

    def claimed_email(self, proof: Proof) -> str:
        """The address that the proof is about, for counting attempts; "" where only verifying it can tell."""
        ...

    def verify(self, proof: Proof) -> VerifiedIdentity:
        """Who brought the proof; raises ProofRefused, or another error of `apps.accounts.errors`."""
        ...


def sign_in_backend(name: str) -> SignInBackend:
    """The backend that settings call `name`; raises UnknownBackend."""
    try:
        path = settings.SIGN_IN_BACKENDS[name]
    except KeyError:
        raise UnknownBackend from None
    backend: SignInBackend = import_string(path)()
    return backend

"""Exchanging a proof for a token, and what becomes of the token (contract A 12)."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request

from apps.accounts.access import access_client, access_token
from apps.accounts.api.serializers import TokenOutput
from apps.accounts.backends import Proof, SignInBackend, sign_in_backend
from apps.accounts.errors import ProofRefused, UnknownBackend
from apps.accounts.serializers import ProofInput, ProviderProofInput
from apps.accounts.services import begin_attempt, forgive_attempt, issue_token, revoke_token, user_of_identity
from apps.core.api import Answer, Api
from apps.core.client_address import Address, client_address
from apps.core.errors import Missing, OutOfRange
from apps.core.openapi import operation
from apps.moderation.services import recorded
from apps.profiles.names import usable_name
from apps.profiles.queries import user_row
from apps.profiles.services import get_or_create_profile
from apps.profiles.shapes import user_shape
from apps.sites.models import Site

_TOKEN = {"type": "string", "description": "The token: 128 letters and digits."}


class NoProvider(OutOfRange):
    """This site has chosen no identity provider."""


class TokenCollection(Api):
    """`/auth` (contract A 12.1)."""

    @operation("Exchange a proof for a token", body=ProofInput, answer=_TOKEN, error_data_is_null=True)
    def post(self, request: Request) -> Answer:
        """Signing in, signing up and redeeming a code: docs/api/authentication.md."""
        body = ProofInput.read(request.data)
        proof = Proof(
            audience=self.viewer.site.url,
            assertion=body.get("assertion", ""),
            email=body.get("email", ""),
            password=body.get("password", ""),
            is_sign_up=body.get("signUp", False),
            code=body.get("code", ""),
        )
        if not (proof.assertion or proof.email or proof.password or proof.code):
            raise OutOfRange("Assertion, or email and password, is needed")
        return Answer(
            exchange(
                proof,
                backend_name=body.get("backend") or "password",
                client_secret=body.get("clientSecret", ""),
                site_id=self.viewer.site_id,
                address=client_address(request._request),
                profile_name=body.get("profileName", ""),
            )
        )


class ProviderTokenCollection(Api):
    """`/auth0` (contract A 12.2)."""

    @operation(
        "Exchange a login at an identity provider for a token",
        body=ProviderProofInput,
        answer=_TOKEN,
        error_data_is_null=True,
    )
    def post(self, request: Request) -> Answer:
        """The provider is the one that the site has chosen; it must have verified the address."""
        body = ProviderProofInput.read(request.data)
        site = Site.objects.only("auth0_domain", "auth0_client_id").get(id=self.viewer.site_id)
        client_secret = settings.PROVIDER_CLIENT_SECRETS.get(site.auth0_client_id)
        if not (site.auth0_domain and client_secret):
            raise NoProvider
        proof = Proof(
            audience=self.viewer.site.url,
            code=body.get("code", ""),
            access_token=body.get("accessToken", ""),
            token_type=body.get("tokenType", ""),
            provider_domain=site.auth0_domain,
            provider_client_id=site.auth0_client_id,
            provider_client_secret=client_secret,
        )
        if not (proof.code or (proof.access_token and proof.token_type)):
            raise OutOfRange("Code, or AccessToken and TokenType, is needed")
        return Answer(
            exchange(
                proof,
                backend_name="auth0",
                client_secret=body.get("clientSecret", ""),
                site_id=self.viewer.site_id,
                address=client_address(request._request),
            )
        )


def exchange(
    proof: Proof, *, backend_name: str, client_secret: str, site_id: int, address: Address, profile_name: str = ""
) -> str:
    """The token of who is proven to be somebody, with a profile on the site; accounts do not know of profiles.

    A name is used for a profile made now; one that is taken gives way to a suggestion.
    """
    if not client_secret:
        raise OutOfRange("ClientSecret is needed")
    client = access_client(client_secret)
    backend = _backend(backend_name)
    email = backend.claimed_email(proof)
    name = usable_name(profile_name, email=email) if profile_name else None
    attempt = begin_attempt(email=email, address=address)
    user = user_of_identity(backend.verify(proof))
    profile = get_or_create_profile(site_id=site_id, user_id=user.id, name=name)
    ids = {"user_id": user.id, "client_id": client.id}
    with recorded("token.created", site_id=site_id, actor_id=profile.id, ids=ids):
        token = issue_token(user=user, client=client)
    forgive_attempt(attempt)
    return token


def _backend(name: str) -> SignInBackend:
    try:
        return sign_in_backend(name)
    except UnknownBackend:
        # The route names this backend itself, so it is no mistake of the client that nobody set it up.
        if name == "auth0":
            raise ProofRefused("no way to sign in with this identity provider is set up") from None
        raise


class TokenDetail(Api):
    """`/auth/{token}` (contract A 12.3)."""

    @operation("The token itself", answer=TokenOutput)
    def get(self, request: Request, token: str) -> Answer:
        """For a request that carries the same token."""
        record = access_token(token, presented_hash=self.viewer.token_hash)
        row: Any = user_row(self.viewer, record.user_id)
        if row is None:
            raise Missing
        return Answer(
            {
                "accessToken": token,
                "user": user_shape(row),
                "clientId": record.client_id or 0,
                "created": record.created_at,
                "expires": record.expires_at,
            }
        )

    @operation("Sign out")
    def delete(self, request: Request, token: str) -> Answer:
        """For whoever holds the token; one that is unknown or has ended already is as good as ended."""
        revoke_token(token=token)
        return Answer()

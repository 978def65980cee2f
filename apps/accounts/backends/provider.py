"""An identity provider that speaks OpenID Connect, such as Auth0: the one that the site has chosen (contract A 12.2).

A client brings the code of a login, which we exchange, or a token that it got itself. Either way the identity comes
from a token whose signature, issuer, time and audience are checked: what was issued to another application proves
nothing here. The address must be one that the provider has verified. Nothing is kept of a provider: its description
and keys are fetched for each sign-in.
"""

import logging
from base64 import b64encode
from typing import Any
from urllib.parse import quote, urlencode

import jwt

from apps.accounts.backends import Proof, VerifiedIdentity
from apps.accounts.errors import ProofRefused
from apps.accounts.services import InvalidEmail, checked_email
from apps.core.outbound import BadAddress, BrokenAnswer, Fetched, Limits, OutboundError, fetch

log = logging.getLogger(__name__)

#: Keys that only the provider has; a shared secret, which the client application may hold too, signs nothing for us.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LIMITS = Limits(total=5.0, connect=2.0, size=256 * 1024, redirects=0)
#: Seconds by which the provider's clock may differ from ours.
_LEEWAY = 30


class ProviderBackend:
    """Signs in who has an address verified by the provider."""

    def claimed_email(self, proof: Proof) -> str:
        """Only verifying can tell."""
        return ""

    def verify(self, proof: Proof) -> VerifiedIdentity:
        """Who logged in there."""
        try:
            provider = _Provider(proof)
            return _identity(provider.claims_of_code() if proof.code else provider.claims_of_token())
        except OutboundError as error:
            log.warning("the identity provider %s gives no usable answer: %s", proof.provider_domain, error)
            raise ProofRefused("the identity provider gives no usable answer") from error
        except jwt.PyJWTError as error:
            raise ProofRefused from error


def _identity(claims: dict[str, Any]) -> VerifiedIdentity:
    email = claims.get("email")
    # The word of the provider, not anything that merely looks true.
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        raise ProofRefused("the identity provider has verified no address")
    try:
        return VerifiedIdentity(email=checked_email(email), is_email_confirmed=True)
    except InvalidEmail:
        raise ProofRefused from None


class _Provider:
    """A provider and the proof that is said to come from it."""

    def __init__(self, proof: Proof) -> None:
        self._proof = proof
        own = f"https://{proof.provider_domain}"
        self._described = _asked(f"{own}/.well-known/openid-configuration")
        self._issuer = self._text("issuer")
        if self._issuer.removesuffix("/") != own:
            raise BrokenAnswer("the identity provider is another one than it was asked for")

    def claims_of_code(self) -> dict[str, Any]:
        """What the provider says of who logged in with a code."""
        given = self._exchanged()
        claims = self._checked_id_token(given.get("id_token"))
        return claims if "email" in claims else self._userinfo(given.get("access_token"), subject=claims["sub"])

    def claims_of_token(self) -> dict[str, Any]:
        """The same for a token that the client brings: an ID token, or an access token that says whom it is for."""
        token = self._proof.access_token
        if self._proof.token_type.lower() == "id_token":
            return self._checked_id_token(token)
        claims = self._decoded(token, verify_aud=False)
        audience = claims.get("aud")
        parties = {claims.get("azp"), claims.get("client_id"), audience if isinstance(audience, str) else None}
        if self._proof.provider_client_id not in parties:
            raise ProofRefused("the token was issued to another application")
        return self._userinfo(token, subject=claims["sub"])

    def _exchanged(self) -> dict[str, Any]:
        client_id, secret = self._proof.provider_client_id, self._proof.provider_client_secret
        form = {
            "grant_type": "authorization_code",
            "code": self._proof.code,
            "redirect_uri": f"{self._proof.audience}/auth0login/",
            "client_id": client_id,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        methods = self._described.get("token_endpoint_auth_methods_supported")
        if isinstance(methods, list) and "client_secret_post" in methods:
            form["client_secret"] = secret
        else:
            credentials = f"{quote(client_id, safe='')}:{quote(secret, safe='')}".encode()
            headers["Authorization"] = f"Basic {b64encode(credentials).decode()}"
        return _asked(
            self._text("token_endpoint"),
            method="POST",
            content=urlencode(form).encode(),
            headers=headers,
            refusals=True,
        )

    def _checked_id_token(self, token: Any) -> dict[str, Any]:
        claims = self._decoded(token, audience=self._proof.provider_client_id)
        if claims.get("azp", self._proof.provider_client_id) != self._proof.provider_client_id:
            raise ProofRefused("the token was issued to another application")
        return claims

    def _decoded(self, token: Any, *, audience: str | None = None, verify_aud: bool = True) -> dict[str, Any]:
        if not isinstance(token, str):
            raise ProofRefused
        key_id = jwt.get_unverified_header(token).get("kid")
        keys = jwt.PyJWKSet.from_dict(_asked(self._text("jwks_uri"))).keys
        key = next((key for key in keys if key.key_id == key_id), None)
        if key is None:
            raise ProofRefused("the token is signed with a key that the identity provider does not show")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=_ALGORITHMS,
            audience=audience,
            issuer=self._issuer,
            leeway=_LEEWAY,
            options={"require": ["exp", "iat", "iss", "sub"], "verify_aud": verify_aud},
        )
        return claims

    def _userinfo(self, token: Any, *, subject: str) -> dict[str, Any]:
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise ProofRefused
        endpoint = self._text("userinfo_endpoint")
        claims = _asked(endpoint, headers={"Authorization": f"Bearer {token}"}, refusals=True)
        # Somebody else's answer in place of the one asked for (OpenID Connect Core 5.3.2).
        if claims.get("sub") != subject:
            raise ProofRefused
        return claims

    def _text(self, name: str) -> str:
        value = self._described.get(name)
        if not isinstance(value, str):
            raise BrokenAnswer(f"the identity provider does not say its {name}")
        return value


def _asked(url: str, *, refusals: bool = False, **options: Any) -> dict[str, Any]:
    """The JSON object at an address of the provider; a refusal, where one may come, is one of the proof."""
    if not url.startswith("https://"):
        raise BadAddress("an identity provider is asked over https only")
    answer: Fetched = fetch(url, limits=_LIMITS, **options)
    if refusals and answer.status in {400, 401, 403}:
        raise ProofRefused
    value = answer.json() if answer.status == 200 else None
    if not isinstance(value, dict):
        raise BrokenAnswer(f"the identity provider answers {answer.status}, or no object")
    return value

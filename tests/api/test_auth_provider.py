"""Signing in with an identity provider (contract A 12.2): one that runs on this machine, asked over TLS."""

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from apps.accounts.models import AccessToken, User
from apps.accounts.services import create_client, get_or_create_user, issue_token
from apps.accounts.tokens import token_hash
from apps.core import clock
from apps.core.models import Change
from apps.profiles.models import Profile
from apps.sites.models import Site
from tests.certificates import make_tls
from tests.client import ApiClient, Reply
from tests.factories import Forum
from tests.servers import Names, Server, reply, serving

pytestmark = pytest.mark.django_db

HOST = "provider.example.com"
CLIENT_ID = "our client"
CLIENT_SECRET = "known to us and the provider"
EMAIL = "Somebody.New@example.org"
OLD_KEY, NEW_KEY, FOREIGN_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3))


@dataclass
class Provider:
    """What the provider says; tests change it."""

    server: Server
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    description: dict[str, Any] = field(default_factory=dict)
    key: Any = NEW_KEY
    key_id: str = "new"
    algorithm: str = "RS256"

    @property
    def domain(self) -> str:
        """As a site names it."""
        return f"{HOST}:{self.server.port}"

    def token(self, **claims: Any) -> str:
        """A signed token with the claims of the moment; None takes one away."""
        said = {name: value for name, value in (self.claims | claims).items() if value is not None}
        return jwt.encode(said, self.key, algorithm=self.algorithm, headers={"kid": self.key_id})


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server's context and the file with its authority."""
    return make_tls(tmp_path_factory.mktemp("tls"), names=[HOST])


@pytest.fixture
def provider(tls: tuple[Any, Path], forum: Forum, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider that the site has chosen, where EMAIL has logged in with the code `good`."""
    context, authority = tls
    Names(monkeypatch).answers[HOST] = [["127.0.0.1"]]
    with serving(context) as server:
        provider = Provider(server)
        settings.OUTBOUND_ALLOWED_NETWORKS, settings.OUTBOUND_PORTS = ["127.0.0.1"], [server.port]
        settings.OUTBOUND_CA_FILE = str(authority)
        settings.PROVIDER_CLIENT_SECRETS = {CLIENT_ID: CLIENT_SECRET}
        Site.objects.filter(id=forum.site.id).update(auth0_domain=provider.domain, auth0_client_id=CLIENT_ID)
        url, now = f"https://{provider.domain}", int(time.time())
        provider.description = {
            "issuer": f"{url}/",
            "token_endpoint": f"{url}/oauth/token",
            "jwks_uri": f"{url}/keys",
            "userinfo_endpoint": f"{url}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }
        provider.claims = {
            "iss": f"{url}/", "sub": "auth0|1", "aud": CLIENT_ID, "iat": now, "exp": now + 60,
            "email": EMAIL, "email_verified": True,
        }  # fmt: skip
        provider.userinfo = {"sub": "auth0|1", "email": EMAIL, "email_verified": True}
        keys = [public(OLD_KEY, "old"), public(NEW_KEY, "new")]
        server.replies |= {
            "/.well-known/openid-configuration": lambda handler: as_json(provider.description)(handler),
            "/keys": as_json({"keys": keys}),
            "/oauth/token": lambda handler: exchange(provider)(handler),
            "/userinfo": lambda handler: as_json(provider.userinfo)(handler),
        }
        yield provider


def public(key: Any, id: str) -> dict[str, Any]:
    """The public half of a key, as a provider shows it."""
    return {
        **jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True),
        "kid": id,
        "alg": "RS256",
        "use": "sig",
    }


def as_json(value: Any, *, status: int = 200) -> Any:
    """A reply in JSON."""
    return reply(json.dumps(value).encode(), status=status, content_type="application/json")


def exchange(provider: Provider) -> Any:
    """What the token endpoint answers to the request that came last."""
    form = parse_qs(provider.server.asked[-1].body.decode())
    if form["code"] != ["good"]:
        return as_json({"error": "invalid_grant"}, status=403)
    return as_json({"access_token": "opaque", "token_type": "Bearer", "id_token": provider.token()})


@pytest.fixture
def secret(db: Any) -> str:
    """The secret of a client application."""
    return create_client(name="Test client")[1]


@pytest.fixture
def sign_in(api: ApiClient, secret: str) -> Any:
    """POST /auth0 with the client's secret."""

    def post(**body: Any) -> Reply:
        return api.request("POST", "auth0", form={"ClientSecret": secret, **body})

    return post


def refused(answer: Reply, status: int = 403) -> None:
    """An error that makes nothing."""
    assert (answer.status, answer.data) == (status, None), answer
    assert not AccessToken.objects.filter(client__isnull=False).exists()
    assert not User.objects.filter(email=EMAIL).exists()


def test_a_code_is_exchanged_for_a_token_of_ours(
    provider: Provider, sign_in: Any, api: ApiClient, forum: Forum, settings: Any
) -> None:
    settings.EMAIL_CONFIRMATION_REQUIRED = True
    answer = sign_in(Code="good", State="whatever")
    assert (answer.status, len(answer.data)) == (200, 128)
    user = User.objects.get(email=EMAIL)
    assert user.email_confirmed_at is not None
    assert Profile.objects.filter(site=forum.site, user=user).exists()
    assert api.get("whoami", headers={"Authorization": f"Bearer {answer.data}"}).data["userId"] == user.id
    asked = next(asked for asked in provider.server.asked if asked.target == "/oauth/token")
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["good"],
        "client_id": [CLIENT_ID],
        "client_secret": [CLIENT_SECRET],
        "redirect_uri": ["http://alpha.localhost/auth0login/"],
    }
    assert asked.headers["host"] == provider.domain


def test_the_account_of_the_address_is_the_one_signed_in(provider: Provider, sign_in: Any) -> None:
    known = get_or_create_user(email=EMAIL.lower())
    sign_in(Code="good")
    assert AccessToken.objects.get(client__isnull=False).user_id == known.id


@pytest.mark.parametrize("is_required", [True, False])
def test_i2_who_signed_up_with_an_address_that_is_not_theirs_is_shut_out(
    provider: Provider, sign_in: Any, api: ApiClient, secret: str, settings: Any, is_required: bool
) -> None:
    """I2: their password and their tokens end once the provider says whose the address is, and no later ones."""

    def by_password() -> Reply:
        return api.post("auth", {"ClientSecret": secret, "email": EMAIL, "password": "of the squatter"})

    def status_of(token: str) -> int:
        return api.get("whoami", headers={"Authorization": f"Bearer {token}"}).status

    body = {"ClientSecret": secret, "email": EMAIL, "password": "of the squatter", "signUp": True}
    squatter = [api.post("auth", body).data, by_password().data]
    settings.EMAIL_CONFIRMATION_REQUIRED = is_required
    owner = sign_in(Code="good").data
    assert [status_of(token) for token in (*squatter, owner)] == [401, 401, 200]
    assert (by_password().status, by_password().data) == (403, None)
    assert User.objects.get(email=EMAIL).email_confirmed_at is not None
    assert Change.objects.filter(kind="token.revoked").count() == 2
    again = sign_in(Code="good").data
    assert [status_of(token) for token in (owner, again)] == [200, 200]


def test_a_password_of_a_confirmed_address_stays(provider: Provider, sign_in: Any, forum: Forum) -> None:
    user = get_or_create_user(email=EMAIL)
    user.set_password("a long pass phrase")
    user.email_confirmed_at = clock.now()
    user.save()
    before = User.objects.filter(id=user.id).values().get()
    token = issue_token(user=user, client=None)
    assert sign_in(Code="good").status == 200
    assert User.objects.filter(id=user.id).values().get() == before
    assert AccessToken.objects.get(token_hash=token_hash(token)).revoked_at is None


def test_a_provider_that_wants_basic_authentication(provider: Provider, sign_in: Any) -> None:
    del provider.description["token_endpoint_auth_methods_supported"]
    assert sign_in(Code="good").status == 200
    asked = next(asked for asked in provider.server.asked if asked.target == "/oauth/token")
    assert "client_secret" not in parse_qs(asked.body.decode())
    expected = b64encode(b"our%20client:known%20to%20us%20and%20the%20provider").decode()
    assert asked.headers["authorization"] == f"Basic {expected}"


def test_an_address_that_only_userinfo_tells(provider: Provider, sign_in: Any) -> None:
    del provider.claims["email"]
    provider.userinfo["sub"] = "somebody else"
    refused(sign_in(Code="good"))
    provider.userinfo["sub"] = provider.claims["sub"]
    assert sign_in(Code="good").status == 200
    assert provider.server.asked[-1].headers["authorization"] == "Bearer opaque"


@pytest.mark.parametrize("verified", [False, None, "true", 1, "yes"])
def test_an_address_that_the_provider_has_not_verified(provider: Provider, sign_in: Any, verified: Any) -> None:
    provider.claims["email_verified"] = verified
    refused(sign_in(Code="good"))


@pytest.mark.parametrize("email", [None, "", "no address", 5, ["a@example.com"]])
def test_no_address(provider: Provider, sign_in: Any, email: Any) -> None:
    provider.claims["email"] = email
    provider.userinfo["email"] = email
    refused(sign_in(Code="good"))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another application"},
        {"aud": None},
        {"aud": [CLIENT_ID, "another application"], "azp": "another application"},
        {"iss": "https://evil.example.com/"},
        {"iss": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": None},
        {"iat": 33_000_000_000},
        {"nbf": 33_000_000_000},
        {"sub": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_or_not_for_now(provider: Provider, sign_in: Any, claims: dict[str, Any]) -> None:
    refused(sign_in(AccessToken=provider.token(**claims), TokenType="id_token"))
    provider.claims |= claims
    refused(sign_in(Code="good"))


def test_only_keys_of_the_provider_sign(provider: Provider, sign_in: Any) -> None:
    provider.key = FOREIGN_KEY
    refused(sign_in(Code="good"))
    provider.key_id = "unknown"
    refused(sign_in(Code="good"))
    provider.key, provider.key_id = OLD_KEY, "old"
    assert sign_in(Code="good").status == 200


def test_a_shared_secret_or_nothing_signs_nothing(provider: Provider, sign_in: Any) -> None:
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        shared = jwt.encode(provider.claims, CLIENT_SECRET, algorithm="HS256", headers={"kid": "new"})
    unsigned = jwt.encode(provider.claims, None, algorithm="none", headers={"kid": "new"})
    for token in (shared, unsigned, "a.b.c", "opaque", "\u00e9"):
        refused(sign_in(AccessToken=token, TokenType="id_token"))
        refused(sign_in(AccessToken=token, TokenType="Bearer"))


def test_an_access_token_says_for_whom_it_is(provider: Provider, sign_in: Any) -> None:
    api_audience = {"aud": "https://some.api.example.com", "email": None, "email_verified": None}
    refused(sign_in(AccessToken=provider.token(**api_audience), TokenType="Bearer"))
    refused(sign_in(AccessToken=provider.token(**api_audience, azp="another application"), TokenType="Bearer"))
    refused(sign_in(AccessToken="opaque", TokenType="Bearer"))
    token = provider.token(**api_audience, azp=CLIENT_ID)
    provider.userinfo["email_verified"] = False
    refused(sign_in(AccessToken=token, TokenType="Bearer"))
    provider.userinfo["email_verified"] = True
    assert sign_in(AccessToken=token, TokenType="Bearer").status == 200
    assert provider.server.asked[-1].headers["authorization"] == f"Bearer {token}"


def test_a_code_that_the_provider_refuses(provider: Provider, sign_in: Any) -> None:
    refused(sign_in(Code="bad"))


@pytest.mark.parametrize(
    "broken",
    [
        {"issuer": "https://evil.example.com/"},
        {"issuer": None},
        {"token_endpoint": "http://provider.example.com/oauth/token"},
        {"token_endpoint": "https://10.0.0.1/oauth/token"},
        {"token_endpoint": "https://169.254.169.254/"},
        {"jwks_uri": 5},
        {"jwks_uri": "file:///etc/passwd"},
    ],
    ids=str,
)
def test_a_provider_that_describes_itself_wrongly(
    provider: Provider, sign_in: Any, broken: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    provider.description |= broken
    refused(sign_in(Code="good"))
    assert "gives no usable answer" in caplog.text
    assert CLIENT_SECRET not in caplog.text


def test_a_provider_that_fails(provider: Provider, sign_in: Any, settings: Any) -> None:
    def hang_up(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True

    for failing in (as_json({}, status=500), as_json([]), reply(b"<p>", content_type="text/html"), hang_up):
        for path in ("/keys", "/oauth/token", "/.well-known/openid-configuration"):
            kept = provider.server.replies[path]
            provider.server.replies[path] = failing
            refused(sign_in(Code="good"))
            provider.server.replies[path] = kept
    settings.OUTBOUND_ALLOWED_NETWORKS = []
    refused(sign_in(Code="good"))
    settings.SIGN_IN_ATTEMPTS_PER_IP = 3
    refused(sign_in(Code="good"), 429)

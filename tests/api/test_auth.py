"""Exchanging a proof for a token, and the token itself (contract A 12, docs/api/authentication.md)."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail

from apps.accounts import tasks
from apps.accounts.models import AccessToken, EmailCode, SignInAttempt, User
from apps.accounts.services import create_client, get_or_create_user, issue_token
from apps.accounts.tokens import token_hash
from apps.core import clock
from apps.core.clock import set_clock
from apps.core.models import Change
from apps.profiles.models import Profile
from apps.sites.models import Site
from tests.client import ApiClient, Reply
from tests.factories import Forum, ban, make_member
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db

EMAIL = "New.Person@example.com"
PASSWORD = "a long pass phrase"
OTHER = "another pass phrase"

SignIn = Callable[..., Reply]


@pytest.fixture
def secret(db: Any) -> str:
    """The secret of a client application."""
    return create_client(name="Test client")[1]


@pytest.fixture
def auth(api: ApiClient, secret: str) -> SignIn:
    """POST /auth with the client's secret."""

    def post(**body: Any) -> Reply:
        return api.post("auth", {"ClientSecret": secret, **body})

    return post


@pytest.fixture
def confirming(settings: Any) -> None:
    """Addresses must be confirmed, as in production."""
    settings.EMAIL_CONFIRMATION_REQUIRED = True


def make_account(email: str = EMAIL, password: str | None = PASSWORD, *, confirmed: bool = True) -> User:
    """An account that can sign in, or an imported one without a password."""
    user = get_or_create_user(email=email)
    if password:
        user.set_password(password)
    if confirmed:
        user.email_confirmed_at = clock.now()
    user.save()
    return user


def mailed_code() -> str:
    """Send what is queued, and read the code in the mail."""
    code = EmailCode.objects.get()
    tasks.send_code_mail(code_id=code.id, audience="http://alpha.localhost")
    found = re.search(r"^ {4}([A-Z2-7]{8})$", mail.outbox[-1].body, re.MULTILINE)
    assert found
    return found[1]


def assert_refused(reply: Reply, status: int = 403) -> None:
    """An error whose data is null, because clients take anything else for a token."""
    assert reply.status == status, reply
    assert reply.data is None
    assert reply.json["error"]


# --- Signing in ---------------------------------------------------------------------------------


def test_address_and_password_give_a_token(auth: SignIn, api: ApiClient, forum: Forum) -> None:
    user = make_account()
    reply = auth(email="newperson+tag@EXAMPLE.com", password=PASSWORD)
    assert reply.status == 200
    assert_same_shape(reply.data, recorded("auth", "POST_auth-ok-new-user_anon"))
    assert re.fullmatch(r"[0-9A-Za-z]{128}", reply.data)
    record = AccessToken.objects.get(token_hash=token_hash(reply.data))
    assert (record.user, record.client.name, record.expires_at - record.created_at) == (
        user, "Test client", timedelta(days=365),
    )  # fmt: skip
    profile = Profile.objects.get(site=forum.site, user=user)
    who = api.get("whoami", headers={"Authorization": f"Bearer {reply.data}"}).data
    assert who["id"] == profile.id


def test_the_token_is_stored_as_a_hash(auth: SignIn) -> None:
    """I5."""
    make_account()
    token = auth(email=EMAIL, password=PASSWORD).data
    assert token not in str(list(AccessToken.objects.values()))


def test_a_form_with_an_assertion_signs_in(api: ApiClient, secret: str) -> None:
    """Old clients post a form with these two names and nothing else."""
    make_account()
    assertion = json.dumps({"email": EMAIL, "password": PASSWORD})
    reply = api.request("POST", "auth", form={"Assertion": assertion, "ClientSecret": secret})
    assert (reply.status, len(reply.data)) == (200, 128)


def test_names_match_in_any_case(api: ApiClient, secret: str) -> None:
    make_account()
    assert api.post("auth", {"CLIENTSECRET": secret, "EMail": EMAIL, "passWORD": PASSWORD}).status == 200
    form = {"clientsecret": secret, "Email": EMAIL, "Password": PASSWORD}
    assert api.request("POST", "auth", form=form).status == 200


def test_it_works_on_the_root_host_and_on_custom_domains(
    auth: SignIn, api: ApiClient, root_forum: Forum, forum: Forum, secret: str
) -> None:
    user = make_account()
    Site.objects.filter(id=forum.site.id).update(domain="forum.example.com")
    for host in ("localhost", "forum.example.com"):
        reply = api.at(host).post("auth", {"ClientSecret": secret, "email": EMAIL, "password": PASSWORD})
        assert reply.status == 200
    assert set(Profile.objects.filter(user=user).values_list("site_id", flat=True)) == {
        root_forum.site.id,
        forum.site.id,
    }


@pytest.mark.parametrize(
    "proof",
    [
        {"email": EMAIL, "password": "wrong"},
        {"email": "nobody@example.com", "password": PASSWORD},
        {"email": EMAIL, "password": PASSWORD.upper()},
        {"email": EMAIL, "password": PASSWORD + "\u200b"},
        {"email": EMAIL, "password": PASSWORD, "code": "AAAAAAAA"},
        {"Assertion": "user@example.com"},
        {"Assertion": "{}"},
        {"Assertion": "[]"},
        {"Assertion": "5"},
        {"Assertion": json.dumps({"email": EMAIL})},
        {"Assertion": json.dumps({"email": EMAIL, "password": ""})},
        {"Assertion": json.dumps({"email": [EMAIL], "password": PASSWORD})},
        {"Assertion": json.dumps({"email": "no address", "password": PASSWORD})},
        {"Assertion": json.dumps({"email": EMAIL, "password": "wrong"})},
        {"Assertion": "[" * 5000},
    ],
    ids=lambda proof: str(proof)[:60],
)
def test_a_proof_that_proves_nothing_is_refused(auth: SignIn, proof: dict[str, Any]) -> None:
    user = make_account()
    assert_refused(auth(**proof))
    assert not AccessToken.objects.filter(user=user).exists()
    assert User.objects.filter(canonical_email="nobody@example.com").count() == 0


def test_wrong_password_and_unknown_address_are_told_apart_by_nothing(auth: SignIn) -> None:
    make_account()
    make_account("imported@example.com", None, confirmed=False)
    answers = {auth(email=email, password=OTHER).content for email in (EMAIL, "no@example.com", "imported@example.com")}
    assert len(answers) == 1


def test_a9_a_password_is_hashed_for_an_unknown_address_too(auth: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A9: the answer takes as long whether the address is known or not."""
    hashed = []
    encode = MD5PasswordHasher.encode

    def counting(self: Any, password: str, salt: str) -> str:
        hashed.append(password)
        return str(encode(self, password, salt))

    make_account()
    make_account("imported@example.com", None)
    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    for email in (EMAIL, "no@example.com", "imported@example.com"):
        auth(email=email, password="wrong")
    assert len(hashed) == 3


@pytest.mark.parametrize(
    "body",
    [
        {}, {"email": EMAIL}, {"password": PASSWORD}, {"email": "", "password": PASSWORD}, {"Assertion": ""},
        {"Assertion": 5}, {"Assertion": [EMAIL]}, {"email": 5, "password": PASSWORD}, {"email": EMAIL, "password": 5},
        {"email": "no address", "password": PASSWORD}, {"email": "x" * 300 + "@example.com", "password": PASSWORD},
        {"email": "a@b.org\nBcc: c@d.org", "password": PASSWORD}, {"email": EMAIL, "password": "x" * 1025},
        {"email": EMAIL, "password": "x" * 1_000_000}, {"Assertion": "x" * 1_000_000},
        {"email": EMAIL, "password": "a\0b"},
        {"email": EMAIL, "password": PASSWORD, "signUp": "yes"}, {"email": EMAIL, "password": PASSWORD, "code": 5},
        {"email": EMAIL, "password": PASSWORD, "backend": "nothing"}, {"code": "AAAAAAAA"},
        {"email": EMAIL, "password": PASSWORD, "profileName": "a@b"},
        {"email": EMAIL, "password": PASSWORD, "profileName": "x" * 26},
        {"email": EMAIL, "password": PASSWORD, "backend": 1},
    ],
    ids=lambda body: str(body)[:60],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_400(auth: SignIn, body: dict[str, Any]) -> None:
    make_account()
    assert_refused(auth(**body), 400)
    assert not AccessToken.objects.filter(user__canonical_email="newperson@example.com").exists()


def test_bodies_that_cannot_be_read(api: ApiClient) -> None:
    for body, kind in (("{", "application/json"), ("x", "text/plain"), ("", ""), ("[]", "application/json")):
        assert_refused(api.request("POST", "auth", body=body, content_type=kind), 400)


def test_the_secret_is_needed_and_comes_first(api: ApiClient, secret: str) -> None:
    make_account()
    proof = {"email": EMAIL, "password": PASSWORD}
    assert_refused(api.post("auth", proof), 400)
    assert_refused(api.post("auth", proof | {"ClientSecret": ""}), 400)
    for wrong in ("zz", secret[:-1], secret + "x", secret.swapcase(), token_hash(secret)):
        assert_refused(api.post("auth", proof | {"ClientSecret": wrong}))
        assert_refused(
            api.post("auth", {"email": "new@example.com", "password": PASSWORD, "signUp": True, "ClientSecret": wrong})
        )
    assert not User.objects.filter(email="new@example.com").exists()
    assert not SignInAttempt.objects.exists()


def test_an_account_that_is_switched_off_gets_nothing(auth: SignIn, confirming: None) -> None:
    User.objects.filter(id=make_account().id).update(is_active=False)
    assert_refused(auth(email=EMAIL, password=PASSWORD))
    assert_refused(auth(email=EMAIL, password=PASSWORD, signUp=True))
    assert not EmailCode.objects.exists()


def test_i2_an_address_that_was_never_confirmed_gets_a_code_instead(auth: SignIn, confirming: None) -> None:
    make_account(confirmed=False)
    assert_refused(auth(email=EMAIL, password=PASSWORD))
    assert auth(email=EMAIL, password=PASSWORD, code=mailed_code()).status == 200
    assert auth(email=EMAIL, password=PASSWORD).status == 200


def test_a_banned_user_gets_a_token_that_opens_almost_nothing(auth: SignIn, api: ApiClient, forum: Forum) -> None:
    user = make_account()
    member = make_member(forum.site, user=user)
    ban(forum.site, member)
    token = auth(email=EMAIL, password=PASSWORD).data
    headers = {"Authorization": f"Bearer {token}"}
    assert api.get("whoami", headers=headers).data["meta"]["permissions"]["banned"] is True
    assert api.get("permission", headers=headers).code == 13


def test_the_other_verbs(api: ApiClient) -> None:
    for path in ("auth", "auth0"):
        assert api.options(path).headers["Allow"] == "OPTIONS,POST"
        for verb in ("GET", "PUT", "DELETE", "PATCH"):
            reply = api.request(verb, path)
            # Nobody takes the answer to another verb than POST for a token: it has the coded object.
            assert (reply.status, reply.code, reply.headers["Allow"]) == (405, 0, "OPTIONS,POST")
        reply = api.post(path, headers={"Authorization": "Bearer nothing"})
        assert_refused(reply, 401)
        assert_refused(api.at("nobody.localhost").post(path), 404)
        assert_refused(api.post(f"{path}?context={'x' * 20_000}"), 414)
        assert api.options(path, headers={"Authorization": "Bearer nothing"}).code == 7


# --- Signing up ---------------------------------------------------------------------------------


def test_a_new_address_is_confirmed_by_a_mailed_code(auth: SignIn, confirming: None, forum: Forum) -> None:
    assert_refused(auth(email=EMAIL, password=PASSWORD, signUp=True))
    user = User.objects.get(canonical_email="newperson@example.com")
    assert (user.email, user.email_confirmed_at, user.has_usable_password()) == (EMAIL, None, False)
    assert_refused(auth(email=EMAIL, password=PASSWORD))
    code = mailed_code()
    message = mail.outbox[0]
    assert message.to == [EMAIL]
    assert message.subject == "Your code for alpha.localhost"
    assert "wants an account" in message.body
    reply = auth(email=EMAIL, password=PASSWORD, code=code.lower()[:4] + "-" + code[4:], profileName="Frodo")
    assert reply.status == 200
    user.refresh_from_db()
    assert user.email_confirmed_at is not None
    assert Profile.objects.get(site=forum.site, user=user).name == "Frodo"
    assert auth(email=EMAIL, password=PASSWORD).status == 200


def test_a_code_works_once(auth: SignIn, confirming: None) -> None:
    """I1."""
    auth(email=EMAIL, password=PASSWORD, signUp=True)
    code = mailed_code()
    assert auth(email=EMAIL, password=PASSWORD, code=code).status == 200
    assert_refused(auth(email=EMAIL, password=OTHER, code=code))
    assert_refused(auth(email=EMAIL, password=OTHER))


def test_a_code_expires(auth: SignIn, confirming: None) -> None:
    auth(email=EMAIL, password=PASSWORD, signUp=True)
    code = mailed_code()
    set_clock(shift=timedelta(minutes=31))
    assert_refused(auth(email=EMAIL, password=PASSWORD, code=code))


def test_a_code_survives_few_wrong_ones(auth: SignIn, confirming: None) -> None:
    auth(email=EMAIL, password=PASSWORD, signUp=True)
    code = mailed_code()
    for _ in range(5):
        assert_refused(auth(email=EMAIL, password=PASSWORD, code="AAAAAAAA"))
    assert_refused(auth(email=EMAIL, password=PASSWORD, code=code))
    assert not User.objects.get(canonical_email="newperson@example.com").has_usable_password()


def test_t1_a_code_is_for_its_address_alone(auth: SignIn, confirming: None) -> None:
    make_account("other@example.com")
    auth(email=EMAIL, password=PASSWORD, signUp=True)
    assert_refused(auth(email="other@example.com", password=OTHER, code=mailed_code()))
    assert_refused(auth(email="other@example.com", password=OTHER))


def test_without_confirmation_a_new_address_gets_its_token_at_once(auth: SignIn, forum: Forum) -> None:
    reply = auth(email=EMAIL, password=PASSWORD, signUp=True, profileName="Frodo")
    assert reply.status == 200
    assert Profile.objects.get(site=forum.site, user__email=EMAIL).name == "Frodo"
    assert not EmailCode.objects.exists()
    assert auth(email=EMAIL, password=PASSWORD).status == 200


def test_a_taken_name_gives_way(auth: SignIn, forum: Forum) -> None:
    forum.member("Frodo")
    assert auth(email=EMAIL, password=PASSWORD, signUp=True, profileName="frodo").status == 200
    profile = Profile.objects.get(site=forum.site, user__email=EMAIL)
    assert profile.name == f"user{profile.user_id}"


def test_a_name_that_cannot_be_one_makes_no_account(auth: SignIn) -> None:
    assert_refused(auth(email=EMAIL, password=PASSWORD, signUp=True, profileName="@x"), 400)
    assert not User.objects.filter(email=EMAIL).exists()


@pytest.mark.parametrize("is_required", [True, False])
@pytest.mark.parametrize("password", [PASSWORD, None])
def test_i5_signing_up_takes_over_no_account(
    auth: SignIn, settings: Any, is_required: bool, password: str | None, forum: Forum
) -> None:
    """I5: a known address, imported ones too, answers as a new one that must be confirmed, and nothing changes."""
    settings.EMAIL_CONFIRMATION_REQUIRED = True
    unknown = auth(email="unknown@example.com", password=OTHER, signUp=True)
    EmailCode.objects.all().delete()
    settings.EMAIL_CONFIRMATION_REQUIRED = is_required
    user = make_account(password=password, confirmed=bool(password))
    make_member(forum.site, user=user)
    before = User.objects.filter(id=user.id).values().get()
    reply = auth(email="new.person+x@example.com", password=OTHER, signUp=True)
    assert_refused(reply)
    assert reply.content == unknown.content
    assert User.objects.filter(id=user.id).values().get() == before
    code = mailed_code()
    assert mail.outbox[-1].to == [EMAIL], "the mail goes to the account's address, not to the one that was typed"
    assert "You have one already" in mail.outbox[-1].body
    assert auth(email=EMAIL, password=OTHER, code=code).status == 200
    assert auth(email=EMAIL, password=OTHER).status == 200
    assert_refused(auth(email=EMAIL, password=PASSWORD))


def test_w1_a_new_password_ends_the_tokens_of_the_old_one(auth: SignIn, api: ApiClient, forum: Forum) -> None:
    user = make_account()
    thief = make_member(forum.site, user=user)
    auth(email=EMAIL, password=OTHER, signUp=True)
    token = auth(email=EMAIL, password=OTHER, code=mailed_code()).data
    assert api.as_(thief).get("whoami").status == 401
    assert api.get("whoami", headers={"Authorization": f"Bearer {token}"}).status == 200
    assert Change.objects.filter(site_id=forum.site.id, kind="token.revoked").count() == 1


@pytest.mark.parametrize("password", ["short", "1234567890123", "password123", "x" * 9])
def test_a_weak_password_is_refused_whoever_the_address_is(auth: SignIn, password: str) -> None:
    make_account()
    for email in (EMAIL, "unknown@example.com"):
        reply = auth(email=email, password=password, signUp=True)
        assert_refused(reply, 400)
        assert_refused(auth(email=email, password=password, code="AAAAAAAA"), 400)
    assert not EmailCode.objects.exists()
    assert not User.objects.filter(email="unknown@example.com").exists()


def test_i3_nobody_is_mailed_again_at_once(auth: SignIn, confirming: None) -> None:
    auth(email=EMAIL, password=PASSWORD, signUp=True)
    first = EmailCode.objects.get().id
    assert_refused(auth(email=EMAIL, password=PASSWORD, signUp=True))
    assert EmailCode.objects.get().id == first
    set_clock(shift=timedelta(seconds=301))
    auth(email=EMAIL, password=PASSWORD, signUp=True)
    assert EmailCode.objects.get().id != first


class Suspicious:
    """A spam check that knows one domain."""

    def is_spammer(self, *, email: str) -> bool:
        """Whether the address is of that domain."""
        return email.endswith("@spam.example.com")


def test_a_spammer_gets_no_account(auth: SignIn, settings: Any) -> None:
    settings.SPAM_CHECK = "tests.api.test_auth.Suspicious"
    assert_refused(auth(email="x@spam.example.com", password=PASSWORD, signUp=True))
    assert not User.objects.filter(email="x@spam.example.com").exists()
    make_account("old@spam.example.com")
    assert auth(email="old@spam.example.com", password=PASSWORD).status == 200


# --- Attempts -----------------------------------------------------------------------------------


def test_attempts_for_one_address_are_limited(auth: SignIn, api: ApiClient, settings: Any) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_EMAIL = 3
    make_account()
    set_clock(frozen=clock.now())
    for _ in range(3):
        assert_refused(auth(email=EMAIL, password="wrong"))
    reply = auth(email="n.e.w.person+9@example.com", password=PASSWORD)
    assert_refused(reply, 429)
    assert int(reply.headers["Retry-After"]) == 15 * 60
    assert auth(email="other@example.com", password=PASSWORD).status == 403
    set_clock(frozen=clock.now() + timedelta(minutes=15, seconds=1))
    assert auth(email=EMAIL, password=PASSWORD).status == 200


def test_an_unknown_address_is_limited_like_a_known_one(auth: SignIn, settings: Any) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_EMAIL = 2
    make_account()
    for email in (EMAIL, "unknown@example.com"):
        assert [auth(email=email, password="wrong").status for _ in range(3)] == [403, 403, 429]


def test_a_success_clears_the_failures(auth: SignIn, settings: Any) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_EMAIL = 3
    make_account()
    for _ in range(3):
        auth(email=EMAIL, password="wrong")
        auth(email=EMAIL, password="wrong")
        assert auth(email=EMAIL, password=PASSWORD).status == 200


def test_attempts_from_one_network_address_are_limited(
    auth: SignIn, api: ApiClient, settings: Any, secret: str
) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_IP = 2
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    def attempt(number: int, address: str) -> int:
        body = {"ClientSecret": secret, "email": f"x{number}@example.com", "password": "wrong"}
        return api.post("auth", body, headers={"X-Forwarded-For": address}).status

    assert [attempt(n, "198.51.100.7") for n in range(3)] == [403, 403, 429]
    assert attempt(9, "198.51.100.8") == 403
    assert [attempt(n, f"2001:db8:0:1::{n}") for n in range(3)] == [403, 403, 429]
    assert attempt(9, "2001:db8:0:2::1") == 403


def test_a_forged_address_does_not_escape_the_limit(auth: SignIn, api: ApiClient, settings: Any, secret: str) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_IP = 2
    statuses = [
        api.post(
            "auth",
            {"ClientSecret": secret, "email": f"x{number}@example.com", "password": "wrong"},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
        ).status
        for number in range(3)
    ]
    assert statuses == [403, 403, 429]


def test_signing_up_and_codes_are_limited_too(auth: SignIn, settings: Any, confirming: None) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_EMAIL = 2
    assert_refused(auth(email=EMAIL, password=PASSWORD, signUp=True))
    assert_refused(auth(email=EMAIL, password=PASSWORD, code="AAAAAAAA"))
    assert_refused(auth(email=EMAIL, password=PASSWORD, code="AAAAAAAA"), 429)


def test_old_attempts_are_forgotten_and_name_nobody(auth: SignIn) -> None:
    auth(email=EMAIL, password="wrong")
    rows = str(list(SignInAttempt.objects.values()))
    assert "newperson" not in rows
    assert "127.0.0.1" not in rows
    set_clock(shift=timedelta(minutes=16))
    auth(email="other@example.com", password="wrong")
    assert SignInAttempt.objects.count() == 2


# --- /auth0 -------------------------------------------------------------------------------------


def test_a_site_without_a_provider(api: ApiClient, secret: str, root_forum: Forum) -> None:
    for client in (api, api.at("localhost")):
        assert_refused(client.post("auth0", {"Code": "x", "ClientSecret": secret}), 400)


def test_a_site_with_a_provider_that_nobody_set_up(api: ApiClient, secret: str, forum: Forum, settings: Any) -> None:
    Site.objects.filter(id=forum.site.id).update(auth0_domain="x.auth0.com", auth0_client_id="abc")
    assert_refused(api.post("auth0", {"Code": "x", "ClientSecret": secret}), 400)
    settings.PROVIDER_CLIENT_SECRETS = {"abc": "known to us and the provider"}
    settings.SIGN_IN_BACKENDS = {"password": settings.SIGN_IN_BACKENDS["password"]}
    for body in ({}, {"Code": ""}, {"AccessToken": "x"}, {"TokenType": "x"}, {"Code": 5}):
        assert_refused(api.post("auth0", {"ClientSecret": secret, **body}), 400)
    assert_refused(api.post("auth0", {"Code": "x"}), 400)
    assert_refused(api.post("auth0", {"Code": "x", "ClientSecret": "zz"}))
    assert_refused(api.post("auth0", {"Code": "x", "State": "y", "ClientSecret": secret}))
    assert_refused(api.request("POST", "auth0", form={"AccessToken": "x", "TokenType": "y", "ClientSecret": secret}))


class Provider:
    """An identity provider that believes everybody."""

    def claimed_email(self, proof: Any) -> str:
        """Unknown before verifying."""
        return ""

    def verify(self, proof: Any) -> Any:
        """The address in the code."""
        from apps.accounts.backends import VerifiedIdentity

        assert proof.provider_domain == "x.auth0.com"
        assert proof.audience == "http://alpha.localhost"
        return VerifiedIdentity(email=proof.code, is_email_confirmed=True)


def test_another_backend_fits_the_seam(
    api: ApiClient, secret: str, forum: Forum, settings: Any, confirming: None
) -> None:
    settings.SIGN_IN_BACKENDS = {**settings.SIGN_IN_BACKENDS, "auth0": "tests.api.test_auth.Provider"}
    settings.PROVIDER_CLIENT_SECRETS = {"abc": "known to us and the provider"}
    settings.SPAM_CHECK = "tests.api.test_auth.Suspicious"
    Site.objects.filter(id=forum.site.id).update(auth0_domain="x.auth0.com", auth0_client_id="abc")
    imported = make_account("imported@example.com", None, confirmed=False)
    for email in ("imported@example.com", "brand.new@example.com"):
        reply = api.post("auth0", {"Code": email, "ClientSecret": secret})
        assert (reply.status, len(reply.data)) == (200, 128)
    imported.refresh_from_db()
    assert imported.email_confirmed_at is not None
    assert_refused(api.post("auth0", {"Code": "x@spam.example.com", "ClientSecret": secret}))
    User.objects.update(is_active=False)
    assert_refused(api.post("auth0", {"Code": "imported@example.com", "ClientSecret": secret}))


# --- /auth/{token} ------------------------------------------------------------------------------


def test_a_token_shows_itself(api: ApiClient, forum: Forum, auth: SignIn) -> None:
    user = make_account()
    token = auth(email=EMAIL, password=PASSWORD).data
    record = AccessToken.objects.get(user=user)
    for options in ({"headers": {"Authorization": f"Bearer {token}"}}, {"path": f"?access_token={token}"}):
        reply = api.get(f"auth/{token}{options.pop('path', '')}", **options)
        assert reply.status == 200
        assert reply.data["accessToken"] == token
        assert reply.data["clientId"] == record.client_id
        assert (reply.data["user"]["userId"], reply.data["user"]["email"]) == (user.id, EMAIL)
        assert reply.data["expires"] > reply.data["created"]
        assert reply.headers["Cache-Control"].startswith("private")
    assert api.head(f"auth/{token}", headers={"Authorization": f"Bearer {token}"}).content == b""


def test_a_token_shows_itself_to_nobody_else(api: ApiClient, forum: Forum, root_forum: Forum) -> None:
    member = forum.member()
    second = issue_token(user=member.profile.user, client=None)
    for who in (None, forum.owner, forum.member()):
        assert api.as_(who).get(f"auth/{member.token}").status == 403
    assert api.as_(member).get(f"auth/{second}").status == 403
    assert api.as_(member).get("auth/unknown").status == 404
    assert api.get("auth/unknown").status == 404
    assert api.as_(member).at("localhost").get(f"auth/{member.token}").status == 200


def test_signing_out_ends_the_token(api: ApiClient, forum: Forum) -> None:
    """The web client signs out with a POST that means DELETE and carries the token twice."""
    member = forum.member()
    reply = api.post(f"auth/{member.token}?method=DELETE&access_token={member.token}")
    assert (reply.status, reply.data) == (200, None)
    assert api.as_(member).get("whoami").status == 401
    change = Change.objects.get(kind="token.revoked")
    record = AccessToken.objects.get(token_hash=token_hash(member.token))
    assert (change.site_id, change.ids) == (forum.site.id, {"token_id": record.id, "user_id": record.user_id})
    assert api.post(f"auth/{member.token}?method=DELETE").status == 200


def test_possession_is_enough_to_sign_out(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    member = forum.member()
    assert api.at(other_forum.host).as_(other_forum.owner).delete(f"auth/{member.token}").status == 200
    assert api.as_(member).get("whoami").status == 401
    for path in (f"auth/{member.token}", "auth/unknown", "auth/x"):
        reply = api.delete(path)
        assert (reply.status, reply.data) == (200, None)
    assert api.as_(forum.owner).get("whoami").status == 200


def test_an_ended_token_is_401_in_a_header_which_is_harmless(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    set_clock(shift=timedelta(days=400))
    assert api.as_(member).delete(f"auth/{member.token}").code == 6
    assert api.delete(f"auth/{member.token}").status == 200


def test_tokens_of_other_shapes_are_no_route(api: ApiClient) -> None:
    for token in ("a-b", "a.b", "", "a/b", "%00"):
        assert api.delete(f"auth/{token}").status == 404


def test_tokens_are_logged_cut_short(forum: Forum, api: ApiClient) -> None:
    """A 9.4: never a whole token."""
    import logging

    from apps.core.logs import JsonFormatter

    record = logging.LogRecord("x", logging.WARNING, "", 0, "Forbidden: /api/v1/auth/%s", (forum.owner.token,), None)
    line = JsonFormatter().format(record)
    assert forum.owner.token not in line
    assert f"/auth/{forum.owner.token[:4]}..." in line

"""Rules and races of accounts."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from apps.accounts.access import access_client
from apps.accounts.codes import code_of, is_code_of, new_nonce
from apps.accounts.emails import canonical_email
from apps.accounts.errors import TooManyAttempts, WrongClientSecret
from apps.accounts.models import AccessToken, Client, EmailCode, SignInAttempt, User
from apps.accounts.services import (
    begin_attempt,
    edit_account,
    end_token,
    get_or_create_user,
    redeem_code,
    send_code,
    sign_up,
)
from apps.accounts.tokens import new_token, token_hash
from apps.core import clock
from tests.factories import Forum, make_member, make_user
from tests.queue import empty_queue

PASSWORD = "a long pass phrase"


@pytest.mark.parametrize(
    ("email", "canonical"),
    [
        ("Bob@Example.com", "bob@example.com"),
        ("b.o.b@example.com", "bob@example.com"),
        ("bob+lists@example.com", "bob@example.com"),
        ("bob+a+b@example.com", "bob@example.com"),
        ("(work)bob@example.com", "bob@example.com"),
        ("bob(work)@example.com", "bob@example.com"),
        ("bob@googlemail.com", "bob@gmail.com"),
        ("bob@mac.com", "bob@icloud.com"),
        ("bob@me.com", "bob@icloud.com"),
        ("bob@btopenworld.com", "bob@btinternet.com"),
        ("bob@virgin.net", "bob@virginmedia.com"),
        *((f"bob@gmx.{end}", "bob@gmx.de") for end in ("at", "ch", "com", "co.uk", "fr", "li", "net", "org", "us")),
        ("bob@yahoo.co.uk", "bob@yahoo.com"),
        ("bob@yahoo.de", "bob@yahoo.com"),
        ("bob@yahoomail.com", "bob@yahoo.com"),
        ("bob@notyahoo.de", "bob@notyahoo.de"),
        (" bob@example.com ", "bob@example.com"),
    ],
)
def test_the_identity_behind_an_address(email: str, canonical: str) -> None:
    assert canonical_email(email) == canonical
    assert canonical_email(canonical) == canonical


def test_codes_are_made_of_the_nonce_and_the_secret(settings: Any) -> None:
    nonce = new_nonce()
    code = code_of(nonce)
    assert len(code) == 8
    assert is_code_of(nonce, f" {code[:4].lower()} {code[4:]}-")
    assert not is_code_of(nonce, code[:-1])
    assert not is_code_of(nonce, "")
    assert not is_code_of(nonce, "ÄÖÜ漢字🚲xx")
    settings.SECRET_KEY = "another" * 10
    assert not is_code_of(nonce, code)


@pytest.mark.django_db
def test_a_client_is_found_by_its_secret_alone() -> None:
    out = io.StringIO()
    call_command("create_client", "Web client", stdout=out)
    secret = out.getvalue().strip()
    client = Client.objects.get()
    assert access_client(secret) == client
    assert secret not in client.secret_hash
    for wrong in (client.secret_hash, secret.lower(), ""):
        with pytest.raises(WrongClientSecret):
            access_client(wrong)
    for name in ("", " ", "x" * 81):
        with pytest.raises(CommandError):
            call_command("create_client", name)


@pytest.mark.django_db
def test_an_operator_is_made_from_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    call_command("create_operator", "Op@example.com", stdout=io.StringIO())
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.check_password(PASSWORD)) == (True, True, True)
    for email, password in (("nobody", PASSWORD), ("op@example.com", "short")):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        with pytest.raises(CommandError):
            call_command("create_operator", email)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.django_db
def test_an_account_that_is_switched_off_loses_its_tokens(forum: Forum) -> None:
    member = forum.member()
    edit_account(member.profile.user_id, is_active=False, is_staff=False, is_superuser=False)
    assert AccessToken.objects.get(token_hash=token_hash(member.token)).revoked_at is not None
    assert AccessToken.objects.get(token_hash=token_hash(forum.owner.token)).revoked_at is None


@pytest.mark.django_db
def test_w1_the_log_of_each_site_where_a_token_works_hears_of_its_end(forum: Forum, other_forum: Forum) -> None:
    from apps.core.models import Change

    member = forum.member()
    make_member(other_forum.site, user=member.profile.user)
    record = AccessToken.objects.get(token_hash=token_hash(member.token))
    assert end_token(record.id) is True
    assert end_token(record.id) is False
    changes = Change.objects.filter(kind="token.revoked").order_by("site_id")
    assert [change.site_id for change in changes] == sorted([forum.site.id, other_forum.site.id])


def test_tokens_differ() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 128 and token.isalnum() and token.isascii() for token in tokens)


def in_parallel(function: Any, times: int) -> list[Any]:
    """The results, or the errors, of a function called in several threads at once."""

    def run(_number: int) -> Any:
        try:
            return function()
        except TooManyAttempts as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


@pytest.fixture
def queue(transactional_db: Any) -> Iterator[None]:
    """An empty queue of jobs, and none left behind."""
    empty_queue()
    yield
    empty_queue()


@pytest.mark.usefixtures("queue")
class TestRaces:
    """R2: the same at once from several processes, each with a connection of its own."""

    def test_no_more_attempts_pass_than_the_limit(self, settings: Any) -> None:
        settings.SIGN_IN_ATTEMPTS_PER_EMAIL = 3
        results = in_parallel(lambda: begin_attempt(email="a@example.com", address=ip_address("127.0.0.1")), 8)
        assert sum(not isinstance(result, TooManyAttempts) for result in results) <= 3
        assert SignInAttempt.objects.count() <= 2 * 3

    def test_one_address_signs_up_once(self, settings: Any) -> None:
        settings.EMAIL_CONFIRMATION_REQUIRED = False
        results = in_parallel(lambda: sign_up(email="a@example.com", password=PASSWORD, audience="http://x"), 6)
        assert sum(result is not None for result in results) == 1
        assert User.objects.count() == 1
        assert EmailCode.objects.count() == 1

    def test_a_code_is_redeemed_once(self) -> None:
        user = make_user("a@example.com")
        send_code(user=user, audience="http://x")
        code = code_of(EmailCode.objects.get().nonce)
        results = in_parallel(lambda: redeem_code(email=user.email, code=code, password=PASSWORD), 6)
        assert sum(result is not None for result in results) == 1

    def test_wrong_codes_are_all_counted(self) -> None:
        user = make_user("a@example.com")
        send_code(user=user, audience="http://x")
        in_parallel(lambda: redeem_code(email=user.email, code="wrong", password=PASSWORD), 4)
        assert EmailCode.objects.get().attempts == 4

    def test_one_mail_is_queued(self) -> None:
        user = get_or_create_user(email="a@example.com")
        in_parallel(lambda: send_code(user=user, audience="http://x"), 6)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_jobs")
            assert cursor.fetchone() == (1,)


@pytest.mark.django_db
def test_refused_attempts_do_not_lengthen_the_wait(settings: Any) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_EMAIL = 1
    start = clock.now()
    clock.set_clock(frozen=start)
    address = ip_address("127.0.0.1")
    begin_attempt(email="a@example.com", address=address)
    for minute in (5, 10, 14):
        clock.set_clock(frozen=start + timedelta(minutes=minute))
        with pytest.raises(TooManyAttempts) as refused:
            begin_attempt(email="a@example.com", address=address)
        assert refused.value.retry_after_seconds == (15 - minute) * 60
    clock.set_clock(frozen=start + timedelta(minutes=15))
    begin_attempt(email="a@example.com", address=address)

"""Writes of accounts: users, sign-ups and codes, client applications, tokens, attempts to sign in."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_network
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from apps.accounts.backends import VerifiedIdentity
from apps.accounts.codes import is_code_of, new_nonce
from apps.accounts.emails import canonical_email
from apps.accounts.errors import AddressRefused, ConfirmationRequired, ProofRefused, TooManyAttempts
from apps.accounts.events import TokenRevoked
from apps.accounts.models import AccessToken, Client, EmailCode, SignInAttempt, User
from apps.accounts.spam import is_spammer
from apps.accounts.tokens import new_token, token_hash
from apps.core import clock
from apps.core.client_address import Address
from apps.core.errors import OutOfRange
from apps.core.events import publish_all
from apps.jobs.services import defer

#: Who owns the content of removed people; `.invalid` is a domain that no mail can reach (RFC 2606).
DELETED_EMAIL = "deleted@platform.invalid"

#: Wrong codes that one code survives; with its 40 bits nobody guesses it.
MAX_CODE_ATTEMPTS = 5
#: The time within which attempts to sign in are counted.
ATTEMPT_WINDOW = timedelta(minutes=15)
#: What has lost its use and is deleted in one transaction, by a sign-in (attempts) or the job.
_CLEARED_AT_ONCE = 100
#: How long an expired code stays, so that it still holds back the next mail to the same address.
_CODE_KEPT = timedelta(days=1)


class InvalidEmail(OutOfRange):
    """This is not an e-mail address."""


def checked_email(email: str) -> str:
    """The address without surrounding space; raises InvalidEmail."""
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidEmail(f"{email[:254]!r} is not an e-mail address") from error
    canonical = canonical_email(email)
    if max(len(email), len(canonical)) > 254:
        raise InvalidEmail("an e-mail address has at most 254 characters")
    if canonical == DELETED_EMAIL or canonical.startswith("@"):
        # Nobody's address, and what is left of "+tag@example.org", which would be everybody's.
        raise InvalidEmail(f"{email!r} cannot be an identity")
    return email


@transaction.atomic
def get_or_create_user(*, email: str) -> User:
    """The user whose identity is `email`, created without a password if new; raises InvalidEmail."""
    email = checked_email(email)
    user, _created = User.objects.get_or_create(
        canonical_email=canonical_email(email),
        defaults={"email": email, "created_at": clock.now(), "password": "!"},
    )
    return user


@transaction.atomic
def get_or_create_users(emails: Iterable[str]) -> dict[str, User]:
    """The users of many addresses by canonical address, all missing ones created at once; raises InvalidEmail."""
    wanted = {canonical_email(email): email for email in map(checked_email, emails)}
    known = set(User.objects.filter(canonical_email__in=wanted).values_list("canonical_email", flat=True))
    now = clock.now()
    missing = [
        User(email=wanted[canonical], canonical_email=canonical, created_at=now, password="!")  # noqa: S106
        # One order for all: two requests with the same addresses must not wait for each other.
        for canonical in sorted(wanted.keys() - known)
    ]
    User.objects.bulk_create(missing, ignore_conflicts=True)
    return {user.canonical_email: user for user in User.objects.filter(canonical_email__in=wanted)}


@transaction.atomic
def get_or_create_deleted_user() -> User:
    """The user who stands for removed people and can never sign in."""
    user, _created = User.objects.get_or_create(
        canonical_email=DELETED_EMAIL,
        defaults={"email": DELETED_EMAIL, "created_at": clock.now(), "password": "!", "is_active": False},
    )
    return user


@transaction.atomic
def create_operator(*, email: str, password: str | None) -> User:
    """An operator of the platform, for the admin site."""
    user = get_or_create_user(email=email)
    user.is_staff = user.is_superuser = True
    user.email_confirmed_at = user.email_confirmed_at or clock.now()
    user.set_password(password)
    user.save(update_fields=["is_staff", "is_superuser", "email_confirmed_at", "password"])
    return user


@transaction.atomic
def edit_account(user_id: int, *, is_active: bool, is_staff: bool, is_superuser: bool) -> None:
    """Switch an account on or off and decide what it may administer; one that is switched off loses its tokens."""
    user = User.objects.select_for_update().get(id=user_id)
    user.is_active, user.is_staff, user.is_superuser = is_active, is_staff, is_superuser
    user.save(update_fields=["is_active", "is_staff", "is_superuser"])
    if not is_active:
        revoke_tokens(user_id=user_id)


@transaction.atomic
def create_client(*, name: str) -> tuple[Client, str]:
    """A client application and its secret, which is shown this once."""
    secret = new_token()
    return Client.objects.create(name=name, secret_hash=token_hash(secret), created_at=clock.now()), secret


@transaction.atomic
def issue_token(*, user: User, client: Client | None, token: str | None = None) -> str:
    """A new access token of a user; only its hash is stored."""
    token = token or new_token()
    now = clock.now()
    AccessToken.objects.create(
        token_hash=token_hash(token),
        user=user,
        client=client,
        created_at=now,
        expires_at=now + timedelta(days=settings.ACCESS_TOKEN_DAYS),
    )
    return token


@transaction.atomic
def revoke_token(*, token: str) -> AccessToken | None:
    """End a token; returns its record if it was alive."""
    record = AccessToken.objects.select_for_update().filter(token_hash=token_hash(token), revoked_at=None).first()
    if record:
        _end_tokens([record], user_id=record.user_id)
    return record


@transaction.atomic
def end_token(token_id: int) -> bool:
    """End a token by its record's id; answers whether it was alive."""
    record = AccessToken.objects.select_for_update().filter(id=token_id, revoked_at=None).first()
    if record:
        _end_tokens([record], user_id=record.user_id)
    return record is not None


@transaction.atomic
def revoke_tokens(*, user_id: int) -> None:
    """End every token of a user."""
    _end_tokens(
        list(AccessToken.objects.select_for_update().filter(user_id=user_id, revoked_at=None).order_by("id")),
        user_id=user_id,
    )


def _end_tokens(records: Sequence[AccessToken], *, user_id: int) -> None:
    now = clock.now()
    for record in records:
        record.revoked_at = now
        record.save(update_fields=["revoked_at"])
    # A token works on every site where its user has a profile, so each of their logs hears of it.
    profiles = User.objects.filter(id=user_id, profiles__isnull=False).order_by("profiles__site_id")
    publish_all(
        [
            TokenRevoked(site_id=site_id, actor_id=None, token_id=record.id, user_id=user_id)
            for site_id in profiles.values_list("profiles__site_id", flat=True)
            for record in records
        ]
    )


# --- Signing in and up --------------------------------------------------------------------------


def needs_confirmation(user: User) -> bool:
    """Whether the address must be confirmed before the user gets a token."""
    return settings.EMAIL_CONFIRMATION_REQUIRED and user.email_confirmed_at is None


def user_of_identity(identity: VerifiedIdentity) -> User:
    """The account of somebody whose proof was accepted, made if they have none.

    Every way to sign in passes here, so what must hold for all of them is checked here. Raises AddressRefused,
    ProofRefused or ConfirmationRequired.
    """
    user = _known_user(identity.email)
    if user is None:
        _check_newcomer(identity.email)
        user = get_or_create_user(email=identity.email)
    if not user.is_active:
        raise ProofRefused
    if identity.is_email_confirmed and user.email_confirmed_at is None:
        user = _confirm_address(user_id=user.id)
    if needs_confirmation(user):
        raise ConfirmationRequired
    return user


@transaction.atomic
def _confirm_address(*, user_id: int) -> User:
    """Somebody has shown that the address is theirs; whoever signed up with it before and never did is shut out."""
    user = User.objects.select_for_update().get(id=user_id)
    if user.email_confirmed_at is None:
        user.email_confirmed_at = clock.now()
        _end_password(user)
        user.save(update_fields=["email_confirmed_at", "password"])
    return user


def _end_password(user: User) -> None:
    """Take away a password, on an object that is saved later, and with it the tokens: it need not be its owner's."""
    if user.has_usable_password():
        revoke_tokens(user_id=user.id)
        user.set_unusable_password()


def sign_up(*, email: str, password: str, audience: str) -> User | None:
    """The new account of an address, or None when a code was mailed to it instead.

    That is so when addresses must be confirmed, and always when the address is known: its account is not touched.
    Raises AddressRefused.
    """
    if _known_user(email) is None:
        _check_newcomer(email)
    return _sign_up(email=email, password=password, audience=audience)


@transaction.atomic
def _sign_up(*, email: str, password: str, audience: str) -> User | None:
    user, created = User.objects.get_or_create(
        canonical_email=canonical_email(email),
        defaults={"email": email, "created_at": clock.now(), "password": "!"},
    )
    if created and not needs_confirmation(user):
        user.set_password(password)
        user.save(update_fields=["password"])
        return user
    send_code(user=user, audience=audience)
    return None


def _known_user(email: str) -> User | None:
    return User.objects.filter(canonical_email=canonical_email(email)).first()


def _check_newcomer(email: str) -> None:
    if is_spammer(email=email):
        raise AddressRefused


@transaction.atomic
def send_code(*, user: User, audience: str) -> None:
    """Queue the mail with a new code for a user; the old one ends. Nobody is mailed again within a short while (I3)."""
    user = User.objects.select_for_update().get(id=user.id)
    now = clock.now()
    earliest = now - timedelta(seconds=settings.EMAIL_CODE_RESEND_SECONDS)
    if not user.is_active or EmailCode.objects.filter(user=user, created_at__gt=earliest).exists():
        return
    EmailCode.objects.filter(user=user).delete()
    code = EmailCode.objects.create(
        user=user,
        nonce=new_nonce(),
        created_at=now,
        expires_at=now + timedelta(minutes=settings.EMAIL_CODE_MINUTES),
    )
    defer("accounts.send_code_mail", code_id=code.id, audience=audience)


@transaction.atomic
def redeem_code(*, email: str, code: str, password: str) -> User | None:
    """Confirm an address with its code and set the password; None for a wrong code, which is counted.

    A code works once. Where it replaces a password, the tokens given for the old one end.
    """
    record = (
        EmailCode.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(user__canonical_email=canonical_email(email), user__is_active=True)
        .first()
    )
    now = clock.now()
    if record is None or record.expires_at <= now or record.attempts >= MAX_CODE_ATTEMPTS:
        return None
    if not is_code_of(record.nonce, code):
        record.attempts += 1
        record.save(update_fields=["attempts"])
        return None
    record.delete()
    user = record.user
    _end_password(user)
    user.email_confirmed_at = user.email_confirmed_at or now
    user.set_password(password)
    user.save(update_fields=["email_confirmed_at", "password"])
    return user


# --- Attempts -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    """A try to sign in that is being judged."""

    ids: tuple[int, ...]
    email_key: str


def begin_attempt(*, email: str, address: Address) -> Attempt:
    """Count a try to sign in; raises TooManyAttempts when there were too many for its e-mail or network address.

    Not one transaction, on purpose: the try is counted and committed before it is judged, so that any number of them at
    once, in any number of processes, cannot all count before all are counted.
    """
    _clear_attempts()
    limits = {_attempt_key("address", _network(address)): settings.SIGN_IN_ATTEMPTS_PER_IP}
    email_key = _attempt_key("email", canonical_email(email)) if email else ""
    if email_key:
        limits[email_key] = settings.SIGN_IN_ATTEMPTS_PER_EMAIL
    now = clock.now()
    rows = SignInAttempt.objects.bulk_create([SignInAttempt(key=key, attempted_at=now) for key in limits])
    attempt = Attempt(ids=tuple(row.id for row in rows), email_key=email_key)
    for key, limit in limits.items():
        counted = SignInAttempt.objects.filter(key=key, attempted_at__gt=now - ATTEMPT_WINDOW).order_by("-attempted_at")
        times = list(counted.values_list("attempted_at", flat=True)[: limit + 1])
        if len(times) > limit:
            # A refused try does not count: who goes on trying is let in no later.
            SignInAttempt.objects.filter(id__in=attempt.ids).delete()
            wait = times[-1] + ATTEMPT_WINDOW - now
            raise TooManyAttempts(retry_after_seconds=max(1, math.ceil(wait.total_seconds())))
    return attempt


def forgive_attempt(attempt: Attempt) -> None:
    """A try succeeded: it and the failed ones for the same e-mail address no longer count."""
    SignInAttempt.objects.filter(id__in=attempt.ids).delete()
    if attempt.email_key:
        SignInAttempt.objects.filter(key=attempt.email_key).delete()


def _clear_attempts() -> int:
    old = SignInAttempt.objects.filter(attempted_at__lte=clock.now() - ATTEMPT_WINDOW).order_by("attempted_at")
    return _delete_some(old)


@transaction.atomic
def _delete_some(records: QuerySet[Any]) -> int:
    """Delete the first of some records that nobody else has locked; returns how many."""
    ids = list(records.select_for_update(skip_locked=True).values_list("id", flat=True)[:_CLEARED_AT_ONCE])
    if ids:
        records.model._default_manager.filter(id__in=ids).delete()
    return len(ids)


def _attempt_key(kind: str, value: str) -> str:
    """A key that tells nobody the address behind it."""
    return salted_hmac(f"apps.accounts.attempts.{kind}", value, algorithm="sha256").hexdigest()


def _network(address: Address) -> str:
    """One subscriber: an IPv4 address, or the 64-bit network that an IPv6 host chooses its address in."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


# --- Forgetting -----------------------------------------------------------------------------------


def forget_expired() -> dict[str, int]:
    """Delete what has lost its use, a little at a time; returns how many of each.

    Sign-in attempts go when they no longer count, mailed codes a day after they can be used, tokens EXPIRED_TOKEN_DAYS
    after they have ended: until then those who still use one are told that it has expired.
    """
    now = clock.now()
    ended = now - timedelta(days=settings.EXPIRED_TOKEN_DAYS)
    return {
        "attempts": _delete_all(SignInAttempt.objects.filter(attempted_at__lte=now - ATTEMPT_WINDOW)),
        "codes": _delete_all(EmailCode.objects.filter(expires_at__lte=now - _CODE_KEPT)),
        "tokens": _delete_all(AccessToken.objects.filter(Q(expires_at__lte=ended) | Q(revoked_at__lte=ended))),
    }


def _delete_all(records: QuerySet[Any]) -> int:
    deleted = 0
    while count := _delete_some(records.order_by("id")):
        deleted += count
    return deleted

"""E-mail address and password, with a mailed code for those who have no password yet or have lost it.

An address alone proves nothing: whoever signs up with one that is known gets the same answer as with an unknown one,
and what happens next is written to the owner of the address (docs/api/authentication.md).
"""

import orjson
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from apps.accounts import services
from apps.accounts.backends import Proof, VerifiedIdentity
from apps.accounts.emails import canonical_email
from apps.accounts.errors import ConfirmationRequired, ProofRefused, WeakPassword
from apps.accounts.models import User
from apps.accounts.services import InvalidEmail, checked_email
from apps.core.errors import OutOfRange

MAX_PASSWORD_LENGTH = 1024


class PasswordBackend:
    """Signs in, signs up, and redeems codes."""

    def claimed_email(self, proof: Proof) -> str:
        """The address given; raises OutOfRange when none is."""
        return _credentials(proof)[0]

    def verify(self, proof: Proof) -> VerifiedIdentity:
        """The holder of the account, or of the address a code was mailed to."""
        email, password = _credentials(proof)
        if proof.code:
            return _redeem(email=email, password=password, code=proof.code)
        if proof.is_sign_up:
            return _sign_up(email=email, password=password, audience=proof.audience)
        return _sign_in(email=email, password=password, audience=proof.audience)


def _credentials(proof: Proof) -> tuple[str, str]:
    if proof.email or proof.password or not proof.assertion:
        if not (proof.email and proof.password):
            raise OutOfRange("email and password are needed")
        if len(proof.password) > MAX_PASSWORD_LENGTH:
            raise OutOfRange(f"a password has at most {MAX_PASSWORD_LENGTH} characters")
        return checked_email(proof.email), proof.password
    return _asserted(proof.assertion)


def _asserted(assertion: str) -> tuple[str, str]:
    """Address and password of a client that can send nothing but an assertion: a JSON text with both."""
    try:
        values = orjson.loads(assertion)
    except orjson.JSONDecodeError:
        raise ProofRefused from None
    email, password = (values.get("email"), values.get("password")) if isinstance(values, dict) else (None, None)
    if not isinstance(email, str) or not isinstance(password, str) or not 0 < len(password) <= MAX_PASSWORD_LENGTH:
        raise ProofRefused
    try:
        return checked_email(email), password
    except InvalidEmail:
        raise ProofRefused from None


def _sign_in(*, email: str, password: str, audience: str) -> VerifiedIdentity:
    user = User.objects.filter(canonical_email=canonical_email(email)).first()
    if user is None:
        # As slow as for an account: the time must not tell which addresses are known.
        make_password(password)
        raise ProofRefused
    if not user.check_password(password) or not user.is_active:
        raise ProofRefused
    if services.needs_confirmation(user):
        services.send_code(user=user, audience=audience)
        raise ConfirmationRequired
    return VerifiedIdentity(email=user.email, is_email_confirmed=False)


def _sign_up(*, email: str, password: str, audience: str) -> VerifiedIdentity:
    _check_strength(password)
    user = services.sign_up(email=email, password=password, audience=audience)
    if user is None:
        raise ConfirmationRequired
    return VerifiedIdentity(email=user.email, is_email_confirmed=False)


def _redeem(*, email: str, password: str, code: str) -> VerifiedIdentity:
    _check_strength(password)
    user = services.redeem_code(email=email, code=code, password=password)
    if user is None:
        raise ProofRefused
    return VerifiedIdentity(email=user.email, is_email_confirmed=True)


def _check_strength(password: str) -> None:
    try:
        validate_password(password)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from error

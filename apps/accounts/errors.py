"""What can go wrong between a proof and a token."""

from apps.core.errors import Forbidden, InvalidToken, OutOfRange, TooManyRequests


class WrongClientSecret(Forbidden):
    """This is not the secret of a client application."""

    code = InvalidToken.code


class ProofRefused(Forbidden):
    """The proof was refused."""


class ConfirmationRequired(Forbidden):
    """Confirm the address: a code was mailed to it."""


class AddressRefused(Forbidden):
    """No account is made for this address."""


class UnknownBackend(OutOfRange):
    """backend is not the name of a way to sign in here."""


class WeakPassword(OutOfRange):
    """The password is too weak."""


class TooManyAttempts(TooManyRequests):
    """Too many attempts to sign in; try again later."""

"""What can go wrong, as the contract's coded errors (part A 4)."""

from collections.abc import Mapping
from types import MappingProxyType


class ApiError(Exception):
    """The request could not be carried out."""

    # One class per case: the docstring is the message, `status` and `code` are what clients switch on.
    status = 400
    code = 0
    #: Headers that belong to this answer.
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(self.detail)


class UnknownBodyType(ApiError):
    """The Content-Type is not one this route reads."""

    code = 1


class UnreadableBody(ApiError):
    """The body does not match its Content-Type."""

    code = 2


class WrongType(ApiError):
    """A value has an unexpected type."""

    code = 3


class OutOfRange(ApiError):
    """A value is missing or out of range."""

    code = 4


class Unimplemented(ApiError):
    """This patch operation is not implemented."""

    status = 501


class InvalidToken(ApiError):
    """The access token is not valid."""

    status = 401
    code = 7


class ExpiredToken(ApiError):
    """The access token has expired."""

    status = 401
    code = 6


class Forbidden(ApiError):
    """You may not do this."""

    status = 403


class SignInRequired(Forbidden):
    """Sign in to do this."""

    code = 5


class AdministratorRequired(Forbidden):
    """Only the owner of the site may do this."""

    code = 8


class ReadForbidden(Forbidden):
    """You may not read this."""

    code = 9


class CreateForbidden(Forbidden):
    """You may not create this here."""

    code = 10


class UpdateForbidden(Forbidden):
    """You may not change this."""

    code = 11


class DeleteForbidden(Forbidden):
    """You may not delete this."""

    code = 12


class Banned(Forbidden):
    """You are banned from this site."""

    code = 13


class Missing(ApiError):
    """There is no such thing here."""

    status = 404


class UnknownSite(Missing):
    """There is no site at this address."""

    code = 14


class MethodNotAllowed(ApiError):
    """This method is not available here."""

    status = 405


class TooLarge(ApiError):
    """The request is too large."""

    status = 413
    code = 4


class Closed(ApiError):
    """This is closed."""

    code = 17


class TooManyRequests(ApiError):
    """Too many requests; try again later."""

    status = 429
    code = 16

    def __init__(self, detail: str | None = None, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class ServerError(ApiError):
    """Something went wrong on our side."""

    status = 500


class Unavailable(ApiError):
    """The database does not answer at the moment; try again soon."""

    status = 503
    headers: Mapping[str, str] = MappingProxyType({"Retry-After": "1"})

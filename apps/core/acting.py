"""Who is behind a change: the request that is being answered, as far as services below HTTP may know of it."""

from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest

from apps.core.client_address import Address, client_address

_request: ContextVar[HttpRequest | None] = ContextVar("acting_request", default=None)


@dataclass(frozen=True)
class Acting:
    """Where a request comes from, and the account that is signed in with it, in the admin too; None for a guest."""

    address: Address
    user_id: int | None


class answering:  # noqa: N801 - a context manager, which a class is in less time than a generator
    """Within this block, changes are made for a request."""

    def __init__(self, request: HttpRequest) -> None:
        self._token = _request.set(request)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_exception: object) -> None:
        _request.reset(self._token)


def acting() -> Acting | None:
    """Whose request is being answered; None in jobs and commands."""
    request = _request.get()
    if request is None:
        return None
    viewer = getattr(request, "viewer", None)
    user_id = viewer.user_id if viewer is not None else getattr(getattr(request, "user", None), "pk", None)
    return Acting(address=client_address(request), user_id=user_id or None)

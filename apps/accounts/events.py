"""News about accounts."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Event):
    """An access token has ended, in the log of each site where it could be in use: its sockets close."""

    kind: ClassVar[str] = "token.revoked"
    token_id: int
    user_id: int

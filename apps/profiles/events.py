"""News about profiles."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class ProfileCreated(Event):
    """Somebody is new on the site."""

    kind: ClassVar[str] = "profile.created"
    profile_id: int


@dataclass(frozen=True, kw_only=True)
class ProfileEdited(Event):
    """A profile has another name or other details."""

    kind: ClassVar[str] = "profile.edited"
    profile_id: int

"""News about roles and bans."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class RoleEvent(Event):
    """Base of the news about roles, and whom it concerns beside those who are named in the role now."""

    role_id: int
    microcosm_id: int
    #: Whether the role takes in guests, or members by anything but their name, or did so before.
    takes_guests: bool
    takes_members: bool
    #: Who has just been named in it or is no longer.
    profile_ids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RoleCreated(RoleEvent):
    """A microcosm has a new role."""

    kind: ClassVar[str] = "role.created"


@dataclass(frozen=True, kw_only=True)
class RoleEdited(RoleEvent):
    """A role allows something else, or other people are in it."""

    kind: ClassVar[str] = "role.edited"


@dataclass(frozen=True, kw_only=True)
class RoleDeleted(RoleEvent):
    """A role is gone, and with it what it allowed."""

    kind: ClassVar[str] = "role.deleted"


@dataclass(frozen=True, kw_only=True)
class ProfileBanned(Event):
    """A member is shut out of the site."""

    kind: ClassVar[str] = "profile.banned"
    profile_id: int


@dataclass(frozen=True, kw_only=True)
class ProfileUnbanned(Event):
    """A member may come back."""

    kind: ClassVar[str] = "profile.unbanned"
    profile_id: int

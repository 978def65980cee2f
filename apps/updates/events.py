"""News about what members are told and ignore: each is for those members alone."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class UpdatesCreated(Event):
    """Some members have an update, all about the same thing."""

    kind: ClassVar[str] = "update.created"
    update_type: int
    item_id: int | None
    comment_id: int | None
    profile_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class UpdateViewed(Event):
    """A member has marked an update as read, or as unread."""

    kind: ClassVar[str] = "inbox.viewed"
    profile_id: int
    update_id: int


@dataclass(frozen=True, kw_only=True)
class IgnoringChanged(Event):
    """A member ignores something else than before."""

    kind: ClassVar[str] = "ignored.changed"
    profile_id: int

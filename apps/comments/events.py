"""News about comments. `item_id` is null for a biography, which hangs on the profile `home_id`."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class CommentCreated(Event):
    """Somebody has said something."""

    kind: ClassVar[str] = "comment.created"
    comment_id: int
    item_id: int | None
    home_id: int | None
    in_reply_to_id: int | None
    #: Profiles named in it.
    mentioned_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class CommentEdited(Event):
    """A comment has another text."""

    kind: ClassVar[str] = "comment.edited"
    comment_id: int
    item_id: int | None
    home_id: int | None
    #: Profiles named in it that no earlier version named.
    mentioned_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class CommentFlagged(Event):
    """A moderator has hidden a comment or shows it again."""

    kind: ClassVar[str] = "comment.flagged"
    comment_id: int
    item_id: int | None
    home_id: int | None
    #: Whether it was neither deleted nor moderated before this.
    was_visible: bool


@dataclass(frozen=True, kw_only=True)
class CommentDeleted(Event):
    """A comment is gone from view."""

    kind: ClassVar[str] = "comment.deleted"
    comment_id: int
    item_id: int | None
    home_id: int | None
    #: Before this.
    was_visible: bool

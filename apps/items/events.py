"""News about items."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event
from apps.sites.types import ItemType


@dataclass(frozen=True, kw_only=True)
class ConversationCreated(Event):
    """Somebody has started a conversation."""

    kind: ClassVar[str] = "conversation.created"
    item_id: int
    microcosm_id: int


@dataclass(frozen=True, kw_only=True)
class ConversationEdited(Event):
    """A conversation has another title."""

    kind: ClassVar[str] = "conversation.edited"
    item_id: int
    microcosm_id: int


@dataclass(frozen=True, kw_only=True)
class ConversationMoved(Event):
    """A conversation, with its comments, is in another microcosm now."""

    kind: ClassVar[str] = "conversation.moved"
    item_id: int
    microcosm_id: int
    from_microcosm_id: int
    #: Whether it was neither deleted nor moderated.
    was_visible: bool


@dataclass(frozen=True, kw_only=True)
class ConversationFlagged(Event):
    """A conversation was pinned or unpinned, closed or opened, hidden or shown."""

    kind: ClassVar[str] = "conversation.flagged"
    item_id: int
    microcosm_id: int
    #: Before this.
    was_visible: bool


@dataclass(frozen=True, kw_only=True)
class ConversationDeleted(Event):
    """A conversation, and with it its comments, is gone from view."""

    kind: ClassVar[str] = "conversation.deleted"
    item_id: int
    microcosm_id: int
    #: Before this.
    was_visible: bool


@dataclass(frozen=True, kw_only=True)
class PollCreated(ConversationCreated):
    """Somebody has started a poll."""

    kind: ClassVar[str] = "poll.created"


@dataclass(frozen=True, kw_only=True)
class PollEdited(ConversationEdited):
    """A poll has another title, question, choices or closing time."""

    kind: ClassVar[str] = "poll.edited"


@dataclass(frozen=True, kw_only=True)
class PollMoved(ConversationMoved):
    """A poll, with its comments, is in another microcosm now."""

    kind: ClassVar[str] = "poll.moved"


@dataclass(frozen=True, kw_only=True)
class PollFlagged(ConversationFlagged):
    """A poll was pinned or unpinned, closed or opened, hidden or shown."""

    kind: ClassVar[str] = "poll.flagged"


@dataclass(frozen=True, kw_only=True)
class PollDeleted(ConversationDeleted):
    """A poll, and with it its comments, is gone from view."""

    kind: ClassVar[str] = "poll.deleted"


@dataclass(frozen=True, kw_only=True)
class PollVoted(Event):
    """The votes of a poll are others; whose and which is nobody's business."""

    kind: ClassVar[str] = "poll.voted"
    item_id: int
    microcosm_id: int


@dataclass(frozen=True, kw_only=True)
class EventCreated(ConversationCreated):
    """Somebody has announced an event."""

    kind: ClassVar[str] = "event.created"


@dataclass(frozen=True, kw_only=True)
class EventEdited(ConversationEdited):
    """An event has another title, date, place or limit."""

    kind: ClassVar[str] = "event.edited"


@dataclass(frozen=True, kw_only=True)
class EventMoved(ConversationMoved):
    """An event, with its comments, is in another microcosm now."""

    kind: ClassVar[str] = "event.moved"


@dataclass(frozen=True, kw_only=True)
class EventFlagged(ConversationFlagged):
    """An event was pinned or unpinned, closed or opened, hidden or shown."""

    kind: ClassVar[str] = "event.flagged"


@dataclass(frozen=True, kw_only=True)
class EventDeleted(ConversationDeleted):
    """An event, and with it its comments, is gone from view."""

    kind: ClassVar[str] = "event.deleted"


@dataclass(frozen=True, kw_only=True)
class AttendeeChanged(Event):
    """Somebody's answer to an event is another, or gone, or they have moved up."""

    kind: ClassVar[str] = "event.answered"
    item_id: int
    microcosm_id: int
    attendee_id: int


@dataclass(frozen=True, kw_only=True)
class MarkedRead(Event):
    """A member has marked a microcosm and what is below it as read, everything on the site, or all huddles (null)."""

    kind: ClassVar[str] = "inbox.read"
    profile_id: int
    microcosm_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class News:
    """The classes of the news that all items of a kind make."""

    created: type[ConversationCreated]
    edited: type[ConversationEdited]
    moved: type[ConversationMoved]
    flagged: type[ConversationFlagged]
    deleted: type[ConversationDeleted]


NEWS = {
    ItemType.CONVERSATION: News(
        created=ConversationCreated,
        edited=ConversationEdited,
        moved=ConversationMoved,
        flagged=ConversationFlagged,
        deleted=ConversationDeleted,
    ),
    ItemType.POLL: News(
        created=PollCreated, edited=PollEdited, moved=PollMoved, flagged=PollFlagged, deleted=PollDeleted
    ),
    ItemType.EVENT: News(
        created=EventCreated, edited=EventEdited, moved=EventMoved, flagged=EventFlagged, deleted=EventDeleted
    ),
}

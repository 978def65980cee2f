"""The types of updates: their numbers, names and what they are about (contract B 13.2)."""

from enum import IntEnum

from apps.sites.types import ItemType


class UpdateType(IntEnum):
    """Numbers as in the contract; `word` is the name on the wire."""

    NEW_COMMENT = 1
    REPLY_TO_COMMENT = 2
    MENTIONED = 3
    NEW_COMMENT_IN_HUDDLE = 4
    NEW_ATTENDEE = 5
    NEW_VOTE = 6
    EVENT_REMINDER = 7
    NEW_ITEM = 8
    NEW_USER = 9

    @property
    def word(self) -> str:
        """The name on the wire: `new_comment`."""
        return self.name.lower()

    @property
    def description(self) -> str:
        """A sentence for the settings page."""
        return _DESCRIPTIONS[self]

    @property
    def mails_by_default(self) -> bool:
        """Whether those who chose nothing are mailed, as long as they take mail at all."""
        return self is UpdateType.NEW_USER


_DESCRIPTIONS = {
    UpdateType.NEW_COMMENT: "When somebody comments on something you are watching",
    UpdateType.REPLY_TO_COMMENT: "When somebody replies to one of your comments",
    UpdateType.MENTIONED: "When somebody mentions you in a comment",
    UpdateType.NEW_COMMENT_IN_HUDDLE: "When somebody writes in one of your huddles",
    UpdateType.NEW_ATTENDEE: "When somebody is going to attend an event you are watching",
    UpdateType.NEW_VOTE: "When somebody votes in a poll you are watching",
    UpdateType.EVENT_REMINDER: "When an event that you attend is about to begin",
    UpdateType.NEW_ITEM: "When something new is started in a microcosm you are watching",
    UpdateType.NEW_USER: "When somebody joins a site whose people you are watching",
}


class Digest(IntEnum):
    """Whether mail comes at once or collected; `word` is the name on the wire."""

    NONE = 0
    DAILY = 1
    WEEKLY = 2

    @property
    def word(self) -> str:
        """The name on the wire: `daily`."""
        return self.name.lower()


DIGESTS = {digest.word: digest for digest in Digest}

#: Which preference decides the flags of a new watcher when nobody says (contract B 15.1); 1 for everything else.
USUAL_TYPES = {
    ItemType.HUDDLE: UpdateType.NEW_COMMENT_IN_HUDDLE,
    ItemType.MICROCOSM: UpdateType.NEW_ITEM,
    ItemType.SITE: UpdateType.NEW_ITEM,
}


def usual_type(kind: ItemType, target_id: int) -> UpdateType:
    """The update type that watching something is about."""
    if kind is ItemType.PROFILE and target_id == 0:
        return UpdateType.NEW_USER
    return USUAL_TYPES.get(kind, UpdateType.NEW_COMMENT)

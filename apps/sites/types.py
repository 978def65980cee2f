"""The kinds of things a site holds: their numbers, names and addresses (contract A 34.1, A 7.1)."""

from enum import IntEnum


class ItemType(IntEnum):
    """Numbers as in the contract; `word` is the name on the wire."""

    SITE = 1
    MICROCOSM = 2
    PROFILE = 3
    COMMENT = 4
    HUDDLE = 5
    CONVERSATION = 6
    POLL = 7
    ARTICLE = 8
    EVENT = 9
    QUESTION = 10
    CLASSIFIED = 11
    ALBUM = 12
    ATTENDEE = 13
    USER = 14
    ATTRIBUTE = 15
    UPDATE = 16
    ROLE = 17
    UPDATE_TYPE = 18
    WATCHER = 19
    AUTH = 20
    ATTACHMENT = 21

    def __init__(self, number: int) -> None:
        #: The name on the wire: `conversation`.
        self.word: str = self._name_.lower()
        #: The name in a path: `conversations`.
        self.plural: str = f"{self.word}s"


#: Where the things of a kind are.
_PATHS: dict[int, str] = {kind: f"/api/v1/{kind.plural}" for kind in ItemType}
#: Wire name to type.
ITEM_TYPES = {kind.word: kind for kind in ItemType}
#: What one can comment on, by the contract; of these the implemented ones exist.
COMMENTABLE = frozenset({ItemType.PROFILE} | {kind for kind in ItemType if 5 <= kind <= 12})
#: What a microcosm may hold.
PLACED_ITEMS = frozenset({ItemType.CONVERSATION, ItemType.POLL, ItemType.EVENT})


def href(kind: ItemType, id: int | None = None) -> str:
    """The path of a thing, or of its collection."""
    return _PATHS[kind] if id is None else f"{_PATHS[kind]}/{id}"

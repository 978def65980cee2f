"""News about huddles; only those who are in one then may be told."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class HuddleCreated(Event):
    """Somebody has started a huddle; `invited_ids` are those they brought in, the creator not among them."""

    kind: ClassVar[str] = "huddle.created"
    item_id: int
    invited_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ParticipantsAdded(Event):
    """People are in a huddle who were not."""

    kind: ClassVar[str] = "huddle.participants_added"
    item_id: int
    invited_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ParticipantLeft(Event):
    """The actor has left a huddle and may read nothing of it any more: their watcher on it has to go."""

    kind: ClassVar[str] = "huddle.participant_left"
    item_id: int

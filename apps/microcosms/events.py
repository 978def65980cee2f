"""News about microcosms."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class MicrocosmCreated(Event):
    """There is a new microcosm."""

    kind: ClassVar[str] = "microcosm.created"
    microcosm_id: int


@dataclass(frozen=True, kw_only=True)
class MicrocosmEdited(Event):
    """A microcosm has another title, place, flag or the like."""

    kind: ClassVar[str] = "microcosm.edited"
    microcosm_id: int
    #: Whether neither it nor anything above was deleted or moderated before this.
    was_visible: bool
    #: Whether it is below another one now, which changes who may read it and what is in it.
    is_moved: bool = False


@dataclass(frozen=True, kw_only=True)
class MicrocosmDeleted(Event):
    """A microcosm, and with it everything below, is gone from view."""

    kind: ClassVar[str] = "microcosm.deleted"
    microcosm_id: int
    #: Before this.
    was_visible: bool

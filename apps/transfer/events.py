"""News about imports."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class ForumImported(Event):
    """A run of an import has added things to a site, without an event for each of them."""

    kind: ClassVar[str] = "forum.imported"
    origin_id: int

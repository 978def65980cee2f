"""News about sites."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class SiteEdited(Event):
    """A site or its menu has changed."""

    kind: ClassVar[str] = "site.edited"


@dataclass(frozen=True, kw_only=True)
class SiteFounded(Event):
    """A site is there, with its owner, root microcosm and roles."""

    kind: ClassVar[str] = "site.founded"

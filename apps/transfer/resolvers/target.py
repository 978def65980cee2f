"""What resolvers take and give."""

from dataclasses import dataclass
from enum import Enum
from urllib.parse import parse_qsl, unquote, urlsplit

from apps.sites.types import ItemType

#: More than any address of a forum needs.
_MAX_PARAMETERS = 100


#: What an address of a forum may name; the old-id map has more.
ADDRESSED = (
    ItemType.MICROCOSM,
    ItemType.PROFILE,
    ItemType.COMMENT,
    ItemType.HUDDLE,
    ItemType.CONVERSATION,
    ItemType.ATTACHMENT,
)


class Action(Enum):
    """What a client is to do with the thing found."""

    NEW_COMMENT = "newcomment"
    IN_CONTEXT = "incontext"
    SEARCH = "search"
    ONLINE = "online"


@dataclass(frozen=True)
class Target:
    """A thing of the old forum, or a collection of such things when there is no id."""

    kind: ItemType
    old_id: int | None = None
    offset: int = 0
    action: Action | None = None
    search: str = ""


@dataclass(frozen=True)
class OldUrl:
    """Path and query of an address; the host does not count."""

    path: str
    query: dict[str, str]

    @classmethod
    def of(cls, url: str) -> "OldUrl | None":
        """The parts of an address, or None for what is none."""
        try:
            parts = urlsplit(url.strip())
            pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
        except ValueError:
            return None
        query: dict[str, str] = {}
        for name, value in pairs:
            query.setdefault(name.lower(), value)
        return cls(path=unquote(parts.path), query=query)

    def whole(self, name: str) -> int | None:
        """A whole number of the query, None for anything else."""
        text = self.query.get(name, "")
        return whole(text)


def whole(text: str) -> int | None:
    """The number that an old id or page may be, None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None

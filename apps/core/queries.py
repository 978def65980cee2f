"""Statements over the change log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from apps.core.sql import Statements

statements = Statements(__file__)


def insert_changes(rows: list[dict[str, Any]], *, created_at: datetime, channel: str | None) -> None:
    """Append rows of `site_id`, `kind`, `ids` and `actor_id` to the log, in the running transaction.

    On commit the id of each site is sent to a channel, if one is given.
    """
    statements.publish.send(rows=Jsonb(rows), created_at=created_at, channel=channel)


@dataclass(frozen=True)
class LogPlace:
    """Where the log of a site begins and ends now."""

    #: Whoever starts here gets every change that is not visible yet.
    head: int
    #: Changes up to here may be gone.
    forgotten: int
    #: The last position given anywhere: no log has been beyond it.
    newest: int

    def holds(self, position: int) -> bool:
        """Whether everything behind a position is still in the log."""
        return self.forgotten <= position <= max(self.newest, self.head)


def log_place(*, site_id: int) -> LogPlace:
    """Where the log of a site begins and ends now."""
    row: Any = statements.log_place.row(site_id=site_id)
    return LogPlace(head=row.head, forgotten=row.forgotten, newest=row.newest)


def changes_after(positions: Mapping[int, int], *, limit: int) -> list[Any]:
    """The first changes behind a position for each site, by site and in the order of their positions."""
    return statements.changes_after.rows(site_ids=list(positions), positions=list(positions.values()), limit=limit)

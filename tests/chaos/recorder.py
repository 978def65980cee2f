"""Follows the log of changes beside everything else, and notes between which two moments each change became visible."""

import asyncio
import time
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Any

import psycopg

POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Change:
    """A row of the log, and the transaction that wrote it."""

    position: int
    kind: str
    ids: dict[str, Any]
    actor_id: int | None
    xid: int

    @property
    def family(self) -> str:
        """What it is about, in a word."""
        return self.kind.split(".")[0]

    @property
    def action(self) -> str:
        """What has happened to it."""
        return self.kind.split(".")[1]


@dataclass
class Recorder:
    """All changes of a site behind a position, in order, with times of the machine's monotonic clock."""

    database_url: str
    site_id: int
    changes: list[Change] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    #: A change was not visible yet to a question asked at `unseen`, and it was to one that was answered at `seen`.
    unseen: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.asked_at = time.monotonic()
        self.begin = 0
        self.has_more = asyncio.Condition()

    @property
    def head(self) -> int:
        """The last position that was seen."""
        return self.positions[-1] if self.positions else self.begin

    def certainly(self, moment: float) -> int:
        """How many changes were visible at a moment, at least."""
        return bisect_right(self.seen, moment)

    def possibly(self, moment: float) -> int:
        """How many changes were visible at a moment, at most."""
        return bisect_left(self.unseen, moment)

    async def reach(self, count: int) -> None:
        """Until so many changes have been seen."""
        async with self.has_more:
            await self.has_more.wait_for(lambda: len(self.changes) >= count)

    async def run(self) -> None:
        """Follow until cancelled, whatever happens to the database."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as connection:
                    while True:
                        await self._read(connection)
                        await asyncio.sleep(POLL_SECONDS)
            except psycopg.OperationalError:
                await asyncio.sleep(POLL_SECONDS)

    async def start(self) -> None:
        """Begin where the log ends now: what is before is not of the drill."""
        async with await psycopg.AsyncConnection.connect(self.database_url) as connection:
            cursor = await connection.execute(
                "SELECT coalesce(max(position), 0) FROM core_change WHERE site_id = %s", [self.site_id]
            )
            ((self.begin,),) = await cursor.fetchall()

    async def _read(self, connection: psycopg.AsyncConnection[Any]) -> None:
        asked_at = time.monotonic()
        cursor = await connection.execute(
            "SELECT position, kind, ids, actor_id, xmin::text::bigint FROM core_change"
            " WHERE site_id = %s AND position > %s ORDER BY position",
            [self.site_id, self.head],
        )
        rows = await cursor.fetchall()
        answered_at = time.monotonic()
        for row in rows:
            self.changes.append(Change(*row))
            self.positions.append(row[0])
            self.unseen.append(self.asked_at)
            self.seen.append(answered_at)
        self.asked_at = asked_at
        if rows:
            async with self.has_more:
                self.has_more.notify_all()

"""The days of the change log: each has a partition, made ahead and dropped when it is old (docs/decisions/0050)."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from apps.core import clock

#: How many days there is a partition for, from today on.
DAYS_AHEAD = 7
#: Rows outside of all days that one transaction deletes.
FORGET_BATCH = 10_000
_LOCK_KEY = 7_461_002
_NAME = re.compile(r"core_change_(\d{4})(\d\d)(\d\d)")


def prepare_days() -> list[str]:
    """Make the partitions of today and the days ahead that are missing; answers their names.

    Each takes a lock that stops writers of the log for a moment; gives up when it does not get it at once, to be tried
    again.
    """
    today = clock.now().astimezone(UTC).date()
    days = [today + timedelta(days=number) for number in range(DAYS_AHEAD + 1)]
    return [_name(day) for day in days if _prepare(day)]


def forget_changes(*, before: datetime) -> int:
    """Drop the days of the log that end before a moment, and older rows outside of all days; answers how many rows.

    What has a position up to the last forgotten one then gets the answer that the log does not reach back so far.
    """
    count = 0
    for day in list(_days()):
        if datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) <= before:
            count += _drop(day)
    while deleted := _delete_batch(before=before):
        count += deleted
    return count


@transaction.atomic
def _prepare(day: date) -> bool:
    name = _name(day)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    with connection.cursor() as cursor:
        _lock(cursor)
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        if cursor.fetchone() == (True,):
            return False
        # Writers wait before they choose a partition: one that has chosen the other already would be refused there.
        cursor.execute("LOCK TABLE ONLY core_change IN SHARE ROW EXCLUSIVE MODE")
        # What was written before the day had a partition moves into it; nothing may be added meanwhile.
        cursor.execute("LOCK TABLE core_change_other IN ACCESS EXCLUSIVE MODE")
        names = {
            "day": sql.Identifier(name),
            "start": sql.Literal(start.isoformat()),
            "end": sql.Literal((start + timedelta(days=1)).isoformat()),
        }
        for statement in (
            "CREATE TABLE {day} (LIKE core_change INCLUDING DEFAULTS)",
            "WITH moved AS ("
            " DELETE FROM core_change_other WHERE created_at >= {start} AND created_at < {end} RETURNING *"
            ") INSERT INTO {day} SELECT * FROM moved",
            "ALTER TABLE core_change ATTACH PARTITION {day} FOR VALUES FROM ({start}) TO ({end})",
        ):
            _execute(cursor, statement, **names)
    return True


@transaction.atomic
def _drop(day: date) -> int:
    with connection.cursor() as cursor:
        _lock(cursor)
        name = sql.Identifier(_name(day))
        _execute(cursor, "SELECT count(*), max(position) FROM {day}", day=name)
        count, last = cursor.fetchone()
        _forget_up_to(cursor, last)
        _execute(cursor, "DROP TABLE {day}", day=name)
    return int(count)


@transaction.atomic
def _delete_batch(*, before: datetime) -> int:
    with connection.cursor() as cursor:
        _lock(cursor)
        cursor.execute(
            "WITH old AS (DELETE FROM core_change_other WHERE (id, created_at) IN ("
            " SELECT id, created_at FROM core_change_other WHERE created_at < %s ORDER BY id LIMIT %s"
            ") RETURNING position) SELECT count(*), max(position) FROM old",
            [before, FORGET_BATCH],
        )
        count, last = cursor.fetchone()
        _forget_up_to(cursor, last)
    return int(count)


def _forget_up_to(cursor: Any, position: int | None) -> None:
    if position is not None:
        cursor.execute(
            "INSERT INTO core_changehorizon (id, position) VALUES (1, %s)"
            " ON CONFLICT (id) DO UPDATE SET position = greatest(core_changehorizon.position, excluded.position)",
            [position],
        )


def _lock(cursor: Any) -> None:
    """One at a time; and writers of the log are never kept waiting behind a lock that does not come."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s), set_config('lock_timeout', '1s', true)", [_LOCK_KEY])


def _days() -> Iterator[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid"
            " WHERE inhparent = 'core_change'::regclass ORDER BY child.relname"
        )
        for (name,) in cursor.fetchall():
            found = _NAME.fullmatch(name)
            if found:
                yield date(*map(int, found.groups()))


def _name(day: date) -> str:
    return f"core_change_{day:%Y%m%d}"


def _execute(cursor: Any, statement: str, **parts: sql.Composable) -> None:
    cursor.execute(sql.SQL(statement).format(**parts).as_string(connection.connection))

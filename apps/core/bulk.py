"""Many rows at once: ids taken from a table's sequence beforehand, and COPY (docs/decisions/0013).

Only `imports.py` modules write this way. It passes by everything that a service does for a single thing, except what
the database itself holds.
"""

import functools
from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from psycopg import Cursor
from psycopg.sql import SQL, Identifier


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """`count` fresh ids of a table, so that rows that refer to each other can be written in any order."""
    if count == 0:
        return []
    key = model._meta.auto_field
    if key is None:
        raise TypeError(f"{model.__name__} does not take its ids from a sequence")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)::regclass) FROM generate_series(1, %s)",
            [model._meta.db_table, key.column, count],
        )
        return [row[0] for row in cursor.fetchall()]


def copy_rows(things: Sequence[models.Model]) -> None:
    """Write unsaved things of one model, ids included, in one COPY; raises IntegrityError like an INSERT."""
    if not things:
        return
    options = things[0]._meta
    fields = [field for field in options.local_concrete_fields if not field.generated and _is_set(field, things[0])]
    statement = SQL("COPY {} ({}) FROM STDIN").format(
        Identifier(options.db_table), SQL(", ").join(Identifier(str(field.column)) for field in fields)
    )
    _copy(statement, [tuple(_stored(field, thing) for field in fields) for thing in things])


def analyse(tables: Sequence[type[models.Model]]) -> None:
    """Let the planner know how large tables have become; what follows at once would run on plans for empty ones."""
    names = SQL(", ").join(Identifier(model._meta.db_table) for model in tables)
    with connection.cursor() as cursor:
        cursor.execute(SQL("ANALYZE {}").format(names))


def _is_set(field: Any, thing: models.Model) -> bool:
    """A key that nobody reserved comes from its sequence."""
    return not (field.primary_key and getattr(thing, field.attname) is None)


def _stored(field: Any, thing: models.Model) -> Any:
    value = getattr(thing, field.attname)
    # Arrays and JSON need their own adapters; everything else is what psycopg expects already.
    is_plain = value is None or not isinstance(field, models.JSONField | ArrayField)
    return value if is_plain else field.get_db_prep_save(value, connection)


def _copy(statement: Any, rows: list[tuple[Any, ...]]) -> None:
    connection.ensure_connection()
    connection.validate_no_broken_transaction()

    def execute(sql: Any, params: Any, many: bool, context: Any) -> None:
        with connection.wrap_database_errors, Cursor(connection.connection) as cursor, cursor.copy(sql) as copy:
            for row in params:
                copy.write_row(row)

    run: Any = execute
    # The same chain as any other statement, so that tests count it.
    for wrapper in reversed(connection.execute_wrappers):
        run = functools.partial(wrapper, run)
    run(statement, rows, True, {"connection": connection})

"""Hand-written statements: loaded from `.sql` files, run prepared and binary on Django's connection.

A file holds one or more statements, each under a `-- name: x` line. They run on the same psycopg connection as the ORM,
so they see its transaction; `connection.execute_wrapper` sees them, so tests count them with everything else.

They speak to libpq through psycopg's wrapper of it, with psycopg's own conversions of values, and not through its
cursors: what a cursor finds out anew each time (parameters, types, columns) is known once for each statement
(docs/decisions/0032).
"""

import functools
import itertools
import re
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from psycopg import Connection, errors
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus

Result = TypeVar("Result")
_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)
_PARAMETER = re.compile(r"%\((\w+)\)s|%%")
#: No two statements of a connection share a name, also when one is prepared anew.
_NUMBERS = itertools.count()
_FINE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
#: What the server says of a prepared statement that a change of the schema, or a pooler, has spoilt.
_SPOILT = (errors.FeatureNotSupported, errors.InvalidSqlStatementName)


class _Prepared:
    """One statement on one connection: its name there, and how values go out and rows come in."""

    def __init__(self, connection: Connection[Any], statement: "Statement", name: bytes) -> None:
        self.name = name
        _check(connection, connection.pgconn.prepare(name, statement.numbered))
        described = _check(connection, connection.pgconn.describe_prepared(name))
        types = [described.param_type(number) for number in range(described.nparams)]
        dumpers = [connection.adapters.get_dumper_by_oid(oid, Format.BINARY) for oid in types]
        self.dumps = [dumper(type(None), connection).dump for dumper in dumpers]
        self.formats = [Format.BINARY] * len(types)
        columns = [(described.fname(number) or b"").decode() for number in range(described.nfields)]
        self.make_row: Any = namedtuple("Row", columns, rename=True)._make  # type: ignore[misc, attr-defined]


class Statement:
    """One named statement with named parameters."""

    def __init__(self, *, name: str, text: str, path: Path) -> None:
        self.name, self.text, self.path = name, text, path
        #: The parameters in the order of their numbers, and the text with `$1` for `%(name)s`.
        self.parameters = tuple(dict.fromkeys(filter(None, _PARAMETER.findall(text))))
        self.numbered = _PARAMETER.sub(self._number, text).encode()

    def rows(self, **parameters: Any) -> list[Any]:
        """All rows, as named tuples."""
        rows: list[Any] = self._read(lambda result: result.all(), parameters)
        return rows

    def row(self, **parameters: Any) -> Any | None:
        """The first row as a named tuple, or None."""
        return self._read(lambda result: result.first(), parameters)

    def value(self, **parameters: Any) -> Any:
        """The first column of the first row, or None."""
        row = self.row(**parameters)
        return None if row is None else row[0]

    def execute(self, **parameters: Any) -> int:
        """Run a writing statement; returns how many rows it touched."""
        return self._run(parameters).count

    def _number(self, match: re.Match[str]) -> str:
        return f"${self.parameters.index(match[1]) + 1}" if match[1] else "%"

    def _read(self, answer: "Callable[[_Rows], Result]", parameters: dict[str, Any]) -> Result:
        """A reading statement; asked again on a new connection when the kept one turns out to be dead.

        Django checks a kept connection with a query of its own before each request, which costs hot pages a round trip.
        """
        try:
            return answer(self._run(parameters))
        except OperationalError:
            database: Any = connections[DEFAULT_DB_ALIAS]
            # Inside a transaction nothing is asked again: what it has written is gone with the connection.
            if not database.autocommit or database.connection is None or not database.connection.closed:
                raise
            database.close()
            return answer(self._run(parameters))

    def _run(self, parameters: dict[str, Any]) -> "_Rows":
        database = connections[DEFAULT_DB_ALIAS]
        database.ensure_connection()
        database.validate_no_broken_transaction()

        def execute(sql: str, params: dict[str, Any], many: bool, context: dict[str, Any]) -> "_Rows":
            with database.wrap_database_errors:
                return self._execute(database.connection, params)

        run: Any = execute
        for wrapper in reversed(database.execute_wrappers):
            run = functools.partial(wrapper, run)
        rows: _Rows = run(self.text, parameters, False, {"connection": database, "cursor": None})
        return rows

    def _execute(self, connection: Connection[Any], parameters: dict[str, Any]) -> "_Rows":
        try:
            return self._execute_prepared(connection, parameters)
        except _SPOILT:
            _statements_of(connection).pop(self, None)
            if connection.pgconn.transaction_status != TransactionStatus.IDLE:
                raise
            return self._execute_prepared(connection, parameters)

    def _execute_prepared(self, connection: Connection[Any], parameters: dict[str, Any]) -> "_Rows":
        pgconn = connection.pgconn
        if not connection.autocommit and pgconn.transaction_status == TransactionStatus.IDLE:
            _check(connection, pgconn.exec_(b"BEGIN"))
        known = _statements_of(connection)
        prepared = known.get(self)
        if prepared is None:
            prepared = known[self] = _Prepared(connection, self, b"microcosm_%d" % next(_NUMBERS))
        given = [parameters[name] for name in self.parameters]
        values: list[Any] = [
            None if value is None else dump(value) for dump, value in zip(prepared.dumps, given, strict=True)
        ]
        result = pgconn.exec_prepared(prepared.name, values, prepared.formats, Format.BINARY)
        return _Rows(connection, _check(connection, result), prepared.make_row)

    def __repr__(self) -> str:
        return f"<Statement {self.path.parent.parent.name}.{self.name}>"


class _Rows:
    """What a statement answered."""

    def __init__(self, connection: Connection[Any], result: Any, make_row: Any) -> None:
        self._connection, self._result, self._make_row = connection, result, make_row

    @property
    def count(self) -> int:
        """How many rows a writing statement touched."""
        return self._result.command_tuples or 0

    def all(self) -> list[Any]:
        """Every row."""
        return self._load(self._result.ntuples)

    def first(self) -> Any | None:
        """The first row, or None."""
        rows = self._load(min(1, self._result.ntuples))
        return rows[0] if rows else None

    def _load(self, count: int) -> list[Any]:
        loader = Transformer(self._connection)
        loader.set_pgresult(self._result)
        return loader.load_rows(0, count, self._make_row)


def _statements_of(connection: Connection[Any]) -> dict[Statement, _Prepared]:
    """What is prepared on a connection; kept on it, so that it goes with it."""
    known: dict[Statement, _Prepared] | None = connection.__dict__.get("_microcosm_statements")
    if known is None:
        known = connection.__dict__["_microcosm_statements"] = {}
    return known


def _check(connection: Connection[Any], result: Any) -> Any:
    """A result, or the error it is."""
    if result.status in _FINE:
        return result
    encoding = connection.info.encoding
    if connection.pgconn.status == ConnStatus.BAD:
        raise errors.OperationalError(connection.pgconn.get_error_message(encoding))
    raise errors.error_from_result(result, encoding)


class Statements:
    """The statements of one app: `Statements(__file__).conversation_page`."""

    def __init__(self, module_file: str) -> None:
        self._statements: dict[str, Statement] = {}
        for path in sorted(Path(module_file).with_name("sql").glob("*.sql")):
            for statement in read_statements(path):
                if statement.name in self._statements:
                    raise ValueError(f"{path}: a statement named {statement.name} exists already")
                self._statements[statement.name] = statement

    def __getattr__(self, name: str) -> Statement:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"no statement is named {name}") from None

    def __iter__(self) -> Iterator[Statement]:
        return iter(self._statements.values())


def read_statements(path: Path) -> list[Statement]:
    """The statements of one file, in order."""
    parts = _NAME.split(path.read_text())
    if len(parts) < 3:
        raise ValueError(f"{path}: no '-- name:' line")
    return [Statement(name=parts[i], text=parts[i + 1].strip(), path=path) for i in range(1, len(parts), 2)]

"""Hand-written statements: loaded from `.sql` files, run prepared and binary on Django's connection.

A file holds one or more statements, each under a `-- name: x` line. They run on the same psycopg connection as the ORM,
so they see its transaction; `connection.execute_wrapper` sees them, so tests count them with everything else.

They speak to libpq through psycopg's wrapper of it, with psycopg's own conversions of values, and not through its
cursors: what a cursor finds out anew each time (parameters, types, columns) is known once for each statement
(docs/decisions/0032). Statements of a write whose answers nobody needs can travel together (docs/decisions/0061).
"""

import functools
import itertools
import re
import select
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from psycopg import Connection, errors
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGconn

Result = TypeVar("Result")
_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)
_PARAMETER = re.compile(r"%\((\w+)\)s|%%")
#: No two statements of a connection share a name, also when one is prepared anew.
_NUMBERS = itertools.count()
_FINE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
#: Where a connection keeps what is prepared on it, BEGIN and COMMIT as well, and what waits to be sent.
_KNOWN, _PLAIN, _WAITING = "_microcosm_statements", "_microcosm_plain", "_microcosm_waiting"
#: A prepared statement by its name, its values and their formats.
_Call = tuple[bytes, list[Any], list[Format]]
#: One that waits, and where its answer goes.
_Waiting = tuple[_Call, "Rows"]
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

    def send(self, **parameters: Any) -> None:
        """Run a writing statement whose answer nobody needs; within `sent_together` it waits for company."""
        self._run(parameters, may_wait=True)

    def ask(self, **parameters: Any) -> "Rows":
        """The same for one whose answer is needed later: after the next one whose answer is needed at once."""
        return self._run(parameters, may_wait=True)

    def _number(self, match: re.Match[str]) -> str:
        return f"${self.parameters.index(match[1]) + 1}" if match[1] else "%"

    def _read(self, answer: "Callable[[Rows], Result]", parameters: dict[str, Any]) -> Result:
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

    def _run(self, parameters: dict[str, Any], *, may_wait: bool = False) -> "Rows":
        database: Any = connections[DEFAULT_DB_ALIAS]
        database.ensure_connection()
        database.validate_no_broken_transaction()

        def execute(sql: str, params: dict[str, Any], many: bool, context: dict[str, Any]) -> "Rows":
            with database.wrap_database_errors:
                rows = self._execute(database.connection, params, may_wait=may_wait)
            # It has just answered: Django need not ask it whether it lives before it uses it next.
            database.health_check_done = True
            return rows

        run: Any = execute
        for wrapper in reversed(database.execute_wrappers):
            run = functools.partial(wrapper, run)
        rows: Rows = run(self.text, parameters, False, {"connection": database, "cursor": None})
        return rows

    def _execute(self, connection: Connection[Any], parameters: dict[str, Any], *, may_wait: bool) -> "Rows":
        something_waits = bool(connection.__dict__.get(_WAITING))
        try:
            return self._execute_prepared(connection, parameters, may_wait=may_wait)
        except _SPOILT:
            _forget_prepared(connection)
            if something_waits or connection.pgconn.transaction_status != TransactionStatus.IDLE:
                raise
            return self._execute_prepared(connection, parameters, may_wait=may_wait)

    def _execute_prepared(self, connection: Connection[Any], parameters: dict[str, Any], *, may_wait: bool) -> "Rows":
        known = _statements_of(connection)
        prepared = known.get(self)
        if prepared is None:
            prepared = known[self] = _Prepared(connection, self, b"microcosm_%d" % next(_NUMBERS))
        given = [parameters[name] for name in self.parameters]
        values: list[Any] = [
            None if value is None else dump(value) for dump, value in zip(prepared.dumps, given, strict=True)
        ]
        call = (prepared.name, values, prepared.formats)
        rows = Rows(connection, prepared.make_row)
        waiting: list[_Waiting] | None = connection.__dict__.get(_WAITING)
        if may_wait and waiting is not None:
            waiting.append((call, rows))
            return rows
        pgconn = connection.pgconn
        if waiting or (not connection.autocommit and pgconn.transaction_status == TransactionStatus.IDLE):
            _send_waiting(connection, (call, rows))
        else:
            rows.result = _check(connection, pgconn.exec_prepared(*call, Format.BINARY))
        return rows

    def __repr__(self) -> str:
        return f"<Statement {self.path.parent.parent.name}.{self.name}>"


class Rows:
    """What a statement answered; of one that waits there is no `result` yet."""

    def __init__(self, connection: Connection[Any], make_row: Any) -> None:
        self._connection, self._make_row = connection, make_row
        self.result: Any = None

    @property
    def count(self) -> int:
        """How many rows a writing statement touched."""
        return self.result.command_tuples or 0

    def all(self) -> list[Any]:
        """Every row."""
        return self._load(self.result.ntuples)

    def first(self) -> Any | None:
        """The first row, or None."""
        rows = self._load(min(1, self.result.ntuples))
        return rows[0] if rows else None

    def _load(self, count: int) -> list[Any]:
        loader = Transformer(self._connection)
        loader.set_pgresult(self.result)
        return loader.load_rows(0, count, self._make_row)


def _statements_of(connection: Connection[Any]) -> dict[Statement, _Prepared]:
    """What is prepared on a connection; kept on it, so that it goes with it."""
    known: dict[Statement, _Prepared] | None = connection.__dict__.get(_KNOWN)
    if known is None:
        known = connection.__dict__[_KNOWN] = {}
    return known


def _forget_prepared(connection: Connection[Any]) -> None:
    """Have everything prepared anew: who has cleaned a connection has left nothing that was prepared on it."""
    for kept in (_KNOWN, _PLAIN):
        connection.__dict__.pop(kept, None)


@contextmanager
def sent_together(*, ends: bool = False) -> Iterator[None]:
    """Within this block, statements that are only sent wait for the next one whose answer is needed, or for its end.

    All of them then take one round trip, in their order, each with a snapshot of its own as if it had been sent by
    itself. What one of them raises is raised by that next one, or by the block. For services, inside their transaction:
    nothing waiting is sent when the block fails, so the transaction has to be undone then, as `atomic` does.

    A block that `ends` its transaction is the last thing in it: COMMIT travels with what waits, unless the transaction
    is part of a larger one. Locks are then held for one round trip less.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if not database.in_atomic_block:
        raise RuntimeError("statements are sent together inside a transaction")
    database.ensure_connection()
    kept = database.connection.__dict__
    if kept.get(_WAITING) is not None:
        yield
        return

    def send_first(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        # What runs on a cursor, savepoints too, does not know that something waits.
        if context["cursor"] is not None:
            _flush(database)
        return execute(sql, params, many, context)

    kept[_WAITING] = []
    try:
        with database.execute_wrapper(send_first):
            yield
        _flush(database, commits=ends and _is_outermost(database))
    finally:
        del kept[_WAITING]


def _is_outermost(database: Any) -> bool:
    """Whether the end of the running `atomic` would commit."""
    return not database.savepoint_ids and database.commit_on_exit and not database.needs_rollback


def _flush(database: Any, *, commits: bool = False) -> None:
    """Send what waits, and COMMIT behind it; Django finds then that nothing is left to commit, and runs its hooks."""
    connection = database.connection
    if connection.__dict__[_WAITING]:
        with database.wrap_database_errors:
            _send_waiting(connection, *([_plain(connection, b"COMMIT")] if commits else []))


def _send_waiting(connection: Connection[Any], *last: _Waiting) -> None:
    """Send what waits and `last`, and BEGIN in front if the transaction has not begun. Raises the first error."""
    waiting: list[_Waiting] = connection.__dict__.get(_WAITING) or []
    pgconn = connection.pgconn
    sent = [*waiting, *last]
    waiting.clear()
    if not connection.autocommit and pgconn.transaction_status == TransactionStatus.IDLE:
        sent.insert(0, _plain(connection, b"BEGIN"))
    results = _exchange(pgconn, [call for call, _ in sent])
    try:
        for (_, rows), result in zip(sent, results, strict=True):
            rows.result = _check(connection, result)
    except _SPOILT:
        _forget_prepared(connection)
        raise


def _plain(connection: Connection[Any], command: bytes) -> _Waiting:
    """A command without values, prepared on a connection once."""
    known: dict[bytes, bytes] = connection.__dict__.setdefault(_PLAIN, {})
    name = known.get(command)
    if name is None:
        name = b"microcosm_%d" % next(_NUMBERS)
        _check(connection, connection.pgconn.prepare(name, command))
        known[command] = name
    return (name, [], []), Rows(connection, None)


def _exchange(pgconn: PGconn, calls: Sequence[_Call]) -> list[Any]:
    """Carry out prepared statements in one round trip: a result for each, those behind a failed one are no results.

    Waits by `poll`, which lets other threads work; libpq's own waiting does not when it is asked for a result.
    """
    pgconn.enter_pipeline_mode()
    for call in calls:
        pgconn.send_query_prepared(*call, Format.BINARY)
    pgconn.pipeline_sync()
    socket = select.poll()
    socket.register(pgconn.socket, select.POLLIN | select.POLLOUT)
    while pgconn.flush():
        socket.poll()
        pgconn.consume_input()
    socket.modify(pgconn.socket, select.POLLIN)
    results: list[Any] = []
    while True:
        while pgconn.is_busy():
            socket.poll()
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None and pgconn.status == ConnStatus.BAD:
            raise errors.OperationalError(pgconn.get_error_message())
        if result is not None and result.status == ExecStatus.PIPELINE_SYNC:
            break
        if result is not None:
            results.append(result)
    pgconn.exit_pipeline_mode()
    return results


def _check(connection: Connection[Any], result: Any) -> Any:
    """A result, or the error it is."""
    if result.status in _FINE:
        return result
    encoding = connection.info.encoding
    if connection.pgconn.status == ConnStatus.BAD:
        raise errors.OperationalError(connection.pgconn.get_error_message(encoding))
    if result.error_field(DiagnosticField.SQLSTATE) is None:
        # Not the server says this but libpq, which could not write. It calls the connection good all the same while a
        # warning of a server that crashes is still to be read.
        message = result.get_error_message(encoding)
        connection.pgconn.finish()
        raise errors.OperationalError(message)
    raise errors.error_from_result(result, encoding)


def is_lost(error: Exception) -> bool:
    """Whether an error of Django's says that there is no server to ask: it is gone, starting, stopping or full."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state: str | None = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(("08", "57P", "53300"))


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

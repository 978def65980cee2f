"""The loader of statements and what runs them."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, ProgrammingError, connection, transaction
from psycopg.pq import ExecStatus
from psycopg.types.json import Jsonb

from apps.core.clock import now
from apps.core.queries import statements
from apps.core.sql import Statement, Statements, _check, read_statements, sent_together


@pytest.mark.django_db(transaction=True)
def test_a_read_survives_the_end_of_a_kept_connection() -> None:
    assert statements.log_place.row(site_id=1)
    _terminate()
    assert statements.log_place.row(site_id=1)


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_nothing_is_asked_twice() -> None:
    transaction.set_autocommit(False)
    statements.log_place.row(site_id=1)
    _terminate()
    with pytest.raises(OperationalError):
        statements.log_place.row(site_id=1)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_an_error_that_no_server_has_sent_is_a_lost_connection() -> None:
    """While a server crashes, libpq may fail to write and have a last warning to read: it calls the connection good."""
    connection.ensure_connection()
    lost = connection.connection
    answer = lost.pgconn.make_empty_result(ExecStatus.FATAL_ERROR)
    with pytest.raises(psycopg.OperationalError):
        _check(lost, answer)
    assert lost.closed
    # A read then asks again on another one.
    assert statements.log_place.row(site_id=1)


@pytest.mark.django_db(transaction=True)
def test_a_prepared_statement_that_is_gone_is_prepared_anew() -> None:
    """A pooler between us and the server may give the connection to others, who clean it."""
    assert statements.log_place.row(site_id=1)
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert statements.log_place.row(site_id=1)


@pytest.mark.django_db(transaction=True)
def test_statements_outlive_a_rollback() -> None:
    for _ in range(2):
        with transaction.atomic():
            statements.log_place.row(site_id=1)
            transaction.set_rollback(True)
    with transaction.atomic():
        assert statements.log_place.row(site_id=1)


@pytest.mark.django_db(transaction=True)
def test_a_statement_survives_a_change_of_what_it_answers(tmp_path: Path) -> None:
    """A release migrates while processes of the last one still run."""
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "x.sql").write_text("-- name: all\nSELECT * FROM changing WHERE n = %(n)s::bigint")
    changing = Statements(str(tmp_path / "queries.py"))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE changing AS SELECT 1::bigint AS n")
        assert changing.all.rows(n=1) == [(1,)]
        cursor.execute("ALTER TABLE changing ADD COLUMN m text DEFAULT 'new'")
        (row,) = changing.all.rows(n=1)
        cursor.execute("DROP TABLE changing")
    assert (row.n, row.m) == (1, "new")


# --- Sent together --------------------------------------------------------------------------------


@pytest.fixture
def noting(tmp_path: Path, db: None) -> Statements:
    """Statements that note numbers, no number twice, and say which are there."""
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "x.sql").write_text(
        "-- name: note\nINSERT INTO noted SELECT %(n)s::bigint, %(text)s::text\n"
        "-- name: known\nSELECT array_agg(n ORDER BY place) FROM noted"
    )
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE noted (n bigint UNIQUE, text text, place serial)")
    return Statements(str(tmp_path / "queries.py"))


def _numbers() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM noted ORDER BY place")
        return [n for (n,) in cursor.fetchall()]


def test_what_is_sent_together_arrives_in_order_before_what_needs_an_answer(noting: Statements) -> None:
    with transaction.atomic(), sent_together():
        for n in (3, 1):
            noting.note.send(n=n, text="")
        assert noting.known.value() == [3, 1]
        noting.note.send(n=2, text="")
    assert _numbers() == [3, 1, 2]


def test_what_waits_goes_first_when_django_asks_something(noting: Statements) -> None:
    with transaction.atomic(), sent_together():
        noting.note.send(n=1, text="")
        assert _numbers() == [1]
        with transaction.atomic():
            noting.note.send(n=2, text="")
            transaction.set_rollback(True)
        noting.note.send(n=3, text="")
    assert _numbers() == [1, 3]


def test_more_than_a_socket_holds_can_be_sent_together(noting: Statements) -> None:
    with transaction.atomic(), sent_together():
        for n in range(8):
            noting.note.send(n=n, text="x" * 1_000_000)
    assert _numbers() == list(range(8))


def test_outside_the_block_a_statement_is_sent_at_once(noting: Statements) -> None:
    noting.note.send(n=1, text="")
    assert _numbers() == [1]


@transaction.atomic
def _note_together(noting: Statements, numbers: list[int], *, asks: bool = False, fails: bool = False) -> None:
    with sent_together():
        for n in numbers:
            noting.note.send(n=n, text="")
        if asks:
            noting.known.row()
        if fails:
            raise ZeroDivisionError


@pytest.mark.parametrize("asks", [True, False])
def test_the_error_of_what_waited_is_raised_by_whoever_sends_it(noting: Statements, asks: bool) -> None:
    with pytest.raises(IntegrityError):
        _note_together(noting, [1, 1, 2], asks=asks)
    assert _numbers() == []
    _note_together(noting, [5])
    assert _numbers() == [5]


def test_nothing_waiting_is_sent_when_the_block_fails(noting: Statements) -> None:
    with pytest.raises(ZeroDivisionError):
        _note_together(noting, [1], fails=True)
    assert _numbers() == []


def test_blocks_within_blocks_wait_for_the_outermost(noting: Statements) -> None:
    with transaction.atomic(), sent_together():
        with sent_together():
            noting.note.send(n=1, text="")
        noting.note.send(n=2, text="")
    assert _numbers() == [1, 2]


def test_what_is_asked_is_answered_when_something_else_is_needed(noting: Statements) -> None:
    with transaction.atomic(), sent_together():
        noting.note.send(n=1, text="")
        asked = noting.known.ask()
        noting.note.send(n=2, text="")
        assert asked.result is None
        assert noting.known.value() == [1, 2]
        assert asked.first() == ([1],)
    assert noting.known.ask().first() == ([1, 2],)


def _is_logged(kind: str) -> bool:
    """Whether a change of a kind has been committed, as others see it."""
    with psycopg.connect(**_own_address(), autocommit=True) as other:
        return other.execute("SELECT FROM core_change WHERE kind = %s", [kind]).fetchone() is not None


def _log(kind: str) -> None:
    rows = [{"site_id": 1, "actor_id": None, "kind": kind, "ids": {}}]
    statements.publish.send(rows=Jsonb(rows), created_at=now(), channel=None)


@pytest.mark.django_db(transaction=True)
def test_a_block_that_ends_its_transaction_commits_what_waits() -> None:
    seen = []
    with transaction.atomic():
        transaction.on_commit(lambda: seen.append(_is_logged("ended")))
        with sent_together(ends=True):
            _log("ended")
        assert _is_logged("ended")
        assert seen == []
    assert seen == [True]
    assert connection.get_autocommit()
    with transaction.atomic():
        _log("begun anew")
        assert not _is_logged("begun anew")
    assert _is_logged("begun anew")


@pytest.mark.django_db(transaction=True)
def test_a_block_ends_no_transaction_that_it_is_only_part_of() -> None:
    with transaction.atomic():
        with transaction.atomic(), sent_together(ends=True):
            _log("part")
        assert not _is_logged("part")
        transaction.set_rollback(True)
    assert not _is_logged("part")


@transaction.atomic
def _log_and_end(*, refused: bool = False, fails: bool = False) -> None:
    with sent_together(ends=True):
        _log("failed")
        if refused:
            statements.publish.send(rows=Jsonb([{}]), created_at=now(), channel=None)
        if fails:
            raise ZeroDivisionError
        transaction.set_rollback(not refused)


@pytest.mark.django_db(transaction=True)
def test_a_block_that_fails_ends_nothing() -> None:
    with pytest.raises(IntegrityError):
        _log_and_end(refused=True)
    with pytest.raises(ZeroDivisionError):
        _log_and_end(fails=True)
    _log_and_end()
    assert not _is_logged("failed")


@pytest.mark.django_db(transaction=True)
def test_statements_are_sent_together_in_a_transaction_alone() -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"), sent_together():
        pass


@pytest.mark.django_db(transaction=True)
def test_a_transaction_begins_with_its_first_statement() -> None:
    with transaction.atomic():
        assert statements.log_place.row(site_id=1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT now() = statement_timestamp()")
            assert cursor.fetchone() == (False,)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_begins_on_a_connection_that_was_cleaned() -> None:
    for _ in range(2):
        with transaction.atomic():
            assert statements.log_place.row(site_id=1)
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ends", [True, False])
def test_what_waits_fails_once_on_a_connection_that_was_cleaned(ends: bool) -> None:
    def log_together() -> None:
        with transaction.atomic(), sent_together(ends=ends):
            statements.log_place.ask(site_id=1)
            _log("cleaned")

    log_together()
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    with pytest.raises(ProgrammingError):
        log_together()
    log_together()
    # What did not wait is gone as well, and is not found missing in the middle of a transaction.
    with transaction.atomic():
        assert statements.log_place.row(site_id=1)


@transaction.atomic
def _publish_on_a_dead_connection() -> None:
    statements.log_place.row(site_id=1)
    with sent_together():
        _terminate()
        statements.publish.send(rows=Jsonb([]), created_at=now(), channel="changes")


@pytest.mark.django_db(transaction=True)
def test_a_dead_connection_ends_what_is_sent_together() -> None:
    with pytest.raises(OperationalError):
        _publish_on_a_dead_connection()
    assert statements.log_place.row(site_id=1)


def test_parameters_are_numbered_once_each(tmp_path: Path) -> None:
    statement = Statement(name="x", text="SELECT %(b)s::int + %(a)s::int %% %(b)s::int", path=tmp_path)
    assert statement.parameters == ("b", "a")
    assert statement.numbered == b"SELECT $1::int + $2::int % $1::int"


def _own_address() -> dict[str, Any]:
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return {name: parameters[name] for name in names if parameters.get(name)}


def _terminate() -> None:
    pid = connection.connection.info.backend_pid
    with psycopg.connect(**_own_address(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_a_file_without_a_name_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.sql"
    file.write_text("SELECT 1")
    with pytest.raises(ValueError, match="no '-- name:'"):
        read_statements(file)


def test_two_statements_cannot_share_a_name(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    for name in ("a", "b"):
        (tmp_path / "sql" / f"{name}.sql").write_text("-- name: same\nSELECT 1")
    with pytest.raises(ValueError, match="exists already"):
        Statements(str(tmp_path / "queries.py"))


def test_an_unknown_statement_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        _ = statements.nothing

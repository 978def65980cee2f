"""The loader of statements and what runs them."""

from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction

from apps.core.queries import statements
from apps.core.sql import Statement, Statements, read_statements


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


def test_parameters_are_numbered_once_each(tmp_path: Path) -> None:
    statement = Statement(name="x", text="SELECT %(b)s::int + %(a)s::int %% %(b)s::int", path=tmp_path)
    assert statement.parameters == ("b", "a")
    assert statement.numbered == b"SELECT $1::int + $2::int % $1::int"


def _terminate() -> None:
    import psycopg

    pid = connection.connection.info.backend_pid
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{n: parameters[n] for n in names if parameters.get(n)}, autocommit=True) as other:
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

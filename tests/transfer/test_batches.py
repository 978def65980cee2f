"""Cost: statements grow with batches, not with rows."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.transfer.exports import ExportWriter, run_import

PEOPLE = 10


def synthetic(root: Path, *, size: int) -> Path:
    """A forum of people who mention each other and answer each other."""
    writer = ExportWriter(root)
    for id in range(1, PEOPLE * size + 1):
        writer.profile(id, isBanned=id % 7 == 0)
        writer.follows(id, users=[{"id": id % PEOPLE + 1}], forums=[{"id": 1}])
    writer.forum(1)
    for id in range(1, 10 * size + 1):
        writer.conversation(id, author=id % PEOPLE + 1)
        writer.message(id, to=[{"id": id % PEOPLE + 1}])
    for id in range(1, 40 * size + 1):
        text = f"Hello @person{id % PEOPLE + 1}, and @stranger{id}."
        writer.comment(id, text, onId=id % (10 * size) + 1, author=id % PEOPLE + 1, inReplyTo=max(0, id - 10 * size))
    return root


def statements_of(path: Path, *, site: str, batch_size: int) -> int:
    """How many statements an import takes."""
    number = 0

    def count(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        nonlocal number
        number += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        assert run_import(path, site=site, batch_size=batch_size).error_count == 0
    return number


@pytest.fixture(autouse=True)
def _platform(tmp_path: Path, db: Any) -> None:
    """The first import of all makes what the platform has once: a theme, the user who stands for removed people."""
    run_import(synthetic(tmp_path / "first", size=1), site="first")


def test_twice_the_rows_in_as_many_batches_take_as_many_statements(tmp_path: Path) -> None:
    once, twice = synthetic(tmp_path / "once", size=1), synthetic(tmp_path / "twice", size=2)
    assert statements_of(once, site="once", batch_size=1000) == statements_of(twice, site="twice", batch_size=1000)


def test_statements_grow_linearly_with_batches(tmp_path: Path) -> None:
    counts = [
        statements_of(synthetic(tmp_path / str(size), size=size), site=f"size{size}", batch_size=10)
        for size in (1, 2, 3)
    ]
    assert counts[2] - counts[1] == counts[1] - counts[0] > 0

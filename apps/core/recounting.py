"""Kept numbers, counted again: what differs is corrected and told, never passed over (docs/decisions/0019)."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

log = logging.getLogger(__name__)

#: Rows that one statement compares.
SLICE = 500
#: Differences that a report names one by one; the log has them all.
MAX_LISTED = 50


@dataclass(frozen=True)
class Difference:
    """A kept number that a recount did not find: a defect of what keeps it."""

    table: str
    id: int
    field: str
    kept: Any
    counted: Any

    def __str__(self) -> str:
        return f"{self.table} {self.id}: {self.field} was {self.kept} and is {self.counted}"


def repair(
    things: QuerySet[Any], *, fields: Sequence[str], differing: Callable[[list[int]], list[Any]]
) -> list[Difference]:
    """Compare the kept numbers of rows with a recount, some rows at a time; correct those that differ.

    `differing(ids)` is one statement with a row for each thing among `ids` whose numbers differ: its `id`, each field
    under its name as it is kept and under `counted_<name>` as it is. A writer changes a number in the transaction that
    makes it wrong, so what differs in one statement is wrong, and comparing locks nothing. What is wrong is locked by
    itself, compared again and corrected: a writer who has locked it before is waited for, one who comes after adds to
    the right number. Whoever expected none hands the differences to `report` or `log_differences`.
    """
    differences = []
    for ids in _slices(things):
        for suspect in differing(ids):
            differences += _correct(things, suspect.id, fields=fields, differing=differing)
    return differences


def log_differences(differences: Iterable[Difference]) -> list[str]:
    """Warn of differences that nobody expected: each is a defect; returns what was said of them."""
    texts = [str(difference) for difference in differences]
    for text in texts:
        log.warning("a counter was wrong: %s", text)
    return texts


def report(differences: Iterable[Difference]) -> dict[str, Any]:
    """What a job says of its repairs, and logs: how many, and the first of them."""
    texts = log_differences(differences)
    return {"corrected": len(texts), "differences": texts[:MAX_LISTED]}


def _slices(things: QuerySet[Any]) -> Iterator[list[int]]:
    last_id = 0
    while ids := list(things.filter(id__gt=last_id).order_by("id").values_list("id", flat=True)[:SLICE]):
        yield ids
        last_id = ids[-1]


@transaction.atomic
def _correct(
    things: QuerySet[Any], id: int, *, fields: Sequence[str], differing: Callable[[list[int]], list[Any]]
) -> list[Difference]:
    thing = things.filter(id=id)
    # Lock first: the statement that follows then sees what writers of this row have committed.
    thing.select_for_update(no_key=True).values_list("id").first()
    rows = differing([id])
    if not rows:
        return []
    pairs = [(field, getattr(rows[0], field), getattr(rows[0], f"counted_{field}")) for field in fields]
    wrong = [(field, kept, counted) for field, kept, counted in pairs if kept != counted]
    thing.update(**{field: counted for field, _, counted in wrong})
    table = things.model._meta.db_table
    return [Difference(table=table, id=id, field=field, kept=kept, counted=counted) for field, kept, counted in wrong]

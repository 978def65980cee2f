"""Free pairs of a key and a typed value on things of any app (contract A 26): the base of their tables, and writes."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from django.db import models, transaction

from apps.core.errors import Missing
from apps.core.pagination import Paging, rows_of

Value = str | float | bool | date
#: Beyond this a double has no ones, and soon no 64-bit integer either: it stays a number with an exponent.
_LARGEST_EXACT = 2**53


class Attribute(models.Model):
    """A key and its value on something; exactly one of the value columns is set."""

    key = models.CharField(max_length=50)
    text_value = models.TextField(null=True, blank=True)
    number_value = models.FloatField(null=True, blank=True)
    bool_value = models.BooleanField(null=True, blank=True)
    date_value = models.DateField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.key

    @property
    def value(self) -> str | int | float | bool:
        """As the wire has it: dates as they were written, whole numbers without a fraction."""
        if self.bool_value is not None:
            return self.bool_value
        if self.number_value is not None:
            is_exact = self.number_value.is_integer() and abs(self.number_value) <= _LARGEST_EXACT
            return int(self.number_value) if is_exact else self.number_value
        if self.date_value is not None:
            return self.date_value.isoformat()
        return self.text_value or ""


#: The columns of a value; a write sets one and empties the others.
_COLUMNS = ("text_value", "number_value", "bool_value", "date_value")


def attribute_page(model: type[Attribute], parent: Mapping[str, int], *, paging: Paging) -> tuple[int, list[Attribute]]:
    """How many attributes something has, and a page of them by key; `parent` is the foreign key: `{"item_id": 1}`."""
    found = model._default_manager.filter(**parent)
    return found.count(), rows_of(found, paging=paging, columns=("key",))


def attribute(model: type[Attribute], parent: Mapping[str, int], *, key: str) -> Attribute:
    """One attribute of something; raises Missing."""
    found = model._default_manager.filter(**parent, key=key).first()
    if found is None:
        raise Missing
    return found


@transaction.atomic
def put_attributes(model: type[Attribute], parent: Mapping[str, int], values: Mapping[str, Value]) -> None:
    """Give something attributes, new or in place of those with the same keys."""
    # In the order of keys, so that two writers never wait for each other.
    model._default_manager.bulk_create(
        [model(**parent, key=key, **_columns(value)) for key, value in sorted(values.items())],
        update_conflicts=True,
        unique_fields=[*parent, "key"],
        update_fields=_COLUMNS,
    )


def import_attributes(model: type[Attribute], field: str, values: Mapping[int, Mapping[str, Value]]) -> None:
    """Give many things attributes, by their ids; what one has already stays as it is. Only for imports of history."""
    model._default_manager.bulk_create(
        [
            model(**{field: id, "key": key}, **_columns(value))
            for id, attributes in values.items()
            for key, value in attributes.items()
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def delete_attributes(model: type[Attribute], parent: Mapping[str, int], *, keys: Collection[str]) -> None:
    """Remove attributes of something; raises Missing, and then removes none, if it lacks one of them."""
    found = model._default_manager.select_for_update().filter(**parent, key__in=keys).order_by("key")
    ids = [one.pk for one in found]
    if len(ids) != len(set(keys)):
        raise Missing
    model._default_manager.filter(pk__in=ids).delete()


def _columns(value: Value) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"bool_value": value}
    if isinstance(value, date):
        return {"date_value": value}
    return {"text_value": value} if isinstance(value, str) else {"number_value": value}

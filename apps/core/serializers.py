"""Inputs: what a body may hold, by shape only (contract A 2.5); everything else in it is ignored."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from apps.core.errors import ApiError, OutOfRange, WrongType
from apps.core.parsing import FormBody

MAX_ID = 2**63 - 1
_FORM_TRUE = ("1", "true", "on", "yes")


class Text(serializers.CharField):
    """A string and nothing that merely could be one; blank is allowed unless said otherwise."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("allow_blank", True)
        options.setdefault("trim_whitespace", False)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A whole number of at most 64 bits; a form may send its digits."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("min_value", -MAX_ID)
        options.setdefault("max_value", MAX_ID)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> int:
        from_form = isinstance(self.root, Input) and self.root.is_form
        if isinstance(data, bool) or not (isinstance(data, int) or (from_form and isinstance(data, str))):
            self.fail("invalid")
        return super().to_internal_value(data)


class Number(serializers.FloatField):
    """A JSON number, kept as sent."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field({"type": "boolean"})
class Flag(serializers.Field[bool, Any, bool, Any]):
    """True or false; a form says 1, true, on or yes for true and leaves the default with anything else."""

    default_error_messages: ClassVar = {"invalid": "must be true or false"}

    def to_internal_value(self, data: Any) -> bool:
        if isinstance(self.root, Input) and self.root.is_form and isinstance(data, str):
            if data.lower() in _FORM_TRUE:
                return True
            raise serializers.SkipField
        if not isinstance(data, bool):
            self.fail("invalid")
        return bool(data)

    def to_representation(self, value: Any) -> bool:
        return bool(value)


@extend_schema_field({"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]})
class Scalar(serializers.Field[Any, Any, Any, Any]):
    """A string, number or bool."""

    default_error_messages: ClassVar = {"invalid": "must be a string, a number or a bool"}

    def to_internal_value(self, data: Any) -> str | int | float | bool:
        if not isinstance(data, str | int | float | bool):
            self.fail("invalid")
        return data  # type: ignore[no-any-return]

    def to_representation(self, value: Any) -> Any:
        return value


class Input(serializers.Serializer[Any]):
    """An object of a body: names match case-insensitively, null means absent, unknown names are ignored."""

    is_form = False

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise ValidationError("must be an object", code="invalid")
        names: dict[str, str] = {str(name).lower(): str(name) for name in self.fields.keys()}  # noqa: SIM118
        known: dict[str, Any] = {}
        for key, value in data.items():
            name = names.get(str(key).lower())
            if name is not None and value is not None:
                known[name] = value
        return super().to_internal_value(known)  # type: ignore[no-any-return]

    @classmethod
    def read(cls, data: Any) -> dict[str, Any]:
        """The known values of a body; raises WrongType or OutOfRange with the first thing that is wrong."""
        if not isinstance(data, dict):
            raise WrongType("the body must be an object")
        serializer = cls(data=data)
        serializer.is_form = isinstance(data, FormBody)
        values: dict[str, Any] = validated(serializer)
        return values

    @classmethod
    def read_list(cls, data: Any, *, max_length: int) -> list[dict[str, Any]]:
        """The same for a body that is an array of objects."""
        if not isinstance(data, list):
            raise WrongType("the body must be an array")
        if len(data) > max_length:
            raise OutOfRange(f"the body may hold {max_length} entries")
        return [cls.read(entry) if isinstance(entry, dict) else _refuse_entry() for entry in data]


def _refuse_entry() -> dict[str, Any]:
    raise WrongType("every entry must be an object")


def validated(serializer: serializers.BaseSerializer[Any]) -> Any:
    """The validated data of a serializer, or the first error as the contract's."""
    if serializer.is_valid():
        return serializer.validated_data
    raise coded_error(serializer.errors)


def coded_error(errors: Any) -> ApiError:
    """The first of a serializer's errors: a wrong type is code 3, everything else a value out of range."""
    path, detail = _first(errors)
    text = f"{'.'.join(path)}: {detail}" if path else str(detail)
    wrong_type = getattr(detail, "code", "") in ("invalid", "not_a_list", "not_a_dict")
    return WrongType(text) if wrong_type else OutOfRange(text)


def _first(errors: Any, path: tuple[str, ...] = ()) -> tuple[tuple[str, ...], ErrorDetail | str]:
    if isinstance(errors, dict):
        key, value = next(iter(errors.items()))
        return _first(value, path if key == "non_field_errors" else (*path, str(key)))
    if isinstance(errors, list):
        return _first(next(error for error in errors if error), path)
    return path, errors

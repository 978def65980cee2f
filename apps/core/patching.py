"""Patch documents: `[{"op": "replace", "path": "/meta/flags/open", "value": true}]` (contract A 2.7)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from apps.core.errors import OutOfRange, Unimplemented, WrongType

MAX_OPERATIONS = 50
#: Which members each operation of RFC 6902 needs besides its path.
_MEMBERS = {
    "add": ("path", "value"),
    "copy": ("from", "path"),
    "move": ("from", "path"),
    "remove": ("path",),
    "replace": ("path", "value"),
    "test": ("path", "value"),
}


@dataclass(frozen=True)
class Replacement:
    """One bool put at a path."""

    path: str
    value: bool


def read_patch(data: Any, *, paths: Collection[str]) -> list[Replacement]:
    """The replacements a patch document asks for, all checked before any is applied.

    Raises WrongType or OutOfRange for a malformed document or an unknown path, and Unimplemented for a well-formed
    operation other than replace.
    """
    if not isinstance(data, list):
        raise WrongType("a patch is an array of operations")
    if not data or len(data) > MAX_OPERATIONS:
        raise OutOfRange(f"a patch holds 1 to {MAX_OPERATIONS} operations")
    return [_replacement(operation, paths=paths) for operation in data]


def _replacement(operation: Any, *, paths: Collection[str]) -> Replacement:
    if not isinstance(operation, dict):
        raise WrongType("every operation must be an object")
    members = {str(key).lower(): value for key, value in operation.items()}
    op = members.get("op")
    if not isinstance(op, str) or op not in _MEMBERS:
        raise OutOfRange(f"op must be one of {', '.join(_MEMBERS)}")
    for name in _MEMBERS[op]:
        if members.get(name) in (None, ""):
            raise OutOfRange(f"{op} needs {name}")
    if op != "replace":
        raise Unimplemented(f"the operation {op} is not implemented")
    path, value = members["path"], members["value"]
    if not isinstance(path, str) or path not in paths:
        raise OutOfRange("this path cannot be patched")
    if not isinstance(value, bool):
        raise WrongType("value must be true or false")
    return Replacement(path=path, value=value)

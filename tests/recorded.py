"""Answers recorded from the reference server (`tests/data/recorded`), to compare the shape of ours with."""

import functools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).with_name("data") / "recorded"


def recorded(resource: str, case: str) -> Any:
    """The `data` of one recorded answer."""
    cases = json.loads((_FOLDER / f"{resource}.json").read_text())
    return next(entry for entry in cases if entry["case"] == case)["response"]["body"]["data"]


def assert_same_shape(ours: Any, theirs: Any, *, path: str = "data") -> None:
    """Fail unless both hold the same keys with the same JSON types; of arrays the first entries are compared."""
    assert _kind(ours) == _kind(theirs), f"{path}: {_kind(ours)} is not {_kind(theirs)}"
    if isinstance(ours, dict):
        assert sorted(ours) == sorted(theirs), path
        for key in ours:
            assert_same_shape(ours[key], theirs[key], path=f"{path}.{key}")
    elif isinstance(ours, list) and ours and theirs:
        assert_same_shape(ours[0], theirs[0], path=f"{path}[0]")


def _kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


# --- All answers of a route together ----------------------------------------------------------------

#: Keys whose value is a thing of the kind that another key names: kinds are not mixed up.
_KIND_KEYS = {"item": "itemType", "parentItem": "parentItemType"}


@dataclass
class Shape:
    """What is known of the values in one place: their JSON types, and the keys of those that are objects."""

    kinds: set[str] = field(default_factory=set)
    objects: int = 0
    keys: dict[str, "Shape"] = field(default_factory=dict)
    #: How many of the objects had a key.
    having: Counter[str] = field(default_factory=Counter)
    #: Entries of arrays, by their kind.
    entries: dict[str, "Shape"] = field(default_factory=dict)

    def add(self, value: Any) -> None:
        """Learn from one more value."""
        self.kinds.add(_kind(value))
        if isinstance(value, dict):
            self.objects += 1
            for key, inner in value.items():
                self.having[key] += 1
                self.keys.setdefault(_named(key, value), Shape()).add(inner)
        elif isinstance(value, list):
            for entry in value:
                self.entries.setdefault(_kind_of_thing(entry), Shape()).add(entry)

    def places(self, path: str = "data") -> Iterator[tuple[str, set[str]]]:
        """Every place with the types found there."""
        yield path, self.kinds
        for key, inner in self.keys.items():
            yield from inner.places(f"{path}.{key}")
        for kind, inner in self.entries.items():
            yield from inner.places(f"{path}[{kind}]")

    def departures(self, value: Any, path: str = "data") -> Iterator[tuple[str, str, str]]:
        """Where a value is not like these: the place, what was recorded there and what is; "absent" for no key.

        Keys that come and go with the thing (an edit, a mark of the reader) may be here although this route was never
        recorded with them; a key that no recorded answer has anywhere is a departure.
        """
        if _kind(value) not in self.kinds:
            yield path, "|".join(sorted(self.kinds)), _kind(value)
        elif isinstance(value, dict):
            for key in (key for key, count in self.having.items() if count == self.objects and key not in value):
                yield f"{path}.{key}", "present", "absent"
            for key, inner in value.items():
                name = _named(key, value)
                if name in self.keys:
                    yield from self.keys[name].departures(inner, f"{path}.{name}")
                elif key not in self.having and key not in every_recorded_key():
                    yield f"{path}.{key}", "absent", "present"
        elif isinstance(value, list):
            for entry in value:
                kind = _kind_of_thing(entry)
                if kind in self.entries:
                    yield from self.entries[kind].departures(entry, f"{path}[{kind}]")


def _kind_of_thing(value: Any) -> str:
    return str(value.get("itemType", "")) if isinstance(value, dict) else ""


def _named(key: str, owner: dict[str, Any]) -> str:
    kind = owner.get(_KIND_KEYS.get(key, ""))
    return f"{key}<{kind}>" if kind else key


@functools.cache
def every_recorded_key() -> set[str]:
    """All keys of all recorded answers."""
    keys: set[str] = set()

    def collect(value: Any) -> None:
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            collect(inner)
        keys.update(value if isinstance(value, dict) else ())

    for _, case in all_recorded():
        collect(case["response"].get("body"))
    return keys


def all_recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every recorded case with the name of its file."""
    for file in sorted(_FOLDER.glob("*.json")):
        for case in json.loads(file.read_text()):
            yield file.stem, case

"""The description of the API as schemathesis shall read it: the operations of one host class, with ids that exist."""

import copy
from typing import Any

from tests.described import description

#: What the frame lets any request do to its own answer: another shape, status line, verb or person. The description
#: cannot say that of each operation, so these are left out here; tests/api/test_frame.py has them.
FRAME = {"accessToken", "always200", "callback", "disableBoiler", "method"}

#: Served by the process of the sockets, which answers with no end; over WSGI it is always 421 (tests/live has it).
ELSEWHERE = {"/api/v1/changes/stream"}

#: The names in tests/access/scene.py of what a path variable may stand for.
NAMED = {
    "comment_id": ("K", "KY", "KD", "KH", "B"),
    "conversation_id": ("C", "CT", "CY", "CC", "CD"),
    "criterion_id": ("RC", "RBC"),
    "event_id": ("E", "EY", "EC"),
    "file_hash": ("F",),
    "huddle_id": ("H", "HC"),
    "key": ("A",),
    "microcosm_id": ("ROOT", "X", "XC", "Y"),
    "poll_id": ("P", "PY", "PC"),
    "profile_id": ("MEM", "AUT", "SO", "N", "BAN"),
    "role_id": ("R", "RB"),
    "short": ("L",),
    "site_id": ("SITE", "OUT_SITE"),
    "update_id": ("U",),
    "update_type_id": ("T",),
    "user_id": ("AUT_U",),
    "watcher_id": ("W",),
    "webhook_id": ("WH",),
}


def group_of(path: str) -> str:
    """The resource that a path belongs to: one test sets one scene for all operations of a group."""
    parts = [part for part in path.removeprefix("/api/v1").split("/") if part]
    if not parts:
        return "front"
    return f"{parts[0]} roles" if "roles" in parts[1:] else parts[0]


def described_operations(*, host: str, group: str, ids: dict[str, int]) -> dict[str, Any]:
    """A document with the operations of a group that live on a host class; half the ids in paths are of the scene."""
    document = copy.deepcopy(description())
    document["paths"] = {
        path: operations
        for path, every in document["paths"].items()
        if group_of(path) == group
        and path not in ELSEWHERE
        and (operations := {verb: one for verb, one in every.items() if one["x-host"] in (host, "both")})
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["parameters"] = [
                _with_ids(parameter, ids)
                for parameter in operation.get("parameters", [])
                if parameter.get("$ref", "").rsplit("/", 1)[-1] not in FRAME
            ]
    return document


def _with_ids(parameter: dict[str, Any], ids: dict[str, int]) -> dict[str, Any]:
    names = NAMED.get(parameter.get("name", "")) if parameter.get("in") == "path" else None
    if not names:
        return parameter
    known = {"type": "string", "enum": [str(ids[name]) for name in names]}
    return parameter | {"schema": {"anyOf": [known, parameter["schema"]]}}

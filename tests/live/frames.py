"""The schemas of all frames, as docs/api/asyncapi.json has them."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

DOCUMENT = json.loads(Path(__file__).parents[2].joinpath("docs/api/asyncapi.json").read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
_VALIDATORS = {
    name: jsonschema_rs.validator_for(schema | {"components": DOCUMENT["components"]})
    for name, schema in SCHEMAS.items()
}
#: What the client says has its own schema where both sides use a word.
_SAID = {"typing": "typing_here"}


def check_frame(frame: dict[str, Any], *, said: bool = False) -> None:
    """Hold a frame against its schema."""
    kind = frame["type"]
    _VALIDATORS[_SAID.get(kind, kind) if said else kind].validate(frame)


def is_described(name: str, frame: dict[str, Any]) -> bool:
    """Whether a frame is one of a schema."""
    return bool(_VALIDATORS[name].is_valid(frame))

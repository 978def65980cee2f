"""The route table of the contract (`tests/data/routes.json`, ours with additions) for generated tests."""

import json
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Route:
    """One line of the table."""

    path: str
    host: str
    methods: dict[str, dict]
    vars: dict[str, str]

    @property
    def hosts(self) -> list[str]:
        """The host classes it lives on."""
        return ["site", "root"] if self.host == "both" else [self.host]

    def __str__(self) -> str:
        return f"{self.host} {self.path}"


def routes() -> list[Route]:
    """Every route of the table."""
    table = json.loads(Path(__file__).with_name("data").joinpath("routes.json").read_text())
    return [
        Route(path=row["path"], host=row["host"], methods=row["methods"], vars=row.get("vars", {})) for row in table
    ]


#: A value for each path variable that matches its pattern and names nothing.
MISSING = {
    "token": "a" * 128,
    "host": "nobody.example.org",
    "subdomain": "nobody",
    "document": "",
    "mail_token": "nobody:signed-this",
}


def concrete(route: Route, values: dict[str, object]) -> str:
    """The path with its variables filled in; what `values` lacks is 999999999."""

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "document":
            return route.vars["document"].split("|")[0]
        return str(values.get(name, MISSING.get(name, 999_999_999)))

    return re.sub(r"\{(\w+)\}", fill, route.path)

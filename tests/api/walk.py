"""Walking through the API as the recorded client did, and comparing each answer with the recorded ones of its route."""

import functools
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.client import ApiClient, Reply
from tests.recorded import Shape, all_recorded
from tests.routes import Route, routes

_HERE = Path(__file__).parent
_CALLS = _HERE.parent / "data" / "client-calls.md"
_DIFFERENCES = _HERE.parents[1] / "docs" / "api" / "differences.md"


@dataclass(frozen=True)
class Call:
    """One call of client-calls.md: `POST /api/v1/comments/{id}?method` and what its body is."""

    target: str
    body: str = ""

    def __str__(self) -> str:
        return f"{self.target} {self.body}".strip()


@dataclass
class Listed:
    """What the document says of a call: the statuses that were recorded, and who asked."""

    statuses: set[int] = field(default_factory=set)
    auth: set[str] = field(default_factory=set)


def listed_calls() -> dict[Call, Listed]:
    """The calls of the document."""
    text = _CALLS.read_text()
    found: dict[Call, Listed] = {}
    pattern = r"^([A-Z]+) +(\S+).*\n +\d+x, status ([\d: ]+), auth ([a-z/]+)(?:, body (.+))?$"
    for verb, path, statuses, auth, body in re.findall(pattern, text, re.MULTILINE):
        listed = found.setdefault(Call(f"{verb} {path}", body), Listed())
        listed.statuses |= {int(pair.split(":")[0]) for pair in statuses.split()}
        listed.auth |= set(auth.split("/"))
    assert len(found) == int(re.findall(r"^## (\d+) distinct calls$", text, re.MULTILINE)[0])
    return found


def call_of(verb: str, target: str, body: str) -> Call:
    """The call that a request is an example of."""
    parts = urlsplit(target)
    path = re.sub(r"/[0-9a-zA-Z]{128}(?=/|$)", "/{token}", parts.path)
    path = re.sub(r"/[0-9a-f]{40}(?=/|\.|$)", "/{hash}", path)
    path = re.sub(r"/\d+(?=/|$)", "/{id}", path)
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return Call(f"{verb} {path}" + (f"?{'&'.join(names)}" if names else ""), body)


def body_of(options: dict[str, Any]) -> str:
    """A body as the document writes it."""
    if (form := options.get("form")) is not None:
        return f"form {{{', '.join(sorted(form))}}}"
    if "body" in options:
        return str(options["content_type"]).split(";")[0]
    if (value := options.get("json")) is None:
        return ""
    if isinstance(value, list):
        return f"json [{', '.join(sorted({key for entry in value for key in entry}))}]"
    return f"json {{{', '.join(sorted(value))}}}"


# --- The list of differences -----------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """A line of differences.md; `*` in the route or the place stands for anything."""

    route: str
    place: str
    recorded: str
    ours: str

    def covers(self, other: "Difference") -> bool:
        """Whether a difference that was found is this one."""
        return (self.recorded, self.ours) == (other.recorded, other.ours) and all(
            fnmatchcase(found, pattern.replace("[", "[[]"))
            for pattern, found in ((self.route, other.route), (self.place, other.place))
        )

    def __str__(self) -> str:
        return f"| {self.route} | {self.place} | {self.recorded} | {self.ours} |"


def listed_differences() -> list[Difference]:
    """The rows of all tables of differences.md."""
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| (.+?) \| (.+?) \| .+ \|$", _DIFFERENCES.read_text(), re.MULTILINE)
    lines = sum(line.startswith("| `") for line in _DIFFERENCES.read_text().splitlines())
    assert len(rows) == lines, "a row has another form"
    return [Difference(route, place, recorded, ours) for route, place, recorded, ours in rows]


# --- Routes and what was recorded of them ----------------------------------------------------------


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(_pattern(route) + "$"), route.path) for route in routes()]


def _pattern(route: Route) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: f"(?:{route.vars[match[1]]})", route.path)


def route_of(verb: str, target: str) -> str:
    """Verb and path of the route table; a path that is no route is itself."""
    path = urlsplit(target).path
    return f"{verb} " + next((name for pattern, name in _patterns() if pattern.match(path)), path)


def meant(verb: str, target: str, headers: dict[str, str]) -> str:
    """The verb that a request means."""
    asked = dict(parse_qsl(urlsplit(target).query)).get("method") or headers.get("X-HTTP-Method-Override")
    return (asked or verb) if verb == "POST" else verb


@functools.cache
def recorded_shapes() -> dict[tuple[str, int], Shape]:
    """What was recorded of each route and status."""
    shapes: dict[tuple[str, int], Shape] = defaultdict(Shape)
    for _, case in all_recorded():
        body = case["response"].get("body")
        if isinstance(body, dict) and "data" in body:
            request = case["request"]
            verb = meant(request["method"], request["path"], request.get("headers", {}))
            shapes[route_of(verb, request["path"]), case["response"]["status"]].add(body["data"])
    return shapes


@functools.cache
def recorded_statuses() -> set[tuple[str, int]]:
    """The routes and statuses that were recorded."""
    requests = [(case["request"], case["response"]["status"]) for _, case in all_recorded()]
    return {
        (route_of(meant(request["method"], request["path"], request.get("headers", {})), request["path"]), status)
        for request, status in requests
    }


@dataclass
class Walk:
    """Makes calls, and keeps what was called and how the answers differ from the recorded ones."""

    made: dict[Call, Listed] = field(default_factory=dict)
    found: dict[Difference, str] = field(default_factory=dict)
    #: The routes of which something was recorded with the same status.
    compared: set[str] = field(default_factory=set)
    #: What our answers showed, by route.
    shown: dict[str, Shape] = field(default_factory=lambda: defaultdict(Shape))

    def ask(
        self, client: ApiClient, verb: str, target: str, *, was: int | None = None, counts: bool = True, **options: Any
    ) -> Reply:
        """One call; `was` is the recorded status where ours is another; `counts` False is a call of no client."""
        target = target if target.startswith("/") else f"/api/v1/{target}"
        reply = client.request(verb, target, **options)
        status = was or reply.status
        if counts:
            auth = "bearer" if client.token else "none"
            made = self.made.setdefault(call_of(verb, target, body_of(options)), Listed())
            made.statuses.add(status)
            made.auth.add(auth)
        route = route_of(meant(verb, target, options.get("headers", {})), target)
        self._compare(route, reply, was=status, where=f"{verb} {target}", bare="disableBoiler" in target)
        return reply

    def _compare(self, route: str, reply: Reply, *, was: int, where: str, bare: bool) -> None:
        if reply.status != was and "always200" not in where:
            self.found.setdefault(Difference(route, "status", str(was), str(reply.status)), where)
        if (route, was) in recorded_statuses():
            self.compared.add(route)
        recorded = recorded_shapes().get((route, was))
        if "json" not in reply.headers.get("Content-Type", "") or (recorded is None):
            return
        body = json.loads(reply.content)
        data = body if bare else body["data"]
        self.shown[route].add(data)
        if reply.status == was or data is None:
            for place, theirs, ours in recorded.departures(data, "data" if was < 400 else "error"):
                self.found.setdefault(Difference(route, place, theirs, ours), where)

    def never_shown(self) -> Iterator[Difference]:
        """Places of recorded answers with status 200 that none of ours had, on the routes that were asked."""
        for (route, status), recorded in recorded_shapes().items():
            if status == 200 and route in self.shown:
                ours = dict(self.shown[route].places())
                for place, kinds in recorded.places():
                    above = place[: max(place.rfind("."), place.rfind("["))]
                    if place not in ours and kinds != {"NoneType"} and ours.get(above, set()) & {"dict", "list"}:
                        yield Difference(route, place, "shown", "not shown")

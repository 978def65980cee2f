"""What a run found, as Markdown and as a plot."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from tests.bench.load import Measured


@dataclass(frozen=True)
class Row:
    """One measurement."""

    route: str
    who: str
    cache: str
    connections: int
    measured: Measured

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What it measured."""
        return self.route, self.who, self.cache, self.connections

    def line(self) -> str:
        """The row of the table."""
        m = self.measured
        return (
            f"| {self.route} | {self.who} | {self.cache} | {self.connections} | {m.per_second:,.0f} |"
            f" {m.p50:.1f} | {m.p95:.1f} | {m.p99:.1f} | {_milliseconds(m.server_p99)} | {m.server_cpu:,.0f} |"
            f" {m.database_cpu:,.0f} |"
        )


@dataclass
class Result:
    """Everything one run found; of repeated measurements the best counts, as what else runs only makes them worse."""

    scale: str
    machine: list[str]
    cache: str
    workers: int
    seconds: int
    load: float
    bytes: int
    #: Route name to what is wanted of it: requests a second for a member, and the share of its bare statement.
    routes: dict[str, tuple[int, float]]
    memory: int = 0
    rows: dict[tuple[str, str, str, int], Row] = field(default_factory=dict)
    #: Route name, site, and warm or cold, to requests a second.
    sizes: dict[tuple[str, str, str], float] = field(default_factory=dict)
    #: Route name and site to the bytes of the page there.
    bytes_of_pages: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, row: Row) -> str:
        """Keep a measurement; returns its line."""
        known = self.rows.get(row.key)
        if known is None or known.measured.per_second < row.measured.per_second:
            self.rows[row.key] = row
        return row.line()

    def note_size(self, route: str, key: str, cache: str, measured: Measured) -> None:
        """Keep a measurement on one of the sites of different size."""
        self.sizes[route, key, cache] = max(self.sizes.get((route, key, cache), 0.0), measured.per_second)

    def per_second(self, route: str, who: str, cache: str, connections: int = 8) -> float | None:
        """Requests a second, if that was measured."""
        row = self.rows.get((route, who, cache, connections))
        return row.measured.per_second if row else None


def write(result: Result, *, folder: Path, name: str) -> None:
    """`name.md` and `name.svg` in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.svg").write_text(plot(result))
    heading = "The full benchmark" if name == "full" else "The quick benchmark"
    command = "make bench" if name == "full" else "make bench-quick"
    (folder / f"{name}.md").write_text(
        f"# {heading}\n\nWritten by `{command}`; do not edit.\n\n![Requests a second]({name}.svg)\n\n{table(result)}\n"
    )


def table(result: Result) -> str:
    """The whole result as Markdown."""
    parts = [_about(result), _summary(result), _latencies(result), _flatness(result), _everything(result)]
    return "\n\n".join(part for part in parts if part)


def _about(result: Result) -> str:
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d at %H:%M UTC}; the load average before was {result.load:.1f}.",
        *result.machine,
        f"granian with {result.workers} worker{'s' if result.workers > 1 else ''} of 4 threads (two in production),"
        f" production's settings; cache: {result.cache}",
        f"{result.bytes / 2**20:,.0f} MB of data; {result.seconds} s for each measurement, the best of those repeated;"
        " CPU in microseconds a request, latencies in milliseconds, as the load generator sees them",
        f"The server's largest process held {result.memory / 2**20:,.0f} MB at the end.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _summary(result: Result) -> str:
    lines = [
        "## At 8 connections",
        "",
        "Requests a second. The share is that of a member's page in the throughput of its statements alone, under the"
        " same server, measured in turn.",
        "",
        "| Route | statements alone | member | share | wanted | guest, warm | guest, cold | 304 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for route, (wanted, share) in result.routes.items():
        bare, member = (
            result.per_second(route, "statement alone", "-"),
            result.per_second(route, "member", "warm"),
        )
        reached = f"{member / bare:.0%}" if bare and member else "-"
        lines.append(
            f"| {route} | {_number(bare)} | {_number(member)} | {reached} |"
            f" {f'{wanted:,}, ' if wanted else ''}{share:.0%} |"
            f" {_number(result.per_second(route, 'guest', 'warm'))} |"
            f" {_number(result.per_second(route, 'guest', 'cold'))} |"
            f" {_number(result.per_second(route, 'guest', '304') or result.per_second(route, 'member', '304'))} |"
        )
    return "\n".join(lines)


def _flatness(result: Result) -> str:
    if not result.sizes:
        return ""
    lines = [
        "## What grows",
        "",
        "A member's requests a second on the small site and on the large one, which has the same microcosms and a"
        " hundred times (in the quick benchmark ten times) as much in them. Where the page itself is larger because the"
        " small site has not enough to fill it, it also costs more to make: the last columns tell.",
        "",
        "| Route | small, warm | large, warm | ratio | small, cold | large, cold | ratio | KB, small | KB, large |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for route in result.routes:
        cells = []
        for cache in ("warm", "cold"):
            small, large = result.sizes[route, "small", cache], result.sizes[route, "large", cache]
            cells += [f"{small:,.0f}", f"{large:,.0f}", f"{small / large:.2f}" if large else "-"]
        cells += [f"{result.bytes_of_pages[route, key] / 1000:.1f}" for key in ("small", "large")]
        lines.append(f"| {route} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _latencies(result: Result) -> str:
    kinds = [(who, cache) for who in ("member", "guest") for cache in ("warm", "cold")]
    lines = [
        "## How long the server takes",
        "",
        "Milliseconds that 99 of 100 requests take at most inside of the server, without the wait for one of its"
        " threads, at 8 connections; wanted are 10 warm and 50 cold.",
        "",
        f"| Route | {' | '.join(', '.join(kind) for kind in kinds)} |",
        "|---|---|---|---|---|",
    ]
    for route in result.routes:
        rows = [result.rows.get((route, *kind, 8)) for kind in kinds]
        lines.append(
            f"| {route} | {' | '.join(_milliseconds(row.measured.server_p99 if row else None) for row in rows)} |"
        )
    posts = [row for row in result.rows.values() if row.route.startswith("post ") and row.connections == 8]
    lines += [f"| {row.route} | {_milliseconds(row.measured.server_p99)} | - | - | - |" for row in posts]
    return "\n".join(lines)


def _everything(result: Result) -> str:
    lines = [
        "## Everything",
        "",
        "| Route | as | cache | connections | req/s | p50 | p95 | p99 | p99 inside | server CPU | database CPU |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(row.line() for row in result.rows.values()),
    ]
    return "\n".join(lines)


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


# --- The plot -------------------------------------------------------------------------------------

_KINDS = (
    ("statements alone", "statement alone", "-", "#b8b8b8"),
    ("member", "member", "warm", "#1f6feb"),
    ("guest, warm", "guest", "warm", "#2da44e"),
)
_LEFT, _WIDTH, _BAR = 150, 560, 9


def plot(result: Result) -> str:
    """Bars of requests a second at 8 connections, as SVG."""
    values = [result.per_second(route, who, cache) or 0 for route in result.routes for _, who, cache, _ in _KINDS]
    largest = max([*values, 1])
    block = _BAR * len(_KINDS) + 8
    height = 40 + block * len(result.routes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="800" height="{height}" fill="white"/>',
    ]
    for number, (label, _, _, colour) in enumerate(_KINDS):
        x = _LEFT + number * 140
        parts.append(f'<rect x="{x}" y="10" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 14}" y="19">{label}</text>')
    for number, route in enumerate(result.routes):
        top = 34 + number * block
        parts.append(f'<text x="{_LEFT - 6}" y="{top + block / 2}" text-anchor="end">{escape(route)}</text>')
        for row, (_, who, cache, colour) in enumerate(_KINDS):
            value = result.per_second(route, who, cache)
            if value is None:
                continue
            width, y = value / largest * _WIDTH, top + row * _BAR
            parts.append(f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 1}" fill="{colour}"/>')
            parts.append(f'<text x="{_LEFT + width + 3:.1f}" y="{y + 8}" font-size="9">{value:,.0f}</text>')
    return "\n".join([*parts, "</svg>", ""])

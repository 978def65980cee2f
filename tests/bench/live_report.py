"""What `make bench-live` found, as Markdown: what is wanted, whether it holds, and every round."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.machine import describe
from tests.bench.watching import FEW, Found

FILE = Path(__file__).resolve().parents[2] / "docs/performance/live.md"
WANTED_P99_MS = 250
WANTED_FRAMES_PER_SECOND = 30_000
WANTED_KILOBYTES = 40
WANTED_RATIO = 1.2


@dataclass(frozen=True)
class Result:
    """What one server did."""

    kilobytes: float
    p50_ms: float
    p99_ms: float
    frames_per_second: float
    #: CPU of the server's process: milliseconds for one change to all sockets, microseconds a frame of the burst.
    change_cpu_ms: float
    frame_cpu_us: float

    @property
    def is_good(self) -> bool:
        """Whether this one round holds everything that is wanted of a round."""
        return (
            self.p99_ms < WANTED_P99_MS
            and self.frames_per_second >= WANTED_FRAMES_PER_SECOND
            and self.kilobytes < WANTED_KILOBYTES
        )


#: A bare hub and ours, measured one after the other.
Round = tuple[Result, Result]


def text(rounds: list[Round], found: Found | None, *, sockets: int, load: float) -> str:
    """The whole document."""
    parts = [
        "# Sockets, and posting where many watch",
        "Written by `make bench-live`; do not edit.",
        _about(load),
        _wanted(rounds, found, sockets=sockets),
        _rounds(rounds, sockets=sockets),
        *([_posting(found)] if found else []),
    ]
    return "\n\n".join(parts) + "\n"


def best(rounds: list[Round]) -> Result:
    """Our best round: one that holds everything if there is one; what else runs only makes rounds worse."""
    return min((ours for _bare, ours in rounds), key=lambda result: (not result.is_good, result.p99_ms))


def _about(load: float) -> str:
    # Without the line on the HTTP benchmark's programs.
    machine = [line for line in describe() if "wrk" not in line and "memcached" not in line]
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d at %H:%M UTC}; the load average before was {load:.1f}.",
        *machine,
        "uvicorn as `deploy/microcosm-live.service` starts it, one process; PostgreSQL does not wait for the disk",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _wanted(rounds: list[Round], found: Found | None, *, sockets: int) -> str:
    ours = best(rounds)
    rows = [
        (
            f"from the commit to the last of {sockets:,} sockets, p99",
            f"under {WANTED_P99_MS} ms",
            f"{ours.p99_ms:.0f} ms",
            ours.p99_ms < WANTED_P99_MS,
        ),
        (
            "frames a second, one process",
            f"at least {WANTED_FRAMES_PER_SECOND:,}",
            f"{ours.frames_per_second:,.0f}",
            ours.frames_per_second >= WANTED_FRAMES_PER_SECOND,
        ),
        (
            "memory of an idle connection",
            f"under {WANTED_KILOBYTES} KB",
            f"{ours.kilobytes:.1f} KB",
            ours.kilobytes < WANTED_KILOBYTES,
        ),
    ]
    if found:
        rows += [
            (
                f"posting where {found.watchers:,} watch, against {FEW}",
                f"at most {WANTED_RATIO} times",
                f"{found.ratio:.2f} times",
                found.ratio <= WANTED_RATIO,
            ),
            (
                f"each of {found.watchers:,} is told once, though {found.deaths} workers are killed",
                "all, none twice",
                f"{found.told:,}, {found.told_twice} twice",
                found.is_each_told_once,
            ),
        ]
    lines = ["| | wanted | found | |", "|---|---|---|---|"]
    lines += [
        f"| {what} | {wanted} | {measured} | {'holds' if holds else '**missed**'} |"
        for what, wanted, measured, holds in rows
    ]
    return "\n".join(["The first three are of one and the same round.", "", *lines])


def _rounds(rounds: list[Round], *, sockets: int) -> str:
    lines = [
        f"## {sockets:,} sockets on one item",
        "",
        "Half of them signed in. The bare hub sends the same text to every socket on each notification: no log, no"
        " rights, no queues, a message of ASGI for each frame. A change is written when the one before has arrived"
        " everywhere; then come many without a pause. CPU is that of the socket process.",
        "",
        "| | KB idle | p50 ms | p99 ms | CPU ms a change | frames/s | CPU us a frame |",
        "|---|---|---|---|---|---|---|",
    ]
    for number, (bare, ours) in enumerate(rounds, 1):
        for name, result in (("bare hub", bare), ("microcosm", ours)):
            lines.append(
                f"| {name}, round {number} | {result.kilobytes:.1f} | {result.p50_ms:.0f} | {result.p99_ms:.0f} |"
                f" {result.change_cpu_ms:.1f} | {result.frames_per_second:,.0f} | {result.frame_cpu_us:.1f} |"
            )
    return "\n".join(lines)


def _posting(found: Found) -> str:
    lines = [
        f"## Posting where {FEW} and where {found.watchers:,} watch",
        "",
        f"{found.posts} comments to each over HTTP, in turns; CPU is that of the server process and of PostgreSQL."
        f" Then one more comment, whose {found.watchers:,} watchers are told by workers, {found.deaths} of which are"
        " killed.",
        "",
        "| watchers | median ms | CPU ms a comment |",
        "|---|---|---|",
        f"| {FEW} | {found.few.milliseconds:.1f} | {found.few.cpu_milliseconds:.1f} |",
        f"| {found.watchers:,} | {found.many.milliseconds:.1f} | {found.many.cpu_milliseconds:.1f} |",
    ]
    return "\n".join(lines)

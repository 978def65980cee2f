"""`make bench-live`: many sockets on one item in one process, and what posting costs where very many watch.

Shows what an idle connection takes, how long a change takes from its commit to the last socket, and how many frames a
second one process sends, next to a hub that only copies bytes; then the cost of posting. Results go to
docs/performance/live.md. Absolute figures depend on what else the machine does: compare with the bare hub.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from microcosm.development.testing import free_port, pytest_unconfigure, running, start_postgres, temporary_directory
from tests.bench import live_report
from tests.bench.live_report import Result
from tests.bench.machine import Processes

ROOT = Path(__file__).resolve().parents[2]
HOST = "alpha.localhost"
#: A change frame: `{"type":"ch`; other frames are told at most once a second and do not count.
CHANGE = b'{"type":"ch'
PATIENCE = 120.0
#: Of the issue's acceptance; with less, nothing is written down.
SOCKETS, WATCHERS = 2000, 50_000


def main() -> None:
    """Measure, print what was found and write it down."""
    options = argparse.ArgumentParser(prog="make bench-live", description=__doc__)
    options.add_argument("--sockets", type=int, default=SOCKETS)
    options.add_argument("--changes", type=int, default=300, help="single changes whose way is timed")
    options.add_argument("--burst", type=int, default=100, help="changes that are written without a pause")
    options.add_argument("--rounds", type=int, default=3, help="how often both hubs are measured in turn")
    options.add_argument("--watchers", type=int, default=WATCHERS, help="those who watch one item; 0 leaves it out")
    options.add_argument("--posts", type=int, default=200, help="comments where few and where many watch")
    options.add_argument("--deaths", type=int, default=5, help="workers that are killed while they tell the many")
    chosen = options.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    load = os.getloadavg()[0]
    start_postgres()
    try:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "microcosm.settings.test", "LOG_LEVEL": "WARNING"}
        os.environ["LIVE_CONNECTIONS_PER_ADDRESS"] = str(chosen.sockets * 2)
        scene = prepare(members=chosen.sockets // 2)
        rounds = [
            (run("tests.bench.bare_hub:application", scene, chosen), run("", scene, chosen))
            for _round in range(chosen.rounds)
        ]
        found = None
        if chosen.watchers:
            from tests.bench import watching

            found = watching.measure(watchers=chosen.watchers, posts=chosen.posts, deaths=chosen.deaths)
        text = live_report.text(rounds, found, sockets=chosen.sockets, load=load)
    finally:
        pytest_unconfigure()
    print(text)
    if chosen.sockets >= SOCKETS and chosen.watchers >= WATCHERS:
        live_report.FILE.write_text(text)


def prepare(*, members: int) -> dict[str, Any]:
    """A site with an item and members whose tokens sign the sockets in."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    from apps.accounts.services import get_or_create_users, issue_token
    from apps.items.services import create_conversation
    from apps.profiles.services import get_or_create_profiles
    from tests.factories import make_forum

    forum = make_forum("alpha")
    users = get_or_create_users([f"listener{number}@example.org" for number in range(members)])
    get_or_create_profiles(site_id=forum.site.id, user_ids=[user.id for user in users.values()])
    item_id = create_conversation(
        site_id=forum.site.id,
        author_id=forum.owner.id,
        microcosm_id=forum.root.id,
        title="Live",
        flags={},
        by_moderator=True,
    )
    tokens = [issue_token(user=user, client=None) for user in users.values()]
    with connection.cursor() as cursor:
        # As the database does by itself soon after rows have come.
        cursor.execute("ANALYZE")
    return {
        "site_id": forum.site.id,
        "item_id": item_id,
        "microcosm_id": forum.root.id,
        "tokens": tokens,
    }


def run(application: str, scene: dict[str, Any], chosen: argparse.Namespace) -> Result:
    """Measure one server, ours by default."""
    port = free_port()
    with server(application, port=port) as process:
        empty = memory_of(process.pid)
        ours, theirs = multiprocessing.Pipe()
        client = multiprocessing.get_context("spawn").Process(
            target=listen, args=(theirs, port, scene, chosen.sockets, chosen.changes + chosen.burst), daemon=True
        )
        client.start()
        assert hear(ours) == "ready"
        kilobytes = (memory_of(process.pid) - empty) / chosen.sockets
        cpu = [Processes(process.pid).cpu_seconds()]
        written = [write(scene)]
        for _change in range(chosen.changes - 1):
            # The next only when the last has arrived everywhere.
            assert hear(ours) == "all"
            written.append(write(scene))
        assert hear(ours) == "all"
        cpu.append(Processes(process.pid).cpu_seconds())
        start = time.monotonic()
        for _change in range(chosen.burst):
            write(scene)
        arrived: list[float] = []
        while not isinstance(arrived_ := hear(ours), list):
            pass
        arrived = arrived_
        cpu.append(Processes(process.pid).cpu_seconds())
        client.join(PATIENCE)
        time.sleep(float(os.environ.get("LINGER", "0")))
    ways = sorted(1000 * (there - here) for here, there in zip(written, arrived[: chosen.changes], strict=True))
    return Result(
        kilobytes=kilobytes,
        p50_ms=statistics.median(ways),
        p99_ms=ways[min(len(ways) - 1, int(len(ways) * 0.99))],
        frames_per_second=chosen.burst * chosen.sockets / (arrived[-1] - start),
        change_cpu_ms=1000 * (cpu[1] - cpu[0]) / chosen.changes,
        frame_cpu_us=1_000_000 * (cpu[2] - cpu[1]) / (chosen.burst * chosen.sockets),
    )


def hear(pipe: Connection) -> Any:
    """What the client says next."""
    if not pipe.poll(PATIENCE):
        raise SystemExit("the sockets hear nothing any more")
    return pipe.recv()


def write(scene: dict[str, Any]) -> float:
    """Commit one change, and say when that was begun."""
    from django.db import connection, transaction

    from apps.core.events import publish
    from apps.items.events import ConversationEdited

    with transaction.atomic():
        publish(
            ConversationEdited(
                site_id=scene["site_id"],
                actor_id=None,
                item_id=scene["item_id"],
                microcosm_id=scene["microcosm_id"],
            )
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify('bare', '')")
        return time.monotonic()


@contextmanager
def server(application: str, *, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """One process as deploy/microcosm-live.service starts it."""
    unit = (ROOT / "deploy" / "microcosm-live.service").read_text()
    found = re.search(r"^ExecStart=\S+/uvicorn (.*)$", unit, re.MULTILINE)
    assert found
    words = found.group(1).replace("${LIVE_WORKERS}", "1").split()
    words[words.index("--port") + 1] = str(port)
    if application:
        words[-1] = application
    command = [str(Path(sys.executable).with_name("uvicorn")), *words, "--app-dir", str(ROOT)]
    log = temporary_directory("microcosm-bench-") / "log"
    with running(command, log=log, port=port, environment=dict(os.environ)) as process:
        yield process


def memory_of(pid: int) -> float:
    """Kilobytes that only this process holds."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(float(amount) for amount in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE))


# --- The client, in a process of its own ---------------------------------------------------------


class Listener(asyncio.Protocol):
    """A socket that counts changes as cheaply as can be."""

    def __init__(self, number: int, arrivals: "Arrivals") -> None:
        self.number, self.arrivals = number, arrivals
        self.buffer = b""
        self.is_open = False
        self.count = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        scene = self.arrivals.scene
        token = scene["tokens"][self.number // 2] if self.number % 2 and scene["tokens"] else ""
        lines = [
            "GET /live/v1 HTTP/1.1",
            f"Host: {HOST}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            *([f"Authorization: Bearer {token}"] if token else []),
        ]
        transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.is_open:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            assert b" 101 " in head, head
            self.is_open, self.buffer = True, rest
            text = json.dumps(
                {"type": "subscribe", "to": "conversation", "id": self.arrivals.scene["item_id"]}
            ).encode()
            # A mask of zeroes leaves the text as it is.
            self.transport.write(bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text)
        self._read()

    def _read(self) -> None:
        buffer, at = self.buffer, 0
        while len(buffer) - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            if len(buffer) < start + length:
                break
            if buffer.startswith(CHANGE, start):
                self.arrivals.note(self.count)
                self.count += 1
            elif buffer[at] == 0x89:
                self.transport.write(bytes([0x8A, 0x80 | length]) + b"\0\0\0\0" + buffer[start : start + length])
            elif buffer.startswith(b'{"type":"subscribed"', start):
                self.arrivals.note_ready()
            at = start + length
        self.buffer = buffer[at:]


class Arrivals:
    """When each change had reached every socket."""

    def __init__(self, pipe: Connection, scene: dict[str, Any], sockets: int, changes: int) -> None:
        self.pipe, self.scene, self.sockets = pipe, scene, sockets
        self.missing = [sockets] * changes
        self.times: list[float] = []
        self.ready = 0
        self.is_over = asyncio.Event()

    def note(self, number: int) -> None:
        """One socket has one change."""
        self.missing[number] -= 1
        if not self.missing[number]:
            self.times.append(time.monotonic())
            if len(self.times) == len(self.missing):
                self.is_over.set()
            else:
                self.pipe.send("all")

    def note_ready(self) -> None:
        """One socket is subscribed."""
        self.ready += 1
        if self.ready == self.sockets:
            self.pipe.send("ready")


def listen(pipe: Connection, port: int, scene: dict[str, Any], sockets: int, changes: int) -> None:
    """Open all sockets and tell when every one has each change."""
    asyncio.run(_listen(pipe, port, scene, sockets, changes))


async def _listen(pipe: Connection, port: int, scene: dict[str, Any], sockets: int, changes: int) -> None:
    arrivals = Arrivals(pipe, scene, sockets, changes)
    loop = asyncio.get_running_loop()
    for start in range(0, sockets, 50):
        await asyncio.gather(
            *(
                loop.create_connection(lambda number=number: Listener(number, arrivals), "127.0.0.1", port)
                for number in range(start, min(start + 50, sockets))
            )
        )
    await arrivals.is_over.wait()
    pipe.send(arrivals.times)


if __name__ == "__main__":
    main()

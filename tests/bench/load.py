"""wrk against one server: throughput and latencies, and what the server and the database worked for it."""

import http.client
import json
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.machine import Processes
from tests.bench.times import Times

SCRIPT = Path(__file__).with_name("wrk.lua")


class LoadFailed(Exception):
    """A server answered something else than what is measured."""


@dataclass(frozen=True)
class Measured:
    """What one route did under load; times in milliseconds, CPU in microseconds a request."""

    per_second: float
    p50: float
    p95: float
    p99: float
    server_cpu: float
    database_cpu: float
    #: Inside of the server, without the wait for one of its threads; None where that is not known.
    server_p99: float | None = None


@dataclass(frozen=True)
class Target:
    """A server that is measured: where it listens, as whom it is asked, and whose CPU counts."""

    port: int
    host: str
    server: Processes
    database: Processes
    headers: Mapping[str, str]
    times: Times | None = None

    def all_headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Host": self.host, **self.headers}


def require_wrk() -> str:
    """The path of wrk; raises SystemExit with one line when it is not installed."""
    found = shutil.which("wrk")
    if found is None:
        raise SystemExit("microcosm: wrk is not installed, and make bench needs it (Debian: apt-get install wrk)")
    return found


def fetch(target: Target, path: str, *, headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, str]]:
    """One request: its status and the headers of the answer, names in lower case."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)
    connection.request("GET", path, headers={**target.all_headers(), **(headers or {})})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, {name.lower(): value for name, value in response.getheaders()}


def warm_up(target: Target, path: str, *, status: int, requests: int = 12, hands: int = 8) -> None:
    """Ask often enough, from many hands at once, for every thread to have its statements prepared."""
    wrong: list[str] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)
        for _ in range(requests):
            connection.request("GET", path, headers=target.all_headers())
            response = connection.getresponse()
            body = response.read()
            if response.status != status:
                wrong.append(f"{path} answered {response.status}: {body[:300]!r}")
                return
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise LoadFailed(wrong[0])


def measure(target: Target, path: str, *, arguments: Sequence[str], connections: int, seconds: int) -> Measured:
    """Load one route for some seconds; `arguments` are those of the Lua script."""
    command = [require_wrk(), "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
    for name, value in target.all_headers().items():
        command += ["--header", f"{name}: {value}"]
    command += ["--timeout", "30s", "--script", str(SCRIPT), f"http://127.0.0.1:{target.port}{path}", "--", *arguments]
    if target.times is not None:
        target.times.take()
    server, database = target.server.cpu_seconds(), target.database.cpu_seconds()
    said = subprocess.check_output(command, text=True)
    server, database = target.server.cpu_seconds() - server, target.database.cpu_seconds() - database
    result = json.loads(said.strip().splitlines()[-1])
    count = result["requests"]
    if result["refused"] or result["broken"]:
        raise LoadFailed(f"{path}: {result}")
    if not count:
        # Slower than the measurement is long.
        late = seconds * 1000.0
        return Measured(per_second=0, p50=late, p95=late, p99=late, server_cpu=0, database_cpu=0)
    return Measured(
        per_second=count / result["microseconds"] * 1e6,
        p50=result["p50"] / 1000,
        p95=result["p95"] / 1000,
        p99=result["p99"] / 1000,
        server_cpu=server / count * 1e6,
        database_cpu=database / count * 1e6,
        server_p99=_p99(target.times.take()) if target.times is not None else None,
    )


def _p99(times: list[float]) -> float | None:
    return sorted(times)[int(len(times) * 0.99)] if times else None

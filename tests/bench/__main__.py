"""`make bench`, `make bench-quick`: hot routes under load next to the bare stack in the same run.

Absolute figures depend on the machine and on what else it does: compare the columns of one run. Writes a table and a
plot under docs/performance.
"""

import argparse
import json
import os
import pickle
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from microcosm.development.testing import find_installed, free_port, running, temporary_directory
from tests.bench import report
from tests.bench.load import LoadFailed, Measured, Target, fetch, measure, require_wrk, warm_up
from tests.bench.machine import Processes, describe
from tests.bench.routes import DEEP, ROUTES, TOKEN, Route
from tests.bench.store import ROOT, Built, measured_database
from tests.bench.times import FOLDER, Times

GRANIAN = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--host", "127.0.0.1", "--no-ws"]
#: As deploy/microcosm-http.service starts it.
GRANIAN += ["--blocking-threads", "4", "--backlog", "2048", "--log-level", "warning"]


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    scale: str
    seconds: int
    connections: tuple[int, ...]
    #: How often a page and its bare statement are measured in turn; the best of each counts.
    rounds: int
    only_key_routes: bool


PLANS = {
    "full": Plan(scale="full", seconds=2, connections=(1, 8, 32), rounds=2, only_key_routes=False),
    "quick": Plan(scale="quick", seconds=1, connections=(8,), rounds=1, only_key_routes=True),
}


def main() -> None:
    """Build the data, start the servers, measure, write."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="key routes and little data, in two minutes")
    options.add_argument("--only", help="routes whose name has this in it")
    options.add_argument("--seconds", type=int, help="of each measurement, instead of 2 (quick: 1)")
    options.add_argument("--workers", type=int, default=1, help="processes of the server")
    options.add_argument("--output", type=Path, default=ROOT / "docs" / "performance")
    chosen = options.parse_args()
    require_wrk()
    folder = Path(os.environ.get("DATA_DIR", ".data")) / "bench"
    plan = PLANS["quick" if chosen.quick else "full"]
    plan = replace(plan, seconds=chosen.seconds or plan.seconds)
    with measured_database(folder, scale=plan.scale) as built:
        os.environ |= {
            "DATABASE_URL": built.url,
            "DJANGO_SETTINGS_MODULE": "microcosm.settings.base",
            "SECRET_KEY": "b" * 64,
            "PLATFORM_DOMAIN": "localhost",
            "LOG_LEVEL": "ERROR",
            # As the unit has it.
            "MALLOC_ARENA_MAX": "2",
        }
        with _servers(built, workers=chosen.workers) as servers:
            bench = Bench(plan, built=built, servers=servers, workers=chosen.workers, only=chosen.only or "")
            bench.run()
    if not chosen.only:
        report.write(bench.result, folder=chosen.output, name=plan.scale)
    print(report.table(bench.result))


@dataclass(frozen=True)
class Servers:
    """What listens where, in the same run."""

    application: tuple[int, Processes]
    statements: tuple[int, Processes]
    constant: tuple[int, Processes]
    #: How long the application took.
    times: Times
    cache: str


@contextmanager
def _servers(built: Built, *, workers: int) -> Iterator[Servers]:
    """The application, its statements alone and a constant view, each a granian of its own, and memcached if any."""
    import django

    django.setup()
    from django.db import connection

    from apps.core.functions import rebuild_functions
    from tests.bench import bare

    # The data may be older than they are.
    rebuild_functions()

    folder = temporary_directory("microcosm-bench-")
    with ExitStack() as stack:
        cast = built.casts["large"]
        paths = {f"{route.name}, member": (f"{cast['key']}.localhost", route.path_in(cast), TOKEN) for route in ROUTES}
        noted = folder / "statements"
        noted.write_bytes(pickle.dumps(bare.record(paths)))
        connection.close()
        os.environ["BENCH_STATEMENTS"] = str(noted)
        program, cache = find_installed("memcached"), "none: the application's own in the process"
        if program:
            port = free_port()
            command = [program, "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "256"]
            command += ["-u", "nobody"] if os.geteuid() == 0 else []
            stack.enter_context(running(command, log=folder / "memcached.log", port=port))
            os.environ["CACHE_URL"] = f"127.0.0.1:{port}"
            cache = "memcached"

        def start(application: str) -> tuple[int, Processes]:
            port = free_port()
            command = [*GRANIAN, "--workers", str(workers), "--port", str(port), application]
            process = stack.enter_context(running(command, log=folder / "server.log", port=port))
            return port, Processes(process.pid)

        times = folder / "times"
        times.mkdir()
        os.environ[FOLDER] = str(times)
        yield Servers(
            application=start("tests.bench.timed:application"),
            statements=start("tests.bench.bare:statements"),
            constant=start("tests.bench.constant:application"),
            times=Times(times),
            cache=cache,
        )


class Bench:
    """One run: `result` fills as it goes."""

    def __init__(self, plan: Plan, *, built: Built, servers: Servers, workers: int, only: str) -> None:
        self.plan, self.built, self.servers, self.only = plan, built, servers, only
        self.cast = built.casts["large"]
        self.database = Processes(built.pid)
        self.routes = [route for route in ROUTES if only in route.name and (route.is_key or not plan.only_key_routes)]
        self.numbers = {route.name: number for number, route in enumerate(ROUTES)}
        self.folder = temporary_directory("microcosm-bench-paths-")
        self.result = report.Result(
            scale=plan.scale,
            machine=describe(),
            cache=servers.cache,
            workers=workers,
            seconds=plan.seconds,
            load=os.getloadavg()[0],
            bytes=built.bytes,
            routes={route.name: (route.wanted, route.wanted_share) for route in self.routes},
        )

    def run(self) -> None:
        """Everything, reads before writes."""
        constant = self._target(self.servers.constant, headers={})
        warm_up(constant, "/", status=200)
        self._note("constant Django view", "-", "-", 8, self._measure(constant, "/"))
        for route in self.routes:
            try:
                self._route(route)
            except LoadFailed as error:
                print(f"microcosm: {route.name}: {error}", file=sys.stderr)
        if not self.only:
            self._deep()
            self._sizes()
            self.result.memory = self.servers.application[1].largest_rss()
        if self.only in "post a comment where very many watch":
            self._posts()
        self.result.memory = max(self.result.memory, self.servers.application[1].largest_rss())

    # --- Kinds of measurements ---------------------------------------------------------------

    def _route(self, route: Route) -> None:
        path = route.path_in(self.cast)
        member, guest = self._application(token=TOKEN), self._application()
        bare, bare_path = self._target(self.servers.statements, headers={}), f"/{self.numbers[route.name]}"
        warm_up(member, path, status=200)
        warm_up(bare, bare_path, status=200)
        for _ in range(self.plan.rounds):
            self._note(route.name, "statement alone", "-", 8, self._measure(bare, bare_path))
            self._note(route.name, "member", "warm", 8, self._measure(member, path))
        for connections in self.plan.connections:
            if connections != 8:
                self._note(route.name, "member", "warm", connections, self._measure(member, path, connections))
        self._cold_and_304(route, member, "member")
        if not route.for_guests:
            return
        warm_up(guest, path, status=200)
        for connections in self.plan.connections:
            self._note(route.name, "guest", "warm", connections, self._measure(guest, path, connections))
        self._cold_and_304(route, guest, "guest")

    def _cold_and_304(self, route: Route, target: Target, who: str) -> None:
        path = route.path_in(self.cast)
        if not self.plan.only_key_routes or who == "guest":
            cold = self._cold(route, self.cast)
            self._note(route.name, who, "cold", 8, self._measure(target, path, arguments=cold))
        _status, headers = fetch(target, path)
        if "etag" not in headers:
            return
        conditional = self._application(
            token=TOKEN if who == "member" else "", headers={"If-None-Match": headers["etag"]}
        )
        # What says how long it took, as searches do, is another body each time.
        if any(fetch(conditional, path)[0] != 304 for _ in range(5)):
            return
        warm_up(conditional, path, status=304, requests=2)
        self._note(route.name, who, "304", 8, self._measure(conditional, path))

    def _deep(self) -> None:
        member = self._application(token=TOKEN)
        last = (self.cast["longest_count"] - 25) // 25 * 25
        numbers = {**self.cast, "last": last, "middle": last // 50 * 25}
        for _name, path in DEEP:
            warm_up(member, path.format(**numbers), status=200)
        for _ in range(2):
            for name, path in DEEP:
                self._note(name, "member", "warm", 8, self._measure(member, path.format(**numbers)))

    def _sizes(self) -> None:
        """The same pages on both sites, in turn: as they are kept, and as they are made."""
        for route in self.routes:
            for _ in range(self.plan.rounds):
                for key, cast in self.built.casts.items():
                    target = self._application(token=TOKEN, key=key)
                    path = route.path_in(cast)
                    warm_up(target, path, status=200, requests=4)
                    self.result.bytes_of_pages[route.name, key] = int(fetch(target, path)[1]["content-length"])
                    self.result.note_size(route.name, key, "warm", self._measure(target, path))
                    cold = self._cold(route, cast)
                    self.result.note_size(route.name, key, "cold", self._measure(target, path, arguments=cold))

    def _posts(self) -> None:
        member = self._application(token=TOKEN)
        for name, item_id in (
            ("post a comment", self.cast["conversation_id"]),
            ("post a comment where very many watch", self.cast["watched_id"]),
        ):
            body = json.dumps({"itemType": "conversation", "itemId": item_id, "markdown": "Something *new*, number @."})
            for connections in (1, 8):
                arguments = ("post", body)
                self._measure(member, "/api/v1/comments", connections, arguments=arguments)
                result = self._measure(member, "/api/v1/comments", connections, arguments=arguments)
                self._note(name, "member", "-", connections, result)

    def _cold(self, route: Route, cast: dict[str, Any]) -> tuple[str, str]:
        """Arguments of the load for addresses that nobody has asked for."""
        paths = self.folder / "paths"
        paths.write_text("\n".join(route.cold_paths(cast)))
        return "cold", str(paths)

    # --- Parts -------------------------------------------------------------------------------

    def _target(self, server: tuple[int, Processes], *, headers: Mapping[str, str], key: str = "large") -> Target:
        return Target(
            port=server[0], host=f"{key}.localhost", server=server[1], database=self.database, headers=headers
        )

    def _application(self, *, token: str = "", key: str = "large", headers: Mapping[str, str] | None = None) -> Target:
        given = {"Authorization": f"Bearer {token}"} if token else {}
        target = self._target(self.servers.application, headers={**given, **(headers or {})}, key=key)
        return replace(target, times=self.servers.times)

    def _measure(
        self, target: Target, path: str, connections: int = 8, *, arguments: tuple[str, str] = ("get", "-")
    ) -> Measured:
        return measure(target, path, arguments=arguments, connections=connections, seconds=self.plan.seconds)

    def _note(self, route: str, who: str, cache: str, connections: int, measured: Measured) -> None:
        line = self.result.note(report.Row(route, who, cache, connections, measured))
        print(line, file=sys.stderr)


if __name__ == "__main__":
    random.seed(0)
    try:
        main()
    except LoadFailed as error:
        raise SystemExit(f"microcosm: {error}") from error

"""The platform's processes and a PostgreSQL of their own, which are killed and started again as systemd would do."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from microcosm.development.postgres import PrivatePostgres, create_database
from microcosm.development.processes import die_with_parent
from microcosm.development.testing import free_port, listens, wait_until
from tests.units import ROOT, unit_command

DOMAIN = "localhost"
DATABASE = "chaos"
SERVERS = ("http", "live", "worker", "scheduler")
#: What can be killed: a whole server (its process group), one process of the HTTP server, the database, one session of
#: it, whose death makes it restart all the others.
VICTIMS = (*SERVERS, "http process", "database", "session")
WATCH_SECONDS = 0.05
START_SECONDS = 120.0
#: What the run that starts the drill is set to must not reach the servers under test.
_OURS = ("DATABASE_URL", "CACHE_URL", "DJANGO_SETTINGS_MODULE", "PLATFORM_PORT", "PLATFORM_DOMAIN")


@dataclass
class Kept:
    """A server process that is started again when it has ended."""

    command: list[str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    starts_at: float = 0.0


@dataclass
class Cluster:
    """Everything that `make run` would start, each part a process of its own, with production's settings."""

    folder: Path
    rng: random.Random
    #: The longest time something stays down; systemd waits a second.
    pause_seconds: float = 1.0
    killed: Counter[str] = field(default_factory=Counter)
    #: How often a server ended by itself.
    ended: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.postgres = PrivatePostgres(self.folder / "data", dies_with_us=True)
        self.ports = {"http": free_port(), "live": free_port()}
        self._kept: dict[str, Kept] = {}
        self._stopping = threading.Event()
        # Children die with the thread that made them, so each of these threads lives as long as the cluster.
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._hand = ThreadPoolExecutor(1)

    # --- Start and stop ----------------------------------------------------------------------

    @property
    def database_url(self) -> str:
        """The database that all of them use."""
        return self.postgres.database_url(DATABASE)

    @property
    def environment(self) -> dict[str, str]:
        """Production's settings, without mail and without limits for many people behind one address."""
        return {
            **{name: value for name, value in os.environ.items() if name not in _OURS},
            "DJANGO_SETTINGS_MODULE": "microcosm.settings.base",
            "SECRET_KEY": "only for this drill " * 3,
            "DATABASE_URL": self.database_url,
            "PLATFORM_DOMAIN": DOMAIN,
            "PLATFORM_SCHEME": "http",
            "EMAIL_URL": "dummymail://",
            "AVATARS": "",
            "LIVE_CONNECTIONS_PER_ADDRESS": "2000",
            "LIVE_CONNECTIONS_PER_PERSON": "100",
            "MEDIA_ROOT": str(self.folder / "media"),
            "STATIC_ROOT": str(self.folder / "static"),
            "PYTHONPATH": str(ROOT),
            "LOG_LEVEL": "WARNING",
        }

    def start_database(self) -> None:
        """PostgreSQL with an empty database."""
        self._hand.submit(self.postgres.start).result()
        create_database(self.postgres.database_url(), DATABASE)

    def run(self, module: str, *arguments: str) -> str:
        """Run a module of the tests on the database; what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    def start_servers(self) -> None:
        """Start all servers and keep them running; returns when both that listen do."""
        for name in SERVERS:
            command = unit_command(name, port=self.ports.get(name), http_workers=2)
            self._kept[name] = Kept(command=command, log=self.folder / f"{name}.log")
        self._keeper.start()
        for name, port in self.ports.items():
            wait_until(lambda port=port: listens(port), seconds=START_SECONDS, what=f"{name} to listen")

    def stop(self) -> None:
        """End everything."""
        self._stopping.set()
        if self._keeper.is_alive():
            self._keeper.join()
        self._hand.submit(self.postgres.stop).result()
        self._hand.shutdown()

    def _keep(self) -> None:
        while not self._stopping.is_set():
            for name, kept in self._kept.items():
                self._look_after(name, kept)
            self._stopping.wait(WATCH_SECONDS)
        for kept in self._kept.values():
            if kept.process is not None:
                _kill_group(kept.process)
                kept.process.wait()

    def _look_after(self, name: str, kept: Kept) -> None:
        now = time.monotonic()
        if kept.process is not None:
            if not _has_ended(kept.process):
                return
            # Its own processes go with it, as with a unit. Not waited for before that: its id is its own until then.
            _kill_group(kept.process)
            if kept.process.wait() != -signal.SIGKILL:
                self.ended[name] += 1
            kept.process, kept.starts_at = None, now + self.rng.uniform(0.1, self.pause_seconds)
        if now >= kept.starts_at:
            with kept.log.open("ab") as log:
                kept.process = subprocess.Popen(
                    kept.command,
                    cwd=ROOT,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=die_with_parent,
                )

    # --- Killing -----------------------------------------------------------------------------

    def kill(self, victim: str) -> None:
        """SIGKILL for something; the database is back when this returns, servers follow by themselves."""
        self._hand.submit(self._kill, victim).result()

    def _kill(self, victim: str) -> None:
        if victim == "database":
            self._kill_database()
        elif victim == "session":
            self._kill_session()
        else:
            process = self._kept[victim.split()[0]].process
            if process is None:
                return
            if victim == "http process":
                for pid in _children(process.pid)[:1]:
                    _kill(pid)
            else:
                _kill_group(process)
        self.killed[victim] += 1

    def _kill_database(self) -> None:
        pid = self.postgres.server_pid()
        if pid is not None:
            _kill(pid)
        time.sleep(self.rng.uniform(0, self.pause_seconds))
        self.postgres.start()

    def _kill_session(self) -> None:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.database_url) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchall()
            if found:
                _kill(self.rng.choice(found)[0])

    # --- What they had to say ----------------------------------------------------------------

    def logs(self) -> dict[str, str]:
        """What each server and the database have written."""
        files = {name: kept.log for name, kept in self._kept.items()} | {"database": self.postgres.log}
        return {name: file.read_text(errors="replace") for name, file in files.items() if file.exists()}


def _has_ended(process: "subprocess.Popen[Any]") -> bool:
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _kill_group(process: "subprocess.Popen[Any]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []

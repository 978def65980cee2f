"""The one command: a private PostgreSQL, the schema, a demo site, worker, scheduler, HTTP and sockets on one port."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from microcosm.development.errors import DevelopmentError
from microcosm.development.postgres import PrivatePostgres, create_database
from microcosm.development.processes import die_with_parent

if TYPE_CHECKING:
    from microcosm.development.demo import Demo

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "microcosm"
OLDEST_POSTGRES = 150_000
#: How long the first answer may take, and a worker or a request may take to end.
ANSWER_SECONDS = 60.0
STOP_SECONDS = 10.0
WATCH_SECONDS = 1.0
POLL_SECONDS = 0.02
LONGEST_RESTART_SECONDS = 30.0


class WrongSetting(DevelopmentError):
    """A setting in the environment cannot be used."""


class PortInUse(DevelopmentError):
    """Something else listens at the address."""


class DatabaseUnreachable(DevelopmentError):
    """The server of DATABASE_URL does not let us in or is too old."""


class NoAnswer(DevelopmentError):
    """The server started, but its demo site does not answer."""


@dataclass(frozen=True)
class Options:
    """What the environment says about this copy."""

    host: str
    port: int
    data_directory: Path

    @property
    def base_url(self) -> str:
        """Where scripts on this machine reach it; which site they mean goes into the Host header."""
        reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{reached}]:{self.port}" if ":" in reached else f"http://{reached}:{self.port}"


def options_from_environment() -> Options:
    """HOST, PORT and DATA_DIR, checked."""
    port = os.environ.get("PORT") or "8000"
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise WrongSetting(f"PORT is {port!r}; it must be a number from 1 to 65535")
    return Options(
        host=os.environ.get("HOST") or "127.0.0.1",
        port=int(port),
        data_directory=Path(os.environ.get("DATA_DIR") or ".data").absolute(),
    )


def check_address(options: Options) -> None:
    """Fail at once if we could not listen: granian shares its port, so it would not notice."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.host, options.port))
            probe.listen(1)
        except OSError as error:
            where = f"{options.host} port {options.port}"
            if error.errno == 98 or "in use" in str(error):
                raise PortInUse(f"{where} is in use: stop what runs there or choose another with PORT=") from error
            raise WrongSetting(f"cannot listen on {where}: {error.strerror or error} (HOST, PORT)") from error


@contextlib.contextmanager
def database(options: Options) -> Iterator[PrivatePostgres | None]:
    """The server of DATABASE_URL if that is set, else our own, put into DATABASE_URL."""
    if os.environ.get("DATABASE_URL"):
        yield None
        return
    server = PrivatePostgres(options.data_directory)
    server.start()
    try:
        create_database(server.database_url(), DATABASE)
        os.environ["DATABASE_URL"] = server.database_url(DATABASE)
        yield server
    finally:
        server.stop()


def prepare_django(options: Options) -> None:
    """Load the settings and the apps; a wrong setting is one line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microcosm.settings.dev")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ.setdefault("PLATFORM_PORT", str(options.port))
    os.environ.setdefault("MEDIA_ROOT", str(options.data_directory / "media"))
    from django.core.exceptions import ImproperlyConfigured

    from microcosm.start import first_line, load

    try:
        load()
    except ImproperlyConfigured as error:
        raise WrongSetting(f"wrong setting: {first_line(error)} (docs/settings.md)") from error


def prepare_schema() -> None:
    """Bring the schema up to date; costs little if it is."""
    from django.core.management import call_command
    from django.db import OperationalError, connection
    from django.db.migrations.executor import MigrationExecutor

    from apps.core.functions import rebuild_functions
    from microcosm.start import first_line

    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise DatabaseUnreachable(f"DATABASE_URL: {first_line(error)}") from error
    version = connection.connection.info.server_version
    if version < OLDEST_POSTGRES:
        raise DatabaseUnreachable(f"DATABASE_URL: PostgreSQL {version // 10_000} is too old, 15 or later is needed")
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        print("migrating ...", flush=True)
        call_command("migrate", interactive=False, verbosity=0)
    else:
        # Functions change without a migration (docs/architecture.md, decision 6).
        rebuild_functions()


def demo_site(options: Options) -> "Demo":
    """The demo site, with the tokens of earlier starts as long as they are valid."""
    from django.db import connections

    from microcosm.development.demo import create_demo

    file = options.data_directory / "demo-secrets.json"
    try:
        saved = {str(name): str(secret) for name, secret in json.loads(file.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        saved = {}
    demo = create_demo(saved)
    if demo.secrets != saved:
        write_private(file, demo.secrets)
    connections.close_all()
    return demo


def write_private(file: Path, content: dict[str, Any]) -> None:
    """Write JSON that only we may read; readers see all of it or nothing."""
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        json.dump(content, handle, indent=2)
        handle.write("\n")
    unfinished.rename(file)


def answers(options: Options, *, host: str) -> bool:
    """Whether the demo site gives its first 200."""
    request = urllib.request.Request(f"{options.base_url}/api/v1/site", headers={"Host": host})  # noqa: S310 - our own address
    try:
        # A proxy in the environment is for the world, not for this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=ANSWER_SECONDS) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError as error:
        raise NoAnswer(
            f"GET /api/v1/site on {host} answers {error.code}: {error.read(300).decode(errors='replace')}"
        ) from error
    except OSError:
        return False


class Server:
    """What runs between the first answer and Ctrl-C; one event loop holds it all."""

    def __init__(self, options: Options, postgres: PrivatePostgres | None, demo: "Demo") -> None:
        self.options = options
        self.postgres = postgres
        self.demo = demo
        self.demo_file = options.data_directory / "demo.json"
        self.answering = asyncio.Event()
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until a signal comes."""
        loop = asyncio.get_running_loop()
        for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(kind, self.stopping.set)
        parts = (self._serve(), self._announce(), self._watch_postgres(), self._keep("worker"), self._keep("scheduler"))
        tasks = {loop.create_task(part) for part in parts}
        stopped = loop.create_task(self.stopping.wait())
        try:
            pending: set[asyncio.Task[Any]] = {stopped, *tasks}
            while not stopped.done():
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            if self.answering.is_set():
                self.demo_file.unlink(missing_ok=True)
            self.stopping.set()
            await asyncio.wait({stopped, *tasks}, timeout=STOP_SECONDS)

    async def _serve(self) -> None:
        from django.contrib.staticfiles.handlers import StaticFilesHandler
        from granian.constants import Interfaces
        from granian.log import LogLevels
        from granian.server.embed import Server as Granian

        from microcosm.asgi import application as sockets
        from microcosm.development.front import one_port
        from microcosm.development.page import DemoPage
        from microcosm.wsgi import application as http

        server = Granian(
            # The admin's and the documentation's files come from where they lie: nothing is collected in development.
            one_port(DemoPage(StaticFilesHandler(http), host=self._host(), people=self.demo.people), sockets),
            address=self.options.host,
            port=self.options.port,
            interface=Interfaces.ASGINL,
            log_level=LogLevels.error,
        )
        serving = asyncio.ensure_future(server.serve())
        await self._wait_for(serving)
        server.stop()  # type: ignore[no-untyped-call]
        await serving

    async def _announce(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ANSWER_SECONDS
        while not await asyncio.to_thread(answers, self.options, host=self._host()):
            if loop.time() > deadline:
                raise NoAnswer(f"{self.options.base_url} does not answer")
            if await self._stops_within(POLL_SECONDS):
                return
        content: dict[str, Any] = {
            "base_url": self.options.base_url,
            "host": self._host(),
            "root_host": self._apex(),
            "tokens": self.demo.tokens,
        }
        write_private(self.demo_file, content)
        self.answering.set()
        print(self._greeting(), flush=True)

    def _apex(self) -> str:
        from django.conf import settings

        return str(settings.PLATFORM_DOMAIN)

    def _host(self) -> str:
        return f"{self.demo.site_key}.{self._apex()}"

    def _greeting(self) -> str:
        site = f"http://{self._host()}:{self.options.port}"
        root = f"http://{self._apex()}:{self.options.port}"
        lines = ["", f"Microcosm answers: {site} (demo site), {root} (root site). Ctrl-C stops it.", ""]
        lines += [f"  curl {site}/api/v1/site", f"  curl {site}/api/v1/microcosms"]
        for name, token in self.demo.tokens.items():
            lines.append(f"  curl -H 'Authorization: Bearer {token}' {site}/api/v1/whoami  # {name}")
        lines += ["", f"A conversation, live in the browser (open it twice, as two people): {site}/demo/"]
        lines += ["", *self.demo.notes, f"Addresses and tokens for scripts: {self.demo_file}"]
        return "\n".join(lines)

    async def _watch_postgres(self) -> None:
        """Start the private server again if it dies."""
        while self.postgres is not None and not await self._stops_within(WATCH_SECONDS):
            if not self.postgres.is_running():
                print("PostgreSQL is gone; starting it again ...", file=sys.stderr, flush=True)
                await asyncio.to_thread(self.postgres.start)

    async def _keep(self, command: str) -> None:
        """One process of a management command; started again if it dies, later each time."""
        # Not before the first answer: it takes as much of the machine to start as the server does.
        await self._wait_for(self.answering)
        pause = WATCH_SECONDS
        log_file = self.options.data_directory / f"{command}.log"
        while not self.stopping.is_set():
            with log_file.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "manage.py", command),
                    cwd=ROOT,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # Ctrl-C reaches us; we stop it in order.
                    start_new_session=True,
                    preexec_fn=die_with_parent,
                )
            ended = asyncio.ensure_future(process.wait())
            await self._wait_for(ended)
            if not ended.done():
                process.terminate()
                try:
                    await asyncio.wait_for(ended, STOP_SECONDS / 2)
                except TimeoutError:
                    process.kill()
                return
            print(
                f"the {command} ended with {process.returncode} (see {log_file}); starting it again",
                file=sys.stderr,
                flush=True,
            )
            await self._stops_within(pause)
            pause = min(pause * 2, LONGEST_RESTART_SECONDS)

    async def _wait_for(self, what: "asyncio.Future[Any] | asyncio.Event") -> None:
        """Until something is done or we are to stop."""
        waited = asyncio.ensure_future(what.wait() if isinstance(what, asyncio.Event) else what)
        stopping = asyncio.ensure_future(self.stopping.wait())
        await asyncio.wait({waited, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()

    async def _stops_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)
        return self.stopping.is_set()


def run() -> None:
    """Start everything and serve until told to stop."""
    options = options_from_environment()
    check_address(options)
    with database(options) as postgres:
        options.data_directory.mkdir(parents=True, exist_ok=True)
        (options.data_directory / "demo.json").unlink(missing_ok=True)
        prepare_django(options)
        prepare_schema()
        demo = demo_site(options)
        check_address(options)
        asyncio.run(Server(options, postgres, demo).run())


def stop_early(_number: int, _frame: object) -> None:
    """SIGTERM before the event loop runs is Ctrl-C."""
    raise KeyboardInterrupt


def main() -> int:
    """Run; what is wrong is said in one line."""
    signal.signal(signal.SIGTERM, stop_early)
    try:
        run()
    except DevelopmentError as error:
        print(f"microcosm: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0

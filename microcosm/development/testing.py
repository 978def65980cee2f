"""pytest plugin: a private, fast PostgreSQL for the run, and fixtures for nginx, memcached and Redis if installed.

Enabled by `-p microcosm.development.testing` in pyproject.toml. With DATABASE_URL set, that server is used instead.
"""

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from microcosm.development.errors import DevelopmentError
from microcosm.development.postgres import PrivatePostgres, create_database
from microcosm.development.processes import die_with_parent

START_SECONDS = 60.0
POLL_SECONDS = 0.02
#: The database that the settings name; Django makes the test databases beside it.
DATABASE = "microcosm"

_stop: list[Callable[[], None]] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Start the server before pytest-django reads the settings; xdist's workers inherit its address."""
    if not os.environ.get("DATABASE_URL"):
        start_postgres()
    return (yield)


def start_postgres() -> None:
    """A server on a fresh data directory, its address in DATABASE_URL."""
    folder = temporary_directory("microcosm-tests-")
    try:
        server = PrivatePostgres(folder, fast=True)
        server.start()
    except DevelopmentError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise pytest.UsageError(str(error)) from error

    def stop() -> None:
        os.environ.pop("DATABASE_URL", None)
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)

    _stop.append(stop)
    create_database(server.database_url(), DATABASE)
    os.environ["DATABASE_URL"] = server.database_url(DATABASE)


# Not only as a hook: pytest does not call it when another plugin fails early.
@atexit.register
def pytest_unconfigure() -> None:
    """Stop what this process started."""
    while _stop:
        _stop.pop()()


def temporary_directory(prefix: str) -> Path:
    """A new directory that the accounts which servers drop to can get through, unlike pytest's `tmp_path`."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o711)
    return folder


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Poll until something holds; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} seconds"
        time.sleep(POLL_SECONDS)


def listens(port: int) -> bool:
    """Whether something takes connections on a port of 127.0.0.1."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def find_installed(name: str) -> str | None:
    """The path of a server program, if it is installed."""
    # Debian keeps servers in /usr/sbin, which is not on everybody's PATH.
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")


def find_program(name: str) -> str:
    """The path of a server program; the test is skipped if it is not installed."""
    found = find_installed(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install {name})")
    return found


@contextlib.contextmanager
def running(
    command: list[str], *, log: Path, port: int, environment: dict[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A server process that listens on `port` while the block runs."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not listens(port):
            assert process.poll() is None, f"{command[0]} ended: {log.read_text(errors='replace')[-2000:]}"
            assert time.monotonic() < deadline, (
                f"{command[0]} does not listen: {log.read_text(errors='replace')[-2000:]}"
            )
            time.sleep(POLL_SECONDS)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def memcached() -> Iterator[str]:
    """A memcached of this run, as "host:port" for CACHE_URL."""
    program, port = find_program("memcached"), free_port()
    folder = temporary_directory("microcosm-memcached-")
    command = [program, "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "64"]
    if os.geteuid() == 0:
        command += ["-u", "nobody"]
    with running(command, log=folder / "log", port=port):
        yield f"127.0.0.1:{port}"
    shutil.rmtree(folder)


class RedisServer:
    """A redis-server of one test, which can be killed, held up and started again at the same address."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(folder)]
        self._log = folder / "log"
        self._process = contextlib.ExitStack()

    def start(self) -> None:
        """Begin to listen."""
        running_server = running(self._command, log=self._log, port=self.port)
        self._server = self._process.enter_context(running_server)

    def stop(self) -> None:
        """End whatever it does."""
        self._process.close()

    def kill(self) -> None:
        """End it at once."""
        self._server.kill()
        self._process.close()

    def hold_up(self) -> None:
        """It goes on taking connections, but answers nothing."""
        self._server.send_signal(signal.SIGSTOP)

    def let_go_on(self) -> None:
        """It answers again."""
        self._server.send_signal(signal.SIGCONT)


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A redis-server of this test."""
    program, folder = find_program("redis-server"), temporary_directory("microcosm-redis-")
    server = RedisServer(program, folder)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def nginx_program() -> str:
    """The path of nginx."""
    return find_program("nginx")

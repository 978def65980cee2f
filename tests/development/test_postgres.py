"""The private PostgreSQL: shared, stopped by the last, and back after every kind of death."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from microcosm.development.binaries import NoBinaries, UnknownSource, find_binaries
from microcosm.development.errors import DevelopmentError
from microcosm.development.postgres import (
    LONGEST_SOCKET_PATH,
    DataDirectoryUnusable,
    NotACluster,
    PrivatePostgres,
    ServerDidNotStart,
    create_database,
    private_postgres,
)
from microcosm.development.testing import temporary_directory, wait_until

ROOT = Path(__file__).resolve().parents[2]

# Another process that uses the same data directory: says so, and goes when its input ends or it is killed.
OTHER_USER = """
import sys
from microcosm.development.postgres import PrivatePostgres
server = PrivatePostgres(sys.argv[1], fast=False)
server.start()
print(server.server_pid(), flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    path = temporary_directory("microcosm-postgres-")
    yield path
    cluster = path / "postgres"
    if cluster.is_symlink():
        shutil.rmtree(cluster.readlink().parent, ignore_errors=True)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def server(folder: Path) -> Iterator[PrivatePostgres]:
    private = PrivatePostgres(folder)
    private.start()
    yield private
    private.stop()
    assert not private.is_running()


def other_user(folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", OTHER_USER, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def kept(server: PrivatePostgres) -> list[tuple[int]]:
    """What the table of `keep_something` holds; made of one row."""
    with psycopg.connect(server.database_url("forum")) as connection:
        return connection.execute("SELECT id FROM kept").fetchall()


def keep_something(server: PrivatePostgres) -> None:
    create_database(server.database_url(), "forum")
    with psycopg.connect(server.database_url("forum")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")


def test_it_has_what_the_schema_needs_and_no_network(server: PrivatePostgres) -> None:
    with psycopg.connect(server.database_url(), autocommit=True) as connection:
        for extension in ("pg_trgm", "citext", "unaccent"):
            connection.execute(f"CREATE EXTENSION {extension}")  # type: ignore[arg-type]
        answer = connection.execute(
            "SELECT current_setting('listen_addresses'), current_setting('server_encoding'), lower('ÄÉΣ')"
        ).fetchone()
    assert answer == ("", "UTF8", "äéσ")
    assert server.socket_directory.stat().st_mode & 0o777 == 0o700


def test_making_a_database_twice_keeps_the_first(server: PrivatePostgres) -> None:
    keep_something(server)
    create_database(server.database_url(), "forum")
    assert kept(server) == [(1,)]


def test_processes_share_one_server_and_the_last_stops_it(server: PrivatePostgres, folder: Path) -> None:
    pid = server.server_pid()
    other = other_user(folder)
    assert first_line(other) == str(pid)
    server.stop()
    assert server.is_running()
    other.communicate("")
    assert other.returncode == 0
    assert not server.is_running()
    assert server.server_pid() is None


def test_processes_that_start_together_start_it_once(folder: Path) -> None:
    others = [other_user(folder) for _ in range(3)]
    assert len({first_line(other) for other in others}) == 1
    for other in others:
        other.communicate("")
        assert other.returncode == 0
    assert not PrivatePostgres(folder).is_running()


def test_a_killed_user_leaves_a_server_that_the_next_one_takes_over(folder: Path) -> None:
    other = other_user(folder)
    pid = first_line(other)
    other.kill()
    other.communicate()
    with private_postgres(folder) as url:
        assert str(PrivatePostgres(folder).server_pid()) == pid
        psycopg.connect(url).close()
    assert not PrivatePostgres(folder).is_running()


def test_it_starts_again_after_its_postmaster_was_killed(server: PrivatePostgres) -> None:
    keep_something(server)
    with psycopg.connect(server.database_url()):
        pid = server.server_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        server.start()
    assert server.server_pid() not in (None, pid)
    assert kept(server) == [(1,)]


def test_a_stale_pid_file_that_names_a_living_process_does_not_stop_it(server: PrivatePostgres) -> None:
    keep_something(server)
    pid = server.server_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not server.is_running(), seconds=10, what="the end of the server")
    # Of its own account, so that PostgreSQL cannot tell it from another server.
    identity = server.account.identity()
    bystander = subprocess.Popen(["/bin/sleep", "60"], cwd="/", **identity)
    try:
        for file in (server.cluster / "postmaster.pid", server.socket_directory / ".s.PGSQL.5432.lock"):
            lines = file.read_text().splitlines()
            file.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
        server.start()
        assert kept(server) == [(1,)]
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(folder: Path) -> None:
    long = folder / ("x" * LONGEST_SOCKET_PATH)
    server = PrivatePostgres(long)
    server.start()
    try:
        assert server.socket_directory.parent == Path("/tmp")
        assert server.socket_directory.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()
    assert not server.socket_directory.exists()


def test_a_socket_directory_of_somebody_else_is_not_used(folder: Path) -> None:
    long = folder / ("x" * LONGEST_SOCKET_PATH)
    server = PrivatePostgres(long)
    server.socket_directory.mkdir(mode=0o777)
    server.socket_directory.chmod(0o777)
    try:
        with pytest.raises(DevelopmentError, match="not a private directory of ours"):
            server.start()
    finally:
        server.socket_directory.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")
def test_root_uses_a_data_directory_that_the_account_cannot_get_to(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with private_postgres(closed / "data") as url:
        psycopg.connect(url).close()
    place = (closed / "data" / "postgres").readlink()
    assert place.parent.parent == Path("/var/lib/microcosm-development")
    shutil.rmtree(place.parent)


@contextlib.contextmanager
def nobody_special() -> Iterator[None]:
    """Somebody who may not write everywhere, as root may."""
    ours = os.geteuid()
    if ours == 0:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(ours)


def test_an_unwritable_data_directory_is_one_line(folder: Path) -> None:
    folder.chmod(0o555)
    with nobody_special(), pytest.raises(DataDirectoryUnusable, match=r"cannot be written: Permission denied$"):
        PrivatePostgres(folder)
    folder.chmod(0o700)


def test_a_file_as_data_directory_is_one_line(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(DataDirectoryUnusable, match=r"file cannot be written: Not a directory$"):
        PrivatePostgres(folder / "file")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("something.txt", "mine", "no PG_VERSION"),
        ("PG_VERSION", "fifteen", "PG_VERSION cannot be read"),
    ],
)
def test_what_is_no_cluster_is_left_alone(folder: Path, name: str, content: str, problem: str) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / name).write_text(content)
    with pytest.raises(NotACluster, match=problem):
        PrivatePostgres(folder).start()
    assert (folder / "postgres" / name).read_text() == content


def test_a_cluster_of_another_version_names_the_version(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("11\n")
    with pytest.raises(NoBinaries, match="PostgreSQL 11 is needed"):
        PrivatePostgres(folder).start()


def test_a_broken_cluster_gives_the_servers_own_words(server: PrivatePostgres, folder: Path) -> None:
    server.stop()
    moved = folder / "pg_control"
    (folder / "postgres" / "global" / "pg_control").rename(moved)
    with pytest.raises(ServerDidNotStart) as failure:
        server.start()
    assert "\n" not in str(failure.value)
    assert "pg_control" in str(failure.value)
    moved.rename(folder / "postgres" / "global" / "pg_control")
    server.start()


def test_an_unknown_source_of_postgresql_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROCOSM_POSTGRES", "docker")
    with pytest.raises(UnknownSource, match="'docker'"):
        find_binaries()

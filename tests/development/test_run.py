"""`make run`, as a person or a script sees it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from microcosm.development.postgres import PrivatePostgres
from microcosm.development.testing import free_port, temporary_directory, wait_until
from tests.copies import ROOT, SECONDS, environment, started


def refusal(**settings: str) -> str:
    """What a start that cannot succeed says, all of it."""
    answer = subprocess.run(
        [sys.executable, "-m", "microcosm.development"],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert answer.returncode == 1, answer
    assert answer.stdout == ""
    return answer.stderr


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = temporary_directory("microcosm-run-")
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def first_start(folder: Path) -> dict[str, Any]:
    """demo.json of the first start, which is stopped with Ctrl-C; the tests below start it again."""
    with started(folder) as copy:
        found = copy.demo
        assert found["base_url"] == f"http://127.0.0.1:{copy.port}"
        assert copy.stop(signal.SIGINT) == 0
    return found


def test_the_first_start_names_addresses_and_tokens(first_start: dict[str, Any]) -> None:
    assert set(first_start) == {"base_url", "host", "root_host", "tokens"}
    assert (first_start["host"], first_start["root_host"]) == ("demo.localhost", "localhost")
    assert set(first_start["tokens"]) == {"owner", "moderator", "member", "banned"}


def test_stopping_stops_everything(first_start: dict[str, Any], folder: Path) -> None:
    assert not PrivatePostgres(folder).is_running()
    assert not (folder / "demo.json").exists()
    assert "Traceback" not in (folder / "output").read_text()


def test_a_second_start_keeps_content_and_tokens_and_recovers_from_kill_9(
    first_start: dict[str, Any], folder: Path
) -> None:
    with started(folder) as copy:
        assert copy.demo["tokens"] == first_start["tokens"]
        assert (folder / "demo.json").stat().st_mode & 0o777 == 0o600

        site = copy.get("/api/v1/site").json()["data"]
        assert site["title"] == "Demo riders"
        assert {"metric": "totalProfiles", "value": 10} in site["meta"]["stats"]
        assert copy.get("/api/v1/site", host="localhost").status == 200
        assert copy.get("/api/v1/conversations/1").status == 200
        assert copy.get("/static/admin/css/base.css", host="localhost").status == 200
        by_role = {
            role: copy.get("/api/v1/microcosms", token=token).status for role, token in copy.demo["tokens"].items()
        }
        assert by_role == {"owner": 200, "moderator": 200, "member": 200, "banned": 403}

        # The line to paste is one that works.
        assert (
            f"curl -H 'Authorization: Bearer {copy.demo['tokens']['owner']}' http://demo.localhost:{copy.port}/"
            in copy.output
        )

        # The database dies under it, and comes back.
        pid = PrivatePostgres(folder).server_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        server = PrivatePostgres(folder)
        wait_until(lambda: server.server_pid() not in (None, pid), seconds=SECONDS, what="another PostgreSQL")
        wait_until(lambda: copy.get("/api/v1/conversations/1").status == 200, seconds=SECONDS, what="an answer")

        # It dies itself, and leaves the database behind.
        copy.stop(signal.SIGKILL)
    assert PrivatePostgres(folder).is_running()
    with started(folder) as copy:
        assert copy.demo["tokens"] == first_start["tokens"]
        assert copy.get("/api/v1/conversations/1").status == 200
        assert copy.stop(signal.SIGTERM) == 0
    assert not PrivatePostgres(folder).is_running()


def test_scheduled_jobs_are_queued_and_run_beside_it(first_start: dict[str, Any], folder: Path) -> None:
    def outcomes() -> list[tuple[str, str]]:
        with psycopg.connect(PrivatePostgres(folder).database_url("microcosm")) as connection:
            # Yesterday nobody was there.
            connection.execute(
                "UPDATE jobs_scheduledjob SET covered_until = now() - interval '1 day'"
                " WHERE name = 'microcosms.recount' AND NOT EXISTS (SELECT FROM jobs_run)"
            )
            return connection.execute("SELECT name, outcome FROM jobs_run").fetchall()

    for name in ("worker", "scheduler"):
        # They say there that the database was killed under them.
        (folder / f"{name}.log").unlink()
    with started(folder) as copy:
        wait_until(lambda: ("microcosms.recount", "succeeded") in outcomes(), seconds=SECONDS, what="the run of a slot")
        assert copy.stop(signal.SIGTERM) == 0
        for name in ("worker", "scheduler"):
            assert "Traceback" not in (folder / f"{name}.log").read_text()
        assert "starting it again" not in copy.output


def test_a_second_copy_cannot_have_the_port(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refusal(PORT=str(port), DATA_DIR=str(folder))
    assert said == f"microcosm: 127.0.0.1 port {port} is in use: stop what runs there or choose another with PORT=\n"


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1", "8000x"])
def test_a_port_that_is_none_is_one_line(port: str) -> None:
    assert refusal(PORT=port) == f"microcosm: PORT is {port!r}; it must be a number from 1 to 65535\n"


def test_an_address_of_somebody_else_is_one_line() -> None:
    said = refusal(HOST="192.0.2.1", PORT=str(free_port()))
    assert said.startswith("microcosm: cannot listen on 192.0.2.1 port ")
    assert said.count("\n") == 1


def test_a_broken_data_directory_is_one_line() -> None:
    folder = temporary_directory("microcosm-broken-")
    (folder / "postgres").mkdir()
    (folder / "postgres" / "notes.txt").write_text("mine")
    said = refusal(PORT=str(free_port()), DATA_DIR=str(folder))
    assert said == (
        f"microcosm: {folder}/postgres is not a PostgreSQL cluster (no PG_VERSION in it): "
        "remove it or choose another DATA_DIR\n"
    )
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("settings", "start"),
    [
        ({"DATABASE_URL": "mysql://somewhere/else"}, "microcosm: wrong setting: DATABASE_URL cannot be read"),
        ({"DATABASE_URL": "postgresql:///nothing?host=/nonexistent"}, "microcosm: DATABASE_URL: "),
        (
            {"MICROCOSM_POSTGRES": "docker"},
            "microcosm: MICROCOSM_POSTGRES is 'docker'; it can be auto, system or wheel",
        ),
        ({"DATABASE_URL": "postgresql:///x", "MAX_BODY_BYTES": "many"}, "microcosm: wrong setting: "),
        ({"DATABASE_URL": "postgresql:///x", "TRUSTED_PROXIES": "nobody"}, "microcosm: wrong setting: TRUSTED_PROXIES"),
    ],
)
def test_a_wrong_setting_is_one_line(settings: dict[str, str], start: str) -> None:
    folder = temporary_directory("microcosm-wrong-")
    said = refusal(PORT=str(free_port()), DATA_DIR=str(folder), **settings)
    assert said.startswith(start)
    assert said.count("\n") == 1
    shutil.rmtree(folder)

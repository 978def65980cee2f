"""The systemd units and the release scripts, with the programs of this machine in the place of a server's."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from microcosm.development.testing import find_program, free_port, listens, temporary_directory, wait_until
from tests.asking import ask
from tests.e2e.conftest import DOMAIN, ROOT, Platform

UNITS = sorted((ROOT / "deploy").glob("*.service"))
#: What stands in for the server: ssh and sudo run what they are given here, systemctl starts the HTTP process anew, and
#: the environment of a release is the one that runs the tests.
STAND_INS = {
    "ssh": 'shift\nexec sh -c "$*"\n',
    "scp": 'for last in "$@"; do :; done\ncp "$2" "${last#*:}"\n',
    "sudo": 'exec "$@"\n',
    "systemctl": """
if [ "$1" = is-active ]; then kill -0 "$(cat "$STATE/pid")"; exit; fi
if [ -f "$STATE/pid" ]; then
    kill "$(cat "$STATE/pid")"
    while kill -0 "$(cat "$STATE/pid")" 2>/dev/null; do sleep 0.05; done
fi
set -a; . "$MICROCOSM_ENVIRONMENT"; set +a
cd "$MICROCOSM_PREFIX/current"
DJANGO_SETTINGS_MODULE=microcosm.settings.base setsid "$VENV/bin/granian" --interface wsgi --host 127.0.0.1 \\
    --port "${MICROCOSM_ADDRESS#*:}" microcosm.wsgi:application >>"$STATE/http.log" 2>&1 &
echo $! >"$STATE/pid"
""",
    "python3": 'ln -sfn "$VENV" .venv\n',
}


def test_there_is_a_unit_for_each_kind_of_process() -> None:
    assert [unit.name for unit in UNITS] == [
        "microcosm-http.service",
        "microcosm-live.service",
        "microcosm-scheduler.service",
        "microcosm-worker.service",
    ]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_the_unit(unit: Path) -> None:
    program = find_program("systemd-analyze")
    folder = temporary_directory("microcosm-units-")
    copy = folder / unit.name
    copy.write_text(unit.read_text().replace("/opt/microcosm/current/.venv", sys.prefix))
    answer = subprocess.run([program, "verify", str(copy)], capture_output=True, text=True, check=False)
    said = [line for line in answer.stderr.splitlines() if unit.name in line]
    shutil.rmtree(folder)
    assert said == []


@dataclass
class Server:
    """A server to release to."""

    repository: Path
    prefix: Path
    port: int
    environment: dict[str, str]

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(self.repository / "deploy" / "release.sh"), "server.test", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=120)

    def commit(self, message: str) -> None:
        git = ["git", "-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run([*git, "add", "--all"], cwd=self.repository, check=True)
        subprocess.run(
            [*git, "commit", "--quiet", "--allow-empty", "--message", message], cwd=self.repository, check=True
        )

    def current(self) -> str:
        return (self.prefix / "current").readlink().name

    def answers(self) -> bool:
        return listens(self.port) and ask(self.port, "/api/v1/site", host=DOMAIN).status == 200


@pytest.fixture
def server(platform: Platform) -> Iterator[Server]:
    for name in ("git", "curl"):
        find_program(name)
    folder = temporary_directory("microcosm-deploy-")
    repository, prefix, state, programs = (folder / name for name in ("repository", "prefix", "state", "bin"))
    (prefix / "releases").mkdir(parents=True)
    state.mkdir()
    programs.mkdir()
    for name, script in STAND_INS.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}")
        (programs / name).chmod(0o755)
    repository.mkdir()
    for name in ("apps", "microcosm", "deploy"):
        shutil.copytree(ROOT / name, repository / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("manage.py", "requirements.lock", "requirements-dev.lock", "requirements-postgres.lock"):
        shutil.copy(ROOT / file, repository / file)
    subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
    settings = folder / "environment"
    settings.write_text("".join(f'{name}="{value}"\n' for name, value in platform_settings(platform, folder).items()))
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "MICROCOSM_PREFIX": str(prefix),
        "MICROCOSM_ENVIRONMENT": str(settings),
        "MICROCOSM_ACCOUNT": subprocess.check_output(["id", "-un"], text=True).strip(),
        "MICROCOSM_WAIT_SECONDS": "60",
        "STATE": str(state),
        "VENV": sys.prefix,
    }
    port = free_port()
    environment["MICROCOSM_ADDRESS"] = f"127.0.0.1:{port}"
    made = Server(repository, prefix, port, environment)
    made.commit("first")
    yield made
    subprocess.run(
        ["/bin/sh", "-c", 'kill "$(cat "$STATE/pid")"'], env=environment, check=False, stderr=subprocess.DEVNULL
    )
    wait_until(lambda: not listens(port), seconds=20, what="the end of the HTTP process")
    shutil.rmtree(folder)


def platform_settings(platform: Platform, folder: Path) -> dict[str, str]:
    parts = conninfo_to_dict(platform.environment["DATABASE_URL"])
    place = f"?host={parts.get('host', '')}&port={parts.get('port', 5432)}"
    kept = {name: platform.environment[name] for name in ("SECRET_KEY", "PLATFORM_DOMAIN", "TRUSTED_PROXIES")}
    return {
        **kept,
        "DATABASE_URL": f"postgresql://{parts.get('user', '')}@/{parts['dbname']}{place}",
        "STATIC_ROOT": str(folder / "static"),
    }


def test_releases_are_installed_rolled_back_and_refused_if_they_do_not_answer(server: Server) -> None:
    first = server.run()
    assert first.returncode == 0, first.stderr
    assert server.answers()
    one = server.current()
    assert first.stdout.endswith(f"microcosm: {one} is current\n")

    # Names are times: a second release within the second has to have another commit to be another.
    server.commit("second")
    assert server.run().returncode == 0
    two = server.current()
    assert two != one

    broken = server.repository / "microcosm" / "wsgi.py"
    broken.write_text("raise RuntimeError\n")
    server.commit("third")
    server.environment["MICROCOSM_WAIT_SECONDS"] = "3"
    refused = server.run()
    assert refused.returncode == 1
    assert f"did not answer; {two} is current again" in refused.stderr
    assert server.current() == two
    server.environment["MICROCOSM_WAIT_SECONDS"] = "60"

    back = server.run("--rollback")
    assert back.returncode == 0, back.stderr
    assert server.current() == one
    wait_until(server.answers, seconds=20, what="an answer of the release before")


def test_the_first_release_makes_the_platform(server: Server, platform: Platform) -> None:
    """On a database with nothing in it, as docs/operations.md says."""
    settings = Path(server.environment["MICROCOSM_ENVIRONMENT"])
    name = f"empty_{os.getpid()}"
    with psycopg.connect(platform.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        own = conninfo_to_dict(platform.environment["DATABASE_URL"])["dbname"]
        settings.write_text(settings.read_text().replace(f"@/{own}?", f"@/{name}?"))
        unknown = server.run()
        assert unknown.returncode == 1
        assert "OPERATOR_EMAIL" in unknown.stderr
        with settings.open("a") as file:
            file.write("OPERATOR_EMAIL='operator@example.org'\n")
        server.commit("again")
        first = server.run()
        assert first.returncode == 0, first.stderr
        assert f"The root site answers at {DOMAIN}.\n" in first.stdout
        assert server.answers()
    finally:
        with psycopg.connect(platform.environment["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

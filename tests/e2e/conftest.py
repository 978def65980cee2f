"""The platform as production runs it: granian for HTTP, uvicorn for sockets, a database of their own, nginx before."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from psycopg import sql
from psycopg.conninfo import make_conninfo

from microcosm.development.testing import find_program, free_port, running, temporary_directory, wait_until
from tests.copies import ROOT, Copy, started
from tests.units import unit_command

DOMAIN = "forums.test"


@dataclass
class Platform:
    """The running server processes."""

    environment: dict[str, str]
    http_port: int
    live_port: int
    token: str
    client_secret: str

    @property
    def alpha(self) -> str:
        """The host of a site."""
        return f"alpha.{DOMAIN}"


@pytest.fixture(scope="session")
def platform(memcached: str) -> Iterator[Platform]:
    """HTTP and socket processes with the commands of the systemd units, on a database of their own."""
    server, name = os.environ["DATABASE_URL"], f"e2e_{os.getpid()}"
    folder = temporary_directory("microcosm-e2e-")
    environment = {
        "DJANGO_SETTINGS_MODULE": "microcosm.settings.base",
        "SECRET_KEY": "only for this test run " * 3,
        "DATABASE_URL": make_conninfo(server, dbname=name),
        "PLATFORM_DOMAIN": DOMAIN,
        "TRUSTED_PROXIES": "127.0.0.1",
        "CACHE_URL": memcached,
        "EMAIL_CONFIRMATION_REQUIRED": "false",
        "SIGN_IN_ATTEMPTS_PER_IP": "3",
        "STATIC_ROOT": str(folder / "static"),
        "PYTHONPATH": str(ROOT),
        "LOG_LEVEL": "WARNING",
    }
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        seeded = subprocess.run(
            [sys.executable, "-m", "tests.e2e.seed"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        ports = {"http": free_port(), "live": free_port()}
        commands = {kind: unit_command(kind, port=ports[kind]) for kind in ports}
        with (
            running(commands["http"], log=folder / "http.log", port=ports["http"], environment=environment),
            running(commands["live"], log=folder / "live.log", port=ports["live"], environment=environment),
        ):
            yield Platform(environment, ports["http"], ports["live"], **json.loads(seeded.stdout))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Nginx:
    """A running nginx."""

    port: int
    tls_port: int
    folder: Path

    def log(self) -> str:
        """What it wrote about requests."""
        return (self.folder / "access.log").read_text()


@pytest.fixture(scope="session")
def start_nginx() -> Iterator[Callable[..., Nginx]]:
    """A function that starts nginx with our nginx.conf; ports, folders and what the caller names are replaced."""
    program, openssl = find_program("nginx"), find_program("openssl")
    stack: list[tuple[Any, Path]] = []

    def start(*, http_port: int, live_port: int, **replaced: str) -> Nginx:
        folder = temporary_directory("microcosm-nginx-")
        nginx = Nginx(free_port(), free_port(), folder)
        for name in ("tls", "nginx", "static", "acme/.well-known/acme-challenge"):
            (folder / name).mkdir(parents=True)
        (folder / "nginx" / "hosts.map").write_text(f"secure.{DOMAIN} platform;\n")
        (folder / "static" / "style.css").write_text("body { margin: 0 }\n")
        (folder / "acme" / ".well-known" / "acme-challenge" / "token").write_text("proof")
        make_certificate(openssl, folder / "tls")
        config = render_config(nginx, http_port=http_port, live_port=live_port, replaced=replaced)
        file = folder / "nginx.conf"
        file.write_text(config)
        command = [program, "-c", str(file), "-p", str(folder), "-g", "daemon off;"]
        server = running(command, log=folder / "output.log", port=nginx.port)
        server.__enter__()
        stack.append((server, folder))
        return nginx

    yield start
    for server, folder in stack:
        server.__exit__(None, None, None)
        shutil.rmtree(folder, ignore_errors=True)


def render_config(nginx: Nginx, *, http_port: int, live_port: int, replaced: dict[str, str]) -> str:
    """The repository's nginx.conf for this run; each thing to replace has to be in it."""
    folder = nginx.folder
    text = (ROOT / "nginx.conf").read_text()
    changes = {
        "user www-data;": "" if os.geteuid() else "user nobody;" if not has_account("www-data") else "user www-data;",
        "worker_processes auto;": "worker_processes 1;",
        "worker_connections 8192;": "worker_connections 512;",
        "pid /run/nginx.pid;": f"pid {folder}/nginx.pid;",
        "/var/log/nginx/error.log": f"{folder}/error.log",
        "/var/log/nginx/access.log": f"{folder}/access.log",
        "/etc/microcosm/": f"{folder}/",
        "/var/lib/microcosm/": f"{folder}/",
        "server 127.0.0.1:8001;": f"server 127.0.0.1:{http_port};",
        "server 127.0.0.1:8002;": f"server 127.0.0.1:{live_port};",
        "listen 80 ": f"listen 127.0.0.1:{nginx.port} ",
        "listen 443 ": f"listen 127.0.0.1:{nginx.tls_port} ",
        "        listen [::]:80 default_server backlog=4096;\n": "",
        "        listen [::]:443 ssl http2 default_server backlog=4096;\n": "",
        **replaced,
    }
    for old, new in changes.items():
        assert old in text, f"nginx.conf no longer has {old!r}"
        text = text.replace(old, new)
    temporary = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return text.replace("http {\n", "http {\n" + temporary, 1)


def has_account(name: str) -> bool:
    """Whether the machine has a user."""
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def make_certificate(openssl: str, folder: Path) -> None:
    """A self-signed certificate for the platform's hosts, readable for nginx's workers."""
    subprocess.run(
        [
            *(
                openssl,
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "2",
            ),
            *("-subj", f"/CN={DOMAIN}", "-keyout", str(folder / "platform.key"), "-out", str(folder / "platform.crt")),
        ],
        check=True,
        capture_output=True,
    )
    (folder / "platform.key").chmod(0o644)


@pytest.fixture(scope="session")
def nginx(platform: Platform, start_nginx: Callable[..., Nginx]) -> Nginx:
    """nginx in front of the platform."""
    return start_nginx(http_port=platform.http_port, live_port=platform.live_port)


@pytest.fixture(scope="session")
def demo() -> Iterator[Copy]:
    """What `make run` runs; whoever stops it starts it again."""
    folder = temporary_directory("microcosm-demo-")
    with started(folder) as copy:
        yield copy
    shutil.rmtree(folder, ignore_errors=True)


# Not for the whole session: an event loop runs in this thread while it is there, and other tests want their own.
@pytest.fixture(scope="module")
def browser(demo: Copy) -> Iterator[Browser]:
    """The system's Chromium, for which the demo site's host is this machine."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_program("chromium"),
            args=["--no-sandbox", "--disable-quic", f"--host-resolver-rules=MAP {demo.demo['host']} 127.0.0.1"],
        )
        yield chromium
        chromium.close()


def wait_in(page: Page, condition: Callable[[], bool], *, what: str) -> None:
    """Until something is so that a browser tells of: it does only while it is asked."""

    def is_so() -> bool:
        page.evaluate("0")
        return condition()

    wait_until(is_so, seconds=60.0, what=what)

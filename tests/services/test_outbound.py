"""The one HTTP client (cases O1 to O5): where it may go, and what it puts up with."""

import gzip
import socket
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from apps.core import outbound
from apps.core.outbound import (
    AnswerTooLarge,
    BadAddress,
    BrokenAnswer,
    Limits,
    PrivateAddress,
    TooManyRedirects,
    TooSlow,
    Unreachable,
    WrongContentType,
    checked_url,
    fetch,
)
from tests.certificates import make_tls
from tests.servers import Names, Server, reply, serving

#: One address of each kind that is not the public Internet (O2).
CLOSED = [
    "0.0.0.0", "0.1.2.3", "255.255.255.255", "127.0.0.1", "127.8.9.10", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "169.254.169.254", "169.254.0.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "192.0.0.8", "192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1",
    "198.19.255.255", "192.88.99.1",
    "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8",
    "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1",
    "fc00::1", "fd12:3456::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1", "4000::1",
]  # fmt: skip
OPEN = ["8.8.8.8", "1.1.1.1", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860::8888"]


def bracketed(address: str) -> str:
    """An address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    """A server that may be asked, though 127.0.0.1 is not public."""
    with serving() as server:
        settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.1/32"]
        settings.OUTBOUND_PORTS = [80, 443, server.port]
        yield server


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Names of the test's own."""
    return Names(monkeypatch)


# --- Where it may go (O2) -----------------------------------------------------------------------


@pytest.mark.parametrize("address", CLOSED)
def test_o2_what_is_not_public_is_refused_as_an_address_and_behind_a_name(names: Names, address: str) -> None:
    with pytest.raises(PrivateAddress):
        fetch(f"http://{bracketed(address)}/")
    names.answers["inside.example.com"] = [[address]]
    with pytest.raises(PrivateAddress):
        fetch("http://inside.example.com/")


@pytest.mark.parametrize("address", OPEN)
def test_public_addresses_may_be_asked(address: str) -> None:
    assert checked_url(f"https://{bracketed(address)}/x").path == "/x"


@pytest.mark.parametrize(
    "host",
    [
        "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "127.0.0.1.", "0", "0x",
        "127.0.0.01", "256.256.256.256", "1.2.3.4.5", "example.com.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "1\uff127.0.0.1",
        "%31%32%37.0.0.1", "127.0.0.1%2f.example.com", "[::1%25eth0]", "[fe80::1%25lo]", "[::ffff:7f00:1]", "[v1.x]",
        "exa mple.com", "a..example.com", "-a.example.com", "a_.-.example.com", "", ".", "..", "a" * 64 + ".com",
        ".".join(["a" * 60] * 5), "user@example.com", "user:secret@example.com", "good.example.com\\@127.0.0.1",
        "example.com:99", "example.com:0", "example.com:65536",
    ],
)  # fmt: skip
def test_o2_odd_hosts_are_refused_before_anybody_looks_them_up(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: pytest.fail("it was looked up"))
    with pytest.raises(BadAddress):
        fetch(f"http://{host}/")


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/", "example.com", "",
     "http:/x", "javascript:alert(1)", "http://example.com/\r\nX: y", "http://example.com/\x00",
     "https://example.com/" + "a" * 9000],
)  # fmt: skip
def test_only_whole_web_addresses(url: str) -> None:
    with pytest.raises(BadAddress):
        checked_url(url)


def test_names_are_written_one_way() -> None:
    assert str(checked_url("HTTP://EXAMPLE.com.:80/A?b=1")) == "http://example.com/A?b=1"
    assert checked_url("https://bücher.example/").raw_host == b"xn--bcher-kva.example"


def test_a_name_with_one_closed_address_among_open_ones_is_refused(names: Names) -> None:
    names.answers["mixed.example.com"] = [["8.8.8.8", "10.0.0.1"]]
    with pytest.raises(PrivateAddress):
        fetch("http://mixed.example.com/")


def test_a_name_that_nobody_knows_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Unreachable):
        fetch("http://nobody.example.com/")


def test_a_resolver_that_hangs_ends_with_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: ended.wait(10))
    try:
        with pytest.raises(TooSlow):
            fetch("http://slow.example.com/", limits=Limits(total=0.2))
    finally:
        ended.set()


# --- The address that was checked (O3) ----------------------------------------------------------


def test_o3_the_connection_goes_to_the_address_that_was_checked_and_host_stays_the_name(
    server: Server, names: Names
) -> None:
    names.answers["pinned.example.com"] = [["127.0.0.1"], ["10.0.0.1"]]
    server.replies["/"] = reply(b"here")
    assert fetch(server.url(host="pinned.example.com")).body == b"here"
    assert names.asked == ["pinned.example.com"]
    assert server.asked[0].headers["host"] == f"pinned.example.com:{server.port}"


def test_o3_a_name_that_changes_its_address_is_refused_at_the_next_call(server: Server, names: Names) -> None:
    names.answers["rebound.example.com"] = [["127.0.0.1"], ["169.254.169.254"]]
    server.replies["/"] = reply(b"here")
    assert fetch(server.url(host="rebound.example.com")).status == 200
    with pytest.raises(PrivateAddress):
        fetch(server.url(host="rebound.example.com"))


def test_o3_a_name_that_changes_its_address_is_refused_at_a_redirect(server: Server, names: Names) -> None:
    names.answers["rebound.example.com"] = [["127.0.0.1"], ["127.0.0.2"]]
    server.replies["/"] = reply(status=302, headers={"Location": "/secret"})
    with pytest.raises(PrivateAddress):
        fetch(server.url(host="rebound.example.com"))
    assert [asked.target for asked in server.asked] == ["/"]


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.2/", "http://169.254.169.254/latest/meta-data", "//0.0.0.0/", "http://[::1]/", "http://2130706433/",
     "file:///etc/passwd", "http://user:secret@example.com/", "http://example.com:22/", "http://[/"],
)  # fmt: skip
def test_o3_redirects_lead_to_public_addresses_only(server: Server, location: str) -> None:
    server.replies["/"] = reply(status=302, headers={"Location": location})
    with pytest.raises(BadAddress):
        fetch(server.url())


def test_the_next_address_is_tried_when_one_takes_no_connection(server: Server, names: Names, settings: Any) -> None:
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/30"]
    names.answers["two.example.com"] = [["127.0.0.2", "127.0.0.1"]]
    server.replies["/"] = reply(b"here")
    assert fetch(server.url(host="two.example.com")).body == b"here"


def test_a_closed_port_is_unreachable(server: Server, settings: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        settings.OUTBOUND_PORTS = [port]
        with pytest.raises(Unreachable):
            fetch(f"http://127.0.0.1:{port}/")


def test_proxies_and_passwords_of_the_environment_are_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.9:1")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    server.replies["/"] = reply(b"direct")
    assert fetch(server.url()).body == b"direct"
    assert "authorization" not in server.asked[0].headers


# --- TLS ----------------------------------------------------------------------------------------


def test_a_certificate_must_be_of_the_name(names: Names, settings: Any, tmp_path: Path) -> None:
    context, authority = make_tls(tmp_path, names=["secure.example.com"])
    names.answers |= {"secure.example.com": [["127.0.0.1"]], "other.example.com": [["127.0.0.1"]]}
    shown: list[str | None] = []
    context.sni_callback = lambda connection, name, own: shown.append(name)
    with serving(context) as server:
        settings.OUTBOUND_ALLOWED_NETWORKS, settings.OUTBOUND_PORTS = ["127.0.0.1"], [server.port]
        server.replies["/"] = reply(b"secret")
        with pytest.raises(Unreachable):
            fetch(server.url(host="secure.example.com"))
        settings.OUTBOUND_CA_FILE = str(authority)
        assert fetch(server.url(host="secure.example.com")).body == b"secret"
        with pytest.raises(Unreachable):
            fetch(server.url(host="other.example.com"))
    assert shown == ["secure.example.com", "secure.example.com", "other.example.com"]


# --- Redirects ----------------------------------------------------------------------------------


def test_redirects_are_followed_up_to_their_number(server: Server) -> None:
    server.replies["/1"] = reply(status=301, headers={"Location": "/2"})
    server.replies["/2"] = reply(status=307, headers={"Location": server.url("/3")})
    server.replies["/3"] = reply(b"end")
    fetched = fetch(server.url("/1"), limits=Limits(redirects=2))
    assert (fetched.status, fetched.body, fetched.url) == (200, b"end", server.url("/3"))
    with pytest.raises(TooManyRedirects):
        fetch(server.url("/1"), limits=Limits(redirects=1))
    server.replies["/loop"] = reply(status=302, headers={"Location": "/loop"})
    with pytest.raises(TooManyRedirects):
        fetch(server.url("/loop"))


def test_without_redirects_one_is_an_answer(server: Server) -> None:
    server.replies["/"] = reply(b"moved", status=302, headers={"Location": "http://127.0.0.2/"})
    fetched = fetch(server.url(), limits=Limits(redirects=0))
    assert (fetched.status, fetched.headers["location"], fetched.body) == (302, "http://127.0.0.2/", b"moved")


def test_the_body_goes_on_only_where_the_status_says_so(server: Server) -> None:
    for status in (302, 303, 307, 308):
        server.replies[f"/{status}"] = reply(status=status, headers={"Location": "/end"})
    server.replies["/end"] = reply(b"end")
    for status, expected in ((302, ("GET", b"")), (303, ("GET", b"")), (307, ("POST", b"x")), (308, ("POST", b"x"))):
        fetch(server.url(f"/{status}"), method="POST", content=b"x", headers={"Content-Type": "text/x"})
        asked = server.asked[-1]
        assert (asked.method, asked.body) == expected
        assert ("content-type" in asked.headers) == (expected[0] == "POST")


def test_headers_are_for_the_origin_they_were_meant_for(server: Server, names: Names) -> None:
    names.answers["second.example.com"] = [["127.0.0.1"]]
    server.replies["/here"] = reply(status=302, headers={"Location": "/end"})
    server.replies["/away"] = reply(status=302, headers={"Location": server.url("/end", host="second.example.com")})
    server.replies["/end"] = reply(b"end")
    secret = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Signature": "s", "Accept": "text/plain"}
    fetch(server.url("/here"), headers=secret)
    assert server.asked[-1].headers["authorization"] == "Bearer x"
    fetch(server.url("/away"), headers=secret)
    headers = server.asked[-1].headers
    assert not headers.keys() & {"authorization", "cookie", "x-signature"}
    assert headers["accept"] == "text/plain"
    assert headers["host"] == f"second.example.com:{server.port}"
    assert headers["user-agent"].startswith("Microcosm (+http")


# --- Limits (O5) --------------------------------------------------------------------------------


def stream(chunk: bytes, *, pause: float = 0.0, head: bytes = b"") -> Any:
    """An answer without an end."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n" + head)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            handler.wfile.write(chunk)
            handler.wfile.flush()
            if pause:
                time.sleep(pause)

    return write


@pytest.mark.parametrize("head", [b"\r\n", b""], ids=["body", "head"])
def test_o5_a_server_that_sends_little_by_little_ends_with_the_time(server: Server, head: bytes) -> None:
    server.replies["/"] = stream(b"x", pause=0.05, head=head)
    with pytest.raises(TooSlow):
        fetch(server.url(), limits=Limits(total=0.4))


def test_o5_a_server_that_says_nothing_ends_with_the_time(server: Server) -> None:
    server.replies["/"] = lambda handler: time.sleep(1)
    with pytest.raises(TooSlow):
        fetch(server.url(), limits=Limits(total=0.2))


def test_o5_redirects_share_the_time(server: Server) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.15)
        reply(status=302, headers={"Location": "/"})(handler)

    server.replies["/"] = slow
    with pytest.raises(TooSlow):
        fetch(server.url(), limits=Limits(total=0.4, redirects=50))


def test_o5_a_body_without_an_end_is_cut(server: Server) -> None:
    server.replies["/"] = stream(b"x" * 65536, head=b"\r\n")
    with pytest.raises(AnswerTooLarge):
        fetch(server.url(), limits=Limits(size=1_000_000))


def test_o5_a_body_that_says_it_is_large_is_not_begun(server: Server) -> None:
    server.replies["/"] = reply(headers={"Content-Length": "1001"})
    with pytest.raises(AnswerTooLarge):
        fetch(server.url(), limits=Limits(size=1000))
    assert fetch(server.url(), method="HEAD", limits=Limits(size=1000)).headers["content-length"] == "1001"
    server.replies["/"] = reply(b"x" * 1000)
    assert len(fetch(server.url(), limits=Limits(size=1000)).body) == 1000


def test_o5_what_is_packed_is_unpacked_up_to_the_limit(server: Server) -> None:
    packed = {"Content-Encoding": "gzip"}
    server.replies["/small"] = reply(gzip.compress(b"x" * 1000), headers=packed)
    assert fetch(server.url("/small"), limits=Limits(size=1000)).body == b"x" * 1000
    with pytest.raises(AnswerTooLarge):
        fetch(server.url("/small"), limits=Limits(size=999))
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 100_000
    server.replies["/bomb"] = reply(bomb, headers=packed)
    with pytest.raises(AnswerTooLarge):
        fetch(server.url("/bomb"), limits=Limits(size=100_000))


def test_o5_unpacking_never_holds_much_more_than_the_limit() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(AnswerTooLarge):
            outbound._collected([bomb], size=1_000_000, is_packed=True)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"not packed", "gzip"), (gzip.compress(b"x" * 1000, mtime=0)[:-10], "gzip"), (b"x", "br"), (b"x", "gzip, gzip")],
    ids=["not packed", "cut", "unknown", "twice"],
)
def test_what_cannot_be_unpacked_is_broken(server: Server, body: bytes, encoding: str) -> None:
    server.replies["/"] = reply(body, headers={"Content-Encoding": encoding})
    with pytest.raises(BrokenAnswer):
        fetch(server.url())


def test_what_is_no_http_is_broken(server: Server) -> None:
    server.replies["/"] = lambda handler: handler.wfile.write(b"SSH-2.0-x\r\n\r\n") and None
    with pytest.raises(BrokenAnswer):
        fetch(server.url())
    server.replies["/"] = reply(b"short", headers={"Content-Length": "100"})
    with pytest.raises(BrokenAnswer):
        fetch(server.url())


def test_o5_the_type_of_the_answer(server: Server) -> None:
    server.replies["/"] = reply(b"{}", content_type="Application/JSON; charset=utf-8")
    fetched = fetch(server.url(), content_types={"application/json"})
    assert (fetched.content_type, fetched.json()) == ("application/json", {})
    with pytest.raises(WrongContentType):
        fetch(server.url(), content_types={"image/png"})
    server.replies["/"] = reply(b"<p>", status=404, content_type="text/html")
    assert fetch(server.url(), content_types={"image/png"}).status == 404
    with pytest.raises(BrokenAnswer):
        fetch(server.url()).json()


def test_o4_a_value_cannot_add_a_parameter(server: Server) -> None:
    server.replies["/"] = reply(b"")
    fetch(server.url("/?fixed=1"), params={"email": "a@b.c&admin=1#x?y z"})
    assert server.asked[0].target == "/?fixed=1&email=a%40b.c%26admin%3D1%23x%3Fy+z"


# --- The rule that forbids others (O1) ----------------------------------------------------------


CLIENTS = [
    "import httpx", "from httpx import get", "import requests", "import urllib.request", "from urllib import request",
    "from urllib.request import urlopen", "import http.client", "import aiohttp", "import urllib3", "import httpcore",
]  # fmt: skip


@pytest.mark.parametrize("folder", ["apps/links", "microcosm"])
def test_o1_ruff_refuses_other_clients(folder: str) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select=TID251", "--output-format=concise"]
    run = subprocess.run(
        [*command, "--stdin-filename", f"{folder}/example.py", "-"],
        input="\n".join(CLIENTS), capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    refused = {int(line.split(":")[1]) for line in run.stdout.splitlines() if " TID251 " in line}
    assert refused == set(range(1, len(CLIENTS) + 1)), run.stdout + run.stderr


def test_o1_nobody_is_excused_from_the_rule() -> None:
    root = Path(__file__).parents[2]
    for folder in ("apps", "microcosm"):
        for path in (root / folder).rglob("*.py"):
            assert "noqa: TID251" not in path.read_text(), path

"""The one way out: every request of ours to another server goes through `fetch` (docs/decisions/0021).

Addresses come from members and from answers of strangers, so a request may reach public addresses only: a name is
looked up here, what it stands for is checked, and the connection goes to exactly the address that was checked. Each
redirect and each call is checked anew. Nothing is believed of the environment, such as proxies.
"""

import re
import socket
import ssl
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore
import httpx
import orjson
from django.conf import settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL_LENGTH = 8192

#: What is not the public Internet, of the registries of special-purpose addresses (RFC 6890 and its updates).
_CLOSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; metadata of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
#: IPv6 is read the other way round: this is all that is given out as public addresses. Outside of it lie loopback, IPv4
#: in its mapped and compatible forms, NAT64, unique local, link-local, site-local and multicast addresses.
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
#: A host that ends so is an address to a resolver, in whatever odd form it is written.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
#: Headers that may follow a redirect to another origin; all others may be meant for the first alone.
_FOR_ANYBODY = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "user-agent"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

#: Names are looked up in threads, because the system's resolver takes no time limit.
_resolvers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolver")


class OutboundError(Exception):
    """A request of ours did not get a usable answer."""


class BadAddress(OutboundError):
    """This is no address that a request may go to."""


class PrivateAddress(BadAddress):
    """This leads to an address that is not public."""


class Unreachable(OutboundError):
    """The server cannot be reached."""


class TooSlow(OutboundError):
    """The answer took too long."""


class AnswerTooLarge(OutboundError):
    """The answer is too large."""


class TooManyRedirects(OutboundError):
    """The server redirects too often."""


class WrongContentType(OutboundError):
    """The answer is of another type than was asked for."""


class BrokenAnswer(OutboundError):
    """The answer cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one call may cost: all times are in seconds, `total` is for everything with all redirects."""

    total: float = 10.0
    connect: float = 5.0
    #: Bytes of the body, before and after it is unpacked.
    size: int = 1024 * 1024
    #: With none, a redirect is an answer like any other.
    redirects: int = 3


@dataclass(frozen=True)
class Fetched:
    """An answer, whatever its status; names of headers are in lower case."""

    status: int
    #: Where it came from after all redirects.
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; "" where the server says none."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def json(self) -> Any:
        """The body, read as JSON; raises BrokenAnswer."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise BrokenAnswer("the answer is not JSON") from error


def fetch(
    url: str,
    *,
    method: str = "GET",
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    limits: Limits = Limits(),
    content_types: Collection[str] | None = None,
) -> Fetched:
    """The answer of another server; raises an OutboundError.

    `params` become the query of `url`, encoded, so that a value cannot add a parameter (O4). `content_types` names the
    media types that a successful answer may have. A redirect to another origin gets none of the caller's headers but
    those on language and type, and the body only where the status says so (307, 308).
    """
    deadline = _Deadline(limits.total)
    target = checked_url(url)
    if params:
        target = target.copy_merge_params(dict(params))
    own = {"user-agent": _user_agent(), "accept": "*/*"}
    request = httpx.Request(
        method,
        target,
        headers=own | {name.lower(): value for name, value in (headers or {}).items()} | {"accept-encoding": "gzip"},
        content=content,
    )
    with _reported(), _Transport(deadline=deadline, connect_seconds=limits.connect) as transport:
        for _ in range(limits.redirects + 1):
            response = transport.handle_request(request)
            try:
                location = response.headers.get("location") if response.status_code in _REDIRECTS else None
                if location is None or not limits.redirects:
                    return _read(request, response, limits=limits, content_types=content_types)
            finally:
                response.close()
            request = _redirected(request, status=response.status_code, location=location)
    raise TooManyRedirects(TooManyRedirects.__doc__)


def checked_url(url: str) -> httpx.URL:
    """An address that a request may be sent to, as far as it can be told without looking its name up.

    http or https, a port of OUTBOUND_PORTS, no credentials, a host that is a name or an address in its usual form, and
    no address that is not public. Raises BadAddress.
    """
    if len(url) > MAX_URL_LENGTH:
        raise BadAddress(f"an address has at most {MAX_URL_LENGTH} characters")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise BadAddress(f"this is no address: {error}") from error
    if parsed.scheme not in {"http", "https"}:
        raise BadAddress("an address begins with http:// or https://")
    if parsed.userinfo:
        raise BadAddress("an address contains no credentials")
    if _port(parsed) not in settings.OUTBOUND_PORTS:
        raise BadAddress("this port is not allowed")
    host = parsed.raw_host.decode("ascii")
    if ":" not in host:
        host = host.removesuffix(".")
        labels = host.split(".")
        if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
            raise BadAddress("this is no name of a host")
        if not _NUMBER.fullmatch(labels[-1]):
            return parsed.copy_with(host=host)
    try:
        address = ip_address(host)
    except ValueError as error:
        raise BadAddress("this is not how an address is written") from error
    _check(address)
    return parsed.copy_with(host=host)


def is_open(address: Address) -> bool:
    """Whether requests may go to an address: it is public, or in a network of OUTBOUND_ALLOWED_NETWORKS."""
    if any(address in network for network in _allowed_networks(tuple(settings.OUTBOUND_ALLOWED_NETWORKS))):
        return True
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    # A zone names an interface of this machine.
    return address in _OPEN_V6 and not address.scope_id and not any(address in network for network in _CLOSED_V6)


def _check(address: Address) -> None:
    if not is_open(address):
        raise PrivateAddress(PrivateAddress.__doc__)


@cache
def _allowed_networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text, strict=False) for text in texts)


def _port(url: httpx.URL) -> int:
    return {"http": 80, "https": 443}[url.scheme] if url.port is None else url.port


def _origin(url: httpx.URL) -> tuple[str, bytes, int]:
    return url.scheme, url.raw_host, _port(url)


def _user_agent() -> str:
    return f"Microcosm (+{settings.PLATFORM_SCHEME}://{settings.PLATFORM_DOMAIN}/)"


def _redirected(request: httpx.Request, *, status: int, location: str) -> httpx.Request:
    """The request that follows a redirect, its address checked."""
    try:
        target = checked_url(str(request.url.join(location)))
    except httpx.InvalidURL as error:
        raise BadAddress(f"the server redirects to no address: {error}") from error
    method, content = request.method, request.content
    dropped = {"host", "content-length"}
    if status not in {307, 308} and method not in {"GET", "HEAD"}:
        method, content = "GET", b""
        dropped |= {name for name in request.headers if name.startswith("content-")}
    if _origin(target) != _origin(request.url):
        dropped |= request.headers.keys() - _FOR_ANYBODY
    headers = {name: value for name, value in request.headers.items() if name not in dropped}
    return httpx.Request(method, target, headers=headers, content=content or None)


def _read(
    request: httpx.Request, response: httpx.Response, *, limits: Limits, content_types: Collection[str] | None
) -> Fetched:
    fetched = Fetched(
        status=response.status_code,
        url=str(request.url),
        headers={name.lower(): value for name, value in response.headers.items()},
        body=b"",
    )
    if content_types is not None and response.is_success and fetched.content_type not in content_types:
        raise WrongContentType(WrongContentType.__doc__)
    length = fetched.headers.get("content-length", "")
    if request.method != "HEAD" and length.isascii() and length.isdigit() and int(length) > limits.size:
        raise AnswerTooLarge(AnswerTooLarge.__doc__)
    encoding = fetched.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise BrokenAnswer("the answer is packed in a way that was not asked for")
    body = _collected(response.iter_raw(), size=limits.size, is_packed=encoding != "identity")
    return replace(fetched, body=body)


def _collected(chunks: Iterable[bytes], *, size: int, is_packed: bool) -> bytes:
    """The body; never unpacks more than may be kept."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    received, body = 0, bytearray()
    for chunk in chunks:
        received += len(chunk)
        try:
            body += unpacker.decompress(chunk, size + 1 - len(body)) if is_packed else chunk
        except zlib.error as error:
            raise BrokenAnswer("the answer cannot be unpacked") from error
        if received > size or len(body) > size:
            raise AnswerTooLarge(AnswerTooLarge.__doc__)
    if is_packed and received and not unpacker.eof:
        raise BrokenAnswer("the answer ends too early")
    return bytes(body)


@contextmanager
def _reported() -> Iterator[None]:
    """What the libraries raise, as errors of ours."""
    try:
        yield
    except (httpx.TimeoutException, httpcore.TimeoutException) as error:
        raise TooSlow(TooSlow.__doc__) from error
    except (httpx.ProtocolError, httpx.DecodingError) as error:
        raise BrokenAnswer(f"{BrokenAnswer.__doc__} {error}") from error
    except (httpx.TransportError, ssl.SSLError, OSError) as error:
        raise Unreachable(f"{Unreachable.__doc__} {error}") from error


class _Deadline:
    """The moment at which a call ends, whatever it is doing."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left; raises TooSlow when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TooSlow(TooSlow.__doc__)
        return left


class _Transport(httpx.HTTPTransport):
    """httpx's transport, with connections that go where we checked. Its pool has no public name: see pyproject.toml."""

    def __init__(self, *, deadline: _Deadline, connect_seconds: float) -> None:
        context = _tls(settings.OUTBOUND_CA_FILE)
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            # A connection serves one request, so that each is checked.
            max_keepalive_connections=0,
            network_backend=_Network(deadline=deadline, connect_seconds=connect_seconds),
        )


@cache
def _tls(ca_file: str) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


class _Network(httpcore.NetworkBackend):
    """Connects to addresses that were checked, and to nothing else."""

    def __init__(self, *, deadline: _Deadline, connect_seconds: float) -> None:
        self._deadline = deadline
        self._connect_seconds = connect_seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address of `host` that takes one; the name is never looked up again."""
        patience = _Deadline(min(self._connect_seconds, self._deadline.left()))
        addresses = _looked_up(host, port, seconds=patience.left())
        for address in addresses:
            _check(address)
        failure: Exception = Unreachable("the name has no address")
        for number, address in enumerate(addresses):
            seconds = patience.left() / (len(addresses) - number)
            try:
                stream = httpcore.SyncBackend().connect_tcp(str(address), port, timeout=seconds)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, deadline=self._deadline)
        raise failure


def _looked_up(host: str, port: int, *, seconds: float) -> list[Address]:
    """The addresses of a host, each once."""
    try:
        return [ip_address(host)]
    except ValueError:
        future = _resolvers.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = future.result(timeout=seconds)
    except TimeoutError as error:
        future.cancel()
        raise TooSlow(TooSlow.__doc__) from error
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"the name cannot be looked up: {error}") from error
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


class _TimedStream(httpcore.NetworkStream):
    """A connection that knows when the call ends: a server that sends a byte a second gains nothing."""

    def __init__(self, stream: httpcore.NetworkStream, *, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes."""
        return self._stream.read(max_bytes, timeout=self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All bytes."""
        self._stream.write(buffer, timeout=self._deadline.left())

    def close(self) -> None:
        """Ends the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The connection under TLS; `server_hostname` is the name, not the address."""
        stream = self._stream.start_tls(ssl_context, server_hostname, timeout=self._deadline.left())
        return _TimedStream(stream, deadline=self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows of itself."""
        return self._stream.get_extra_info(info)

"""Bytes by key that cost more to make than to keep: in the memory of the process, and behind that in memcached.

Whoever reads a value knows by itself whether it is still right (docs/decisions/0042), so nothing is ever purged and it
does not matter what another process or a broken memcached put there. A value that is lost is made again.
"""

import functools
import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.conf import settings
from pymemcache.client.base import Client, PooledClient
from pymemcache.exceptions import MemcacheError, MemcacheServerError, MemcacheUnexpectedCloseError

from apps.core.release import release

Value = TypeVar("Value")

log = logging.getLogger(__name__)

#: What a process keeps in its own memory.
MAX_MEMORY_BYTES = 12 * 1024 * 1024
#: memcached takes no more for one value unless it is told to.
MAX_VALUE_BYTES = 1000 * 1000
_OVERHEAD_BYTES = 200
#: How long memcached may take to connect, and for one answer.
TIMEOUT_SECONDS = 0.05
#: How long memcached is left alone after something went wrong: a slow one costs a request its timeout once in a while.
PAUSE_SECONDS = 5.0
#: Values that nobody asks for any more leave by themselves.
LIFETIME_SECONDS = 24 * 3600
_DIGEST_BYTES = 16
#: What pymemcache raises for what is no answer of memcached's, beside its own exceptions.
_GARBAGE = (ValueError, KeyError, IndexError)


class Memory(Generic[Value]):
    """What was used last, up to a number of bytes; `size` says how many a value has."""

    def __init__(self, *, size: Callable[[Value], int], max_bytes: int = MAX_MEMORY_BYTES) -> None:
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._size, self._max_bytes, self._byte_count = size, max_bytes, 0
        self._lock = threading.Lock()

    def get(self, key: str) -> Value | None:
        """The value, or None."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: str, value: Value) -> None:
        """Keep a value; what was not used for the longest time makes room."""
        with self._lock:
            self._drop(key)
            self._values[key] = value
            self._byte_count += self._bytes_of(key, value)
            while self._byte_count > self._max_bytes:
                self._drop(next(iter(self._values)))

    def _drop(self, key: str) -> None:
        value = self._values.pop(key, None)
        if value is not None:
            self._byte_count -= self._bytes_of(key, value)

    def _bytes_of(self, key: str, value: Value) -> int:
        return len(key) + self._size(value) + _OVERHEAD_BYTES


class Memcached:
    """Values in memcached; whatever is wrong with it or with them, the answer is that there is none."""

    def __init__(self, address: str, *, secret: str) -> None:
        self._clients = _Clients(
            _server(address), connect_timeout=TIMEOUT_SECONDS, timeout=TIMEOUT_SECONDS, no_delay=True
        )
        self._secret = hashlib.sha256(secret.encode()).digest()
        self._paused_until = 0.0

    def get(self, key: str) -> bytes | None:
        """The value, if it is one that `put` stored under this very key."""
        if self._is_paused:
            return None
        try:
            stored = self._clients.get(_name(key))
        except (MemcacheError, OSError, *_GARBAGE) as error:
            self._pause(error)
            return None
        if not isinstance(stored, bytes) or len(stored) < _DIGEST_BYTES:
            return None
        value = stored[_DIGEST_BYTES:]
        return value if stored[:_DIGEST_BYTES] == self._seal(key, value) else None

    def put(self, key: str, value: bytes) -> None:
        """Store a value if there is room for it."""
        if self._is_paused or len(value) > MAX_VALUE_BYTES:
            return
        try:
            self._clients.set(_name(key), self._seal(key, value) + value, expire=LIFETIME_SECONDS, noreply=False)
        except MemcacheUnexpectedCloseError as error:
            self._pause(error)
        except MemcacheServerError as error:
            # It is full, or this value is too large for it: nothing is wrong with the connection.
            log.info("memcached does not take a value: %s", error)
        except (MemcacheError, OSError, *_GARBAGE) as error:
            self._pause(error)

    @property
    def _is_paused(self) -> bool:
        return time.monotonic() < self._paused_until

    def _pause(self, error: Exception) -> None:
        self._paused_until = time.monotonic() + PAUSE_SECONDS
        log.warning("memcached is left alone for %g seconds: %s %s", PAUSE_SECONDS, type(error).__name__, error)

    def _seal(self, key: str, value: bytes) -> bytes:
        """What belongs to this value under this key and to nothing else: a swapped or damaged one is found out."""
        return hashlib.blake2b(key.encode() + b"\0" + value, key=self._secret, digest_size=_DIGEST_BYTES).digest()


class Cache:
    """The memory of the process, then memcached if there is one."""

    def __init__(self, *, memcached: Memcached | None = None) -> None:
        self._memory: Memory[bytes] = Memory(size=len)
        self._memcached = memcached

    def get(self, key: str) -> bytes | None:
        """The value, or None."""
        value = self._memory.get(key)
        if value is None and self._memcached is not None:
            value = self._memcached.get(key)
            if value is not None:
                self._memory.put(key, value)
        return value

    def put(self, key: str, value: bytes) -> None:
        """Keep a value for whoever asks next, in this process and in the others."""
        self._memory.put(key, value)
        if self._memcached is not None:
            self._memcached.put(key, value)


@functools.cache
def shared_cache() -> Cache:
    """The cache of this process."""
    memcached = Memcached(settings.CACHE_URL, secret=settings.SECRET_KEY) if settings.CACHE_URL else None
    return Cache(memcached=memcached)


def _name(key: str) -> str:
    """The name in memcached, which may hold other things and those of other releases."""
    return f"microcosm:{release()}:{key}"


def _server(address: str) -> Any:
    if address.startswith("/"):
        return address
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


# --- A deadline for a whole answer ------------------------------------------------------------------


class _TimedSocket:
    """A socket whose every command has to be answered in time as a whole, not only each piece of the answer."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._deadline = 0.0

    def sendall(self, data: bytes) -> None:
        self._deadline = time.monotonic() + TIMEOUT_SECONDS
        self._socket.settimeout(TIMEOUT_SECONDS)
        self._socket.sendall(data)

    def recv(self, size: int) -> bytes:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the whole answer took too long")
        self._socket.settimeout(remaining)
        data: bytes = self._socket.recv(size)
        return data

    def close(self) -> None:
        self._socket.close()


class _Client(Client):  # type: ignore[misc]  # has no stubs
    def _connect(self) -> None:
        super()._connect()
        self.sock: Any = _TimedSocket(self.sock)


class _Clients(PooledClient):  # type: ignore[misc]  # has no stubs
    client_class = _Client

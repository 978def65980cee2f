"""A memcached that misbehaves: it stores what it is told and answers as a test wants it to."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: What a fake does with the answer to a get: takes the line and the values stored, returns what to send.
Answer = Callable[[bytes, dict[bytes, bytes]], bytes]


def honest(line: bytes, values: dict[bytes, bytes]) -> bytes:
    """What memcached answers to a get."""
    key = line.split()[1]
    if key not in values:
        return b"END\r\n"
    return b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (key, len(values[key]), values[key])


def _changed(change: Callable[[bytes], bytes]) -> Answer:
    def answer(line: bytes, values: dict[bytes, bytes]) -> bytes:
        return honest(line, {key: change(value) for key, value in values.items()})

    return answer


def _swapped(line: bytes, values: dict[bytes, bytes]) -> bytes:
    """The value of some other key."""
    key = line.split()[1]
    others = [value for name, value in values.items() if name != key]
    return honest(line, {key: others[-1]} if others else {})


#: Ways to answer a get wrongly.
WRONG: dict[str, Answer] = {
    "damaged": _changed(lambda value: value[:40] + bytes([value[40] ^ 1]) + value[41:] if len(value) > 40 else value),
    "truncated": _changed(lambda value: value[:-7]),
    "longer": _changed(lambda value: value + b"]"),
    "empty": _changed(lambda value: b""),
    "swapped": _swapped,
    "noise": lambda line, values: b"\x00\xff\x17 no memcached at all \r\n" * 3,
    "no size": lambda line, values: b"VALUE %s 0 many\r\nabc\r\nEND\r\n" % line.split()[1],
    "negative size": lambda line, values: b"VALUE %s 0 -5\r\nabc\r\nEND\r\n" % line.split()[1],
    "another key": lambda line, values: b"VALUE another 0 3\r\nabc\r\nEND\r\n",
    "endless": lambda line, values: b"VALUE %s 0 999999999\r\n" % line.split()[1] + b"x" * 100_000,
    "no line": lambda line, values: b"x" * 100_000,
    "an error": lambda line, values: b"SERVER_ERROR out of memory\r\n",
    "nothing": lambda line, values: b"",
    "html": lambda line, values: b"HTTP/1.1 400 Bad Request\r\n\r\n<html>",
}


class Fake:
    """The server; `address` is its CACHE_URL."""

    def __init__(self) -> None:
        self.answer: Answer = honest
        #: Seconds between two bytes of an answer.
        self.seconds_a_byte = 0.0
        self.stored = b"STORED\r\n"
        self.values: dict[bytes, bytes] = {}
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                while line := lines.readline():
                    self.asked += 1
                    if line.startswith(b"set"):
                        _, key, _flags, _expire, size = line.split()
                        self.values[key] = lines.read(int(size) + 2)[:-2]
                        self._send(connection, self.stored)
                    else:
                        self._send(connection, self.answer(line, self.values))
            except OSError:
                return

    def _send(self, connection: socket.socket, content: bytes) -> None:
        if not self.seconds_a_byte:
            connection.sendall(content)
            return
        for place in range(len(content)):
            connection.sendall(content[place : place + 1])
            time.sleep(self.seconds_a_byte)


@contextmanager
def fake_memcached() -> Iterator[Fake]:
    """One of them."""
    fake = Fake()
    try:
        yield fake
    finally:
        fake.close()

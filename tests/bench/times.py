"""The time that each request took inside of an application, written to a file that the benchmark reads.

What a load generator sees has the wait for a free thread in it, which more connections than threads always have.
"""

import itertools
import mmap
import os
import struct
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

#: Requests that are remembered, a number of four bytes each behind how many there were.
CAPACITY = 1 << 18
_HEAD, _CELL = struct.Struct("Q"), struct.Struct("f")
FOLDER = "BENCH_TIMES"


class TimedApplication:
    """The WSGI application around `application`; each process of a server writes a file of its own."""

    def __init__(self, application: Callable[..., Iterable[bytes]], folder: Path) -> None:
        self._application, self._numbers = application, itertools.count()
        path = folder / str(os.getpid())
        path.write_bytes(bytes(_HEAD.size + CAPACITY * _CELL.size))
        with path.open("r+b") as file:
            self._file = mmap.mmap(file.fileno(), 0)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        started = time.perf_counter()
        answer = self._application(environ, start_response)
        number = next(self._numbers)
        _CELL.pack_into(self._file, _HEAD.size + number % CAPACITY * _CELL.size, (time.perf_counter() - started) * 1000)
        _HEAD.pack_into(self._file, 0, number + 1)
        return answer


class Times:
    """What the processes of a server wrote since the last look."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[Path, int] = {}

    def take(self) -> list[float]:
        """Milliseconds that each request took inside of the server, in no order."""
        found: list[float] = []
        for path in self._folder.iterdir():
            content = path.read_bytes()
            (count,) = _HEAD.unpack_from(content)
            first = max(self._seen.get(path, 0), count - CAPACITY)
            places = (number % CAPACITY for number in range(first, count))
            found += [_CELL.unpack_from(content, _HEAD.size + place * _CELL.size)[0] for place in places]
            self._seen[path] = count
        return found

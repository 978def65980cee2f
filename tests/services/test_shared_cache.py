"""The cache of a process and memcached behind it: whatever is wrong with it, there is just nothing in it (C5, T3)."""

import random
import threading
import time
from collections.abc import Iterator

import pytest

from apps.core import cache as module
from apps.core.cache import Cache, Memcached, Memory
from microcosm.development.testing import free_port
from tests.memcached import WRONG, Fake, fake_memcached, honest

VALUE = b"a body of some length, so that something in the middle of it can be damaged"


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A memcached that does what it is told."""
    with fake_memcached() as fake:
        yield fake


@pytest.fixture
def _never_pausing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)


def connected(address: str) -> Memcached:
    return Memcached(address, secret="a secret")


class TestMemory:
    """What a process keeps."""

    def test_what_was_put_is_there(self) -> None:
        memory = Memory(size=len)
        memory.put("a", b"1")
        memory.put("a", b"2")
        assert (memory.get("a"), memory.get("b")) == (b"2", None)

    def test_it_is_bounded_and_forgets_what_was_not_used(self) -> None:
        memory = Memory(size=len, max_bytes=10_000)
        memory.put("first", b"x" * 1000)
        for number in range(100):
            assert memory.get("first") is not None
            memory.put(f"key {number}", b"x" * 1000)
        assert memory.get("key 0") is None
        assert memory._byte_count <= 10_000
        assert len(memory._values) == 8

    def test_a_value_larger_than_all_of_it_is_not_kept(self) -> None:
        memory = Memory(size=len, max_bytes=1000)
        memory.put("a", b"x" * 2000)
        assert (memory.get("a"), memory._byte_count) == (None, 0)

    def test_many_threads_keep_it_straight(self) -> None:
        memory = Memory(size=len, max_bytes=50_000)

        def work(seed: int) -> None:
            numbers = random.Random(seed)
            for _ in range(2000):
                key = f"key {numbers.randrange(100)}"
                memory.put(key, key.encode() * numbers.randrange(1, 50))
                value = memory.get(f"key {numbers.randrange(100)}")
                assert value is None or value.startswith(b"key ")

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (
            memory._byte_count == sum(memory._bytes_of(key, value) for key, value in memory._values.items()) <= 50_000
        )


class TestMemcached:
    """What all processes share."""

    def test_another_process_finds_what_one_has_put(self, memcached: str) -> None:
        connected(memcached).put("a", VALUE)
        assert connected(memcached).get("a") == VALUE
        assert connected(memcached).get("b") is None

    def test_one_with_another_secret_finds_nothing(self, memcached: str) -> None:
        connected(memcached).put("secret", VALUE)
        assert Memcached(memcached, secret="another secret").get("secret") is None

    def test_another_release_finds_nothing(self, memcached: str, monkeypatch: pytest.MonkeyPatch) -> None:
        connected(memcached).put("release", VALUE)
        monkeypatch.setattr(module, "release", lambda: "another")
        assert connected(memcached).get("release") is None

    def test_what_is_too_large_is_not_sent(self, fake: Fake) -> None:
        connected(fake.address).put("large", b"x" * 2_000_000)
        assert fake.values == {}

    @pytest.mark.parametrize("wrong", WRONG)
    @pytest.mark.usefixtures("_never_pausing")
    def test_c5_what_is_not_what_was_put_is_nothing(self, fake: Fake, wrong: str) -> None:
        memcached = connected(fake.address)
        for key in ("a", "b"):
            memcached.put(key, VALUE + key.encode())
        fake.answer = WRONG[wrong]
        start = time.monotonic()
        assert memcached.get("a") is None
        assert time.monotonic() - start < 20 * module.TIMEOUT_SECONDS
        fake.answer = WRONG["noise"]
        assert memcached.get("a") is None
        fake.answer = honest
        assert memcached.get("a") == VALUE + b"a"

    @pytest.mark.usefixtures("_never_pausing")
    def test_c5_an_answer_that_drips_is_given_up_as_a_whole(self, fake: Fake) -> None:
        memcached = connected(fake.address)
        memcached.put("a", VALUE)
        fake.seconds_a_byte = 0.02  # Each byte is in time, all of them take two seconds.
        start = time.monotonic()
        assert memcached.get("a") is None
        assert time.monotonic() - start < 1.0

    def test_c5_after_a_failure_it_is_left_alone_for_a_while(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 1000.0
        memcached = connected(fake.address)
        memcached.put("a", VALUE)
        fake.answer = WRONG["nothing"]
        assert memcached.get("a") is None
        fake.answer, asked = honest, fake.asked
        monkeypatch.setattr(module.time, "monotonic", lambda: now)
        memcached._paused_until = now + module.PAUSE_SECONDS
        for _ in range(100):
            assert memcached.get("a") is None
            memcached.put("b", VALUE)
        assert fake.asked == asked
        now += module.PAUSE_SECONDS
        assert memcached.get("a") == VALUE

    def test_c5_nobody_listens(self) -> None:
        memcached = connected(f"127.0.0.1:{free_port()}")
        memcached.put("a", VALUE)
        assert memcached.get("a") is None
        assert memcached._is_paused

    @pytest.mark.parametrize("refusal", [b"SERVER_ERROR out of memory storing object\r\n", b"NOT_STORED\r\n"])
    def test_c5_a_full_one_is_no_broken_one(self, fake: Fake, refusal: bytes) -> None:
        memcached = connected(fake.address)
        fake.stored = refusal
        memcached.put("a", VALUE)
        assert not memcached._is_paused

    def test_a_socket_is_an_address_too(self) -> None:
        assert module._server("/run/memcached.sock") == "/run/memcached.sock"
        assert module._server("[::1]:11211") == ("::1", 11211)


class TestBoth:
    """Memory first, memcached behind it."""

    def test_what_one_process_made_the_next_one_remembers(self, memcached: str) -> None:
        first, second = Cache(memcached=connected(memcached)), Cache(memcached=connected(memcached))
        first.put("both", VALUE)
        assert second.get("both") == VALUE
        assert second._memory.get("both") == VALUE

    def test_without_memcached_each_has_its_own(self) -> None:
        first, second = Cache(), Cache()
        first.put("a", VALUE)
        assert (first.get("a"), second.get("a")) == (VALUE, None)

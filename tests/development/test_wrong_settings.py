"""Settings that cannot be used stop the start with one line that names them (docs/settings.md)."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from microcosm.development.server import Options
from microcosm.settings import environment
from tests.development.test_run import environment as environment_of
from tests.development.test_run import refusal

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "microcosm" / "settings" / "base.py"
READ = re.findall(r"env\.([a-z_]+)\(\s*\"([A-Z_]+)\"", BASE.read_text())
#: What nobody can mean, by how a setting is read; those read as plain text are checked where they are used.
WRONG = {
    "int": ["", "many", "-1", "1.5", "99999999999999999999"],
    "float": ["many", "nan", "inf", "-1"],
    "bool": ["ture", "2", "null"],
    "json": ["{", "5", "null", '"x"'],
    "email_url": ["nonsense", "smoke://host", "smtp://host:99999"],
    "choice": ["", "other", "http\n"],
    "checked": [" ", "no such thing", "a\nb", "*"],
    "networks": ["nobody", "10.0.0.0/99"],
    "redis_url": [" ", "localhost:6379", "http://host", "redis://", "redis://host:many", "redis://host/name"],
}
CASES = [(name, text) for kind, name in READ for text in WRONG.get(kind, [])]


@pytest.mark.parametrize(("name", "text"), CASES)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "microcosm.settings.dev")
    monkeypatch.setenv(name, text)
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} ") as caught:
        runpy.run_path(str(BASE))
    assert "\n" not in str(caught.value)


def test_every_kind_of_reading_is_tried_or_known_to_take_any_text() -> None:
    assert {kind for kind, _name in READ} == {*WRONG, "str", "list", "dict"}


@pytest.mark.parametrize(
    ("test", "right", "wrong"),
    [
        (
            environment.is_domain,
            ["localhost", "microco.sm", "Forums.Example.org", "a-b.c1"],
            ["", ".", "a..b", "-a.b", "a b", "a_b", "x" * 64],
        ),
        (environment.is_port, ["1", "443", "65535"], ["", "0", "65536", "http", "-1", "٣"]),
        (
            environment.is_memcached,
            ["127.0.0.1:11211", "cache:1", "/run/memcached.sock"],
            ["cache", "cache:", ":11211", "cache:99999", "memcached://cache:11211"],
        ),
        (
            environment.is_redis,
            [
                "redis://localhost",
                "redis://127.0.0.1:6379/0",
                "redis://:secret@[::1]:6379",
                "rediss://user:s%2Fcret@redis.example.org:6380/12",
            ],
            [
                "",
                "redis:/host",
                "rediss//host",
                "redis://host:0",
                "redis://host:",
                "redis://host/a",
                "redis://ho st",
                "redis://host\n",
                "redis://host?db=1",
                "redis://a/b@host",
                "unix:///run/redis.sock",
            ],
        ),
        (environment.is_key, ["A" * 43, "A" * 43 + "=", "-_" * 21 + "A"], ["", "A" * 42, "A" * 44, "!" * 43]),
        (environment.is_header, ["X-Forwarded-For"], ["", "X Forwarded", "X:"]),
    ],
)
def test_what_is_right(test: object, right: list[str], wrong: list[str]) -> None:
    assert callable(test)
    assert [text for text in right if not test(text)] == []
    assert [text for text in wrong if test(text)] == []


def test_a_wrong_address_of_redis_is_not_repeated_with_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAKES_URL", "redis://user:secret@host:many")
    with pytest.raises(ImproperlyConfigured) as caught:
        environment.Environment().redis_url("WAKES_URL")
    assert str(caught.value) == "WAKES_URL must be like redis://user:password@host:6379/0, or rediss:// for TLS"


@pytest.mark.parametrize("text", ["true", "True", "YES", "on", "1", " true "])
def test_words_for_true(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_ALLOW_HTTP", text)
    assert environment.Environment().bool("WEBHOOK_ALLOW_HTTP", default=False) is True


@pytest.mark.parametrize(("text", "value"), [("false", False), ("No", False), ("0", False), ("", True)])
def test_words_for_false_and_none(text: str, value: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_ALLOW_HTTP", text)
    assert environment.Environment().bool("WEBHOOK_ALLOW_HTTP", default=True) is value


@pytest.mark.parametrize(
    ("name", "text"), [("LOG_LEVEL", "LOUD"), ("GEOCODER", "apps.items.geocoding.Atlas"), ("AVATARS", "nowhere")]
)
def test_the_one_command_says_it_in_one_line(name: str, text: str) -> None:
    said = refusal(DATABASE_URL="postgresql:///nothing", **{name: text})
    assert said.startswith(f"microcosm: wrong setting: {name} ")
    assert said.endswith("(docs/settings.md)\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "worker"],
        ["-c", "import microcosm.wsgi"],
        ["-c", "import microcosm.asgi"],
    ],
)
def test_processes_of_production_say_it_in_one_line(command: list[str]) -> None:
    answer = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment_of(DJANGO_SETTINGS_MODULE="microcosm.settings.base"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stderr == ("microcosm: wrong setting: SECRET_KEY is not set (docs/settings.md)\n")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_where_scripts_reach_it(host: str, url: str) -> None:
    assert Options(host=host, port=8000, data_directory=ROOT).base_url == url

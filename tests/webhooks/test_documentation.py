"""The examples of docs/api/webhooks.md, run against what is really sent."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.core import clock
from apps.core.clock import set_clock
from apps.webhooks.models import Webhook
from apps.webhooks.signing import secret_of
from tests.content import place_in, start
from tests.factories import Forum
from tests.servers import Asked
from tests.webhooks.receiver import Receiver, deliver

pytestmark = pytest.mark.django_db

DOCUMENT = Path(__file__).parents[2] / "docs" / "api" / "webhooks.md"
#: Reads [[secret, headers, body], ...] and says for each whether it is genuine.
JAVASCRIPT = """
const fs = require("node:fs");
const given = JSON.parse(fs.readFileSync(0, "utf8"));
console.log(JSON.stringify(given.map(([secret, headers, body]) => isGenuine(secret, headers, Buffer.from(body)))));
"""


def example(language: str) -> str:
    """The example in a language."""
    found = re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def python_verdicts(cases: list[tuple[str, dict[str, str], str]]) -> list[bool]:
    """What the example in Python says; its headers have the usual names."""
    names: dict[str, Any] = {}
    exec(example("python"), names)
    return [
        names["is_genuine"](secret, {name.title(): value for name, value in headers.items()}, body.encode())
        for secret, headers, body in cases
    ]


def javascript_verdicts(cases: list[tuple[str, dict[str, str], str]]) -> list[bool]:
    """What the example in JavaScript says."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    done = subprocess.run(
        [node, "-e", example("javascript") + JAVASCRIPT],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    verdicts: list[bool] = json.loads(done.stdout)
    return verdicts


def sent(forum: Forum, receiver: Receiver) -> Asked:
    """A delivery that has arrived."""
    start(forum.owner, place_in(forum))
    deliver(forum.site.id)
    return receiver.asked[-1]


@pytest.mark.parametrize("verdicts", [python_verdicts, javascript_verdicts])
def test_the_example_knows_what_is_genuine(
    verdicts: Callable[[Any], list[bool]], forum: Forum, receiver: Receiver, hooked: Callable[..., Webhook]
) -> None:
    secret = secret_of(hooked("conversation").secret_nonce)
    request = sent(forum, receiver)
    headers, body = dict(request.headers), request.body.decode()
    later = str(int(headers["x-microcosm-timestamp"]) + 1)
    cases = [
        (secret, headers, body),
        (secret, headers, body + " "),
        ("another", headers, body),
        (secret, headers | {"x-microcosm-timestamp": later}, body),
        (secret, headers | {"x-microcosm-timestamp": "soon"}, body),
        (secret, headers | {"x-microcosm-signature": "sha256="}, body),
        (secret, {}, body),
    ]
    assert verdicts(cases) == [True] + [False] * 6


@pytest.mark.parametrize("verdicts", [python_verdicts, javascript_verdicts])
def test_the_example_refuses_what_is_old(
    verdicts: Callable[[Any], list[bool]], forum: Forum, receiver: Receiver, hooked: Callable[..., Webhook]
) -> None:
    secret = secret_of(hooked("conversation").secret_nonce)
    set_clock(frozen=clock.now().replace(year=2020))
    webhook_request = sent(forum, receiver)
    assert verdicts([(secret, dict(webhook_request.headers), webhook_request.body.decode())]) == [False]

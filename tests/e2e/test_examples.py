"""The examples of docs/examples, run as a reader would run them against what `make run` runs."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from microcosm.development.testing import wait_until
from tests.copies import ROOT, Copy
from tests.e2e.conftest import wait_in

SECONDS = 60.0
EXAMPLES = ROOT / "docs" / "examples"
CONVERSATION = 3


def say(demo: Copy, text: str, *, as_: str = "moderator") -> int:
    """The id of a comment that somebody has just made."""
    comment = {"itemType": "conversation", "itemId": CONVERSATION, "markdown": text}
    return int(demo.write("POST", "/comments", comment, as_=as_)["id"])


def say_in_the_database(demo: Copy, text: str) -> int:
    """The same while no server runs."""
    demo.manage(
        "shell",
        "-c",
        "from apps.comments.services import comment_on_item\n"
        "from apps.items.models import Item\n"
        f"item = Item.objects.get(id={CONVERSATION})\n"
        f"comment_on_item(site_id=item.site_id, author_id=item.created_by_id, item_id=item.id, markdown={text!r},"
        " in_reply_to_id=None, flags={}, by_moderator=False)\n",
    )
    return 0


def comments(changes: list[dict[str, Any]]) -> list[int]:
    """The ids of the new comments among changes."""
    return [change["ids"]["commentId"] for change in changes if change.get("kind") == "comment.created"]


class Follower:
    """docs/examples/live.py, as one person runs it."""

    def __init__(self, demo: Copy, folder: Path) -> None:
        self._demo = demo
        self._output, self._errors = folder / "output", folder / "errors"
        self._position = folder / "position.txt"
        self.process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self, **settings: str) -> Iterator["subprocess.Popen[bytes]"]:
        """While it runs."""
        address = f"http://{self._demo.demo['host']}:{self._demo.port}"
        with self._output.open("ab") as output, self._errors.open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, str(EXAMPLES / "live.py"), address, "--position", str(self._position)],
                env={**os.environ, "TOKEN": self._demo.demo["tokens"]["member"], **settings},
                stdout=output,
                stderr=errors,
            )
        try:
            self.process = process
            yield process
        finally:
            process.kill()
            process.wait()

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What it printed, in all its runs."""
        return [json.loads(line) for line in self._output.read_text().splitlines()]

    @property
    def position(self) -> int:
        """What it has written down."""
        return int(self._position.read_text() or 0) if self._position.exists() else 0

    def wait_for(self, comment_id: int) -> None:
        """Until it has printed a new comment; it must not have ended before."""

        def is_told() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self._errors.read_text()
            return comment_id in comments(self.changes)

        wait_until(is_told, seconds=SECONDS, what=f"the line of comment {comment_id}")


def test_the_python_example_tells_everything_once_through_restarts_of_both_sides(demo: Copy, tmp_path: Path) -> None:
    follower = Follower(demo, tmp_path)
    told = []
    with follower.running():
        wait_until(lambda: follower.position > 0, seconds=SECONDS, what="the first position")
        told.append(say(demo, "Python hears this"))
        follower.wait_for(told[-1])

        demo.stop(signal.SIGKILL)
        say_in_the_database(demo, "Python was alone")
        demo.start()
        told += [told[-1] + 1, say(demo, "Python is back")]
        for comment_id in told:
            follower.wait_for(comment_id)
        last = max(change["position"] for change in follower.changes)
        wait_until(lambda: follower.position >= last, seconds=SECONDS, what="the position of the last change")

    told.append(say(demo, "Python sleeps"))
    with follower.running():
        follower.wait_for(told[-1])
    assert comments(follower.changes) == told
    positions = [change["position"] for change in follower.changes]
    assert positions == sorted(set(positions))


def test_the_python_example_ends_when_coming_back_helps_nobody(demo: Copy, tmp_path: Path) -> None:
    with Follower(demo, tmp_path).running(TOKEN="nobody's") as process:
        assert process.wait(SECONDS) == 1


def snippet(number: int) -> str:
    """A block of JavaScript in the README of the examples."""
    return re.findall(r"```js\n(.*?)```", (EXAMPLES / "README.md").read_text(), re.DOTALL)[number]


def test_the_javascript_example_tells_everything_once_through_restarts_of_both_sides(
    demo: Copy, browser: Browser
) -> None:
    host, lines = f"http://{demo.demo['host']}:{demo.port}", []
    # The page's own policy knows no scripts of a test.
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.on("console", lambda message: lines.append(message.text))
    code = snippet(0)
    for old, new in (
        ('site = "https://forum.example.org"', f'site = "{host}"'),
        ('token = ""', f'token = "{demo.demo["tokens"]["member"]}"'),
    ):
        assert old in code
        code = code.replace(old, new)

    def visit() -> None:
        # The module's own address is a page, too, and "./live.js" is the module from there.
        page.goto(f"{host}/demo/live.js")
        page.add_script_tag(content=code, type="module")
        page.wait_for_function("localStorage.getItem('position') !== null")

    def wait_for(comment_id: int) -> None:
        wait_in(page, lambda: comment_id in comments(changes(lines)), what=f"the line of comment {comment_id}")

    visit()
    told = [say(demo, "JavaScript hears this")]
    wait_for(told[-1])
    demo.stop(signal.SIGKILL)
    say_in_the_database(demo, "JavaScript was alone")
    demo.start()
    told += [told[-1] + 1, say(demo, "JavaScript is back")]
    for comment_id in told:
        wait_for(comment_id)
    page.goto("about:blank")
    told.append(say(demo, "JavaScript sleeps"))
    visit()
    wait_for(told[-1])
    assert comments(changes(lines)) == told
    positions = [change["position"] for change in changes(lines)]
    assert positions == sorted(set(positions))
    context.close()


def changes(lines: list[str]) -> list[dict[str, Any]]:
    """The changes among what a page printed."""
    return [json.loads(line) for line in lines if line.startswith("{")]

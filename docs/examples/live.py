"""Follows a Microcosm site and prints what changes, a line of JSON each, from where it stopped the last time.

    TOKEN=... python live.py https://forum.example.org --position position.txt

What is missed while it does not run, or while the server does not, is read from the feed of changes; what happens comes
over the socket. docs/api/live.md says what the frames mean. It needs the library `websockets`; without TOKEN it is a
guest. Changes are printed once; those of the last second again if it is killed before it has written down the position.
"""

import argparse
import http.client
import json
import os
import random
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

#: Closings after which coming back helps nobody: the client is wrong, its token has ended, there is no such site.
FINAL_CODES = {1009, 4400, 4401, 4404}
#: How often the position is asked for: while nothing happens, and after something has.
PING_SECONDS, SOON_SECONDS = 20.0, 1.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
TIMEOUT_SECONDS = 30.0


class Ended(Exception):
    """Coming back helps nobody."""


class Lost(Exception):
    """The connection or the server is gone, for a while."""


class Follower:
    """One site, as one person sees it, and up to where it has been followed."""

    def __init__(
        self,
        site: str,
        *,
        token: str,
        position: int | None,
        tell: Callable[[dict[str, Any]], None],
        keep: Callable[[int], None],
    ) -> None:
        self.site = urlsplit(site)
        self.token = token
        #: Everything up to there has been told.
        self.position = position
        self._tell = tell
        self._keep = keep
        #: Of what is behind the position, what has been told nevertheless.
        self._told: set[int] = set()
        #: The position of the last frame of each subscription.
        self._last: dict[str, int] = {}

    def follow(self) -> None:
        """Catch up, then listen until the connection is lost; raises Lost, or Ended."""
        address = f"{'wss' if self.site.scheme == 'https' else 'ws'}://{self.site.netloc}/live/v1"
        try:
            self.catch_up()
            with connect(address, sock=open_connection(self.site), open_timeout=TIMEOUT_SECONDS) as live:
                self._listen(live)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            raise (Ended if code in FINAL_CODES else Lost)(f"the socket was closed with {code}") from closed
        except (InvalidHandshake, http.client.HTTPException, OSError) as error:
            raise Lost(str(error)) from error

    def catch_up(self) -> None:
        """Tell what the feed has behind the position; without one, begin where the log ends now."""
        more = True
        while more:
            page = self._feed()
            if page["gap"]:
                self._tell({"type": "gap"})
            for change in page["changes"]:
                self._tell_once(change)
            self._move(page["position"])
            more = page["more"]

    def _listen(self, live: Any) -> None:
        topics = ["site"]
        # The server takes one frame after the other, so nothing has to wait for the answer.
        if self.token:
            live.send(json.dumps({"type": "sign_in", "token": self.token}))
            topics.append("inbox")
        for topic in topics:
            live.send(json.dumps({"type": "subscribe", "to": topic, "after": self.position}))
        while True:
            live.send('{"type":"ping"}')
            ping_at = time.monotonic() + PING_SECONDS
            while (left := ping_at - time.monotonic()) > 0:
                try:
                    frame = json.loads(live.recv(timeout=left))
                except TimeoutError:
                    break
                self._hear(frame)
                if frame["type"] == "change":
                    ping_at = min(ping_at, time.monotonic() + SOON_SECONDS)

    def _hear(self, frame: dict[str, Any]) -> None:
        kind, topic = frame["type"], frame.get("to", "")
        if kind == "subscribed":
            self._last[topic] = frame["position"]
        elif kind == "gap":
            self._last[topic] = frame["position"]
            self._tell({"type": "gap"})
        elif kind == "change":
            if frame["previous"] != self._last[topic]:
                raise Lost("there is a hole; what is missing is in the feed")
            self._last[topic] = frame["position"]
            self._tell_once(frame)
        elif kind == "access":
            self._tell_once({"position": frame["position"], "kind": "access.changed", "ids": {}})
        elif kind == "pong":
            # Everything up to there was sent, whatever it belonged to.
            self._move(frame["position"])

    def _tell_once(self, change: dict[str, Any]) -> None:
        position = change["position"]
        if position not in self._told and position > (self.position or 0):
            self._told.add(position)
            wanted = ("position", "kind", "gone", "ids", "actorId", "created")
            self._tell({name: change[name] for name in wanted if name in change})

    def _move(self, position: int) -> None:
        if self.position is None or position > self.position:
            self.position = position
            self._keep(position)
            self._told = {told for told in self._told if told > position}

    def _feed(self) -> dict[str, Any]:
        query = {"limit": 500} if self.position is None else {"limit": 500, "after": self.position}
        kind = http.client.HTTPSConnection if self.site.scheme == "https" else http.client.HTTPConnection
        connection = kind(self.site.netloc, timeout=TIMEOUT_SECONDS)
        if self.site.scheme == "http":
            connection.sock = open_connection(self.site)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            connection.request("GET", f"/api/v1/changes?{urlencode(query)}", headers=headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status in (401, 403, 404):
            raise Ended(f"the feed answers {response.status}")
        if response.status != http.HTTPStatus.OK:
            raise Lost(f"the feed answers {response.status}")
        page: dict[str, Any] = json.loads(body)["data"]
        return page


def open_connection(site: SplitResult) -> socket.socket:
    """A connection to a site's server; names below `localhost` are this machine, also where nothing resolves them."""
    host = site.hostname or ""
    port = site.port or (443 if site.scheme == "https" else 80)
    return socket.create_connection(("127.0.0.1" if host.endswith(".localhost") else host, port), TIMEOUT_SECONDS)


def main() -> int:
    """Follow until told to stop."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("site", help="the address of a site")
    parser.add_argument("--position", type=Path, help="the file that keeps up to where it has followed")
    options = parser.parse_args()
    file: Path | None = options.position
    saved = file.read_text() if file and file.exists() else ""

    def tell(change: dict[str, Any]) -> None:
        print(json.dumps(change), flush=True)

    def keep(position: int) -> None:
        if file:
            # All of it or nothing, whenever this ends.
            unfinished = file.with_name(f"{file.name}.new")
            unfinished.write_text(str(position))
            unfinished.replace(file)

    token = os.environ.get("TOKEN", "")
    follower = Follower(options.site, token=token, position=int(saved) if saved else None, tell=tell, keep=keep)
    attempts = 0
    while True:
        before = follower.position
        try:
            follower.follow()
        except Ended as error:
            print(f"ended: {error}", file=sys.stderr)
            return 1
        except Lost as error:
            print(f"coming back: {error}", file=sys.stderr)
        attempts = 0 if follower.position != before else attempts + 1
        # Twice as long each time, and not all clients of a server at the same moment.
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempts)
        time.sleep(pause * random.uniform(0.5, 1))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

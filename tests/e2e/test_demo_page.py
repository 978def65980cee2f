"""The demo page of `make run` in a real browser: people in one conversation, and a server that goes away."""

import json
import signal
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from microcosm.development.page import PEOPLE_PATH
from microcosm.development.postgres import PrivatePostgres
from tests.asking import ask
from tests.copies import Copy
from tests.e2e.conftest import Nginx, Platform, wait_in

#: For what a busy machine does; a page that works needs a second.
PATIENCE_MS = 30_000
POLL = "Where to in spring?"
OTHER_WORDS = count(1)

Open = Callable[..., Page]


@pytest.fixture
def conversation(demo: Copy) -> int:
    """A conversation of this test alone, which mira began."""
    title = f"Who sees this? {next(OTHER_WORDS)}"
    place = demo.get("/api/v1/conversations/3").json()["data"]["microcosmId"]
    made = demo.write("POST", "/conversations", {"microcosmId": place, "title": title}, as_="member")
    say(demo, made["id"], "The first word", as_="member")
    return int(made["id"])


@pytest.fixture
def open_page(demo: Copy, browser: Browser, conversation: int) -> Iterator[Open]:
    """A function that shows the conversation to somebody, by name, and fails when the page had an error."""
    contexts, errors = [], []

    def open_(name: str, prepare: Callable[[Page], None] = lambda _page: None) -> Page:
        context = browser.new_context()
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(f"{name}: {error}"))
        prepare(page)
        page.goto(f"http://{demo.demo['host']}:{demo.port}/demo/#as={name}&conversation={conversation}")
        expect(page.locator("#connection")).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
        expect(said(page, "The first word")).to_be_visible(timeout=PATIENCE_MS)
        # Gone as soon as the page is loaded again.
        page.evaluate("window.isTheSame = true")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []


def say(demo: Copy, conversation: int, text: str, *, as_: str) -> int:
    comment = {"itemType": "conversation", "itemId": conversation, "markdown": text}
    return int(demo.write("POST", "/comments", comment, as_=as_)["id"])


def said(page: Page, text: str) -> Locator:
    """The comment with a text."""
    return page.locator(".comment").filter(has_text=text)


def poll_total(page: Page, choice: str) -> Locator:
    return page.locator("#choices button").filter(has_text=choice).locator(".votes")


def see(locator: Locator) -> None:
    expect(locator).to_be_visible(timeout=PATIENCE_MS)


def is_the_same(page: Page) -> bool:
    """Whether it was never loaded again."""
    return bool(page.evaluate("window.isTheSame === true"))


def state(page: Page, name: str) -> None:
    expect(page.locator("#connection")).to_have_attribute("data-state", name, timeout=PATIENCE_MS)


def test_two_people_see_replies_edits_votes_and_typing_without_reload(open_page: Open) -> None:
    mira, max_, guest = open_page("mira"), open_page("max"), open_page("guest")
    for page in (mira, max_, guest):
        see(page.locator("#people li").filter(has_text="mira"))
        see(page.locator("#people li").filter(has_text="max"))
    see(mira.locator("#guests").get_by_text("1 guest"))

    said(max_, "The first word").get_by_role("button", name="Answer").click()
    max_.locator("#text").press_sequentially("The **second** word")
    expect(mira.locator("#typing")).to_have_text("max is typing …", timeout=PATIENCE_MS)
    max_.get_by_role("button", name="Send").click()
    for page in (mira, guest):
        see(said(page, "The second word").get_by_text("answers mira"))
        expect(said(page, "The second word").locator("strong")).to_have_text("second")
    expect(mira.locator("#typing")).to_have_text("", timeout=PATIENCE_MS)
    expect(guest.locator("#total")).to_have_text("2 comments", timeout=PATIENCE_MS)

    said(max_, "The second word").get_by_role("button", name="Edit").click()
    max_.get_by_role("textbox", name="Edit the comment").fill("The second thought")
    max_.get_by_role("button", name="Save").click()
    for page in (mira, guest):
        see(said(page, "The second thought").get_by_text("edited"))
        expect(said(page, "The second word")).to_have_count(0)

    see(mira.get_by_role("heading", name=POLL))
    before = int(poll_total(mira, "cake").inner_text())
    max_.get_by_role("button", name="cake").click()
    for page in (mira, max_, guest):
        expect(poll_total(page, "cake")).to_have_text(str(before + 1), timeout=PATIENCE_MS)
    expect(max_.get_by_role("button", name="cake")).to_have_attribute("aria-pressed", "true")
    max_.get_by_role("button", name="cake").click()
    for page in (mira, guest):
        expect(poll_total(page, "cake")).to_have_text(str(before), timeout=PATIENCE_MS)

    said(max_, "The second thought").get_by_role("button", name="Delete").click()
    for page in (mira, guest):
        expect(said(page, "The second thought")).to_have_count(0, timeout=PATIENCE_MS)
    max_.close()
    expect(mira.locator("#people li").filter(has_text="max")).to_have_count(0, timeout=PATIENCE_MS)
    assert is_the_same(mira)
    assert is_the_same(guest)


def test_after_the_server_was_killed_the_page_catches_up_by_itself(
    demo: Copy, conversation: int, open_page: Open
) -> None:
    mira, max_ = open_page("mira"), open_page("max")
    max_.locator("#text").fill("Not sent yet")
    see(mira.get_by_role("heading", name=POLL))
    before = int(poll_total(mira, "passes").inner_text())
    demo.stop(signal.SIGKILL)
    for page in (mira, max_):
        state(page, "waiting")
    # The database is still there: what happens in it now is told by nobody.
    demo.manage(
        "shell",
        "-c",
        "from apps.comments.services import comment_on_item\n"
        "from apps.items.models import Item, PollChoice\n"
        "from apps.items.polls import cast_vote\n"
        f"item = Item.objects.get(id={conversation})\n"
        "who = {'site_id': item.site_id, 'by_moderator': False}\n"
        "comment_on_item(author_id=item.created_by_id, item_id=item.id, markdown='While nobody listened',"
        " in_reply_to_id=None, flags={}, **who)\n"
        "choice = PollChoice.objects.get(text__contains='passes')\n"
        "cast_vote(profile_id=item.created_by_id, item_id=choice.poll_id, choice_ids=[choice.id], **who)\n",
    )
    demo.start()
    for page in (mira, max_):
        see(said(page, "While nobody listened"))
        expect(poll_total(page, "passes")).to_have_text(str(before + 1), timeout=PATIENCE_MS)
        state(page, "live")
        see(page.locator("#people li").filter(has_text="mira"))
        assert is_the_same(page)
    expect(max_.locator("#text")).to_have_value("Not sent yet")
    max_.get_by_role("button", name="Send").click()
    see(said(mira, "Not sent yet"))
    expect(mira.locator(".comment")).to_have_count(3)


class Wire:
    """The page's socket, as a bad network would have it."""

    def __init__(self) -> None:
        self.is_deaf = False
        #: What the page said, what it heard, and what it would have heard.
        self.said: list[dict[str, Any]] = []
        self.heard: list[dict[str, Any]] = []
        self.lost: list[dict[str, Any]] = []
        self._routes: list[WebSocketRoute] = []

    def __call__(self, page: Page) -> None:
        page.route_web_socket("**/live/v1", self._carry)

    def _carry(self, route: WebSocketRoute) -> None:
        self._routes.append(route)
        server = route.connect_to_server()

        def from_page(text: str | bytes) -> None:
            self.said.append(json.loads(text))
            server.send(text)

        def from_server(text: str | bytes) -> None:
            (self.lost if self.is_deaf else self.heard).append(json.loads(text))
            if not self.is_deaf:
                route.send(text)

        route.on_message(from_page)
        server.on_message(from_server)

    def lose(self, page: Page, demo: Copy, conversation: int, text: str) -> None:
        """Somebody says something, and nothing of it arrives."""
        self.is_deaf = True
        say(demo, conversation, text, as_="moderator")
        for topic in ("site", "conversation"):
            wait_in(page, lambda topic=topic: is_told(self.lost, topic), what=f"the frame of the {topic}")
        self.is_deaf = False
        expect(said(page, text)).to_have_count(0)

    def cut(self, code: int) -> None:
        """The server closes it."""
        self._routes[-1].close(code=code)


def is_told(frames: list[dict[str, Any]], topic: str) -> bool:
    """Whether a change of a topic is among some frames."""
    return any(frame["type"] == "change" and frame["to"] == topic for frame in frames)


def test_a_frame_that_was_lost_is_noticed_and_told_again(demo: Copy, conversation: int, open_page: Open) -> None:
    wire = Wire()
    mira = open_page("mira", wire)
    wire.lose(mira, demo, conversation, "Lost on the way")
    say(demo, conversation, "Not lost", as_="moderator")
    see(said(mira, "Not lost"))
    see(said(mira, "Lost on the way"))
    assert [frame["to"] for frame in wire.said if "after" in frame] == ["site", "conversation"]
    assert is_the_same(mira)


def test_what_the_log_has_forgotten_is_read_again(demo: Copy, conversation: int, open_page: Open) -> None:
    wire = Wire()
    mira = open_page("mira", wire)
    wire.lose(mira, demo, conversation, "Soon forgotten")
    head = demo.get("/api/v1/changes").json()["data"]["position"]
    with psycopg.connect(PrivatePostgres(demo.folder).database_url("microcosm")) as database:
        database.execute(
            "INSERT INTO core_changehorizon (id, position) VALUES (1, %s)"
            " ON CONFLICT (id) DO UPDATE SET position = excluded.position",
            [head],
        )
    wire.cut(4408)
    see(said(mira, "Soon forgotten"))
    state(mira, "live")
    assert [frame for frame in wire.heard if frame["type"] == "gap" and frame["to"] == "conversation"]
    assert is_the_same(mira)


def test_a_connection_that_died_without_a_word_is_noticed(demo: Copy, conversation: int, open_page: Open) -> None:
    wire = Wire()

    def prepare(page: Page) -> None:
        page.clock.install()
        wire(page)

    mira = open_page("mira", prepare)
    wire.is_deaf = True
    mira.clock.fast_forward(26_000)
    wait_in(mira, lambda: {"type": "ping"} in wire.said, what="a ping")
    mira.clock.fast_forward(11_000)
    state(mira, "waiting")
    wire.is_deaf = False
    say(demo, conversation, "Over a new connection", as_="moderator")
    mira.get_by_role("button", name="Now").click()
    see(said(mira, "Over a new connection"))
    state(mira, "live")


def test_many_subscriptions_at_once_are_not_taken_for_a_flood(demo: Copy, open_page: Open) -> None:
    answers = open_page("guest").evaluate(
        """async () => {
            const { Live } = await import("/demo/live.js");
            const answers = [];
            await new Promise((resolve) => {
                const hear = (answer) => { if (answers.push(answer) === 40) resolve(); };
                const live = new Live({ site: location.origin, state: ({ name }) => name === "waiting" && hear(name) });
                const handlers = { subscribed: () => hear("subscribed"), refused: () => hear("refused") };
                for (let id = 1; id <= 40; id += 1) live.subscribe("conversation", id + 1_000_000, handlers);
            });
            return answers;
        }"""
    )
    assert answers == ["refused"] * 40


def test_what_is_deleted_or_forbidden_goes_from_the_page(demo: Copy, conversation: int, open_page: Open) -> None:
    mira = open_page("mira")
    patch = [{"op": "replace", "path": "/meta/flags/deleted", "value": True}]
    demo.write("PATCH", f"/conversations/{conversation}", patch, as_="owner")
    see(mira.get_by_text("This conversation is gone"))
    expect(mira.locator(".comment")).to_have_count(0)
    expect(mira.locator("#composer")).to_be_hidden()


def test_who_is_banned_is_told_so(demo: Copy, open_page: Open) -> None:
    max_ = open_page("max")
    profile_id = demo.get("/api/v1/whoami", token=demo.demo["tokens"]["moderator"]).json()["data"]["id"]
    demo.write("POST", "/bans", {"profileId": profile_id}, as_="owner")
    try:
        state(max_, "ended")
        see(max_.get_by_text("You are banned from this site."))
        expect(max_.locator(".comment")).to_have_count(0)
    finally:
        demo.write("DELETE", f"/bans/{profile_id}", None, as_="owner")
    # Somebody else, then somebody who was banned all along.
    max_.locator("#who").select_option("mira")
    state(max_, "live")
    see(said(max_, "The first word"))
    max_.locator("#who").select_option("bert")
    state(max_, "ended")
    see(max_.get_by_text("You are banned from this site."))
    expect(max_.locator(".comment")).to_have_count(0)


def test_the_page_has_nothing_from_elsewhere_and_no_token_in_an_address(demo: Copy, open_page: Open) -> None:
    addresses: list[str] = []

    def listen(page: Page) -> None:
        page.on("request", lambda request: addresses.append(request.url))
        page.on("websocket", lambda socket: addresses.append(socket.url))

    open_page("mira", listen)
    place = f"{demo.demo['host']}:{demo.port}/"
    assert {url for url in addresses if not url.startswith((f"http://{place}", f"ws://{place}"))} == set()
    assert f"ws://{place}live/v1" in addresses
    assert not [url for url in addresses for token in demo.demo["tokens"].values() if token in url]
    headers = demo.get("/demo/").headers
    assert headers["Content-Security-Policy"] == (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws://"
        f"{demo.demo['host']}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


def test_tokens_are_given_to_this_machine_and_the_demo_site_alone(demo: Copy) -> None:
    people = demo.get(PEOPLE_PATH)
    assert {person["role"]: person["token"] for person in people.json()} == demo.demo["tokens"]
    assert "Access-Control-Allow-Origin" not in people.headers
    for host in (demo.demo["root_host"], "evil.example.com", f"{demo.demo['host']}.evil.example.com"):
        assert demo.get(PEOPLE_PATH, host=host).status == 404
    for name in ("X_Forwarded_For", "Forwarded", "Via"):
        forwarded = ask(demo.port, PEOPLE_PATH, host=demo.demo["host"], **{name: "192.0.2.1"})
        assert forwarded.status == 403
    for path in ("/demo/page.py", "/demo/../page.py", "/demo/nothing", "/demonstration"):
        assert demo.get(path).status == 404
    redirect = demo.get("/demo")
    assert (redirect.status, redirect.headers["Location"]) == (308, "/demo/")


def test_production_has_no_such_page(nginx: Nginx, platform: Platform) -> None:
    for path in ("/demo/", PEOPLE_PATH):
        for host in (platform.alpha, "demo.localhost"):
            assert ask(nginx.port, path, host=host).status == 404

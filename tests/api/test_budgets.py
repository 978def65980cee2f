"""How many statements each hot page takes: one table, so that nobody adds one unseen."""

import pytest

from tests.bench.routes import ROUTES
from tests.client import ApiClient
from tests.content import ask, place_in, say, start
from tests.factories import Forum
from tests.queries import count_statements

#: Page to its statements for a guest, and for a member without the one that finds out who they are and without their
#: mark of what is read; None where guests have nothing to read.
BUDGETS: dict[str, tuple[int | None, int]] = {
    "site": (1, 1),
    "whoami": (None, 1),
    "front page": (1, 1),
    "microcosm": (1, 1),
    "tree": (1, 1),
    "conversation": (1, 1),
    "conversations": (2, 2),
    "event": (2, 2),
    "poll": (2, 2),
    "comment": (1, 1),
    "profiles": (1, 1),
    "profile": (1, 1),
    "huddles": (None, 1),
    # Only when the mark moves: whether the reader may still go there, and how many others hold something new.
    "huddle": (None, 1),
    "updates": (None, 1),
    # A search first limits how long it may take.
    "search, rare word": (2, 2),
    "search, common word": (2, 2),
    "trending": (1, 1),
}


def test_every_hot_page_has_its_budget() -> None:
    assert list(BUDGETS) == [route.name for route in ROUTES]


@pytest.mark.django_db
@pytest.mark.parametrize("name", [route.name for route in ROUTES])
def test_a_hot_page_takes_no_more_statements_than_its_budget(forum: Forum, api: ApiClient, name: str) -> None:
    member = forum.member()
    as_member = api.as_(member)
    place = place_in(forum)
    item = start(forum.owner, place)
    comment = say(forum.owner, item, "zanzibar people")
    event = as_member.post(
        "events",
        {"microcosmId": place.id, "title": "Event", "when": "2031-01-01T10:00:00Z", "where": "Hall"},
    )
    huddle = as_member.post("huddles", {"title": "Huddle"})
    cast = {
        "microcosm_id": place.id,
        "conversation_id": item.id,
        "comment_id": comment.id,
        "poll_id": ask(forum.owner, place).id,
        "event_id": event.headers["Location"].rsplit("/", 1)[1],
        "huddle_id": huddle.headers["Location"].rsplit("/", 1)[1],
        "profile_id": forum.owner.id,
    }
    path = next(route for route in ROUTES if route.name == name).path_in(cast)
    guests, members = BUDGETS[name]
    for caller, budget in ((api, guests), (as_member, members)):
        if budget is None:
            continue
        # What is remembered from one request to the next is remembered now.
        assert caller.get(path).status == 200
        with count_statements() as statements:
            assert caller.get(f"{path}{'&' if '?' in path else '?'}context=again").status == 200
        assert len([text for text in statements if not _is_aside(text)]) <= budget, "\n".join(statements)


@pytest.mark.django_db
def test_a_conversation_takes_two_statements_for_a_guest_and_three_for_a_member_all_told(
    forum: Forum, api: ApiClient
) -> None:
    """Who asks and the read mark are counted here, of somebody who was here within the minute."""
    item = start(forum.owner, place_in(forum))
    path = f"conversations/{item.id}"
    for caller, budget in ((api, 2), (api.as_(forum.member()), 3)):
        caller.get(path)
        say(forum.owner, item)
        with count_statements() as statements:
            assert caller.get(path).status == 200
        assert len(statements) <= budget, "\n".join(statements)


@pytest.mark.django_db
def test_a_comment_is_posted_in_as_many_statements_as_things_are_written(forum: Forum, api: ApiClient) -> None:
    """One more for each thing that somebody lets a comment do, of which nobody may forget what it costs."""
    member = forum.member()
    item = start(forum.owner, forum.root)
    body = {"itemType": "conversation", "itemId": item.id, "markdown": "First."}
    assert api.as_(member).post("comments", body).status == 302
    with count_statements() as statements:
        assert api.as_(member).post("comments", body | {"markdown": "Second."}).status == 302
    # Who it is; item and permissions; the site's addresses; the same at once; the same before; the turn at the item;
    # the comment's id; the lock of the item; the comment with its version; the counters of item, microcosm and author;
    # the log; the act; webhooks; the watcher; the job.
    assert len(statements) == 17, "\n".join(statements)


def _is_aside(text: str) -> bool:
    """Whether a statement finds out who asks, or notes what they have read or that they were here."""
    return any(
        part in text
        for part in (
            "accounts_accesstoken",
            "INSERT INTO items_itemreadmark",
            "SET last_active_at",
        )
    )

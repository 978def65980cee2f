"""Items and comments under many hands at once (R2): counters equal a recount, nobody waits for ever."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from apps.comments.models import Comment
from apps.comments.services import comment_on_item, delete_comment, edit_comment, flag_comment
from apps.core.clock import now
from apps.core.errors import Missing
from apps.core.models import Change
from apps.items.models import Item
from apps.items.reading import mark_item_read
from apps.items.services import await_turn, create_conversation, delete_item, edit_item, flag_item
from apps.microcosms.drafts import read_draft
from apps.microcosms.models import Microcosm
from apps.microcosms.services import edit_microcosm, flag_microcosm, recompute_sequence
from apps.sites.types import ItemType
from microcosm.development.testing import wait_until
from tests.client import ApiClient, Reply
from tests.content import place_in, say, start
from tests.factories import Forum

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("recounted")]


def at_once(*calls: Callable[[], Any], hands: int = 8) -> list[Any]:
    """Run calls in so many threads with connections of their own; the first error is raised."""
    connected = threading.Barrier(min(hands, len(calls)), timeout=60)
    local = threading.local()

    def run(call: Callable[[], Any]) -> Any:
        try:
            if not getattr(local, "has_begun", False):
                # Nobody begins before everybody has a connection: the first would be done before the last comes.
                connection.ensure_connection()
                connected.wait()
                local.has_begun = True
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=hands) as pool:
        return list(pool.map(run, calls))


def comment_call(forum: Forum, author_id: int, item_id: int, markdown: str) -> Callable[[], int]:
    """A call that comments."""
    return lambda: comment_on_item(
        site_id=forum.site.id,
        author_id=author_id,
        item_id=item_id,
        markdown=markdown,
        in_reply_to_id=None,
        flags={},
        by_moderator=True,
    )


def test_R2_many_comments_at_once(forum: Forum) -> None:
    people = [forum.member() for _ in range(4)]
    item = start(forum.owner, forum.root)
    ids = at_once(*(comment_call(forum, people[n % 4].id, item.id, f"Comment {n}") for n in range(40)))
    assert len(set(ids)) == 40
    item.refresh_from_db()
    assert item.comment_count == 40
    newest = Comment.objects.order_by("-created_at", "-id")[0]
    assert (item.last_comment_id, item.last_comment_at) == (newest.id, newest.created_at)
    times = list(Comment.objects.order_by("id").values_list("created_at", flat=True))
    assert times == sorted(times)


def test_R2_those_who_comment_take_turns_and_hold_nothing_meanwhile(forum: Forum) -> None:
    people = [forum.member() for _ in range(3)]
    item = start(forum.owner, forum.root)

    def talk(author_id: int) -> int:
        try:
            return comment_call(forum, author_id, item.id, "Hello")()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=3) as pool:
        with transaction.atomic():
            await_turn(site_id=forum.site.id, item_id=item.id)
            waiting = []
            for number, person in enumerate(people, start=1):
                waiting.append(pool.submit(talk, person.id))
                wait_until(lambda number=number: _waiting_count() == number, seconds=60, what="one more to wait")
            Item.objects.select_for_update(nowait=True).get(id=item.id)
            Microcosm.objects.select_for_update(nowait=True).get(id=forum.root.id)
        ids = [one.result(timeout=60) for one in waiting]
    assert ids == sorted(ids)


def _waiting_count() -> int:
    """How many wait for what this connection holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        )
        return int(cursor.fetchone()[0])


def reply_after(change: Callable[[], Any], *, client: ApiClient, path: str) -> Reply:
    """The answer to a DELETE that is let through before a change commits, and waits for it."""

    def delete() -> Reply:
        try:
            return client.delete(path)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        with transaction.atomic():
            change()
            reply = pool.submit(delete)
            wait_until(lambda: _waiting_count() == 1, seconds=60, what="the deletion waits")
        return reply.result(timeout=60)


def close(forum: Forum, item: Item) -> Callable[[], None]:
    """A call by which a moderator closes an item."""
    return lambda: flag_item(site_id=forum.site.id, actor_id=forum.owner.id, item_id=item.id, flags={"is_open": False})


def test_R2_an_author_does_not_delete_what_others_have_just_commented_on(api: ApiClient, forum: Forum) -> None:
    author, other = forum.member(), forum.member()
    item = start(author, forum.root)
    comment = comment_call(forum, other.id, item.id, "Hello")
    reply = reply_after(comment, client=api.as_(author), path=f"conversations/{item.id}")
    assert (reply.status, reply.code) == (403, 12)
    assert not Item.objects.get(id=item.id).is_deleted
    assert not Change.objects.filter(kind="conversation.deleted").exists()


def test_R2_an_author_does_not_delete_what_a_moderator_has_just_closed(api: ApiClient, forum: Forum) -> None:
    author = forum.member()
    item = start(author, forum.root)
    comment = say(author, item)
    reply = reply_after(close(forum, item), client=api.as_(author), path=f"comments/{comment.id}")
    assert (reply.status, reply.code) == (403, 12)
    assert not Comment.objects.get(id=comment.id).is_deleted
    assert not Change.objects.filter(kind="comment.deleted").exists()
    Item.objects.filter(id=item.id).update(is_open=True)
    reply = reply_after(close(forum, item), client=api.as_(author), path=f"conversations/{item.id}")
    assert (reply.status, reply.code) == (403, 12)
    assert not Item.objects.get(id=item.id).is_deleted
    assert not Change.objects.filter(kind="conversation.deleted").exists()


def test_R2_who_may_delete_by_right_deletes_what_has_just_changed(api: ApiClient, forum: Forum) -> None:
    author = forum.member()
    item = start(author, forum.root)
    comment = say(author, item)
    owner = api.as_(forum.owner)
    assert reply_after(close(forum, item), client=owner, path=f"comments/{comment.id}").status == 200
    more = comment_call(forum, author.id, item.id, "More")
    assert reply_after(more, client=owner, path=f"conversations/{item.id}").status == 200
    assert Comment.objects.get(id=comment.id).is_deleted
    assert Item.objects.get(id=item.id).is_deleted


def test_R1_the_same_comment_at_once_is_one(forum: Forum) -> None:
    member = forum.member()
    item = start(forum.owner, forum.root)
    ids = at_once(*[comment_call(forum, member.id, item.id, "Hello")] * 100, hands=100)
    assert len(set(ids)) == 1
    assert Comment.objects.count() == 1
    assert Change.objects.filter(kind="comment.created").count() == 1


def test_R1_the_same_conversation_at_once_is_one(forum: Forum) -> None:
    member = forum.member()

    def create() -> int:
        return create_conversation(
            site_id=forum.site.id,
            author_id=member.id,
            microcosm_id=forum.root.id,
            title="Tea",
            flags={},
            by_moderator=False,
        )

    assert len(set(at_once(*[create] * 100, hands=100))) == 1
    assert Item.objects.count() == 1
    assert Change.objects.filter(kind="conversation.created").count() == 1


def test_R2_one_deletion_of_many_counts(forum: Forum) -> None:
    item = start(forum.owner, forum.root)
    comment = say(forum.owner, item)
    say(forum.owner, item)

    def delete() -> None:
        delete_comment(site_id=forum.site.id, actor_id=forum.owner.id, comment_id=comment.id)

    at_once(*[delete] * 8)
    assert Change.objects.filter(kind="comment.deleted").count() == 1
    item.refresh_from_db()
    assert item.comment_count == 1


def move_place(forum: Forum, place: Microcosm, parent: Microcosm) -> None:
    """Hang a microcosm below another."""
    edit_microcosm(
        read_draft(edit_reason="moved"),
        site_id=forum.site.id,
        microcosm_id=place.id,
        editor_id=forum.owner.id,
        parent_id=parent.id,
    )


def test_R2_everything_at_once_neither_miscounts_nor_deadlocks(forum: Forum) -> None:
    rng = random.Random(7)
    site_id, owner_id = forum.site.id, forum.owner.id
    people = [forum.member() for _ in range(3)]
    places = [forum.root, place_in(forum), place_in(forum)]
    # The parent has the larger id.
    move_place(forum, places[1], places[2])
    items = [start(people[n % 3], places[n % 3]) for n in range(4)]
    comments = [say(people[n % 3], items[n % 4]) for n in range(12)]

    def move() -> None:
        edit_item(
            site_id=site_id,
            actor_id=owner_id,
            item_id=rng.choice(items).id,
            title=None,
            microcosm_id=rng.choice(places).id,
            reason="move",
            moderates_target=True,
        )

    def hide_item() -> None:
        flags = {rng.choice(["is_deleted", "is_moderated"]): rng.random() < 0.5}
        flag_item(site_id=site_id, actor_id=owner_id, item_id=rng.choice(items).id, flags=flags)

    def delete_one() -> None:
        delete_item(site_id=site_id, actor_id=owner_id, item_id=items[0].id)

    def hide_comment() -> None:
        flags = {rng.choice(["is_deleted", "is_moderated"]): rng.random() < 0.5}
        flag_comment(site_id=site_id, actor_id=owner_id, comment_id=rng.choice(comments).id, flags=flags)

    def edit() -> None:
        edit_comment(site_id=site_id, actor_id=owner_id, comment_id=rng.choice(comments).id, markdown=str(rng.random()))

    def read() -> None:
        mark_item_read(
            site_id=site_id, profile_id=owner_id, kind=ItemType.CONVERSATION, item_id=rng.choice(items).id, at=now()
        )

    def say_something() -> None:
        comment_call(forum, rng.choice(people).id, rng.choice(items).id, str(rng.random()))()

    def delete_something() -> None:
        delete_comment(site_id=site_id, actor_id=owner_id, comment_id=rng.choice(comments).id)

    def hide_place() -> None:
        flags = {rng.choice(["deleted", "moderated"]): rng.random() < 0.5}
        flag_microcosm(site_id=site_id, microcosm_id=places[2].id, editor_id=owner_id, flags=flags)

    def sort_places() -> None:
        recompute_sequence(site_id=site_id)

    kinds = [move, move, hide_item, hide_comment, edit, read, say_something, say_something, delete_something]
    kinds += [hide_place, hide_place, sort_places]
    at_once(*([rng.choice(kinds) for _ in range(150)] + [delete_one]))


def test_R2_a_comment_and_the_hiding_of_its_item_keep_their_order(forum: Forum) -> None:
    member = forum.member()
    item = start(forum.owner, forum.root)

    def talk(number: int) -> bool:
        try:
            comment_on_item(
                site_id=forum.site.id,
                author_id=member.id,
                item_id=item.id,
                markdown=f"Comment {number}",
                in_reply_to_id=None,
                flags={},
                by_moderator=False,
            )
        except Missing:
            return False
        return True

    def delete() -> bool:
        delete_item(site_id=forum.site.id, actor_id=forum.owner.id, item_id=item.id)
        return True

    said = at_once(*[lambda n=n: talk(n) for n in range(6)], delete, *[lambda n=n: talk(n) for n in range(6, 12)])
    assert Comment.objects.count() == sum(said) - 1

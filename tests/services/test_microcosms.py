"""The tree under concurrent changes, the counters, and the order (contract A 21, B 17)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core import clock
from apps.core.errors import ApiError, Missing
from apps.items.models import Item
from apps.items.reading import mark_item_read
from apps.microcosms import services
from apps.microcosms.drafts import read_draft
from apps.microcosms.models import Microcosm
from apps.sites.types import ItemType
from microcosm.development.testing import wait_until
from tests.factories import Forum
from tests.trees import make_item, make_microcosm


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run each action in its own connection, all starting together; their results or the errors they raised."""
    results: list[Any] = [None] * len(actions)
    barrier = threading.Barrier(len(actions))

    def run(number: int, action: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            results[number] = action()
        except (ApiError, IntegrityError) as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads)
    return results


def move(forum: Forum, microcosm: Microcosm, parent: Microcosm) -> Callable[[], None]:
    """A move to run later."""
    return lambda: services.edit_microcosm(
        read_draft(edit_reason="moved"),
        site_id=forum.site.id,
        microcosm_id=microcosm.id,
        editor_id=forum.owner.id,
        parent_id=parent.id,
    )


def create(forum: Forum, parent: Microcosm, title: str = "New") -> Callable[[], Microcosm]:
    """A creation to run later."""
    return lambda: services.create_microcosm(
        read_draft(title=title, description="d"), site_id=forum.site.id, parent_id=parent.id, creator_id=forum.owner.id
    )


def delete(forum: Forum, microcosm: Microcosm) -> Callable[[], None]:
    """A deletion to run later."""
    return lambda: services.delete_microcosm(site_id=forum.site.id, microcosm_id=microcosm.id, editor_id=forum.owner.id)


def assert_sound(forum: Forum) -> None:
    """Every path and liveness is what parents and flags say, and everything hangs on the one root."""
    microcosms = {m.id: m for m in Microcosm.objects.filter(site=forum.site)}
    for microcosm in microcosms.values():
        path, live, current = [], True, microcosm
        while True:
            assert current.id not in path, "a ring"
            path.insert(0, current.id)
            live = live and not current.is_deleted and not current.is_moderated
            if current.parent_id is None:
                break
            current = microcosms[current.parent_id]
        assert (microcosm.path, microcosm.is_live) == (path, live)
        assert path[0] == forum.root.id


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_cannot_make_a_ring(forum: Forum) -> None:
    """R2: A below B while B goes below A: one of them is refused."""
    for _ in range(5):
        first, second = make_microcosm(forum), make_microcosm(forum)
        results = at_once(move(forum, first, second), move(forum, second, first))
        assert sorted(type(result).__name__ for result in results) == ["InsideItself", "NoneType"]
        assert_sound(forum)


@pytest.mark.django_db(transaction=True)
def test_three_moves_at_once_cannot_make_a_ring(forum: Forum) -> None:
    a, b, c = (make_microcosm(forum) for _ in range(3))
    a_below, b_below, c_below = (make_microcosm(forum, place) for place in (a, b, c))
    results = at_once(move(forum, a, b_below), move(forum, b, c_below), move(forum, c, a_below))
    assert sorted(type(result).__name__ for result in results) == ["InsideItself", "NoneType", "NoneType"]
    assert_sound(forum)


@pytest.mark.django_db(transaction=True)
def test_nothing_live_ends_up_below_what_is_deleted_meanwhile(forum: Forum) -> None:
    for _ in range(5):
        target, moved = make_microcosm(forum), make_microcosm(forum)
        results = at_once(delete(forum, target), move(forum, moved, target), create(forum, target))
        assert results[0] is None
        assert all(not isinstance(result, ApiError) or isinstance(result, Missing) for result in results)
        assert_sound(forum)


@pytest.mark.django_db(transaction=True)
def test_microcosms_made_at_once_get_different_places(forum: Forum) -> None:
    made = at_once(*(create(forum, forum.root, title=f"n{number}") for number in range(6)))
    assert len({microcosm.sequence for microcosm in made}) == 6
    assert_sound(forum)


@pytest.mark.django_db(transaction=True)
def test_the_lock_of_a_tree_does_not_stop_other_writes(forum: Forum) -> None:
    """Items are written and read while the tree is locked: their foreign keys only need the rows to be there."""
    place = make_microcosm(forum)
    done: list[int] = []

    def write() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            item = make_item(place, forum.owner)
            mark_item_read(
                site_id=forum.site.id,
                profile_id=forum.owner.id,
                kind=ItemType.CONVERSATION,
                item_id=item.id,
                at=clock.now(),
            )
            done.append(item.id)
        finally:
            connection.close()

    with transaction.atomic():
        services._lock_tree(forum.site.id)
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(timeout=20)
    assert len(done) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", ["hide", "delete", "move", "repair", "sort"])
def test_R2_changes_of_a_tree_lock_microcosms_in_the_order_of_their_ids(forum: Forum, change: str) -> None:
    """As an item does that moves from the child to the parent, whose id is the larger one: both would wait for ever."""
    child, elsewhere, parent = (make_microcosm(forum) for _ in range(3))
    move(forum, child, parent)()
    # All is wrong with both, and the parent is the first in the table and the busiest.
    for place in (parent, child):
        place.refresh_from_db()
        Microcosm.objects.filter(id=place.id).update(sequence=77, path=place.path[1:], comment_count=1)
    site_id, owner_id = forum.site.id, forum.owner.id
    changes: dict[str, Callable[[], Any]] = {
        "hide": lambda: services.flag_microcosm(
            site_id=site_id, microcosm_id=parent.id, editor_id=owner_id, flags={"moderated": True}
        ),
        "delete": delete(forum, parent),
        "move": move(forum, parent, elsewhere),
        "repair": lambda: services.recompute_tree(site_id=site_id),
        "sort": lambda: services.recompute_sequence(site_id=site_id),
    }

    def run() -> None:
        try:
            changes[change]()
        finally:
            connection.close()

    def is_waited_for() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))")
            return cursor.fetchone() is not None

    with ThreadPoolExecutor(max_workers=1) as pool:
        with transaction.atomic():
            Microcosm.objects.select_for_update(no_key=True).get(id=child.id)
            changing = pool.submit(run)
            wait_until(is_waited_for, seconds=60, what="the change waits")
            Microcosm.objects.select_for_update(no_key=True, nowait=True).get(id=parent.id)
        changing.result(timeout=60)


@pytest.mark.django_db
def test_a_second_root_is_refused_by_the_database(forum: Forum) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        services.create_root(site_id=forum.site.id, owner_id=forum.owner.id, description="x")


@pytest.mark.django_db
def test_recompute_tree_repairs_paths_and_liveness(forum: Forum) -> None:
    top = make_microcosm(forum, is_moderated=True)
    deep = make_microcosm(forum, make_microcosm(forum, top))
    Microcosm.objects.filter(site=forum.site).update(path=[], is_live=False)
    services.recompute_tree(site_id=forum.site.id)
    assert_sound(forum)
    deep.refresh_from_db()
    assert deep.is_live is False


# --- Counters -------------------------------------------------------------------------------------


def counters(microcosm: Microcosm) -> tuple[int, int, int, int]:
    """Conversations, events, polls, comments."""
    microcosm.refresh_from_db()
    return (microcosm.conversation_count, microcosm.event_count, microcosm.poll_count, microcosm.comment_count)


@pytest.mark.django_db
def test_counts_are_adjusted_and_never_negative(forum: Forum) -> None:
    place = make_microcosm(forum)
    services.adjust_counts(site_id=place.site_id, microcosm_id=place.id, conversations=2, events=1, polls=1, comments=9)
    assert counters(place) == (2, 1, 1, 9)
    services.adjust_counts(site_id=place.site_id, microcosm_id=place.id, conversations=-1, comments=-20)
    assert counters(place) == (1, 1, 1, 0)
    services.adjust_counts(site_id=place.site_id, microcosm_id=place.id)
    assert counters(place) == (1, 1, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_counts_hold_under_concurrency(forum: Forum) -> None:
    """R2: parallel writers lose no count."""
    place = make_microcosm(forum)
    at_once(*([lambda: make_item(place, forum.owner, comment_count=2)] * 8))
    assert counters(place) == (8, 0, 0, 16)
    Item.objects.update(comment_count=0)
    services.repair_counters(site_id=forum.site.id)
    assert counters(place) == (8, 0, 0, 0)


@pytest.mark.django_db
def test_activity_moves_forwards_only_until_it_is_found_again(forum: Forum) -> None:
    place, now = make_microcosm(forum), clock.now()
    services.adjust_counts(site_id=place.site_id, microcosm_id=place.id, active_at=now)
    services.adjust_counts(site_id=place.site_id, microcosm_id=place.id, active_at=now - timedelta(hours=1))
    place.refresh_from_db()
    assert place.last_activity_at == now
    services.recompute_last_activity(site_id=place.site_id, microcosm_id=place.id)
    place.refresh_from_db()
    assert place.last_activity_at is None
    pinned = make_item(place, forum.owner, at=now - timedelta(hours=2), is_sticky=True)
    make_item(place, forum.owner, at=now - timedelta(hours=3))
    make_item(place, forum.owner, at=now, is_deleted=True)
    Microcosm.objects.filter(id=place.id).update(last_activity_at=None)
    services.recompute_last_activity(site_id=place.site_id, microcosm_id=place.id)
    place.refresh_from_db()
    assert place.last_activity_at == pinned.last_activity_at


@pytest.mark.django_db
def test_a_recount_says_what_was_wrong_and_corrects_it(forum: Forum, other_forum: Forum) -> None:
    place, right = make_microcosm(forum), make_microcosm(forum)
    elsewhere = make_microcosm(other_forum, comment_count=5)
    make_item(right, forum.owner)
    make_item(place, forum.owner, comment_count=2)
    make_item(place, forum.owner, kind=ItemType.EVENT)
    make_item(place, forum.owner, kind=ItemType.POLL)
    make_item(place, forum.owner, is_moderated=True, comment_count=1)
    Microcosm.objects.filter(id=place.id).update(conversation_count=9, poll_count=0)
    assert [str(difference) for difference in services.repair_counters(site_id=forum.site.id)] == [
        f"microcosms_microcosm {place.id}: conversation_count was 9 and is 1",
        f"microcosms_microcosm {place.id}: poll_count was 0 and is 1",
    ]
    assert counters(place) == (1, 1, 1, 2)
    assert services.repair_counters(site_id=forum.site.id) == []
    elsewhere.refresh_from_db()
    assert elsewhere.comment_count == 5


@pytest.mark.django_db
def test_the_busiest_microcosm_comes_first(forum: Forum, other_forum: Forum) -> None:
    """B 17: items and comments with everything below, ties by id."""
    quiet, parent, tied = (make_microcosm(forum) for _ in range(3))
    child = make_microcosm(forum, parent, comment_count=9, event_count=1)
    Microcosm.objects.filter(id=tied.id).update(comment_count=4, poll_count=6)
    foreign = make_microcosm(other_forum, sequence=77)
    services.recompute_sequence(site_id=forum.site.id)
    order = list(Microcosm.objects.filter(site=forum.site).order_by("sequence").values_list("id", "sequence"))
    assert order == [(forum.root.id, 1), (parent.id, 2), (tied.id, 3), (child.id, 4), (quiet.id, 5)]
    foreign.refresh_from_db()
    assert foreign.sequence == 77

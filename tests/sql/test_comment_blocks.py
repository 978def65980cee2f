"""Pages far into long discussions, against counting: whatever is said, hidden, shown and muted, they are the same."""

import random
from datetime import timedelta

import pytest
from django.db import connection

from apps.comments import blocks
from apps.comments.models import Comment, CommentBlock
from apps.comments.queries import comment_page
from apps.comments.services import delete_comment, flag_comment
from apps.comments.tasks import recount
from apps.core import clock
from apps.core.pagination import Paging
from apps.items.models import Item
from apps.items.queries import item_page
from apps.sites.types import ItemType
from apps.updates.models import Ignore
from tests.client import ApiClient
from tests.content import place_in, say, start
from tests.factories import Forum

pytestmark = pytest.mark.django_db

SIZE = 6


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_SIZE", SIZE)


def visible(item: Item, *, muted: list[int]) -> list[int]:
    """The comments of an item that somebody sees, counted one by one."""
    seen = Comment.objects.filter(item=item, is_deleted=False, is_moderated=False).exclude(created_by_id__in=muted)
    return list(seen.order_by("created_at", "id").values_list("id", flat=True))


def page(item: Item, *, muted: list[int], limit: int, offset: int) -> list[int]:
    """What the function answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT fn.comment_ids(%s, %s::bigint[], %s, %s)", [item.id, muted, limit, offset])
        found: list[int] = cursor.fetchone()[0]
    return found


def ranks(item: Item, *, muted: list[int]) -> dict[int, int]:
    """The rank of every visible comment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, fn.comment_rank(item_id, %s::bigint[], created_at, id) FROM comments_comment"
            " WHERE item_id = %s AND NOT is_deleted AND NOT is_moderated",
            [muted, item.id],
        )
        return dict(cursor.fetchall())


def check(item: Item, *, muted: list[int], chance: random.Random) -> None:
    """Compare some pages and all ranks with counting, and the blocks with what they stand for."""
    seen = visible(item, muted=muted)
    for offset in {0, len(seen), chance.randrange(len(seen) + 2), chance.randrange(len(seen) + 2)}:
        limit = chance.choice((1, 5, 25))
        assert page(item, muted=muted, limit=limit, offset=offset) == seen[offset : offset + limit]
    found = ranks(item, muted=muted)
    assert [found[id] for id in seen] == list(range(1, len(seen) + 1))
    order = CommentBlock.objects.filter(item=item).order_by("first_at", "first_id")
    counts = list(order.values_list("comment_count", flat=True))
    assert list(order.values_list("before_count", flat=True)) == [sum(counts[:n]) for n in range(len(counts))]
    item.refresh_from_db()
    assert sum(counts) == (item.comment_count if item.comment_count >= SIZE else 0)


@pytest.mark.parametrize("seed", range(4))
def test_pages_and_ranks_are_those_of_counting_whatever_happens(
    forum: Forum, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    begun = clock.now()
    # The clocks of several machines, which do not agree.
    monkeypatch.setattr(clock, "now", lambda: begun + timedelta(seconds=chance.randrange(200)))
    people = [forum.member() for _ in range(4)]
    item = start(forum.owner, place_in(forum))
    for step in range(90):
        ids = list(Comment.objects.filter(item=item).order_by("id").values_list("id", flat=True))
        # More is hidden than said for a while, so that discussions also become short again.
        if not ids or chance.random() < (0.2 if 40 <= step < 60 else 0.7):
            say(chance.choice(people), item, f"number {step}")
        else:
            flag = chance.choice(("is_deleted", "is_moderated"))
            flag_comment(
                site_id=forum.site.id,
                actor_id=forum.owner.id,
                comment_id=chance.choice(ids),
                flags={flag: chance.random() < 0.6},
            )
        if step % 3 == 0:
            muted = [person.id for person in chance.sample(people, chance.randrange(3))]
            check(item, muted=muted, chance=chance)


def test_what_was_long_before_there_were_blocks_gets_them_with_the_next_comment(forum: Forum) -> None:
    item = start(forum.owner, place_in(forum))
    for number in range(SIZE * 3):
        say(forum.owner, item, f"number {number}")
    CommentBlock.objects.all().delete()
    chance = random.Random(1)
    assert page(item, muted=[], limit=5, offset=10) == visible(item, muted=[])[10:15]
    say(forum.owner, item, "one more")
    assert CommentBlock.objects.filter(item=item).count() == 4
    check(item, muted=[], chance=chance)


def test_a_discussion_that_becomes_short_loses_its_blocks(forum: Forum) -> None:
    item = start(forum.owner, place_in(forum))
    said = [say(forum.owner, item, f"number {number}") for number in range(SIZE)]
    assert CommentBlock.objects.filter(item=item).exists()
    delete_comment(site_id=forum.site.id, actor_id=forum.owner.id, comment_id=said[0].id)
    assert not CommentBlock.objects.filter(item=item).exists()


def test_blocks_are_made_anew_with_the_other_numbers(forum: Forum) -> None:
    place = place_in(forum)
    long, short = start(forum.owner, place), start(forum.owner, place)
    for number in range(SIZE * 2):
        say(forum.owner, long, f"number {number}")
    say(forum.owner, short)
    CommentBlock.objects.filter(item=long).update(comment_count=1)
    CommentBlock.objects.create(item=short, first_at=short.created_at, first_id=1, before_count=3, comment_count=9)
    recount()
    assert list(CommentBlock.objects.order_by("first_id").values_list("item_id", "comment_count")) == [
        (long.id, SIZE),
        (long.id, SIZE),
    ]


def test_the_page_and_the_comment_of_somebody_who_ignores_others(forum: Forum) -> None:
    reader, loud, quiet = forum.member(), forum.member(), forum.member()
    item = start(forum.owner, place_in(forum))
    for number in range(40):
        say(loud if number % 3 == 0 else quiet, item, f"number {number}")
    Ignore.objects.create(profile=reader.profile, kind=ItemType.PROFILE, target_profile=loud.profile)
    seen = visible(item, muted=[loud.id])
    found = item_page(
        site_id=forum.site.id,
        profile_id=reader.id,
        kind=ItemType.CONVERSATION,
        item_id=item.id,
        paging=Paging(limit=5, offset=20),
    )
    assert found is not None
    assert found.item.comment_total == len(seen)
    assert [comment.id for comment in found.comments] == seen[20:25]
    single = comment_page(site_id=forum.site.id, profile_id=reader.id, comment_id=seen[21])
    assert single is not None
    assert single.page_rank == 22


def test_the_last_page_of_a_long_discussion_over_http(forum: Forum, api: ApiClient) -> None:
    item = start(forum.owner, place_in(forum))
    said = [say(forum.owner, item, f"number {number}").id for number in range(23)]
    page = api.get(f"/conversations/{item.id}?limit=5&offset=20").data["comments"]
    assert (page["total"], page["maxOffset"], [each["id"] for each in page["items"]]) == (23, 20, said[20:])

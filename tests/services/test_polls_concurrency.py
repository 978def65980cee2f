"""Votes under many hands at once (R2): the totals are the stored votes, nobody votes twice, nobody waits for ever."""

import random

import pytest
from django.db import connection

from apps.core.models import Change
from apps.items.models import Item, PollVote
from apps.items.polls import ChoiceDraft, PollClosed, PollDraft, UnknownChoice, cast_vote, edit_poll, withdraw_vote
from apps.items.queries import poll_fields
from tests.content import ask, place_in
from tests.factories import Forum, Person
from tests.services.test_items_concurrency import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("recounted")]


def choose(item: Item, person: Person, *choice_ids: int) -> None:
    """Vote, without asking who may."""
    cast_vote(site_id=item.site_id, profile_id=person.id, item_id=item.id, choice_ids=choice_ids, by_moderator=False)


def change(item: Item, actor: Person, draft: PollDraft) -> None:
    """Edit a poll."""
    edit_poll(
        draft,
        site_id=item.site_id,
        actor_id=actor.id,
        item_id=item.id,
        title=None,
        microcosm_id=None,
        reason="because",
        moderates_target=True,
    )


def totals(item: Item) -> tuple[dict[int, int], int]:
    """Votes by choice and voters, as the page shows them."""
    rows = poll_fields(site_id=item.site_id, profile_id=0, item_id=item.id)
    return {row.choice_id: row.choice_vote_count for row in rows}, rows[0].voter_count


def recount(item: Item) -> tuple[dict[int, int], int]:
    """The same from the rows, one by one."""
    votes = list(PollVote.objects.filter(poll_id=item.id).values_list("choice_id", "profile_id"))
    by_choice = dict.fromkeys(item.poll.choices.values_list("id", flat=True), 0)
    for choice_id, _ in votes:
        by_choice[choice_id] += 1
    return by_choice, len({profile_id for _, profile_id in votes})


def test_R2_100_concurrent_votes_equal_a_recount(forum: Forum) -> None:
    people = [forum.member() for _ in range(100)]
    item = ask(forum.owner, place_in(forum), choices=("Red", "Blue", "Green"))
    ids = list(item.poll.choices.order_by("position").values_list("id", flat=True))
    calls = [lambda n=n, person=person: choose(item, person, ids[n % 3]) for n, person in enumerate(people)]
    at_once(*calls, hands=100)
    assert totals(item) == ({ids[0]: 34, ids[1]: 33, ids[2]: 33}, 100) == recount(item)
    assert Change.objects.filter(kind="poll.voted").count() == 100


def test_R2_one_person_in_many_places_has_one_vote(forum: Forum) -> None:
    member = forum.member()
    item = ask(forum.owner, place_in(forum))
    ids = list(item.poll.choices.values_list("id", flat=True))
    at_once(*[lambda n=n: choose(item, member, ids[n % 2]) for n in range(24)])
    assert PollVote.objects.count() == 1
    assert totals(item) == recount(item)


def test_R2_votes_changes_withdrawals_and_edits_at_once(forum: Forum) -> None:
    rng = random.Random(7)
    people = [forum.member() for _ in range(6)]
    item = ask(forum.owner, place_in(forum), choices=("Red", "Blue", "Green"), is_multi=True)
    ids = list(item.poll.choices.order_by("position").values_list("id", flat=True))

    gone: list[int] = []

    def attempt(number: int) -> None:
        person, chosen = people[number % 6], rng.sample(ids, rng.randint(1, 3))
        try:
            if number % 10 == 9:
                withdraw_vote(site_id=item.site_id, profile_id=person.id, item_id=item.id, by_moderator=False)
            elif number == 50:
                change(item, forum.owner, PollDraft(choices=[ChoiceDraft(id=ids[2]), ChoiceDraft(id=ids[0])]))
            elif number % 20 == 0:
                change(item, forum.owner, PollDraft(question=f"Question {number}?"))
            else:
                choose(item, person, *chosen)
        except UnknownChoice:
            gone.append(number)

    at_once(*[lambda n=n: attempt(n) for n in range(100)])
    assert list(totals(item)[0]) == [ids[2], ids[0]]
    assert totals(item) == recount(item)


def test_R2_no_vote_is_stored_after_the_poll_has_closed(forum: Forum) -> None:
    people = [forum.member() for _ in range(20)]
    item = ask(forum.owner, place_in(forum))
    first = item.poll.choices.values_list("id", flat=True)[0]

    def attempt(person: Person) -> bool:
        try:
            choose(item, person, first)
        except PollClosed:
            return False
        return True

    def close() -> bool:
        change(item, forum.owner, PollDraft(is_open=False))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM items_pollvote")
            seen.append(cursor.fetchone()[0])
        return False

    seen: list[int] = []
    stored = at_once(
        *[lambda p=p: attempt(p) for p in people[:10]], close, *[lambda p=p: attempt(p) for p in people[10:]]
    )
    assert seen == [sum(stored)] == [PollVote.objects.count()]
    assert totals(item) == recount(item)

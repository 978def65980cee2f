"""Places of an event under many hands at once (R2): never overbooked, the queue in order, the right ones move up."""

import pytest

from apps.items.happenings import Answer, EventDraft, answer_event, create_event, forget_answer
from apps.items.models import Attendee
from tests.content import place_in
from tests.factories import Forum
from tests.services.test_items_concurrency import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("recounted")]


def test_R2_50_concurrent_answers_for_10_places(forum: Forum) -> None:
    people = [forum.member() for _ in range(50)]
    place = place_in(forum)
    event_id = create_event(
        EventDraft(rsvp_limit=10),
        site_id=forum.site.id,
        author_id=forum.owner.id,
        microcosm_id=place.id,
        title="A ride",
        flags={},
        by_moderator=True,
    )

    def come(profile_id: int) -> None:
        answer = Answer(profile_id=profile_id, rsvp=Attendee.Rsvp.YES, waits=True)
        answer_event([answer], site_id=forum.site.id, actor_id=profile_id, item_id=event_id, by_moderator=False)

    def leave(profile_id: int) -> None:
        forget_answer(site_id=forum.site.id, actor_id=profile_id, item_id=event_id, profile_id=profile_id)

    def coming() -> set[int]:
        return set(Attendee.objects.filter(rsvp=Attendee.Rsvp.YES).values_list("profile_id", flat=True))

    def queue() -> list[int]:
        waiting = Attendee.objects.filter(queue_number__isnull=False).order_by("queue_number")
        return list(waiting.values_list("profile_id", flat=True))

    at_once(*[lambda p=person.id: come(p) for person in people], hands=50)
    first, waiting = coming(), queue()
    assert (len(first), len(waiting), len(first | set(waiting))) == (10, 40, 50)
    at_once(*[lambda p=profile_id: leave(p) for profile_id in first], hands=10)
    assert coming() == set(waiting[:10])
    assert queue() == waiting[10:]

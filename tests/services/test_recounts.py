"""Counting kept numbers again (B 17, 18.3): what differs is corrected and told, what is right is not touched."""

import random
from typing import Any

import pytest
from django.db import models

from apps.comments import tasks as comments
from apps.comments.models import Comment
from apps.comments.services import flag_comment
from apps.core.recounting import MAX_LISTED, Difference
from apps.files import tasks as files
from apps.files.models import File
from apps.huddles.services import create_huddle, leave_huddle, mark_all_huddles_read
from apps.items import tasks as items
from apps.items.models import Item
from apps.items.services import edit_item, flag_item
from apps.microcosms import tasks as microcosms
from apps.microcosms.models import Microcosm
from apps.profiles import tasks as profiles
from apps.profiles.models import Profile
from apps.sites.models import Site
from apps.sites.types import ItemType
from apps.updates.services import ignore, stop_ignoring
from tests.access.scene import set_scene
from tests.content import place_in, say, start
from tests.factories import Forum, Person
from tests.queries import count_statements
from tests.recounts import REPAIRS
from tests.services.test_items_concurrency import at_once

#: The jobs, in the order of REPAIRS.
JOBS = (files.recount, comments.recount, items.recount, microcosms.recount, profiles.recount)
#: A number of each table that is kept.
KEPT: list[tuple[type[models.Model], str]] = [
    (File, "attach_count"),
    (Comment, "attachment_count"),
    (Item, "comment_count"),
    (Microcosm, "conversation_count"),
    (Microcosm, "event_count"),
    (Microcosm, "poll_count"),
    (Microcosm, "comment_count"),
    (Profile, "item_count"),
    (Profile, "comment_count"),
    (Profile, "unread_huddle_count"),
]


def huddle_of(*people: Person) -> Item:
    """A huddle of some people, started by the first."""
    huddle_id = create_huddle(
        site_id=people[0].profile.site_id,
        author_id=people[0].id,
        title="Us",
        is_confidential=False,
        invited_ids=[person.id for person in people[1:]],
    )
    return Item.objects.get(id=huddle_id)


def differences(site_id: int) -> list[Difference]:
    """What is wrong on a site."""
    return [difference for repair in REPAIRS for difference in repair(site_id=site_id)]


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "field"), KEPT, ids=lambda value: getattr(value, "__name__", value))
def test_each_wrong_number_is_corrected_logged_and_reported(
    model: Any, field: str, caplog: pytest.LogCaptureFixture
) -> None:
    scene = set_scene()
    for job in JOBS:
        job()
    caplog.clear()
    one, *others = model.objects.filter(site_id=scene.forum.site.id).order_by("-id")
    right = getattr(one, field)
    model.objects.filter(id=one.id).update(**{field: right + 7})
    text = f"{model._meta.db_table} {one.id}: {field} was {right + 7} and is {right}"
    reports = [job() for job in JOBS]
    assert [entry for report in reports for entry in report["differences"]] == [text]
    assert sum(report["corrected"] for report in reports) == 1
    assert [record.getMessage() for record in caplog.records] == [f"a counter was wrong: {text}"]
    assert getattr(model.objects.get(id=one.id), field) == right
    assert {getattr(other, field) for other in others} == {
        getattr(model.objects.get(id=other.id), field) for other in others
    }
    assert not any(job()["corrected"] for job in JOBS)


@pytest.mark.django_db
def test_the_newest_comment_and_activity_are_found_again(forum: Forum) -> None:
    place = place_in(forum)
    item = start(forum.owner, place)
    newest = say(forum.member(), item)
    kept = Item.objects.values("last_comment_id", "last_comment_at", "last_comment_by_id", "last_activity_at").get()
    Item.objects.update(**dict.fromkeys(kept) | {"last_activity_at": item.created_at})
    Microcosm.objects.filter(id=place.id).update(last_activity_at=None)
    assert [difference.field for difference in differences(forum.site.id)] == [*kept, "last_activity_at"]
    assert Item.objects.values(*kept).get() == kept
    assert Microcosm.objects.get(id=place.id).last_activity_at == newest.created_at


@pytest.mark.django_db
def test_large_tables_are_compared_in_slices_and_a_report_is_short(
    forum: Forum, other_forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.core.recounting.SLICE", 10)
    place = place_in(forum)
    for _ in range(MAX_LISTED + 5):
        start(forum.owner, place)
    foreign = start(other_forum.owner, place_in(other_forum))
    Item.objects.update(comment_count=3)
    Site.objects.filter(id=other_forum.site.id).update(is_deleted=True)
    report = items.recount()
    assert report
    assert (report["corrected"], len(report["differences"])) == (MAX_LISTED + 5, MAX_LISTED)
    assert set(Item.objects.filter(site=forum.site).values_list("comment_count", flat=True)) == {0}
    assert Item.objects.get(id=foreign.id).comment_count == 3


@pytest.mark.django_db
def test_what_is_right_is_not_locked(forum: Forum) -> None:
    say(forum.owner, start(forum.owner, place_in(forum)))
    with count_statements() as statements:
        assert differences(forum.site.id) == []
    assert not [statement for statement in statements if "UPDATE" in statement]


@pytest.mark.django_db
def test_unread_huddles_follow_what_is_hidden_and_who_is_ignored(forum: Forum) -> None:
    reader, writer = forum.member(), forum.member()
    huddle = huddle_of(writer, reader)
    comment = say(writer, huddle)
    site_id = forum.site.id

    def unread() -> int:
        assert differences(site_id) == []
        return Profile.objects.get(id=reader.id).unread_huddle_count

    assert unread() == 1
    ignored = {"profile_id": reader.id, "kind": ItemType.PROFILE, "target_id": writer.id}
    ignore(site_id=site_id, **ignored)
    assert unread() == 0
    stop_ignoring(site_id=site_id, **ignored)
    assert unread() == 1
    flag_comment(site_id=site_id, actor_id=forum.owner.id, comment_id=comment.id, flags={"is_moderated": True})
    assert unread() == 0
    flag_comment(site_id=site_id, actor_id=forum.owner.id, comment_id=comment.id, flags={"is_moderated": False})
    assert unread() == 1
    flag_comment(site_id=site_id, actor_id=forum.owner.id, comment_id=comment.id, flags={"is_deleted": True})
    assert unread() == 0


@pytest.mark.django_db(transaction=True)
def test_R2_recounts_among_writers_find_nothing_wrong_and_break_nothing(forum: Forum) -> None:
    rng = random.Random(11)
    site_id, owner = forum.site.id, forum.owner
    people = [forum.member() for _ in range(3)]
    places = [place_in(forum) for _ in range(2)]
    things = [start(owner, places[number % 2]) for number in range(3)]
    huddle = huddle_of(owner, *people)
    said = [say(people[number % 3], things[number % 3]) for number in range(6)] + [say(people[0], huddle)]

    def talk() -> None:
        say(rng.choice(people[:2]), rng.choice([*things, huddle]), str(rng.random()))

    def hide_comment() -> None:
        flags = {"is_moderated": rng.random() < 0.5}
        flag_comment(site_id=site_id, actor_id=owner.id, comment_id=rng.choice(said).id, flags=flags)

    def hide_item() -> None:
        flags = {"is_deleted": rng.random() < 0.5}
        flag_item(site_id=site_id, actor_id=owner.id, item_id=rng.choice(things).id, flags=flags)

    def move() -> None:
        edit_item(
            site_id=site_id,
            actor_id=owner.id,
            item_id=rng.choice(things).id,
            title=None,
            microcosm_id=rng.choice(places).id,
            reason="move",
            moderates_target=True,
        )

    def read() -> None:
        mark_all_huddles_read(site_id=site_id, profile_id=rng.choice(people).id, at=huddle.created_at)

    def ignore_somebody() -> None:
        ignore(site_id=site_id, profile_id=people[1].id, kind=ItemType.PROFILE, target_id=people[0].id)

    def recount() -> None:
        assert differences(site_id) == []

    calls = [rng.choice([talk, talk, hide_comment, hide_item, move, read, ignore_somebody]) for _ in range(100)]
    leave = [lambda: leave_huddle(site_id=site_id, profile_id=people[2].id, huddle_id=huddle.id)]
    work = [*calls, *leave, *[recount] * 40]
    rng.shuffle(work)
    at_once(*work)
    assert differences(site_id) == []

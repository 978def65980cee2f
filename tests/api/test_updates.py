"""What members are told (contract B 13): who is told of what, and what of it they still see."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.comments.models import Comment
from apps.comments.services import edit_comment
from apps.core import clock
from apps.core.wire import timestamp
from apps.huddles.models import Participant
from apps.items.models import Item
from apps.items.polls import cast_vote
from apps.sites.types import ItemType
from apps.updates import tasks
from apps.updates.models import Ignore, Update, Watcher
from apps.updates.services import watch
from apps.updates.types import UpdateType, usual_type
from tests.api.mixed import private_things
from tests.api.test_watchers import huddle_of
from tests.client import ApiClient
from tests.content import ask, closed_to_all_but, describe, place_in, say, start
from tests.factories import Forum, Person, ban
from tests.queries import count_statements
from tests.queue import empty_queue
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_jobs(db: Any) -> None:
    """Nothing is queued yet; tests that commit leave their jobs behind."""
    empty_queue()


@pytest.fixture
def anna(forum: Forum) -> Person:
    """Who is told."""
    return forum.member("anna")


@pytest.fixture
def bert(forum: Forum) -> Person:
    """Who does things."""
    return forum.member("bert")


def deliver(times: int = 1) -> None:
    """Do what the worker does with the jobs that make updates: run them in order, as often as wanted."""
    run = {
        tasks.TELL_WATCHERS: tasks.tell_watchers,
        tasks.TELL_OF_COMMENT: tasks.tell_of_comment,
        tasks.TELL_MENTIONED: tasks.tell_mentioned,
        tasks.TELL_OF_PLACE: tasks.tell_of_place,
    }
    for job in ProcrastinateJob.objects.filter(task_name__in=list(run)).order_by("id"):
        for _ in range(times):
            run[job.task_name](**job.args)


def follow(person: Person, kind: ItemType, target_id: int) -> None:
    """Somebody watches something."""
    watch(
        site_id=person.profile.site_id,
        profile_id=person.id,
        kind=kind,
        target_id=target_id,
        type=usual_type(kind, target_id),
    )


def told(api: ApiClient, person: Person) -> list[tuple[str, int]]:
    """Type and id of the thing of everything in somebody's list."""
    page = api.as_(person).get("updates?limit=50").data["updates"]
    assert page["total"] == len(page["items"])
    return [(entry["updateType"], entry["item"]["id"]) for entry in page["items"]]


def stored(person: Person) -> list[int]:
    """The types of all rows of somebody."""
    return sorted(Update.objects.filter(profile=person.profile).values_list("type", flat=True))


# --- Who is told ----------------------------------------------------------------------------------


def test_watchers_of_an_item_are_told_of_the_newest_comment(
    api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    item = start(anna, place_in(forum))
    say(bert, item)
    last = say(bert, item)
    deliver()
    assert told(api, anna) == [("new_comment", last.id)]
    assert stored(anna) == [1, 1]
    assert told(api, bert) == []


def test_watchers_of_a_microcosm_are_told_of_new_items(
    api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    place = place_in(forum)
    follow(anna, ItemType.MICROCOSM, place.id)
    follow(bert, ItemType.MICROCOSM, place.id)
    item = start(bert, place)
    start(bert, place_in(forum))
    comment = say(bert, item)
    deliver()
    assert told(api, anna) == [("new_item", item.id)]
    assert told(api, bert) == []
    # New comments are stored for them, and shown once they watch the item itself.
    follow(anna, ItemType.CONVERSATION, item.id)
    assert told(api, anna) == [("new_comment", comment.id), ("new_item", item.id)]
    Watcher.objects.filter(profile=anna.profile, kind=ItemType.MICROCOSM).delete()
    assert told(api, anna) == [("new_comment", comment.id)]


def test_watchers_of_the_site_are_told_of_new_items_anywhere(
    api: ApiClient, forum: Forum, other_forum: Forum, anna: Person, bert: Person
) -> None:
    """T1: of their own site alone."""
    stranger = other_forum.member("stranger")
    follow(anna, ItemType.SITE, forum.site.id)
    follow(stranger, ItemType.SITE, other_forum.site.id)
    item = start(bert, place_in(forum, place_in(forum)))
    deliver()
    assert told(api, anna) == [("new_item", item.id)]
    assert stored(stranger) == []


def test_who_is_answered_or_named_is_told_but_never_of_their_own_words(
    api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    item = start(forum.owner, place_in(forum))
    question = say(anna, item)
    answer = say(bert, item, "@anna and @bert", answering=question)
    say(anna, item, "Hm, @anna", answering=question)
    Watcher.objects.all().delete()
    deliver()
    assert set(told(api, anna)) == {("mentioned", answer.id), ("reply_to_comment", answer.id)}
    assert stored(bert) == []


def test_all_news_of_a_comment_is_as_old_as_the_comment(
    api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    """However late the worker is: the list keeps its order, and what was read meanwhile is read."""
    item = start(anna, place_in(forum))
    comment = say(bert, item, "@anna", answering=say(anna, item))
    clock.set_clock(shift=timedelta(hours=1))
    deliver()
    entries = api.as_(anna).get("updates").data["updates"]["items"]
    assert {entry["updateType"] for entry in entries} == {"new_comment", "reply_to_comment", "mentioned"}
    assert {entry["meta"]["created"] for entry in entries} == {timestamp(comment.created_at)}


def test_an_edit_tells_only_those_it_names_for_the_first_time(
    api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    carol = forum.member("carol")
    item = start(bert, place_in(forum))
    comment = say(bert, item, "@anna")
    for text in ("@anna @carol", "@carol, @anna, and no more"):
        edit_comment(site_id=forum.site.id, actor_id=bert.id, comment_id=comment.id, markdown=text)
    deliver()
    assert told(api, anna) == told(api, carol) == [("mentioned", comment.id)]
    # The edit is news, although the comment had been read.
    assert api.as_(carol).get("updates").data["updates"]["items"][0]["meta"]["flags"]["unread"] is True


def test_those_in_a_huddle_are_told_and_nobody_else(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    huddle = huddle_of(forum, bert, anna)
    for person in (anna, bert, forum.owner):
        Watcher.objects.create(profile=person.profile, kind=ItemType.HUDDLE, item=huddle)
    comment = say(bert, huddle)
    deliver()
    assert told(api, anna) == [("new_comment_in_huddle", comment.id)]
    entry = api.as_(anna).get("updates").data["updates"]["items"][0]
    assert entry["parentItemType"] == "huddle"
    assert [person["id"] for person in entry["parentItem"]["participants"]] == sorted([anna.id, bert.id])
    assert stored(forum.owner) == stored(bert) == []
    Participant.objects.filter(profile=anna.profile).delete()
    assert told(api, anna) == []


def test_a_job_that_runs_twice_tells_once(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    place = place_in(forum)
    follow(anna, ItemType.MICROCOSM, place.id)
    item = start(bert, place)
    say(bert, item, "@anna", answering=say(anna, item))
    deliver(times=2)
    assert stored(anna) == [1, 2, 3, 8]


def test_the_job_exists_only_if_the_change_does(forum: Forum, anna: Person) -> None:
    item = start(anna, place_in(forum))
    jobs = ProcrastinateJob.objects.filter(task_name=tasks.TELL_OF_COMMENT)
    with transaction.atomic():
        say(anna, item)
        assert jobs.count() == 1
        transaction.set_rollback(True)
    assert jobs.count() == 0
    assert not Comment.objects.exists()


def test_words_about_a_person_are_stored_but_not_listed(api: ApiClient, forum: Forum, anna: Person) -> None:
    describe(forum.owner, "Ask @anna")
    deliver()
    assert stored(anna) == [3]
    assert told(api, anna) == []


def test_watchers_of_a_person_are_told_of_words_about_them(api: ApiClient, forum: Forum, anna: Person) -> None:
    follow(anna, ItemType.PROFILE, forum.owner.id)
    describe(forum.owner, "I grow tomatoes")
    deliver()
    assert stored(anna) == [1]
    assert stored(forum.owner) == []
    assert told(api, anna) == []


# --- Permission, now and when it was sent ---------------------------------------------------------


def test_a5_who_may_not_read_it_when_it_is_sent_is_not_told(forum: Forum, anna: Person, bert: Person) -> None:
    """A1, A5: the job asks again, whatever was so when it was queued."""
    place = place_in(forum)
    item = start(bert, place)
    follow(anna, ItemType.MICROCOSM, place.id)
    say(bert, item, "@anna", answering=say(anna, item))
    start(bert, place)
    closed_to_all_but(place, bert)
    deliver()
    assert stored(anna) == []


@pytest.mark.parametrize("what", ["comment", "item", "place", "ban"])
def test_a5_nobody_is_told_of_what_was_hidden_before_it_was_sent(
    forum: Forum, anna: Person, bert: Person, what: str
) -> None:
    place = place_in(forum)
    item = start(anna, place)
    comment = say(bert, item, "@anna", answering=say(anna, item))
    if what == "comment":
        Comment.objects.filter(id=comment.id).update(is_moderated=True)
    elif what == "item":
        Item.objects.filter(id=item.id).update(is_deleted=True)
    elif what == "place":
        type(place).objects.filter(id=place.id).update(is_deleted=True, is_live=False)
    else:
        ban(forum.site, anna)
    deliver()
    assert stored(anna) == []


def test_a1_what_cannot_be_read_any_more_is_not_in_the_list(
    api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    """A1, A2: updates about things hidden later are gone from list, total and single reads, and say nothing."""
    things = private_things(forum, anna)
    for place in things:
        follow(anna, ItemType.MICROCOSM, place.microcosm.id)
        follow(anna, ItemType.CONVERSATION, place.item.id)
        say(bert, place.item, "A secret for @anna")
        start(bert, place.microcosm, title=f"Secret item {place.item.id}")
    deliver()
    ids = list(Update.objects.filter(profile=anna.profile).values_list("id", flat=True))
    assert len(told(api, anna)) == 4 * len(things)
    for place in things:
        place.hide()
        Item.objects.filter(microcosm=place.microcosm).exclude(id=place.item.id).update(is_deleted=True)
    assert told(api, anna) == []
    assert b"ecret" not in api.as_(anna).get("updates").content
    viewed = [{"op": "replace", "path": "/viewed", "value": True}]
    for id in ids:
        assert api.as_(anna).get(f"updates/{id}").status == 404
        assert api.as_(anna).patch(f"updates/{id}", viewed).status == 404


@pytest.mark.parametrize("flag", ["is_deleted", "is_moderated"])
def test_a1_hidden_comments_are_not_in_the_list(
    api: ApiClient, forum: Forum, anna: Person, bert: Person, flag: str
) -> None:
    item = start(anna, place_in(forum))
    first, last = say(bert, item), say(bert, item, "@anna")
    deliver()
    Comment.objects.filter(id=last.id).update(**{flag: True})
    assert told(api, anna) == [("new_comment", first.id)]


@pytest.mark.parametrize("kind", ["profile", "conversation", "microcosm"])
def test_what_is_ignored_is_not_in_the_list(
    api: ApiClient, forum: Forum, anna: Person, bert: Person, kind: str
) -> None:
    parent = place_in(forum)
    place = place_in(forum, parent)
    item = start(anna, place)
    say(bert, item, "@anna", answering=say(anna, item))
    deliver()
    assert len(told(api, anna)) == 3
    target = {"profile": bert.id, "conversation": item.id, "microcosm": parent.id}[kind]
    api.as_(anna).put("ignored", {"itemType": kind, "itemId": target})
    assert told(api, anna) == []
    Ignore.objects.all().delete()
    api.as_(anna).put("ignored", {"itemType": "profile", "itemId": anna.id})
    assert len(told(api, anna)) == 3


def test_new_polls_are_never_listed(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    item = start(bert, place_in(forum))
    Update.objects.create(profile=anna.profile, type=UpdateType.NEW_VOTE, item=item)
    Update.objects.create(profile=anna.profile, type=UpdateType.EVENT_REMINDER, item=item, created_by=bert.profile)
    assert told(api, anna) == [("event_reminder", item.id)]
    Item.objects.filter(id=item.id).update(kind=ItemType.POLL)
    assert told(api, anna) == []


# --- Read and unread ------------------------------------------------------------------------------


def unread(api: ApiClient, person: Person) -> list[bool]:
    """The flags of somebody's list."""
    items = api.as_(person).get("updates").data["updates"]["items"]
    return [entry["meta"]["flags"]["unread"] for entry in items]


def test_reading_the_item_reads_the_update(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    item = start(anna, place_in(forum))
    comment = say(bert, item)
    deliver()
    assert unread(api, anna) == [True]
    api.as_(anna).get(f"comments/{comment.id}")
    assert unread(api, anna) == [False]
    say(bert, item)
    deliver()
    assert unread(api, anna) == [True]
    api.as_(anna).put("profiles/read", {"itemType": "site", "itemId": forum.site.id})
    assert unread(api, anna) == [False]


def test_one_update_can_be_marked_as_read_and_unread(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    item = start(anna, place_in(forum))
    say(bert, item)
    deliver()
    id = api.as_(anna).get("updates").data["updates"]["items"][0]["id"]
    for value, expected in ((True, False), (False, True), (True, False)):
        reply = api.as_(anna).patch(f"updates/{id}", [{"op": "replace", "path": "/viewed", "value": value}])
        assert (reply.status, reply.data) == (200, None)
        assert api.as_(anna).get(f"updates/{id}").data["meta"]["flags"]["unread"] is expected
    api.as_(anna).patch(f"updates/{id}", [{"op": "replace", "path": "/viewed", "value": False}])
    api.as_(anna).get(f"conversations/{item.id}")
    assert unread(api, anna) == [False]


def test_what_is_unread_again_is_read_with_an_item_that_was_read(
    api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    huddle = huddle_of(forum, bert, anna)
    follow(anna, ItemType.HUDDLE, huddle.id)
    for item, path in ((start(anna, place_in(forum)), "conversations"), (huddle, "huddles")):
        say(bert, item)
        deliver()
        api.as_(anna).get(f"{path}/{item.id}")
        entry = api.as_(anna).get("updates").data["updates"]["items"][0]
        assert entry["meta"]["flags"]["unread"] is False
        api.as_(anna).patch(f"updates/{entry['id']}", [{"op": "replace", "path": "/viewed", "value": False}])
        assert unread(api, anna)[0] is True
        api.as_(anna).get(f"{path}/{item.id}")
        assert unread(api, anna)[0] is False
        empty_queue()


def test_who_is_named_by_an_edit_reads_it_with_an_item_that_was_read(
    api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    item = start(forum.owner, place_in(forum))
    comment = say(bert, item)
    api.as_(anna).get(f"conversations/{item.id}")
    edit_comment(site_id=forum.site.id, actor_id=bert.id, comment_id=comment.id, markdown="@anna")
    deliver()
    assert unread(api, anna) == [True]
    api.as_(anna).get(f"conversations/{item.id}")
    assert unread(api, anna) == [False]


def test_t1_an_update_of_somebody_else_is_missing(
    api: ApiClient, forum: Forum, other_forum: Forum, anna: Person, bert: Person
) -> None:
    """T1: of another member or of another site."""
    for site in (forum, other_forum):
        item = start(site.owner, place_in(site))
        say(site.member(), item)
    deliver()
    viewed = [{"op": "replace", "path": "/viewed", "value": True}]
    foreign = list(Update.objects.values_list("id", flat=True))
    assert len(foreign) == 2
    for id in (*foreign, 99_999_999):
        assert api.as_(anna).get(f"updates/{id}").status == 404
        assert api.as_(anna).patch(f"updates/{id}", viewed).status == 404
        assert (api.get(f"updates/{id}").status, api.patch(f"updates/{id}", viewed).status) == (403, 403)
    assert not Update.objects.filter(is_viewed=True).exists()


def test_bad_patches_are_refused(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    item = start(anna, place_in(forum))
    say(bert, item)
    deliver()
    path = f"updates/{Update.objects.get().id}"
    bad: list[tuple[Any, int]] = [
        ({}, 400),
        ([], 400),
        ([{"op": "replace", "path": "/meta/flags/unread", "value": True}], 400),
        ([{"op": "replace", "path": "/viewed", "value": "yes"}], 400),
        ([{"op": "remove", "path": "/viewed"}], 501),
    ]
    for body, status in bad:
        assert api.as_(anna).patch(path, body).status == status


# --- The wire -------------------------------------------------------------------------------------


def test_guests_are_refused(api: ApiClient) -> None:
    assert (api.get("updates").status, api.get("updates/1").status) == (403, 403)


def test_the_list_has_the_recorded_shape(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    item = start(forum.owner, place_in(forum))
    question = say(anna, item)
    for text, type in (("Yes", "reply_to_comment"), ("@anna", "mentioned")):
        Update.objects.all().delete()
        say(bert, item, text, answering=question)
        deliver()
        theirs = recorded("updates", "GET_updates_owner")
        ours = api.as_(anna).get("updates").data
        for side in (ours, theirs):
            side["updates"]["items"] = [e for e in side["updates"]["items"] if e["updateType"] == type]
            side["updates"]["items"][0]["item"].pop("inReplyTo", None)
            side["updates"]["items"][0]["item"]["meta"]["links"] = []
            side["updates"]["links"] = []
        assert_same_shape(ours, theirs)


def test_newest_first_over_pages(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    comments = [say(bert, start(anna, place_in(forum))) for _ in range(7)]
    deliver()
    pages = [api.as_(anna).get(f"updates?limit=5&offset={offset}").data["updates"] for offset in (0, 5)]
    shown = [entry["item"]["id"] for page in pages for entry in page["items"]]
    assert shown == [comment.id for comment in reversed(comments)]
    assert [page["total"] for page in pages] == [7, 7]
    parents = [entry["parentItem"]["id"] for page in pages for entry in page["items"]]
    assert parents == [comment.item_id for comment in reversed(comments)]


def test_the_list_is_one_statement(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    for _ in range(3):
        say(bert, start(anna, place_in(forum)), "@anna")
    deliver()
    api.as_(anna).get("updates")
    with count_statements() as statements:
        api.as_(anna).get("updates")
    with count_statements() as idle:
        api.as_(anna).get("updates/preferences")
    assert len(statements) == len(idle)


def test_watchers_of_a_poll_are_told_once_of_votes_but_not_whose(
    api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    place = place_in(forum)
    poll = {"microcosmId": place.id, "title": "Tea?", "question": "Tea?", "choices": [{"choice": "Yes"}]}
    path = api.as_(anna).post("polls", poll).location
    choice_id = api.get(path).data["choices"][0]["id"]
    for person in (bert, forum.owner):
        assert api.as_(person).put(f"{path}/vote", {"choiceIds": [choice_id]}).status == 200
    deliver()
    assert list(Update.objects.values_list("profile", "type", "created_by")) == [(anna.id, 6, None)]
    assert told(api, anna) == []


def test_votes_do_not_look_at_all_who_watch_each_time(api: ApiClient, forum: Forum, anna: Person) -> None:
    """Of eight voters the first, second, fourth and eighth have them told, and whoever watches by then hears of it."""
    place = place_in(forum)
    item = ask(anna, place)
    choice_id = item.poll.choices.order_by("position").values_list("id", flat=True)[0]
    empty_queue()
    late = forum.member("late")
    for number in range(8):
        if number == 6:
            follow(late, ItemType.POLL, item.id)
        voter = {"site_id": forum.site.id, "profile_id": forum.member(f"voter{number}").id, "item_id": item.id}
        cast_vote(choice_ids=[choice_id], by_moderator=False, **voter)
    jobs = ProcrastinateJob.objects.filter(task_name=tasks.TELL_WATCHERS, args__type=int(UpdateType.NEW_VOTE))
    assert jobs.count() == 4
    deliver()
    told_of_votes = Update.objects.filter(type=UpdateType.NEW_VOTE).values_list("profile", flat=True)
    assert sorted(told_of_votes) == sorted([anna.id, late.id])

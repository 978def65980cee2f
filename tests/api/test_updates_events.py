"""Events in the lists of what members ignore, watch and are told."""

import pytest

from apps.items.models import Event
from apps.sites.types import ItemType
from apps.updates.models import Update, Watcher
from apps.updates.types import UpdateType
from tests.api.test_updates import deliver, told, unread
from tests.client import ApiClient
from tests.content import place_in
from tests.factories import Forum, ban
from tests.queue import empty_queue
from tests.trees import make_item

pytestmark = pytest.mark.django_db


def test_an_event_is_shown_as_in_other_lists(api: ApiClient, forum: Forum) -> None:
    anna = forum.member("anna")
    event = make_item(place_in(forum), forum.owner, kind=ItemType.EVENT)
    Update.objects.create(
        profile=anna.profile, type=UpdateType.EVENT_REMINDER, item=event, created_by=forum.owner.profile
    )
    client, body = api.as_(anna), {"itemType": "event", "itemId": event.id}
    assert client.post("watchers", body).status == 200
    told = client.get("updates").data["updates"]["items"]
    assert client.put("ignored", body).status == 200
    shown = [client.get(name).data[name]["items"] for name in ("watchers", "ignored")]
    for entries in (told, *shown):
        assert [(entry["itemType"], entry["item"]["id"]) for entry in entries] == [("event", event.id)]
        assert entries[0]["item"]["rsvpLimit"] == 0


def test_events_say_whether_the_reader_goes(api: ApiClient, forum: Forum) -> None:
    """Contract A 7.4: in whatever list they stand, and anew once the answer has changed."""
    anna, place = forum.member("anna"), place_in(forum)
    event = make_item(place, forum.owner, kind=ItemType.EVENT)
    Update.objects.create(
        profile=anna.profile, type=UpdateType.EVENT_REMINDER, item=event, created_by=forum.owner.profile
    )
    client = api.as_(anna)
    for kind, id in (("event", event.id), ("microcosm", place.id)):
        assert client.post("watchers", {"itemType": kind, "itemId": id}).status == 200

    def flags(name: str) -> list[bool | None]:
        things = [entry["item"] for entry in client.get(name).data[name]["items"]]
        events = [thing["mostRecentUpdate"]["item"] if "mostRecentUpdate" in thing else thing for thing in things]
        return [event["meta"]["flags"].get("attending") for event in events]

    answers = {"no": False, "yes": True, "maybe": False}
    for rsvp, is_attending in answers.items():
        answer = [{"profileId": anna.id, "rsvp": rsvp}]
        assert client.put(f"events/{event.id}/attendees", answer).status == 200
        assert flags("updates") == [is_attending]
        assert flags("watchers") == [is_attending] * 2
    assert api.as_(forum.owner).put(f"events/{event.id}/attendees", [{"profileId": forum.owner.id, "rsvp": "yes"}])
    assert flags("updates") == [False]
    for kind, id in (("event", event.id), ("microcosm", place.id)):
        assert client.put("ignored", {"itemType": kind, "itemId": id}).status == 200
    assert flags("ignored") == [False] * 2


def test_who_goes_watches_and_those_who_watch_hear_of_it(api: ApiClient, forum: Forum) -> None:
    empty_queue()
    anna, bert = forum.member("anna"), forum.member("bert")
    event = make_item(place_in(forum), forum.owner, kind=ItemType.EVENT)
    path = f"events/{event.id}/attendees"
    assert api.as_(anna).put(path, [{"profileId": anna.id, "rsvp": "yes"}]).status == 200
    assert api.as_(bert).put(path, [{"profileId": bert.id, "rsvp": "yes"}]).status == 200
    carol = forum.member("carol")
    assert api.as_(carol).put(path, [{"profileId": carol.id, "rsvp": "no"}]).status == 200
    deliver()
    assert set(Watcher.objects.values_list("profile", flat=True)) == {anna.id, bert.id}
    assert told(api, anna) == [("new_attendee", event.id)]
    assert [entry["meta"]["createdBy"]["id"] for entry in api.as_(anna).get("updates").data["updates"]["items"]] == [
        bert.id
    ]


def test_reading_an_event_that_was_read_reads_what_else_happened_there(api: ApiClient, forum: Forum) -> None:
    """Who comes, and a reminder, are no activity of the event (contract B 12.3)."""
    empty_queue()
    anna, bert = forum.member("anna"), forum.member("bert")
    event = make_item(place_in(forum), forum.owner, kind=ItemType.EVENT)
    client, path = api.as_(anna), f"events/{event.id}"
    client.post("watchers", {"itemType": "event", "itemId": event.id})
    client.get(path)
    assert api.as_(bert).put(f"{path}/attendees", [{"profileId": bert.id, "rsvp": "yes"}]).status == 200
    deliver()
    assert unread(api, anna) == [True]
    client.get(path)
    assert unread(api, anna) == [False]
    Update.objects.create(
        profile=anna.profile, type=UpdateType.EVENT_REMINDER, item=event, created_by=forum.owner.profile
    )
    assert unread(api, anna) == [True, False]
    client.get(path)
    assert unread(api, anna) == [False, False]


def test_who_waited_for_a_place_hears_that_they_have_it(api: ApiClient, forum: Forum) -> None:
    empty_queue()
    anna, bert, carol = people = [forum.member(name) for name in ("anna", "bert", "carol")]
    event = make_item(place_in(forum), forum.owner, kind=ItemType.EVENT)
    Event.objects.filter(item=event).update(rsvp_limit=1)
    path = f"events/{event.id}/attendees"
    for person in people:
        answer = {"profileId": person.id, "rsvp": "yes", "wait": True}
        assert api.as_(person).put(path, [answer]).status == 200
    deliver()
    assert [told(api, person) for person in people] == [[], [], []]
    empty_queue()
    assert api.as_(anna).delete(f"{path}/{anna.id}").status == 200
    deliver(times=2)
    assert told(api, bert) == [("new_attendee", event.id)]
    (entry,) = api.as_(bert).get("updates").data["updates"]["items"]
    assert (entry["meta"]["createdBy"]["id"], entry["meta"]["flags"]["unread"]) == (bert.id, True)
    # She left, and hears who has the place; who still waits hears nothing.
    assert (told(api, anna), told(api, carol)) == ([("new_attendee", event.id)], [])


def test_a5_who_has_a_place_and_may_not_read_it_any_more_is_not_told(api: ApiClient, forum: Forum) -> None:
    empty_queue()
    anna, bert = forum.member("anna"), forum.member("bert")
    event = make_item(place_in(forum), forum.owner, kind=ItemType.EVENT)
    Event.objects.filter(item=event).update(rsvp_limit=1)
    for person in (anna, bert):
        answer = {"profileId": person.id, "rsvp": "yes", "wait": True}
        assert api.as_(person).put(f"events/{event.id}/attendees", [answer]).status == 200
    api.as_(anna).delete(f"events/{event.id}/attendees/{anna.id}")
    ban(forum.site, bert)
    deliver()
    assert not Update.objects.filter(profile=bert.profile).exists()


def test_a5_nobody_hears_of_somebody_who_is_not_going_any_more(api: ApiClient, forum: Forum) -> None:
    empty_queue()
    anna, bert = forum.member("anna"), forum.member("bert")
    event = make_item(place_in(forum), forum.owner, kind=ItemType.EVENT)
    assert api.as_(anna).post("watchers", {"itemType": "event", "itemId": event.id}).status == 200
    for rsvp in ("yes", "no"):
        answer = [{"profileId": bert.id, "rsvp": rsvp}]
        assert api.as_(bert).put(f"events/{event.id}/attendees", answer).status == 200
    deliver()
    assert told(api, anna) == []

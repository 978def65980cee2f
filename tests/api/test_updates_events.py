"""Events in the lists of what members ignore, watch and are told."""

import pytest

from apps.sites.types import ItemType
from apps.updates.models import Update, Watcher
from apps.updates.types import UpdateType
from tests.api.test_updates import deliver, told
from tests.client import ApiClient
from tests.content import place_in
from tests.factories import Forum
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

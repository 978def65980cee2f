"""Conversations and comments as a real client calls them, and in the shape that was recorded from the reference."""

from typing import Any

import pytest

from apps.items.models import Item
from apps.sites.types import ItemType
from apps.updates.models import Ignore
from tests.client import ApiClient
from tests.content import place_in, say, start
from tests.factories import Forum, Person
from tests.recorded import assert_same_shape, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(forum: Forum) -> Person:
    """Somebody ordinary."""
    return forum.member("anna")


@pytest.fixture
def item(forum: Forum, member: Person) -> Item:
    """A conversation of a member."""
    return start(member, place_in(forum), title="Tea")


def test_a_walk_through_a_conversation(api: ApiClient, forum: Forum, member: Person) -> None:
    """Every distinct call of client-calls.md on these resources, in the order of a visit."""
    place, target = place_in(forum), place_in(forum)
    client = api.as_(member)
    created = client.post("conversations", {"microcosmId": place.id, "title": "A walk"})
    conversation = client.follow(created).data
    assert conversation["comments"]["links"][0]["rel"] == "self"
    body = {
        "attachments": 0,
        "inReplyTo": 0,
        "itemId": conversation["id"],
        "itemType": "conversation",
        "markdown": "First",
    }
    comment = client.follow(client.post("comments", body)).data
    links = {link["rel"]: link["href"] for link in comment["meta"]["links"]}
    assert client.get(links["commentPage"]).status == 200
    edit = body | {"id": comment["id"], "markdown": "Edited"}
    edited = client.follow(client.post(f"comments/{comment['id']}?method=PUT", edit)).data
    assert (edited["revisions"], edited["markdown"]) == (2, "Edited")
    path = f"conversations/{conversation['id']}"
    reply = client.get(f"{path}/newcomment")
    assert reply.status == 307
    assert client.get(reply.location).status == 200
    assert client.get(f"comments/{comment['id']}/incontext").status == 307
    assert client.get(f"{path}?comment_id={comment['id']}").status == 200
    title = {"id": conversation["id"], "microcosmId": place.id, "title": "A ride", "meta": {"editReason": "typo"}}
    assert client.follow(client.post(f"{path}?method=PUT", title)).data["title"] == "A ride"
    move = {"id": conversation["id"], "microcosmId": target.id, "meta": {"editReason": "moved"}}
    assert client.follow(client.post(f"{path}?method=PUT", move)).data["microcosmId"] == target.id
    sticky = [{"op": "replace", "path": "/meta/flags/sticky", "value": True}]
    assert api.as_(forum.owner).patch(path, sticky).status == 200
    assert client.request("DELETE", f"comments/{comment['id']}?method=DELETE").status == 200
    assert client.request("DELETE", f"{path}?method=DELETE").status == 200


def test_the_page_of_a_conversation_has_the_recorded_shape(
    api: ApiClient, forum: Forum, member: Person, item: Item
) -> None:
    say(member, item)
    theirs = recorded("conversations", "GET_conversation-after-root-delete_anon")
    assert_same_shape(api.get(f"conversations/{item.id}").data, theirs)


def test_an_edited_conversation_has_the_recorded_shape(
    api: ApiClient, forum: Forum, member: Person, item: Item
) -> None:
    say(member, item)
    Ignore.objects.create(profile=member.profile, kind=ItemType.CONVERSATION, item=item)
    api.as_(member).put(f"conversations/{item.id}", {"meta": {"editReason": "typo"}})
    ours = api.as_(member).get(f"conversations/{item.id}").data
    theirs: Any = recorded("conversations", "GET_conversation-ignored_owner")
    for side in (ours, theirs):
        for key in ("edited", "editedBy", "editReason"):
            side["meta"].pop(key, None)
        for flag in ("watched", "sendEmail", "sendSMS", "ignored"):
            side["meta"]["flags"].pop(flag, None)
        side["comments"]["items"] = []
    assert_same_shape(ours, theirs)


def test_a_comment_has_the_recorded_shape(api: ApiClient, forum: Forum, member: Person, item: Item) -> None:
    comment = say(member, item)
    theirs = recorded("comments", "GET_comment-created-after_member")
    assert_same_shape(api.as_(member).get(f"comments/{comment.id}").data, theirs)


def test_an_edited_comment_has_the_recorded_shape(api: ApiClient, forum: Forum, member: Person, item: Item) -> None:
    comment = say(member, item)
    api.as_(member).put(f"comments/{comment.id}", {"markdown": "Edited"})
    theirs = recorded("comments", "GET_comment-edited_anon")
    assert_same_shape(api.get(f"comments/{comment.id}").data, theirs)

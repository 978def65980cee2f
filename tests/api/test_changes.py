"""The feed of changes: what each may know now, in order, with tombstones and without leaks (A1, A5, T1, W2)."""

from typing import Any

import pytest
from django.db import connection

from apps.accounts.services import revoke_token
from apps.comments.events import CommentEdited
from apps.comments.services import comment_on_item, delete_comment, flag_comment
from apps.core.events import publish_all
from apps.huddles.services import add_participants, create_huddle, leave_huddle
from apps.items.events import NEWS
from apps.items.models import Item
from apps.items.services import create_conversation, delete_item, edit_item, flag_item
from apps.microcosms.drafts import Draft
from apps.microcosms.models import Microcosm
from apps.microcosms.services import delete_microcosm, edit_microcosm, flag_microcosm
from apps.permissions.models import Role
from apps.permissions.services import add_profiles, ban_user, create_role, delete_role, edit_role, remove_profiles
from apps.sites.types import ItemType
from tests.access.scene import set_scene
from tests.changes import feed, head, said, settle
from tests.client import ApiClient
from tests.factories import Forum, Person
from tests.queries import count_statements
from tests.trees import make_item, make_microcosm, make_moderator, make_private, make_role

pytestmark = pytest.mark.django_db


def start(author: Person, place: Microcosm, title: str = "A title") -> int:
    """A new conversation."""
    return create_conversation(
        site_id=place.site_id, author_id=author.id, microcosm_id=place.id, title=title, flags={}, by_moderator=True
    )


def say(author: Person, item_id: int, markdown: str = "Something.") -> int:
    """A new comment."""
    return comment_on_item(
        site_id=author.profile.site_id,
        author_id=author.id,
        item_id=item_id,
        markdown=markdown,
        in_reply_to_id=None,
        flags={},
        by_moderator=True,
    )


def move(actor: Person, item_id: int, place: Microcosm) -> None:
    """File an item elsewhere."""
    edit_item(
        site_id=place.site_id,
        actor_id=actor.id,
        item_id=item_id,
        title=None,
        microcosm_id=place.id,
        reason="better there",
        moderates_target=True,
    )


# --- The shape of it ------------------------------------------------------------------------------


def test_changes_come_in_order_with_ids_and_no_content(api: ApiClient, forum: Forum) -> None:
    before = head(forum)
    item_id = start(forum.owner, forum.root)
    comment_id = say(forum.owner, item_id)
    settle()
    reply = api.get(f"changes?after={before}")
    first, second = reply.data["changes"]
    place = {"itemType": "conversation", "itemId": item_id, "microcosmId": forum.root.id}
    assert first.pop("created").endswith("Z")
    assert first == {
        "position": before + 1,
        "kind": "conversation.created",
        "ids": place,
        "actorId": forum.owner.id,
    }
    assert (second["kind"], second["ids"]) == ("comment.created", {"commentId": comment_id} | place)
    assert second["position"] > first["position"]
    assert reply.data | {"changes": None} == {
        "changes": None,
        "position": second["position"],
        "more": False,
        "gap": False,
    }
    assert reply.headers["Cache-Control"] == "private, no-store"
    assert b"Something" not in reply.content
    assert b"A title" not in reply.content


def test_without_a_position_the_answer_is_where_to_begin(api: ApiClient, forum: Forum) -> None:
    start(forum.owner, forum.root)
    now = head(forum)
    assert api.get("changes").data == {"changes": [], "position": now, "more": False, "gap": False}


def test_pages_lead_through_everything_once(api: ApiClient, forum: Forum) -> None:
    before = head(forum)
    item_id = start(forum.owner, forum.root)
    ids = [say(forum.owner, item_id, f"Number {n}") for n in range(5)]
    settle()
    found, after, more = [], before, True
    while more:
        data = api.get(f"changes?after={after}&limit=2&kinds=comment").data
        assert len(data["changes"]) <= 2
        found += [change["ids"]["commentId"] for change in data["changes"]]
        after, more = data["position"], data["more"]
    assert found == ids


def test_what_a_viewer_may_not_see_moves_the_position_all_the_same(api: ApiClient, forum: Forum) -> None:
    hidden = make_microcosm(forum)
    make_private(hidden)
    before = head(forum)
    start(forum.owner, hidden)
    settle()
    data = api.get(f"changes?after={before}").data
    assert data == {"changes": [], "position": head(forum), "more": False, "gap": False}


def test_kinds_and_microcosms_choose(api: ApiClient, forum: Forum) -> None:
    place = make_microcosm(forum)
    before = head(forum)
    here, there = start(forum.owner, place), start(forum.owner, forum.root)
    say(forum.owner, here)
    assert [kind for kind, *_ in said(feed(api, before, "&kinds=comment,profile"))] == ["comment.created"]
    assert [kind for kind, *_ in said(feed(api, before, "&kinds=conversation.created"))] == ["conversation.created"] * 2
    assert {c["ids"]["itemId"] for c in feed(api, before, f"&microcosms={forum.root.id}")} == {there}
    assert {c["ids"]["itemId"] for c in feed(api, before, f"&microcosms={forum.root.id},{place.id}")} == {here, there}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("after=-1", 3),
        ("after=x", 3),
        ("after=99999999999999999999", 4),
        ("after=9223372036854775808", 4),
        ("limit=0", 4),
        ("limit=501", 4),
        ("limit=ten", 3),
        ("wait=26", 4),
        ("wait=1.5", 3),
        ("kinds=Robert'); DROP", 4),
        ("kinds=" + ",".join(["a"] * 51), 4),
        ("microcosms=1,x", 3),
        ("microcosms=0", 4),
        ("microcosms=" + ",".join(["1"] * 101), 4),
        ("after=٣", 3),
    ],
)
def test_what_is_out_of_range_is_refused(api: ApiClient, query: str, code: int) -> None:
    reply = api.get(f"changes?{query}")
    assert (reply.status, reply.code) == (400, code)


def test_a_position_the_log_does_not_hold_is_a_gap(api: ApiClient, forum: Forum) -> None:
    before = head(forum)
    start(forum.owner, forum.root)
    now = head(forum)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO core_changehorizon (id, position) VALUES (1, %s)", [before])
    assert not api.get(f"changes?after={before}").data["gap"]
    # Older than the log, and one that it never had: a database that was put back to an earlier state.
    for after in (before - 1, 0, 2**60):
        assert api.get(f"changes?after={after}").data == {"changes": [], "position": now, "more": False, "gap": True}


def test_t1_a_position_of_another_site_does_no_harm(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    before = head(forum)
    start(other_forum.owner, other_forum.root)
    there = head(other_forum)
    assert feed(api, before) == []
    start(forum.owner, forum.root)
    assert [c["kind"] for c in feed(api, there)] == ["conversation.created"]
    assert [c["kind"] for c in feed(api, before)] == ["conversation.created"]


def test_the_feed_is_one_statement_beside_the_place_of_the_log(api: ApiClient, forum: Forum) -> None:
    before = head(forum)
    start(forum.owner, forum.root)
    settle()
    api.get("changes")
    with count_statements() as statements:
        api.get(f"changes?after={before}")
    assert len(statements) == 2


# --- Who sees what --------------------------------------------------------------------------------


def test_a1_the_feed_shows_exactly_what_can_be_read(db: Any) -> None:
    """Every person and thing of the permission matrix: in the feed if and only if the thing itself can be got."""
    scene = set_scene()
    kinds = {
        ItemType.CONVERSATION: ("C", "CT", "CC", "CD", "CM", "CX", "CB", "CP", "CY"),
        ItemType.EVENT: ("E", "EY", "EC", "ED"),
        ItemType.POLL: ("P", "PY", "PC", "PD"),
    }
    before = head(scene.forum)
    paths: dict[tuple[str, int], str] = {}
    events: list[Any] = []
    for kind, names in kinds.items():
        for name in names:
            item = Item.objects.get(id=scene.ids[name])
            paths["itemId", item.id] = f"{kind.plural}/{item.id}"
            events.append(
                NEWS[kind].edited(
                    site_id=item.site_id, actor_id=None, item_id=item.id, microcosm_id=item.microcosm_id or 0
                )
            )
    for name in ("K", "KC", "KD", "KM", "KY", "KH", "B"):
        comment_id = scene.ids[name]
        paths["commentId", comment_id] = f"comments/{comment_id}"
        events.append(
            CommentEdited(
                site_id=scene.forum.site.id,
                actor_id=None,
                comment_id=comment_id,
                item_id=None,
                home_id=None,
                mentioned_ids=(),
            )
        )
    publish_all(events)
    deleted = {("itemId", scene.ids[name]) for name in ("CD", "ED", "PD")} | {("commentId", scene.ids["KD"])}
    for person in scene.people:
        client = scene.client(person)
        if person == "BAN":
            assert client.get(f"changes?after={before}").status == 403
            continue
        seen = set()
        for change in feed(client, before, "&kinds=conversation.edited,poll.edited,event.edited,comment.edited"):
            name = "commentId" if "commentId" in change["ids"] else "itemId"
            assert "gone" not in change
            seen.add((name, change["ids"][name]))
        # Moderators reach what is deleted; the feed shows it to nobody.
        assert seen == {key for key, path in paths.items() if client.get(path).status == 200} - deleted, person


def test_deleting_leaves_a_tombstone_where_the_thing_could_be_seen(api: ApiClient, forum: Forum) -> None:
    item_id = start(forum.owner, forum.root)
    comment_id = say(forum.owner, item_id)
    before = head(forum)
    delete_comment(site_id=forum.site.id, actor_id=forum.owner.id, comment_id=comment_id)
    place = (f"itemId={item_id}",)
    assert said(feed(api, before)) == [
        ("comment.deleted", "gone", f"commentId={comment_id}", "itemType=conversation", *place)
    ]
    delete_item(site_id=forum.site.id, actor_id=forum.owner.id, item_id=item_id)
    # What hung on it goes with it.
    assert said(feed(api, before)) == [("conversation.deleted", "gone", "itemType=conversation", *place)]


def test_a1_what_was_never_visible_leaves_no_tombstone(api: ApiClient, forum: Forum) -> None:
    held = make_item(forum.root, forum.owner, is_moderated=True)
    item_id = start(forum.owner, forum.root)
    comment_id = say(forum.owner, item_id)
    site = {"site_id": forum.site.id, "actor_id": forum.owner.id}
    flag_comment(**site, comment_id=comment_id, flags={"is_moderated": True})
    before = head(forum)
    delete_item(**site, item_id=held.id)
    delete_comment(**site, comment_id=comment_id)
    assert feed(api, before) == []


def test_hiding_is_a_tombstone_for_readers_and_showing_again_a_change(api: ApiClient, forum: Forum) -> None:
    item_id = start(forum.owner, forum.root)
    before = head(forum)
    site = {"site_id": forum.site.id, "actor_id": forum.owner.id, "item_id": item_id}
    flag_item(**site, flags={"is_moderated": True})
    assert [c.get("gone") for c in feed(api, before)] == [True]
    assert [c.get("gone") for c in feed(api.as_(forum.owner), before)] == [None]
    flag_item(**site, flags={"is_moderated": False})
    assert [c.get("gone") for c in feed(api, before)] == [None, None]


def test_a_move_out_of_sight_is_a_tombstone_that_does_not_say_where_to(api: ApiClient, forum: Forum) -> None:
    hidden = make_microcosm(forum)
    make_private(hidden)
    item_id = start(forum.owner, forum.root)
    before = head(forum)
    move(forum.owner, item_id, hidden)
    assert said(feed(api, before)) == [("conversation.moved", "gone", "itemType=conversation", f"itemId={item_id}")]
    assert "gone" not in feed(api.as_(forum.owner), before)[0]
    # Back again: who follows sees it where it is now, as often as it moved.
    move(forum.owner, item_id, forum.root)
    assert [(c.get("gone"), c["ids"]["microcosmId"]) for c in feed(api, before)] == [(None, forum.root.id)] * 2


@pytest.mark.parametrize("way", ["held back", "deleted"])
def test_what_was_hidden_before_it_moved_out_of_sight_is_a_tombstone(api: ApiClient, forum: Forum, way: str) -> None:
    """Who lags behind is told of both at once, when it is where they do not get."""
    source, hidden = make_microcosm(forum), make_microcosm(forum)
    make_private(hidden)
    item_id = start(forum.owner, source)
    before = head(forum)
    site = {"site_id": forum.site.id, "actor_id": forum.owner.id, "item_id": item_id}
    if way == "deleted":
        delete_item(**site)
    else:
        flag_item(**site, flags={"is_moderated": True})
    move(forum.owner, item_id, hidden)
    kind = "conversation.deleted" if way == "deleted" else "conversation.flagged"
    gone = [(kind, "gone", "itemType=conversation", f"itemId={item_id}")]
    assert said(feed(api, before)) == gone
    assert said(feed(api, before, f"&microcosms={source.id}")) == gone
    assert feed(api, before, f"&microcosms={hidden.id}") == []
    # Who never saw it there learns nothing.
    make_private(source)
    assert feed(api, before) == []


def test_a1_a_move_between_hidden_places_is_nobodys_business(api: ApiClient, forum: Forum) -> None:
    places = [make_microcosm(forum), make_microcosm(forum)]
    for place in places:
        make_private(place)
    item_id = start(forum.owner, places[0])
    before = head(forum)
    move(forum.owner, item_id, places[1])
    say(forum.owner, item_id)
    delete_item(site_id=forum.site.id, actor_id=forum.owner.id, item_id=item_id)
    for client in (api, api.as_(forum.member("one"))):
        assert [kind for kind, *_ in said(feed(client, before)) if kind != "profile.created"] == []


def test_a1_where_something_came_from_is_for_those_who_may_read_that(api: ApiClient, forum: Forum) -> None:
    hidden = make_microcosm(forum)
    make_private(hidden)
    item_id = start(forum.owner, hidden)
    before = head(forum)
    move(forum.owner, item_id, forum.root)
    assert feed(api, before, f"&microcosms={hidden.id}") == []
    assert len(feed(api, before, f"&microcosms={forum.root.id}")) == 1
    assert len(feed(api.as_(forum.owner), before, f"&microcosms={hidden.id}")) == 1


def test_w2_losing_access_takes_back_what_is_already_in_the_log(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    place = make_microcosm(forum)
    role = create_role(
        actor_id=forum.owner.id, microcosm=place, title="Readers", flags={"can_read": True, "include_users": True}
    )
    before = head(forum)
    item_id = start(forum.owner, place)
    assert len(feed(api.as_(member), before)) == 1
    edit_role(actor_id=forum.owner.id, site_id=forum.site.id, role_id=role.id, flags={"can_read": False})
    assert said(feed(api.as_(member), before)) == [("access.changed",)]
    # Guests were never in it.
    assert feed(api, before) == []
    assert [c["kind"] for c in feed(api.as_(forum.owner), before)] == ["conversation.created", "role.edited"]
    assert item_id


def test_a1_only_those_whom_a_role_concerns_hear_of_it(api: ApiClient, forum: Forum) -> None:
    inside, outside = forum.member("inside"), forum.member("outside")
    place = make_microcosm(forum)
    before = head(forum)
    site = {"actor_id": forum.owner.id, "site_id": forum.site.id}
    role = create_role(actor_id=forum.owner.id, microcosm=place, title="Few", flags={"can_read": True})
    add_profiles(**site, role_id=role.id, profile_ids=[inside.id])
    assert said(feed(api.as_(inside), before)) == [("access.changed",)] * 2
    edit_role(**site, role_id=role.id, flags={"can_create": True})
    remove_profiles(**site, role_id=role.id, profile_ids=None)
    delete_role(**site, role_id=role.id)
    # Not of its making, nor of what befell it before and after: only of being in it and no longer being in it.
    assert said(feed(api.as_(inside), before)) == [("access.changed",)] * 2
    assert feed(api.as_(outside), before) == []
    assert feed(api, before) == []
    add = create_role(actor_id=forum.owner.id, microcosm=place, title="Again", flags={"can_read": True})
    add_profiles(**site, role_id=add.id, profile_ids=[inside.id])
    before = head(forum)
    delete_role(**site, role_id=add.id)
    assert said(feed(api.as_(inside), before)) == [("access.changed",)]
    assert feed(api.as_(outside), before) == []


def test_a_deleted_microcosm_is_a_tombstone_and_takes_along_what_is_in_it(api: ApiClient, forum: Forum) -> None:
    place, hidden = make_microcosm(forum), make_microcosm(forum)
    make_private(hidden)
    before = head(forum)
    start(forum.owner, place)
    for microcosm in (place, hidden):
        delete_microcosm(site_id=forum.site.id, microcosm_id=microcosm.id, editor_id=forum.owner.id)
    assert said(feed(api, before)) == [("microcosm.deleted", "gone", f"microcosmId={place.id}")]


def test_moving_a_microcosm_tells_those_who_cannot_read_it_that_their_rights_may_have_changed(
    api: ApiClient, forum: Forum
) -> None:
    hidden, place = make_microcosm(forum), make_microcosm(forum)
    make_private(hidden)
    before = head(forum)
    edit_microcosm(
        Draft(edit_reason="better there"),
        site_id=forum.site.id,
        microcosm_id=place.id,
        editor_id=forum.owner.id,
        parent_id=hidden.id,
    )
    assert said(feed(api, before)) == [("access.changed",)]
    assert said(feed(api.as_(forum.owner), before)) == [("microcosm.edited", f"microcosmId={place.id}")]


def test_huddles_are_for_those_in_them_and_leaving_is_a_tombstone_for_who_left(api: ApiClient, forum: Forum) -> None:
    one, two, late, stranger = (forum.member(name) for name in ("one", "two", "late", "stranger"))
    before = head(forum)
    site_id = forum.site.id
    huddle_id = create_huddle(
        site_id=site_id, author_id=one.id, title="Secret", is_confidential=False, invited_ids=[two.id]
    )
    comment_id = say(two, huddle_id)
    add_participants(site_id=site_id, actor_id=one.id, huddle_id=huddle_id, profile_ids=[late.id])
    leave_huddle(site_id=site_id, profile_id=two.id, huddle_id=huddle_id)
    say(one, huddle_id, "Without two.")
    thing = ("itemType=huddle", f"itemId={huddle_id}")
    assert said(feed(api.as_(two), before)) == [("huddle.participant_left", "gone", *thing)]
    everything = [c["kind"] for c in feed(api.as_(late), before)]
    assert everything == [
        "huddle.created",
        "comment.created",
        "huddle.participants_added",
        "huddle.participant_left",
        "comment.created",
    ]
    assert comment_id
    for client in (api, api.as_(stranger), api.as_(forum.owner)):
        assert feed(client, before) == []


def test_the_inbox_is_its_owners_alone(api: ApiClient, forum: Forum) -> None:
    from apps.updates.services import ignore
    from apps.updates.telling import tell_mentioned

    told, other = forum.member("told"), forum.member("other")
    item_id = start(forum.owner, forum.root)
    comment_id = say(forum.owner, item_id)
    before = head(forum)
    tell_mentioned(site_id=forum.site.id, comment_id=comment_id, actor_id=forum.owner.id, profile_ids=[told.id])
    ignore(site_id=forum.site.id, profile_id=told.id, kind=ItemType.PROFILE, target_id=other.id)
    api.as_(told).put("profiles/read", {"itemType": "microcosm", "itemId": forum.root.id})
    assert [c["kind"] for c in feed(api.as_(told), before)] == ["update.created", "ignored.changed", "inbox.read"]
    for client in (api, api.as_(other), api.as_(forum.owner)):
        assert feed(client, before) == []
    # What an update is about may have been hidden since.
    delete_comment(site_id=forum.site.id, actor_id=forum.owner.id, comment_id=comment_id)
    assert [c["kind"] for c in feed(api.as_(told), before)] == ["ignored.changed", "inbox.read", "comment.deleted"]


def test_moderators_and_authors_hear_of_the_end_of_what_was_held_back(api: ApiClient, forum: Forum) -> None:
    moderator, author, member = (forum.member(name) for name in ("moderator", "author", "member"))
    place = make_microcosm(forum)
    make_moderator(place, moderator)
    make_role(place, include_users=True, can_read=True)
    site = {"site_id": forum.site.id, "actor_id": forum.owner.id}
    item_id, other_id = start(author, place), start(author, place, "Another")
    comment_id = say(author, item_id)
    flag_comment(**site, comment_id=comment_id, flags={"is_moderated": True})
    flag_item(**site, item_id=other_id, flags={"is_moderated": True})
    before = head(forum)
    delete_comment(**site, comment_id=comment_id)
    delete_item(**site, item_id=other_id)
    gone = [
        ("comment.deleted", "gone", f"commentId={comment_id}", "itemType=conversation", f"itemId={item_id}"),
        ("conversation.deleted", "gone", "itemType=conversation", f"itemId={other_id}"),
    ]
    for person in (moderator, author, forum.owner):
        assert said(feed(api.as_(person), before)) == gone
    for client in (api, api.as_(member)):
        assert feed(client, before) == []


def test_moderators_hear_when_what_is_held_back_is_moved_out_of_their_reach(api: ApiClient, forum: Forum) -> None:
    moderator = forum.member("moderator")
    source, target = make_microcosm(forum), make_microcosm(forum)
    make_moderator(source, moderator)
    item_id = start(forum.owner, source)
    flag_item(site_id=forum.site.id, actor_id=forum.owner.id, item_id=item_id, flags={"is_moderated": True})
    before = head(forum)
    move(forum.owner, item_id, target)
    thing = ("itemType=conversation", f"itemId={item_id}")
    assert said(feed(api.as_(moderator), before)) == [("conversation.moved", "gone", *thing)]
    assert feed(api, before) == []


def test_authors_hear_of_the_end_of_what_is_theirs_where_they_may_not_read(api: ApiClient, forum: Forum) -> None:
    author = forum.member("author")
    place = make_microcosm(forum)
    item_id = start(author, place)
    make_private(place)
    before = head(forum)
    delete_item(site_id=forum.site.id, actor_id=forum.owner.id, item_id=item_id)
    thing = ("itemType=conversation", f"itemId={item_id}")
    assert said(feed(api.as_(author), before)) == [("conversation.deleted", "gone", *thing)]
    assert feed(api, before) == []


def test_authors_hear_when_what_was_held_back_is_moved_into_a_hidden_place(api: ApiClient, forum: Forum) -> None:
    author = forum.member("author")
    source, target = make_microcosm(forum), make_microcosm(forum)
    item_id = start(author, source)
    flag_item(site_id=forum.site.id, actor_id=forum.owner.id, item_id=item_id, flags={"is_moderated": True})
    flag_microcosm(site_id=forum.site.id, microcosm_id=target.id, editor_id=forum.owner.id, flags={"moderated": True})
    assert api.as_(author).get(f"conversations/{item_id}").status == 200
    before = head(forum)
    move(forum.owner, item_id, target)
    assert api.as_(author).get(f"conversations/{item_id}").status == 404
    thing = ("itemType=conversation", f"itemId={item_id}")
    assert said(feed(api.as_(author), before)) == [("conversation.moved", "gone", *thing)]
    for client in (api, api.as_(forum.member("member"))):
        assert [c["kind"] for c in feed(client, before) if c["kind"] != "profile.created"] == []


def test_hiding_a_microcosm_concerns_those_who_have_something_below_it(api: ApiClient, forum: Forum) -> None:
    author, reader, stranger = (forum.member(name) for name in ("author", "reader", "stranger"))
    closed = make_microcosm(forum)
    item_id = start(author, closed)
    make_private(closed)
    window = make_microcosm(forum, closed)
    make_role(window, reader, can_read=True)
    before = head(forum)
    delete_microcosm(site_id=forum.site.id, microcosm_id=closed.id, editor_id=forum.owner.id)
    for person in (author, reader):
        assert said(feed(api.as_(person), before)) == [("access.changed",)]
    assert api.as_(author).get(f"conversations/{item_id}").status == 404
    for client in (api, api.as_(stranger)):
        assert feed(client, before) == []
    before = head(forum)
    flag_microcosm(site_id=forum.site.id, microcosm_id=closed.id, editor_id=forum.owner.id, flags={"deleted": False})
    # Another title afterwards is nothing to them.
    edit_microcosm(Draft(title="New"), site_id=forum.site.id, microcosm_id=closed.id, editor_id=forum.owner.id)
    for person in (author, reader):
        assert said(feed(api.as_(person), before)) == [("access.changed",)]
    for client in (api, api.as_(stranger)):
        assert feed(client, before) == []


def test_bans_are_the_owners_business(api: ApiClient, forum: Forum) -> None:
    outlaw, member = forum.member("outlaw"), forum.member("member")
    before = head(forum)
    ban_user(actor_id=forum.owner.id, site_id=forum.site.id, profile_id=outlaw.id)
    assert [c["kind"] for c in feed(api.as_(forum.owner), before)] == ["profile.banned"]
    assert feed(api.as_(member), before) == []
    assert api.as_(outlaw).get(f"changes?after={before}").status == 403


def test_nobody_hears_of_kinds_that_have_no_audience(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    before = head(forum)
    revoke_token(token=forum.member("second").token)
    kinds = {c["kind"] for client in (api, api.as_(member), api.as_(forum.owner)) for c in feed(client, before)}
    assert kinds == {"profile.created"}


def test_a5_who_waits_is_asked_for_their_rights_again(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    before = head(forum)
    Role.objects.filter(microcosm=forum.root).update(can_read=False)
    start(forum.owner, forum.root)
    assert feed(api.as_(member), before, "&wait=0") == []
    revoke_token(token=member.token)
    assert api.as_(member).get(f"changes?after={before}&wait=1").status == 401


def test_only_the_site_host_has_the_feed(api: ApiClient, root_forum: Forum) -> None:
    assert api.at(root_forum.host).get("changes").status == 404


def test_private_places_stay_private_with_a_role_for_many(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    place = make_microcosm(forum)
    make_role(place, can_read=True)
    before = head(forum)
    say(forum.owner, start(forum.owner, place))
    assert feed(api.as_(member), before) == []

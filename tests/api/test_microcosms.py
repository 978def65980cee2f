"""Reading microcosms: the page of one, what is in it and in which order, and what stays hidden (contract A 21)."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.items.models import Item
from apps.microcosms.models import Microcosm
from apps.permissions.models import Role
from apps.sites.types import ItemType
from apps.updates.models import Ignore, Watcher
from tests.client import ApiClient, Reply
from tests.factories import Forum, ban
from tests.fingerprint import fingerprint
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded
from tests.trees import make_item, make_microcosm, make_moderator, make_private, make_role

pytestmark = pytest.mark.django_db


def ago(**units: float) -> Any:
    """A moment before now."""
    return clock.now() - timedelta(**units)


def entries(reply: Reply) -> list[tuple[str, int]]:
    """The type and id of each entry of a page."""
    assert reply.status == 200, reply
    return [(entry["itemType"], entry["item"]["id"]) for entry in reply.data["items"]["items"]]


def ids(reply: Reply) -> list[int]:
    """The ids of a page's entries."""
    return [id_ for _, id_ in entries(reply)]


def summary_of(reply: Reply, microcosm: Microcosm) -> Any:
    """A child's summary on a page."""
    return next(entry["item"] for entry in reply.data["items"]["items"] if entry["item"]["id"] == microcosm.id)


def hide(forum: Forum, microcosm: Microcosm, *, flag: str = "deleted") -> None:
    """Hide a microcosm as the owner does."""
    api = ApiClient(host=forum.host).as_(forum.owner)
    operation = {"op": "replace", "path": f"/meta/flags/{flag}", "value": True}
    assert api.patch(f"microcosms/{microcosm.id}", [operation]).status == 200


# --- Shape ----------------------------------------------------------------------------------------


def test_the_list_is_the_root_with_its_contents(api: ApiClient, forum: Forum) -> None:
    child = make_microcosm(forum)
    reply = api.get("microcosms")
    assert reply.data["id"] == forum.root.id
    assert reply.data["items"]["links"] == [{"rel": "self", "href": "/api/v1/microcosms", "title": "1"}]
    assert entries(reply) == [("microcosm", child.id)]
    assert "parentId" not in reply.data
    assert "breadcrumb" not in reply.data
    assert api.get(f"microcosms/{forum.root.id}").data["items"]["items"] == reply.data["items"]["items"]


def test_a_page_has_the_keys_and_types_of_the_reference(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    sticky = make_microcosm(forum, is_sticky=True)
    item = make_item(sticky, member, comment_count=3, last_comment_id=7, last_comment_at=clock.now())
    Item.objects.filter(id=item.id).update(last_comment_by=member.profile)
    ours = api.as_(member).get("microcosms").data
    theirs = recorded("microcosms", "GET_microcosms_member")
    theirs["moderators"] = []
    assert list(ours) == list(theirs)
    assert_same_shape(ours, theirs)


def test_the_items_of_a_page_have_the_keys_and_types_of_the_reference(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    place = make_microcosm(forum)
    make_item(
        place, member, comment_count=3, last_comment_id=7, last_comment_at=clock.now(), last_comment_by=member.profile
    )
    Ignore.objects.create(profile=member.profile, kind=ItemType.MICROCOSM, microcosm=place)
    ours = api.as_(member).get(f"microcosms/{place.id}").data
    theirs = recorded("microcosms", "GET_microcosm-ignored_member")
    theirs["moderators"] = []
    assert list(ours) == list(theirs)
    assert_same_shape(ours, theirs)


def test_an_empty_microcosm_has_every_key(api: ApiClient, forum: Forum) -> None:
    place = make_microcosm(forum)
    ours = api.as_(forum.owner).get(f"microcosms/{place.id}").data
    theirs = recorded("microcosms", "GET_microcosm-created-after_owner")
    theirs["moderators"] = []
    assert_same_shape(ours, theirs)
    assert ours["items"]["items"] == []
    assert ours["meta"]["permissions"]["siteOwner"] is True


def test_the_detail_of_a_deep_microcosm(api: ApiClient, forum: Forum) -> None:
    editor = forum.member("ed")
    top = make_microcosm(forum, title="Rides")
    middle = make_microcosm(forum, top, title="London")
    deep = make_microcosm(
        forum,
        middle,
        title="East",
        edited_at=ago(hours=1),
        edited_by=editor.profile,
        edit_reason="a reason",
        logo_url="/api/v1/files/abc",
        visibility="private",
    )
    make_role(deep, editor, is_moderator=True, can_read=True)
    data = api.get(f"microcosms/{deep.id}").data
    assert data["breadcrumb"] == [
        {
            "rel": "microcosm ancestor",
            "href": f"/api/v1/microcosms/{top.id}",
            "title": "Rides",
            "id": top.id,
            "level": 2,
        },
        {
            "rel": "microcosm ancestor",
            "href": f"/api/v1/microcosms/{middle.id}",
            "title": "London",
            "id": middle.id,
            "level": 3,
        },
    ]
    assert data["parentId"] == middle.id
    assert data["logoUrl"] == "/api/v1/files/abc"
    assert data["visibility"] == "private"
    assert data["moderators"] == [editor.id]
    assert data["meta"]["editReason"] == "a reason"
    assert data["meta"]["editedBy"]["id"] == editor.id
    assert data["meta"]["links"] == [
        {"rel": "self", "href": f"/api/v1/microcosms/{deep.id}"},
        {"rel": "site", "href": f"/api/v1/sites/{forum.site.id}"},
    ]
    assert data["meta"]["flags"] == {
        "sticky": False,
        "open": True,
        "deleted": False,
        "moderated": False,
        "visible": True,
        "unread": False,
    }


def test_a_summary_names_parent_children_and_totals(api: ApiClient, forum: Forum) -> None:
    top = make_microcosm(forum, title="Top")
    child = make_microcosm(forum, top, title="Child")
    quiet = make_microcosm(forum, child, title="Quiet", comment_count=1)
    busy = make_microcosm(forum, child, title="Busy", comment_count=5, logo_url="/logo.png")
    pinned = make_microcosm(forum, child, title="Pinned", is_sticky=True)
    alike = make_microcosm(forum, child, title="Alike", comment_count=1)
    make_item(child, forum.owner, comment_count=2)
    make_item(quiet, forum.owner, comment_count=5, kind=ItemType.EVENT)
    summary = summary_of(api.get(f"microcosms/{top.id}"), child)
    assert [(entry["rel"], entry["id"]) for entry in summary["children"]] == [
        ("microcosm child", place.id) for place in (pinned, quiet, busy, alike)
    ]
    assert summary["children"][2] == {
        "rel": "microcosm child",
        "href": f"/api/v1/microcosms/{busy.id}",
        "title": "Busy",
        "logoUrl": "/logo.png",
        "id": busy.id,
    }
    assert summary["totalItems"] == 2
    assert summary["totalComments"] == 2 + 6 + 5 + 1
    assert summary["meta"]["links"] == [
        {"rel": "self", "href": f"/api/v1/microcosms/{child.id}"},
        {"rel": "parent", "href": f"/api/v1/microcosms/{top.id}", "title": "Top"},
        {"rel": "site", "href": f"/api/v1/sites/{forum.site.id}"},
    ]
    assert summary["breadcrumb"][0]["id"] == top.id
    assert summary["moderators"] is None
    top_summary = summary_of(api.get("microcosms"), top)
    assert [link["rel"] for link in top_summary["meta"]["links"]] == ["self", "site"]
    assert top_summary["totalComments"] == 14


def test_events_and_polls_are_listed_with_conversations(api: ApiClient, forum: Forum) -> None:
    place = make_microcosm(forum)
    conversation = make_item(place, forum.owner, at=ago(hours=3))
    event = make_item(place, forum.owner, at=ago(hours=2), kind=ItemType.EVENT)
    poll = make_item(place, forum.owner, at=ago(hours=1), kind=ItemType.POLL)
    reply = api.get(f"microcosms/{place.id}")
    assert entries(reply) == [("poll", poll.id), ("event", event.id), ("conversation", conversation.id)]
    flags = {entry["itemType"]: entry["item"]["meta"]["flags"] for entry in reply.data["items"]["items"]}
    assert flags["event"]["attending"] is False
    assert "attending" not in flags["conversation"]
    assert "attending" not in flags["poll"]
    assert all(flag["unread"] is False for flag in flags.values())


def test_watching_and_ignoring_show_on_the_detail_alone(api: ApiClient, forum: Forum) -> None:
    member, other = forum.member(), forum.member()
    place = make_microcosm(forum)
    below = make_microcosm(forum, place)
    Watcher.objects.create(profile=member.profile, kind=ItemType.MICROCOSM, microcosm=place, send_email=True)
    Ignore.objects.create(profile=other.profile, kind=ItemType.MICROCOSM, microcosm=place)
    flags = api.as_(member).get(f"microcosms/{place.id}").data["meta"]["flags"]
    assert (flags["watched"], flags["sendEmail"], flags["sendSMS"]) == (True, True, False)
    assert "watched" not in summary_of(api.as_(member).get("microcosms"), place)["meta"]["flags"]
    # Ignoring covers what is below.
    for microcosm in (place, below):
        ignored = api.as_(other).get(f"microcosms/{microcosm.id}").data["meta"]["flags"]
        assert ignored["ignored"] is True
        assert "watched" not in ignored
    assert "ignored" not in api.get(f"microcosms/{place.id}").data["meta"]["flags"]


# --- Order and pages ------------------------------------------------------------------------------


def test_pinned_first_then_microcosms_then_items_by_activity(api: ApiClient, forum: Forum) -> None:
    place = make_microcosm(forum)
    item_old = make_item(place, forum.owner, at=ago(days=3))
    item_new = make_item(place, forum.owner, at=ago(days=1))
    pinned_old = make_item(place, forum.owner, at=ago(days=9), is_sticky=True)
    pinned_new = make_item(place, forum.owner, at=ago(days=8), is_sticky=True)
    second = make_microcosm(forum, place, sequence=7)
    first = make_microcosm(forum, place, sequence=2)
    tied = make_microcosm(forum, place, sequence=7)
    pinned_place = make_microcosm(forum, place, sequence=9, is_sticky=True)
    assert ids(api.get(f"microcosms/{place.id}")) == [
        pinned_place.id,
        pinned_new.id,
        pinned_old.id,
        first.id,
        second.id,
        tied.id,
        item_new.id,
        item_old.id,
    ]


def test_items_of_one_moment_come_newest_id_first(api: ApiClient, forum: Forum) -> None:
    place, moment = make_microcosm(forum), ago(hours=1)
    made = [make_item(place, forum.owner, at=moment).id for _ in range(4)]
    assert ids(api.get(f"microcosms/{place.id}")) == made[::-1]


def test_every_entry_is_on_exactly_one_page(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    place = make_microcosm(forum)
    for number in range(7):
        make_microcosm(forum, place, is_sticky=number == 3)
    for number in range(23):
        make_item(place, forum.owner, at=ago(minutes=number % 5), is_sticky=number % 9 == 0, kind=(6, 7, 9)[number % 3])
    hidden = make_microcosm(forum, place)
    make_private(hidden)
    make_item(place, forum.owner, is_deleted=True)
    make_item(place, forum.owner, is_moderated=True)
    muted = make_microcosm(forum, place)
    Ignore.objects.create(profile=member.profile, kind=ItemType.MICROCOSM, microcosm=muted)
    dull = make_item(place, forum.owner)
    Ignore.objects.create(profile=member.profile, kind=ItemType.CONVERSATION, item=dull)
    for person, total in ((None, 32), (member, 30), (forum.owner, 33)):
        seen: list[tuple[str, int]] = []
        caller = api.as_(person)
        whole = entries(caller.get(f"microcosms/{place.id}?limit=50"))
        for offset in range(0, total, 5):
            reply = caller.get(f"microcosms/{place.id}?limit=5&offset={offset}")
            assert reply.data["items"]["total"] == total
            seen += entries(reply)
        assert seen == whole
        assert len(set(seen)) == total
        assert caller.get(f"microcosms/{place.id}?limit=5&offset=35").status == 400


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=7", 4),
        ("limit=0", 4),
        ("limit=255", 4),
        ("limit=x", 3),
        ("offset=3", 4),
        ("offset=-25", 4),
        ("offset=25", 4),
    ],
)
def test_bad_pages_are_refused(api: ApiClient, forum: Forum, query: str, code: int) -> None:
    for path in ("microcosms", f"microcosms/{forum.root.id}"):
        reply = api.get(f"{path}?{query}")
        assert (reply.status, reply.code) == (400, code)


def test_page_links_leave_the_token_out(api: ApiClient, forum: Forum) -> None:
    for _ in range(6):
        make_microcosm(forum)
    member = forum.member()
    reply = api.get(f"microcosms?limit=5&access_token={member.token}")
    assert reply.data["items"]["links"] == [
        {"rel": "self", "href": "/api/v1/microcosms?limit=5", "title": "1"},
        {"rel": "next", "href": "/api/v1/microcosms?limit=5&offset=5", "title": "2"},
    ]
    assert member.token.encode() not in reply.content


# --- Who sees what --------------------------------------------------------------------------------


def test_hidden_equals_missing(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    """A9: deleted, moderated, private, below a deleted one, on another site, never there: one answer."""
    member = forum.member()
    deleted = make_microcosm(forum)
    below = make_microcosm(forum, make_microcosm(forum, deleted))
    moderated = make_microcosm(forum)
    private = make_microcosm(forum)
    below_private = make_microcosm(forum, private)
    make_private(private)
    hide(forum, deleted)
    hide(forum, moderated, flag="moderated")
    for person in (None, member):
        caller = api.as_(person)
        missing = caller.get("microcosms/999999999")
        assert missing.status == 404
        for place in (deleted, below, moderated, private, below_private, other_forum.root):
            for reply in (caller.get(f"microcosms/{place.id}"), caller.put(f"microcosms/{place.id}", {"title": "x"})):
                assert reply.status == 404
                assert reply.content == missing.content
            assert caller.delete(f"microcosms/{place.id}").content == missing.content
            assert caller.patch(f"microcosms/{place.id}", []).content == missing.content
        assert caller.get("microcosms/0").status == 404
    assert api.as_(forum.owner).get(f"microcosms/{other_forum.root.id}").status == 404


def test_a_number_beyond_64_bits_is_refused(api: ApiClient) -> None:
    assert api.get("microcosms/9223372036854775808").status == 400
    assert api.get("microcosms/99999999999999999999999").status == 400
    assert api.get("microcosms/9223372036854775807").status == 404


def test_moderators_reach_hidden_microcosms(api: ApiClient, forum: Forum) -> None:
    moderator, owner_of_it = forum.member(), forum.member()
    place = make_microcosm(forum, owner=owner_of_it.profile)
    below = make_microcosm(forum, place)
    make_moderator(place, moderator)
    make_item(place, forum.owner)
    hide(forum, place)
    for person in (forum.owner, moderator, owner_of_it):
        data = api.as_(person).get(f"microcosms/{place.id}").data
        assert data["meta"]["flags"]["deleted"] is True
        assert data["meta"]["flags"]["visible"] is False
        assert data["items"]["items"] == []
        assert data["items"]["total"] == 0
    assert api.as_(moderator).get(f"microcosms/{below.id}").status == 200
    assert api.as_(owner_of_it).get(f"microcosms/{below.id}").status == 404
    assert api.as_(forum.member()).get(f"microcosms/{place.id}").status == 404


def test_a_moderator_who_may_not_read_does_not_see(api: ApiClient, forum: Forum) -> None:
    """A moderator mark alone does not let one read (permissions.md 2.2, MO0)."""
    moderator = forum.member()
    place = make_microcosm(forum)
    make_private(place)
    make_role(place, moderator, is_moderator=True)
    assert api.as_(moderator).get(f"microcosms/{place.id}").status == 404


def test_an_unreadable_root_is_missing(api: ApiClient, forum: Forum) -> None:
    Role.objects.filter(microcosm=forum.root, title="Guests").delete()
    assert api.get("microcosms").status == 404
    assert api.get("microcosms").content == api.get("microcosms/999999").content
    assert api.as_(forum.member()).get("microcosms").status == 200


def test_the_banned_see_nothing(api: ApiClient, forum: Forum) -> None:
    banned, outcast = forum.member(), forum.member()
    ban(forum.site, banned)
    place = make_microcosm(forum)
    make_role(place, outcast, is_banned=True)
    assert api.as_(banned).get("microcosms").status == 403
    assert api.as_(outcast).get(f"microcosms/{place.id}").status == 404
    assert ids(api.as_(outcast).get("microcosms")) == []


def test_a1_children_and_most_recent_update_do_not_leak(api: ApiClient, forum: Forum) -> None:
    """A1: what is private, hidden or ignored below shows neither as a child nor as the most recent update."""
    insider, ignorer = forum.member(), forum.member()
    top = make_microcosm(forum)
    public = make_microcosm(forum, top)
    private = make_microcosm(forum, top)
    make_private(private, insider)
    deleted = make_microcosm(forum, top)
    seen = make_item(public, forum.owner, at=ago(hours=9))
    ignored = make_item(public, forum.owner, at=ago(hours=5))
    secret = make_item(private, forum.owner, at=ago(hours=3), title="The secret plan")
    make_item(deleted, forum.owner, at=ago(hours=2))
    make_item(public, forum.owner, at=ago(hours=1), is_deleted=True)
    make_item(public, forum.owner, at=ago(hours=1), is_moderated=True)
    hide(forum, deleted)
    Ignore.objects.create(profile=ignorer.profile, kind=ItemType.CONVERSATION, item=ignored)

    def newest(reply: Reply) -> int:
        update = summary_of(reply, top)["mostRecentUpdate"]
        assert update["itemType"] == "conversation"
        assert "unread" not in update["item"]["meta"]["flags"]
        return int(update["item"]["id"])

    # In an order in which a shared answer would be noticed.
    assert newest(api.as_(insider).get("microcosms")) == secret.id
    assert newest(api.get("microcosms")) == ignored.id
    assert newest(api.as_(ignorer).get("microcosms")) == seen.id
    assert newest(api.as_(forum.owner).get("microcosms")) == secret.id
    for person in (None, ignorer):
        reply = api.as_(person).get("microcosms")
        assert [child["id"] for child in summary_of(reply, top)["children"]] == [public.id]
        assert b"secret" not in reply.content
        assert str(private.title).encode() not in reply.content
    assert {child["id"] for child in summary_of(api.as_(insider).get("microcosms"), top)["children"]} == {
        public.id,
        private.id,
    }


def test_a1_a_private_ancestor_is_not_named(api: ApiClient, forum: Forum) -> None:
    """A1: somebody who may read a microcosm below a private one learns nothing of that one."""
    guest_place = make_microcosm(forum, title="Hidden ancestor")
    make_private(guest_place)
    open_place = make_microcosm(forum, guest_place, title="Open")
    make_role(open_place, include_guests=True, include_users=True, can_read=True)
    item = make_item(open_place, forum.owner)
    child = make_microcosm(forum, open_place)
    reply = api.get(f"microcosms/{open_place.id}")
    assert b"Hidden ancestor" not in reply.content
    assert "parentId" not in reply.data
    assert "breadcrumb" not in reply.data
    assert reply.data["items"]["items"][1]["item"]["breadcrumb"] == [
        {
            "rel": "microcosm ancestor",
            "href": f"/api/v1/microcosms/{open_place.id}",
            "title": "Open",
            "id": open_place.id,
            "level": 3,
        }
    ]
    assert ids(reply) == [child.id, item.id]
    assert ids(api.get("microcosms")) == []
    assert api.as_(forum.owner).get(f"microcosms/{open_place.id}").data["parentId"] == guest_place.id


def test_totals_count_the_live_subtree_readable_or_not(api: ApiClient, forum: Forum) -> None:
    """A 21.1 says so; what is hidden or ignored does not count (B 9)."""
    member = forum.member()
    top = make_microcosm(forum)
    private, deleted, muted = (make_microcosm(forum, top) for _ in range(3))
    make_private(private)
    for place in (top, private, deleted, muted):
        make_item(place, forum.owner, comment_count=10)
    hide(forum, deleted)
    Ignore.objects.create(profile=member.profile, kind=ItemType.MICROCOSM, microcosm=muted)
    guest = summary_of(api.get("microcosms"), top)
    assert (guest["totalItems"], guest["totalComments"]) == (3, 30)
    ignoring = summary_of(api.as_(member).get("microcosms"), top)
    assert (ignoring["totalItems"], ignoring["totalComments"]) == (2, 20)


def test_ignored_microcosms_vanish_from_lists_and_stay_readable(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    top = make_microcosm(forum)
    child = make_microcosm(forum, top)
    item = make_item(top, forum.owner)
    Ignore.objects.create(profile=member.profile, kind=ItemType.MICROCOSM, microcosm=top)
    assert ids(api.as_(member).get("microcosms")) == []
    assert ids(api.get("microcosms")) == [top.id]
    # On its own page its items are there; the microcosms below are ignored like itself.
    assert ids(api.as_(member).get(f"microcosms/{top.id}")) == [item.id]
    assert ids(api.get(f"microcosms/{top.id}")) == [child.id, item.id]


def test_ignoring_of_another_member_or_thing_changes_nothing(api: ApiClient, forum: Forum) -> None:
    member, other = forum.member(), forum.member()
    place = make_microcosm(forum)
    item = make_item(place, other)
    Ignore.objects.create(profile=other.profile, kind=ItemType.CONVERSATION, item=item)
    Ignore.objects.create(profile=member.profile, kind=ItemType.PROFILE, target_profile=other.profile)
    assert ids(api.as_(member).get(f"microcosms/{place.id}")) == [item.id]
    assert ids(api.as_(other).get(f"microcosms/{place.id}")) == []


# --- The frame ------------------------------------------------------------------------------------


def test_a_page_takes_one_statement_for_guests_and_two_for_members(api: ApiClient, forum: Forum) -> None:
    place = make_microcosm(forum)
    member = forum.member()
    for _ in range(6):
        make_item(make_microcosm(forum, place), member)
        make_item(place, member)
    api.get("microcosms")
    api.as_(member).get("microcosms")
    for path in ("microcosms", f"microcosms/{place.id}", "microcosms/tree"):
        with count_statements() as statements:
            assert api.get(path).status == 200
        assert len(statements) == 1, statements
        with count_statements() as statements:
            assert api.as_(member).get(path).status == 200
        assert len(statements) == 2, statements


def test_i7_reading_writes_nothing(api: ApiClient, forum: Forum) -> None:
    """I7, and A 21.3: no view is counted and nothing is marked as read."""
    member = forum.member()
    place = make_microcosm(forum)
    make_item(place, forum.owner)
    api.as_(member).get("microcosms")
    before = fingerprint()
    for person in (None, member):
        api.as_(person).get(f"microcosms/{place.id}")
        api.as_(person).get("microcosms/tree")
    assert fingerprint() == before


def test_head_and_options(api: ApiClient, forum: Forum) -> None:
    for path, verbs in (
        ("microcosms", "OPTIONS,GET,HEAD,POST"),
        ("microcosms/tree", "OPTIONS,GET,HEAD"),
        (f"microcosms/{forum.root.id}", "OPTIONS,GET,HEAD,PUT,PATCH,DELETE"),
    ):
        assert api.options(path).headers["Allow"] == verbs
        head, full = api.head(path), api.get(path)
        assert head.status == 200
        assert head.content == b""
        assert head.headers["Content-Length"] == str(len(full.content))
        assert full.headers["Cache-Control"] == "public, max-age=300"
        assert api.as_(forum.owner).get(path).headers["Cache-Control"].startswith("private")


def test_the_root_host_has_no_microcosms(api: ApiClient, root_forum: Forum) -> None:
    assert api.at(root_forum.host).get("microcosms").status == 404

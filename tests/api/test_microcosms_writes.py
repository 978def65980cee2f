"""Creating, editing, moving, flagging and deleting microcosms (contract A 21.4 to 21.7)."""

from typing import Any

import pytest

from apps.core.models import Change
from apps.microcosms.models import Microcosm
from apps.sites.models import Site
from tests.client import ApiClient, Reply
from tests.factories import Forum, Person
from tests.fingerprint import fingerprint
from tests.recorded import assert_same_shape, recorded
from tests.trees import make_item, make_microcosm, make_moderator, make_private, make_role

pytestmark = pytest.mark.django_db
REASON = {"editReason": "because"}


def new(**fields: Any) -> dict[str, Any]:
    """A body that makes a microcosm."""
    return {"title": "New forum", "description": "A *new* one"} | fields


def flag(name: str, value: bool = True) -> list[dict[str, Any]]:
    """A patch of one flag."""
    return [{"op": "replace", "path": f"/meta/flags/{name}", "value": value}]


@pytest.fixture
def owner(api: ApiClient, forum: Forum) -> ApiClient:
    """The owner of the site."""
    return api.as_(forum.owner)


@pytest.fixture
def place(forum: Forum) -> Microcosm:
    """A microcosm of the site's owner."""
    return make_microcosm(forum, title="Place")


def assert_refused(reply: Reply, status: int, code: int | None = None) -> None:
    """The status, and the code if one is given."""
    assert reply.status == status, reply
    if code is not None:
        assert reply.code == code, reply


def let_members_create(forum: Forum) -> None:
    """Switch "only admins create" off."""
    Site.objects.filter(id=forum.site.id).update(only_admins_create=False)


# --- POST -----------------------------------------------------------------------------------------


def test_a_new_microcosm_is_there_for_its_creator(owner: ApiClient, forum: Forum, place: Microcosm) -> None:
    body = new(parentId=place.id, siteId=7, visibility="public", itemTypes=["conversation", "event"])
    reply = owner.post("microcosms", body)
    assert reply.status == 302
    assert reply.data is None
    made = owner.follow(reply).data
    assert reply.location == f"/api/v1/microcosms/{made['id']}"
    theirs = recorded("microcosms", "GET_microcosm-created-after_owner")
    theirs["moderators"] = []
    assert_same_shape({key: value for key, value in made.items() if key != "breadcrumb"}, theirs)
    assert made["title"] == "New forum"
    assert made["itemTypes"] == ["conversation", "event"]
    assert made["parentId"] == place.id
    assert made["siteId"] == forum.site.id
    assert made["meta"]["createdBy"]["id"] == forum.owner.id
    assert made["meta"]["permissions"]["owner"] is True
    assert made["breadcrumb"][-1]["id"] == place.id
    change = Change.objects.get(kind="microcosm.created", ids__microcosm_id=made["id"])
    assert change.actor_id == forum.owner.id


@pytest.mark.parametrize("parent", [{}, {"parentId": 0}, {"parentId": None}])
def test_no_parent_means_the_root_and_no_second_root(owner: ApiClient, forum: Forum, parent: dict[str, Any]) -> None:
    made = owner.follow(owner.post("microcosms", new(**parent))).data
    assert made["parentId"] == forum.root.id
    assert Microcosm.objects.filter(site=forum.site, parent__isnull=True).count() == 1


def test_the_defaults_of_a_new_microcosm(owner: ApiClient) -> None:
    made = owner.follow(owner.post("microcosms", new(visibility="zzz"))).data
    assert made["itemTypes"] == ["microcosm", "conversation", "event"]
    assert made["visibility"] == "public"
    assert made["logoUrl"] == ""
    assert made["meta"]["flags"] == {
        "sticky": False,
        "open": True,
        "deleted": False,
        "moderated": False,
        "visible": True,
        "unread": False,
    }
    assert "edited" not in made["meta"]


def test_unknown_item_types_are_dropped(owner: ApiClient) -> None:
    made = owner.follow(owner.post("microcosms", new(itemTypes=["zzz", "poll", "microcosm", "poll", "huddle"]))).data
    assert made["itemTypes"] == ["poll", "microcosm"]
    assert owner.follow(owner.post("microcosms", new(itemTypes=["zzz"]))).data["itemTypes"] == []


def test_texts_are_cleaned_and_escaped(owner: ApiClient) -> None:
    """A 8.1: titles keep their capitals, descriptions that shout are lowered, both are safe to print raw."""
    body = new(title='R&D <b>NEWS</b> "x"\n', description="LINE ONE\n<script>x</script>LINE & TWO")
    made = owner.follow(owner.post("microcosms", body)).data
    assert made["title"] == "R&amp;D NEWS &#34;x&#34;"
    assert made["description"] == "line one\nline &amp; two"
    again = owner.follow(
        owner.put(
            f"microcosms/{made['id']}", {"title": made["title"], "description": made["description"], "meta": REASON}
        )
    ).data
    assert (again["title"], again["description"]) == (made["title"], made["description"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 4),
        ({"title": "No desc"}, 4),
        ({"description": "No title"}, 4),
        (new(title=""), 4),
        (new(title="  "), 4),
        (new(title="<b></b>"), 4),
        (new(title="x" * 51), 4),
        (new(description=" \n "), 4),
        (new(description="x" * 10_001), 4),
        (new(title=5), 3),
        (new(title=["x"]), 3),
        (new(parentId="5"), 3),
        (new(parentId=1.5), 3),
        (new(parentId=-1), 4),
        (new(parentId=2**63), 4),
        (new(itemTypes="conversation"), 3),
        (new(title="\u200d"), 4),
        (new(description=" \u200d\u200c\n"), 4),
        (new(itemTypes=[1]), 3),
        (new(logoUrl="ftp://example.org/x.png"), 4),
        (new(logoUrl="javascript:alert(1)"), 4),
        (new(logoUrl="//example.org/x.png"), 4),
        (new(logoUrl="http:///x.png"), 4),
        (new(logoUrl='/x.png" onload="x'), 4),
        (new(logoUrl="http://[bad/x.png"), 4),
        (new(logoUrl="/" + "x" * 2000), 4),
        ([], 3),
        ("x", 3),
    ],
)
def test_a_bad_body_is_refused_before_the_permission(owner: ApiClient, forum: Forum, body: Any, code: int) -> None:
    before = fingerprint()
    assert_refused(owner.post("microcosms", body), 400, code)
    if isinstance(body, dict) and "parentId" not in body:
        assert_refused(owner.as_(forum.member()).post("microcosms", body), 400, code)
    assert {**fingerprint(), **_people(before)} == before


def _people(digests: dict[str, str]) -> dict[str, str]:
    """The tables that a new member changes."""
    names = ("accounts_", "profiles_", "core_change", "search_profilewords")
    return {table: digest for table, digest in digests.items() if table.startswith(names)}


@pytest.mark.parametrize(
    "url",
    ["https://example.org/logo.png?x=1&y=2", "http://example.org:8080/a", "/api/v1/files/abc.png", "/" + "x" * 1999],
)
def test_addresses_of_logos(owner: ApiClient, url: str) -> None:
    assert owner.follow(owner.post("microcosms", new(logoUrl=url))).data["logoUrl"] == url


def test_limits_count_characters_and_not_entities(owner: ApiClient) -> None:
    made = owner.follow(owner.post("microcosms", new(title="&" * 50))).data
    assert made["title"] == "&amp;" * 50
    assert_refused(owner.post("microcosms", new(title="&" * 51)), 400, 4)


def test_who_may_create(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    """`create` on the site, or moderating the parent (permissions.md 3.2 and 4)."""
    member, moderator, place_owner = forum.member(), forum.member(), forum.member()
    make_moderator(place, moderator)
    Microcosm.objects.filter(id=place.id).update(owner=place_owner.profile)
    below, root = new(parentId=place.id), new()

    def status(person: Person | None, body: dict[str, Any]) -> int:
        return api.as_(person).post("microcosms", body).status

    before = Microcosm.objects.count()
    for person, body in (
        (None, root),
        (None, below),
        (member, root),
        (member, below),
        (moderator, root),
        (place_owner, root),
    ):
        reply = api.as_(person).post("microcosms", body)
        assert_refused(reply, 403, 10)
    assert Microcosm.objects.count() == before
    assert [status(person, below) for person in (moderator, place_owner, forum.owner)] == [302, 302, 302]
    assert status(forum.owner, root) == 302
    let_members_create(forum)
    assert [status(person, body) for person in (member, moderator) for body in (root, below)] == [302] * 4
    assert [status(None, root), status(None, below)] == [403, 403]
    outcast = forum.member()
    make_role(place, outcast, is_banned=True)
    assert [status(outcast, below), status(outcast, root)] == [404, 302]


def test_a_parent_that_is_not_there_is_missing(
    owner: ApiClient, forum: Forum, other_forum: Forum, place: Microcosm
) -> None:
    let_members_create(forum)
    private = make_microcosm(forum)
    make_private(private)
    below = make_microcosm(forum, place)
    assert owner.delete(f"microcosms/{place.id}").status == 200
    member = owner.as_(forum.member())
    missing = member.post("microcosms", new(parentId=999_999_999))
    assert missing.status == 404
    for parent in (private, place, below, other_forum.root):
        reply = member.post("microcosms", new(parentId=parent.id))
        assert (reply.status, reply.content) == (404, missing.content)
    # Moderators see hidden ones, and nothing new goes below them either.
    assert owner.post("microcosms", new(parentId=place.id)).status == 404
    assert owner.post("microcosms", new(parentId=below.id)).status == 404


def test_a_parent_that_holds_no_microcosms_refuses(owner: ApiClient, forum: Forum) -> None:
    place = make_microcosm(forum, item_types=["conversation"])
    assert_refused(owner.post("microcosms", new(parentId=place.id)), 400, 4)


def test_a_closed_parent_takes_moderators_only(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    let_members_create(forum)
    Microcosm.objects.filter(id=place.id).update(is_open=False)
    assert_refused(api.as_(forum.member()).post("microcosms", new(parentId=place.id)), 400, 17)
    assert api.as_(forum.owner).post("microcosms", new(parentId=place.id)).status == 302


def test_a_new_microcosm_comes_last(owner: ApiClient, forum: Forum) -> None:
    made = [owner.follow(owner.post("microcosms", new(title=f"n{number}"))).data["id"] for number in range(3)]
    assert [entry["item"]["id"] for entry in owner.get("microcosms").data["items"]["items"]] == made


def test_a_client_may_prefer_the_representation(owner: ApiClient) -> None:
    prefer = {"Prefer": "return=representation"}
    reply = owner.post("microcosms", new(), headers=prefer)
    assert reply.status == 201
    assert reply.location == f"/api/v1/microcosms/{reply.data['id']}"
    assert reply.data == owner.get(reply.location).data
    edited = owner.put(f"microcosms/{reply.data['id']}?cachebuster=1", {"title": "x", "meta": REASON}, headers=prefer)
    assert edited.status == 200
    assert edited.data == owner.get(reply.location).data


def test_a6_a_create_body_obeys_its_allow_list(owner: ApiClient, forum: Forum) -> None:
    """A6: privileged keys are ignored."""
    member = forum.member()
    let_members_create(forum)
    body = new(
        id=1,
        siteId=99,
        ownerId=forum.owner.id,
        owner=forum.owner.id,
        path=[1],
        sequence=0,
        moderators=[member.id],
        removeLogo=True,
        items={"total": 5},
        totalItems=9,
        meta={
            "editReason": "x",
            "createdBy": {"id": 1},
            "created": "2001-01-01T00:00:00Z",
            "flags": {"sticky": True, "open": False, "deleted": True, "moderated": True},
        },
    )
    made = owner.as_(member).follow(owner.as_(member).post("microcosms", body)).data
    stored = Microcosm.objects.get(id=made["id"])
    assert (stored.site_id, stored.owner_id, stored.created_by_id) == (forum.site.id, member.id, member.id)
    assert stored.path == [forum.root.id, stored.id]
    assert (stored.is_sticky, stored.is_open, stored.is_deleted, stored.is_moderated) == (False, True, False, False)
    assert stored.edit_reason == ""
    assert stored.created_at.year > 2020
    assert made["moderators"] == []


# --- PUT ------------------------------------------------------------------------------------------


def test_an_edit_is_a_merge(owner: ApiClient, forum: Forum) -> None:
    place = make_microcosm(forum, logo_url="/logo.png", visibility="protected", item_types=["conversation"])
    reply = owner.put(f"microcosms/{place.id}", {"Title": "Renamed", "META": {"EditReason": "SPELLING & more"}})
    assert (reply.status, reply.location) == (302, f"/api/v1/microcosms/{place.id}")
    data = owner.follow(reply).data
    assert data["title"] == "Renamed"
    assert data["description"] == "About it."
    assert (data["logoUrl"], data["visibility"], data["itemTypes"]) == ("/logo.png", "protected", ["conversation"])
    # Reasons of microcosms keep their capitals (A 8.1).
    assert data["meta"]["editReason"] == "SPELLING &amp; more"
    assert data["meta"]["editedBy"]["id"] == forum.owner.id
    assert data["meta"]["edited"] > data["meta"]["created"]
    assert Change.objects.filter(kind="microcosm.edited", ids__microcosm_id=place.id).count() == 1


def test_the_first_edit_needs_a_reason_and_later_ones_keep_it(owner: ApiClient, place: Microcosm) -> None:
    path = f"microcosms/{place.id}"
    for meta in ({}, {"meta": {}}, {"meta": {"editReason": ""}}, {"meta": {"editReason": "  "}}, {"meta": None}):
        assert_refused(owner.put(path, {"title": "x", **meta}), 400, 4)
    assert_refused(owner.put(path, {"title": "x", "meta": {"editReason": "r" * 151}}), 400, 4)
    assert_refused(owner.put(path, {"title": "x", "meta": {"editReason": 5}}), 400, 3)
    assert_refused(owner.put(path, {"title": "x", "meta": "x"}), 400, 3)
    assert owner.get(path).data["title"] == "Place"
    assert owner.put(path, {"title": "one", "meta": {"editReason": "r" * 150}}).status == 302
    assert owner.put(path, {"title": "two"}).status == 302
    data = owner.get(path).data
    assert (data["title"], data["meta"]["editReason"]) == ("two", "r" * 150)


def test_a_patch_leaves_a_reason_too(owner: ApiClient, place: Microcosm) -> None:
    """A 2.6: only what was never edited or patched needs a reason."""
    assert owner.patch(f"microcosms/{place.id}", flag("sticky")).status == 200
    assert owner.get(f"microcosms/{place.id}").data["meta"]["editReason"] == "Set sticky to true"
    assert owner.put(f"microcosms/{place.id}", {"title": "x"}).status == 302


@pytest.mark.parametrize(
    "body",
    [
        {"title": ""},
        {"title": "x" * 51},
        {"description": ""},
        {"logoUrl": "data:x"},
        {"title": 5},
        {"removeLogo": "yes"},
        [],
    ],
)
def test_a_bad_edit_changes_nothing(owner: ApiClient, place: Microcosm, body: Any) -> None:
    before = fingerprint()
    if isinstance(body, dict):
        body = body | {"meta": REASON}
    assert owner.put(f"microcosms/{place.id}", body).status == 400
    assert fingerprint() == before


def test_the_logo_stays_until_it_is_removed(owner: ApiClient, forum: Forum) -> None:
    place = make_microcosm(forum, logo_url="/logo.png", edit_reason="before")
    path = f"microcosms/{place.id}"

    def logo(**body: Any) -> str:
        return str(owner.follow(owner.put(path, body)).data["logoUrl"])

    assert logo(title="x") == "/logo.png"
    assert logo(logoUrl="") == "/logo.png"
    assert logo(logoUrl="/other.png") == "/other.png"
    assert logo(removeLogo=False) == "/other.png"
    assert logo(removeLogo=True) == ""
    assert logo(removeLogo=True, logoUrl="/third.png") == ""


def test_checks_come_in_the_order_of_the_contract(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    """A 21.5: 404, then the body, then 403, then what the body says."""
    member = api.as_(forum.member())
    assert member.put("microcosms/999999999", {"title": 5}).status == 404
    assert_refused(member.put(f"microcosms/{place.id}", {"title": 5}), 400, 3)
    assert_refused(member.put(f"microcosms/{place.id}", {"title": ""}), 403, 11)
    assert_refused(api.put(f"microcosms/{place.id}", {"title": ""}), 403, 11)


def test_who_may_edit(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    member, moderator, ticked, place_owner = (forum.member() for _ in range(4))
    make_moderator(place, moderator)
    make_role(place, ticked, is_moderator=True, can_update=True)
    Microcosm.objects.filter(id=place.id).update(owner=place_owner.profile, edit_reason="before")
    before = fingerprint()
    for person in (None, member):
        assert_refused(api.as_(person).put(f"microcosms/{place.id}", {"title": "x"}), 403, 11)
    assert fingerprint() == before
    for person in (moderator, ticked, place_owner, forum.owner):
        assert api.as_(person).put(f"microcosms/{place.id}", {"title": f"by {person.id}"}).status == 302


def test_a6_an_edit_obeys_the_path_and_its_allow_list(owner: ApiClient, forum: Forum, place: Microcosm) -> None:
    """A6 and A 2.6: the id of the path wins, read-only keys are ignored and no error."""
    victim = make_microcosm(forum, title="Victim")
    body = {
        "id": victim.id,
        "siteId": 99,
        "title": "Mine",
        "ownerId": 1,
        "createdBy": 1,
        "path": [],
        "moderators": [1],
        "sequence": 0,
        "items": {},
        "breadcrumb": [],
        "totalComments": 5,
        "meta": {"editReason": "x", "flags": {"deleted": True, "sticky": True}, "created": "2001-01-01T00:00:00Z"},
    }
    assert owner.put(f"microcosms/{place.id}", body).status == 302
    victim.refresh_from_db()
    assert (victim.title, victim.edited_at) == ("Victim", None)
    stored = Microcosm.objects.get(id=place.id)
    assert (stored.title, stored.is_deleted, stored.is_sticky) == ("Mine", False, False)
    assert (stored.site_id, stored.path, stored.sequence) == (place.site_id, place.path, place.sequence)
    assert stored.created_at == place.created_at


def test_the_forms_of_the_real_client(owner: ApiClient, forum: Forum) -> None:
    """client-calls.md: four bodies, all as `POST ?method=PUT`."""
    place, target = make_microcosm(forum, logo_url="/old.png"), make_microcosm(forum)
    path = f"microcosms/{place.id}?method=PUT"
    full = {
        "id": place.id,
        "title": "t",
        "description": "d",
        "visibility": "public",
        "itemTypes": ["conversation", "event"],
        "parentId": forum.root.id,
        "meta": REASON,
    }
    assert owner.post(path, {**full, "logoUrl": "/new.png"}).status == 302
    assert owner.get(f"microcosms/{place.id}").data["logoUrl"] == "/new.png"
    assert owner.post(path, full).status == 302
    assert owner.post(path, {**full, "removeLogo": True}).status == 302
    assert owner.get(f"microcosms/{place.id}").data["logoUrl"] == ""
    assert owner.post(path, {"id": place.id, "meta": {"editReason": "moved"}, "parentId": target.id}).status == 302
    moved = owner.get(f"microcosms/{place.id}").data
    assert (moved["parentId"], moved["title"]) == (target.id, "t")
    override = owner.request(
        "POST", f"microcosms/{place.id}", json={"title": "u"}, headers={"X-HTTP-Method-Override": "PUT"}
    )
    assert override.status == 302


# --- Moving ---------------------------------------------------------------------------------------


def test_a_move_takes_everything_below_along(owner: ApiClient, forum: Forum) -> None:
    old, target = make_microcosm(forum), make_microcosm(forum)
    moved = make_microcosm(forum, old)
    below = make_microcosm(forum, moved)
    item = make_item(below, forum.owner, comment_count=3)
    counters = list(Microcosm.objects.order_by("id").values_list("conversation_count", "comment_count"))
    assert owner.put(f"microcosms/{moved.id}", {"parentId": target.id, "meta": REASON}).status == 302
    moved.refresh_from_db()
    below.refresh_from_db()
    assert moved.path == [forum.root.id, target.id, moved.id]
    assert below.path == [forum.root.id, target.id, moved.id, below.id]
    assert list(Microcosm.objects.order_by("id").values_list("conversation_count", "comment_count")) == counters
    data = owner.get(f"microcosms/{below.id}").data
    assert [step["id"] for step in data["breadcrumb"]] == [target.id, moved.id]
    assert data["items"]["items"][0]["item"]["id"] == item.id
    totals = {
        entry["item"]["id"]: entry["item"]["totalComments"] for entry in owner.get("microcosms").data["items"]["items"]
    }
    assert totals == {old.id: 0, target.id: 3}


def test_a_move_cannot_make_a_ring_or_a_second_root(owner: ApiClient, forum: Forum, other_forum: Forum) -> None:
    top = make_microcosm(forum, edit_reason="before")
    middle = make_microcosm(forum, top)
    deep = make_microcosm(forum, middle)
    before = fingerprint()
    for target in (top, middle, deep):
        assert_refused(owner.put(f"microcosms/{top.id}", {"parentId": target.id}), 400, 4)
    for target in (top, deep, forum.root):
        assert_refused(owner.put(f"microcosms/{forum.root.id}", {"parentId": target.id, "meta": REASON}), 400, 4)
    assert owner.put(f"microcosms/{top.id}", {"parentId": other_forum.root.id}).status == 404
    assert owner.put(f"microcosms/{top.id}", {"parentId": 999_999_999}).status == 404
    assert_refused(owner.put(f"microcosms/{top.id}", {"parentId": -1}), 400, 4)
    assert fingerprint() == before


def test_the_root_may_be_edited_where_it_stands(owner: ApiClient, forum: Forum) -> None:
    body = {"title": "Start", "parentId": 0, "meta": REASON}
    assert owner.put(f"microcosms/{forum.root.id}", body).status == 302
    data = owner.get("microcosms").data
    assert data["title"] == "Start"
    assert "parentId" not in data


def test_parent_zero_moves_below_the_root(owner: ApiClient, forum: Forum, place: Microcosm) -> None:
    deep = make_microcosm(forum, place)
    assert owner.put(f"microcosms/{deep.id}", {"parentId": 0, "meta": REASON}).status == 302
    assert owner.get(f"microcosms/{deep.id}").data["parentId"] == forum.root.id


def test_a_move_needs_create_on_the_target(api: ApiClient, forum: Forum) -> None:
    mover = forum.member()
    moved = make_microcosm(forum, owner=mover.profile, edit_reason="before")
    readable, private, closed, hidden, fine = (make_microcosm(forum) for _ in range(5))
    make_role(readable, include_users=True, can_read=True)
    make_private(private)
    Microcosm.objects.filter(id=closed.id).update(is_open=False)
    assert api.as_(forum.owner).delete(f"microcosms/{hidden.id}").status == 200
    before = fingerprint()

    def move(target: Microcosm) -> Reply:
        return api.as_(mover).put(f"microcosms/{moved.id}", {"parentId": target.id})

    assert_refused(move(readable), 403, 10)
    assert_refused(move(private), 404)
    assert_refused(move(hidden), 404)
    assert_refused(move(closed), 400, 17)
    assert fingerprint() == before
    assert move(fine).status == 302
    assert api.as_(forum.owner).put(f"microcosms/{moved.id}", {"parentId": closed.id}).status == 302
    assert api.as_(forum.owner).put(f"microcosms/{moved.id}", {"parentId": hidden.id}).status == 404


def test_an_edit_that_repeats_the_parent_is_no_move(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    """Who may edit a microcosm need not be able to create in its parent."""
    editor = forum.member()
    child = make_microcosm(forum, place, owner=editor.profile, edit_reason="before")
    make_role(place, include_users=True, can_read=True)
    assert api.as_(editor).put(f"microcosms/{child.id}", {"title": "x", "parentId": place.id}).status == 302


# --- PATCH ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sticky", "open", "moderated", "deleted"])
def test_flags_go_both_ways(owner: ApiClient, forum: Forum, place: Microcosm, name: str) -> None:
    path = f"microcosms/{place.id}"
    for value in (True, False):
        reply = owner.patch(path, flag(name, value))
        assert (reply.status, reply.data) == (200, None)
        data = owner.get(path).data
        assert data["meta"]["flags"][name] is value
        assert data["meta"]["flags"]["visible"] is not (value and name in ("moderated", "deleted"))
        assert data["meta"]["editReason"] == f"Set {name} to {str(value).lower()}"
        assert data["meta"]["editedBy"]["id"] == forum.owner.id


def test_operations_of_one_patch_hold_together(owner: ApiClient, place: Microcosm) -> None:
    before = fingerprint()
    assert owner.patch(f"microcosms/{place.id}", [*flag("sticky"), *flag("zzz")]).status == 400
    assert fingerprint() == before
    assert owner.patch(f"microcosms/{place.id}", [*flag("sticky"), *flag("open", False)]).status == 200
    flags = owner.get(f"microcosms/{place.id}").data["meta"]["flags"]
    assert (flags["sticky"], flags["open"]) == (True, False)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ({}, 400),
        ([{"op": "replace", "path": "/zzz", "value": True}], 400),
        ([{"op": "replace", "path": "/meta/flags/open", "value": "true"}], 400),
        ([{"op": "replace", "path": "/meta/flags/open", "value": 1}], 400),
        ([{"op": "replace", "path": "/meta/flags/open"}], 400),
        ([{"op": "zzz", "path": "/meta/flags/open", "value": True}], 400),
        ([{"op": "add", "path": "/meta/flags/open", "value": True}], 501),
    ],
)
def test_bad_patches(owner: ApiClient, place: Microcosm, body: Any, status: int) -> None:
    assert owner.patch(f"microcosms/{place.id}", body).status == status


def test_who_may_flag(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    member, editor, moderator, powerless, place_owner = (forum.member() for _ in range(5))
    make_role(place, include_guests=True, include_users=True, can_read=True)
    make_role(place, editor, can_read=True, can_update=True)
    make_moderator(place, moderator)
    make_role(place, powerless, is_moderator=True)
    Microcosm.objects.filter(id=place.id).update(owner=place_owner.profile)
    before = fingerprint()
    for person in (None, member, editor, powerless):
        for name in ("sticky", "open", "moderated", "deleted"):
            assert_refused(api.as_(person).patch(f"microcosms/{place.id}", flag(name)), 403, 11)
    assert fingerprint() == before
    for person in (moderator, place_owner, forum.owner):
        for name in ("sticky", "open", "moderated", "deleted"):
            assert api.as_(person).patch(f"microcosms/{place.id}", flag(name)).status == 200
        for name in ("moderated", "deleted"):
            assert api.as_(person).patch(f"microcosms/{place.id}", flag(name, False)).status == 200


def test_the_root_cannot_be_hidden(owner: ApiClient, forum: Forum) -> None:
    before = fingerprint()
    for name in ("deleted", "moderated"):
        assert_refused(owner.patch(f"microcosms/{forum.root.id}", flag(name)), 400, 4)
    assert_refused(owner.delete(f"microcosms/{forum.root.id}"), 400, 4)
    assert fingerprint() == before
    assert owner.patch(f"microcosms/{forum.root.id}", flag("open", False)).status == 200


# --- DELETE ---------------------------------------------------------------------------------------


def test_a_deleted_microcosm_takes_everything_below_along(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    owner, member = api.as_(forum.owner), api.as_(forum.member())
    child = make_microcosm(forum, place)
    grandchild = make_microcosm(forum, child)
    reply = owner.delete(f"microcosms/{place.id}?method=DELETE")
    assert (reply.status, reply.data) == (200, None)
    for microcosm in (place, child, grandchild):
        assert api.get(f"microcosms/{microcosm.id}").status == 404
        assert member.get(f"microcosms/{microcosm.id}").status == 404
        assert owner.get(f"microcosms/{microcosm.id}").status == 200
        microcosm.refresh_from_db()
        assert microcosm.is_live is False
    assert (place.is_deleted, child.is_deleted) == (True, False)
    assert owner.get("microcosms").data["items"]["total"] == 0
    assert Change.objects.filter(kind="microcosm.deleted", ids__microcosm_id=place.id).count() == 1
    assert owner.delete(f"microcosms/{place.id}").status == 404
    assert member.delete(f"microcosms/{place.id}").status == 404


def test_what_is_brought_back_brings_only_its_own_back(owner: ApiClient, forum: Forum, place: Microcosm) -> None:
    child, other = make_microcosm(forum, place), make_microcosm(forum, place)
    below = make_microcosm(forum, child)
    assert owner.delete(f"microcosms/{child.id}").status == 200
    assert owner.delete(f"microcosms/{place.id}").status == 200
    assert owner.patch(f"microcosms/{place.id}", flag("deleted", False)).status == 200
    live = {m.id: m.is_live for m in Microcosm.objects.filter(site=forum.site)}
    assert live == {forum.root.id: True, place.id: True, other.id: True, child.id: False, below.id: False}
    assert owner.patch(f"microcosms/{child.id}", flag("deleted", False)).status == 200
    assert all(Microcosm.objects.filter(site=forum.site).values_list("is_live", flat=True))


def test_what_is_moved_takes_the_liveness_of_its_own_branch(owner: ApiClient, forum: Forum) -> None:
    old, target = make_microcosm(forum), make_microcosm(forum)
    moved = make_microcosm(forum, old)
    below = make_microcosm(forum, moved)
    assert owner.delete(f"microcosms/{old.id}").status == 200
    assert owner.put(f"microcosms/{moved.id}", {"parentId": target.id, "meta": REASON}).status == 302
    for microcosm in (moved, below):
        microcosm.refresh_from_db()
        assert microcosm.is_live is True


def test_who_may_delete(api: ApiClient, forum: Forum) -> None:
    member, moderator, place_owner, ticked = (forum.member() for _ in range(4))
    places = [make_microcosm(forum, owner=place_owner.profile) for _ in range(4)]
    for place in places:
        make_moderator(place, moderator)
        make_role(place, include_guests=True, include_users=True, can_read=True)
        make_role(place, ticked, can_read=True, can_delete=True)
    before = fingerprint()
    for person in (None, member):
        assert_refused(api.as_(person).delete(f"microcosms/{places[0].id}"), 403, 12)
    assert_refused(api.as_(member).delete(f"microcosms/{forum.root.id}"), 403, 12)
    assert fingerprint() == before
    for person, place in zip((moderator, place_owner, ticked, forum.owner), places, strict=True):
        assert api.as_(person).delete(f"microcosms/{place.id}").status == 200

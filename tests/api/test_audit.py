"""The audit trail (contract A 9.1, B 18.5): who did what, and where from."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from apps.accounts.services import create_client, create_operator
from apps.comments.services import comment_on_item
from apps.core.clock import set_clock
from apps.moderation.models import Act
from apps.moderation.tasks import forget
from apps.sites.models import Site
from tests.client import ApiClient, Reply
from tests.factories import Forum
from tests.trees import make_item, make_microcosm, make_moderator

pytestmark = pytest.mark.django_db

ADDRESS = "203.0.113.7"
#: What a comment of a member says beside its text.
FREE: dict[str, Any] = {"flags": {}, "by_moderator": False}


@pytest.fixture(autouse=True)
def proxy(settings: Any) -> None:
    """A proxy on this machine tells where requests come from."""
    settings.TRUSTED_PROXIES = ["127.0.0.1"]


@pytest.fixture
def owner(api: ApiClient, forum: Forum) -> ApiClient:
    """The owner of the site."""
    return api.as_(forum.owner)


def ask(client: ApiClient, verb: str, path: str, body: Any = None) -> Reply:
    """A request from ADDRESS."""
    return client.request(verb, path, json=body, headers={"X-Forwarded-For": ADDRESS})


def acts(forum: Forum) -> list[tuple[str, int | None, dict[str, Any]]]:
    """What was written down on a site, oldest first."""
    return list(Act.objects.filter(site=forum.site).order_by("id").values_list("kind", "actor_id", "ids"))


def made(reply: Reply) -> int:
    """The id of what a request has made."""
    assert reply.status == 302, reply
    return int(reply.location.rpartition("/")[2])


def flag(name: str, value: bool) -> list[dict[str, Any]]:
    """A patch that sets a flag."""
    return [{"op": "replace", "path": f"/meta/flags/{name}", "value": value}]


def test_an_act_of_a_moderator(api: ApiClient, forum: Forum) -> None:
    moderator = forum.member()
    place = make_microcosm(forum)
    make_moderator(place, moderator)
    item = make_item(place, forum.owner)
    assert ask(api.as_(moderator), "PATCH", f"conversations/{item.id}", flag("moderated", True)).status == 200
    act = Act.objects.get()
    assert (act.site_id, act.kind, act.actor_id, act.user_id) == (
        forum.site.id, "conversation.flagged", moderator.id, moderator.profile.user_id,
    )  # fmt: skip
    assert act.address == ADDRESS
    assert act.ids == {"item_id": item.id, "microcosm_id": place.id, "was_visible": True}
    assert act.state == {"is_sticky": False, "is_open": True, "is_deleted": False, "is_moderated": True}
    assert ask(api.as_(moderator), "PATCH", f"conversations/{item.id}", flag("moderated", False)).status == 200
    assert [act.state["is_moderated"] for act in Act.objects.order_by("id")] == [True, False]


def test_a_move_says_from_where_and_an_edit_which_revision(owner: ApiClient, forum: Forum) -> None:
    first, second = make_microcosm(forum), make_microcosm(forum)
    item = make_item(first, forum.owner)
    move = {"microcosmId": second.id, "meta": {"editReason": "better there"}}
    assert ask(owner, "PUT", f"conversations/{item.id}", move).status == 302
    comment_id = comment_on_item(
        site_id=forum.site.id, author_id=forum.owner.id, item_id=item.id, markdown="one", in_reply_to_id=None, **FREE
    )
    assert ask(owner, "PUT", f"comments/{comment_id}", {"markdown": "two"}).status == 302
    moved, edited = Act.objects.order_by("id")
    assert moved.ids == {
        "item_id": item.id,
        "microcosm_id": second.id,
        "from_microcosm_id": first.id,
        "was_visible": True,
    }
    assert (edited.kind, edited.state) == ("comment.edited", {"revision_count": 2})


def test_what_is_refused_repeated_or_only_read_is_no_act(api: ApiClient, owner: ApiClient, forum: Forum) -> None:
    place = make_microcosm(forum)
    item = make_item(place, forum.owner)
    stranger = api.as_(forum.member())
    for client in (api, stranger):
        assert ask(client, "PATCH", f"conversations/{item.id}", flag("deleted", True)).status == 403
        assert ask(client, "GET", f"conversations/{item.id}").status == 200
    assert ask(owner, "PUT", "site/menu", [{"href": "javascript:x", "text": "x"}]).status in (400, 405)
    assert acts(forum) == []
    body = {"microcosmId": place.id, "title": "The same twice"}
    assert made(ask(owner, "POST", "conversations", body)) == made(ask(owner, "POST", "conversations", body))
    assert [kind for kind, _, _ in acts(forum)] == ["conversation.created"]


def test_jobs_and_commands_are_nobodys_acts(forum: Forum) -> None:
    item = make_item(make_microcosm(forum), forum.owner)
    comment_on_item(
        site_id=forum.site.id, author_id=forum.owner.id, item_id=item.id, markdown="one", in_reply_to_id=None, **FREE
    )
    assert acts(forum) == []


def test_old_acts_are_forgotten(owner: ApiClient, forum: Forum, settings: Any) -> None:
    item = make_item(make_microcosm(forum), forum.owner)
    for value in (True, False):
        assert ask(owner, "PATCH", f"conversations/{item.id}", flag("sticky", value)).status == 200
        set_clock(shift=timedelta(days=300))
    assert forget() == "0 acts forgotten"
    set_clock(shift=timedelta(days=400))
    settings.AUDIT_DAYS = 0
    assert forget() == "0 acts forgotten"
    settings.AUDIT_DAYS = 365
    assert forget() == "1 acts forgotten"
    assert [act.state["is_sticky"] for act in Act.objects.all()] == [False]


def test_what_members_do(api: ApiClient, forum: Forum) -> None:
    member, guest = forum.member(), forum.member()
    client, place = api.as_(member), make_microcosm(forum)
    event = made(
        ask(client, "POST", "events", {"microcosmId": place.id, "title": "Ride", "when": "2030-01-01T10:00:00Z"})
    )
    ask(client, "PUT", f"events/{event}/attendees/{member.id}", {"rsvp": "yes"})
    ask(
        client, "POST", "polls", {"microcosmId": place.id, "title": "P", "question": "Q?", "choices": [{"choice": "A"}]}
    )
    said = {"itemType": "event", "itemId": event, "markdown": "Hello"}
    comment = made(ask(client, "POST", "comments", said))
    ask(client, "PUT", f"comments/{comment}/attributes/colour", {"value": "blue"})
    ask(client, "DELETE", f"comments/{comment}/attributes/colour")
    ask(client, "DELETE", f"comments/{comment}")
    huddle = made(ask(client, "POST", "huddles", {"title": "Us", "participants": [{"id": guest.id}]}))
    ask(client, "DELETE", f"huddles/{huddle}")
    ask(client, "PUT", f"profiles/{member.id}", {"profileName": "renamed"})
    ask(client, "PUT", "profiles/options", {"sendEmail": False})
    assert [(kind, actor) for kind, actor, _ in acts(forum)] == [
        (kind, member.id)
        for kind in (
            "event.created", "event.answered", "poll.created", "comment.created", "comment.edited",
            "attributes.written", "comment.edited", "attributes.deleted", "comment.deleted", "huddle.created",
            "huddle.participant_left", "profile.edited", "profile.options_edited",
        )
    ]  # fmt: skip
    ids = {kind: given for kind, _, given in acts(forum)}
    assert ids["attributes.written"] == {"comment_id": comment, "keys": ["colour"]}
    assert set(Act.objects.values_list("address", flat=True)) == {ADDRESS}


def test_what_owners_do(owner: ApiClient, root_forum: Forum, forum: Forum) -> None:
    member = forum.member()
    parent = {"title": "Place", "description": "About it."}
    place = made(ask(owner, "POST", "microcosms", parent))
    ask(owner, "PUT", f"microcosms/{place}", {"title": "Other", "meta": {"editReason": "x"}})
    ask(owner, "PATCH", f"microcosms/{place}", flag("open", False))
    role = made(ask(owner, "POST", f"microcosms/{place}/roles", {"title": "R"}))
    ask(owner, "PUT", f"microcosms/{place}/roles/{role}/profiles", [{"id": member.id}])
    criterion = {"profileColumn": "commentCount", "predicate": "ge", "value": 1}
    ask(owner, "POST", f"microcosms/{place}/roles/{role}/criteria", criterion)
    ask(owner, "DELETE", f"microcosms/{place}/roles/{role}")
    ask(owner, "POST", "bans", {"profileId": member.id})
    ask(owner, "DELETE", f"bans/{member.id}")
    ask(owner, "PUT", "site", {"title": "Renamed"})
    ask(owner, "PUT", f"site/{forum.site.id}/attributes", [{"key": "b", "value": 1}, {"key": "a", "value": 2}])
    ask(owner, "DELETE", f"microcosms/{place}")
    assert [kind for kind, _, _ in acts(forum)] == [
        "microcosm.created", "microcosm.edited", "microcosm.edited", "role.created", "role.edited", "role.edited",
        "role.deleted", "profile.banned", "profile.unbanned", "site.edited", "site.edited", "attributes.written",
        "microcosm.deleted",
    ]  # fmt: skip
    states = [act.state for act in Act.objects.filter(kind__startswith="microcosm.").order_by("id")]
    assert [state.get("is_open") for state in states] == [None, True, False, False]
    assert [state.get("is_deleted") for state in states] == [None, False, False, True]


def test_signing_in_and_out(api: ApiClient, forum: Forum) -> None:
    secret = create_client(name="Test client")[1]
    body = {"ClientSecret": secret, "email": "a@example.com", "password": "a long pass phrase", "signUp": True}
    reply = ask(api, "POST", "auth", body)
    assert reply.status == 200
    assert ask(api, "DELETE", f"auth/{reply.data}").status == 200
    assert [kind for kind, _, _ in acts(forum)] == ["profile.created", "token.created", "token.revoked"]
    created = Act.objects.get(kind="token.created")
    assert created.actor
    assert created.ids["user_id"] == created.actor.user_id
    assert reply.data not in str(list(Act.objects.values()))


def test_operators_in_the_admin_act_too_and_only_look_at_the_trail(root_forum: Forum, forum: Forum) -> None:
    operator = create_operator(email="operator@example.org", password="a long pass phrase")
    browser = Browser(headers={"host": root_forum.host, "X-Forwarded-For": ADDRESS})
    browser.force_login(operator)
    site = Site.objects.get(id=forum.site.id)
    form = {
        "domain": "", "owner": site.owner_id, "theme": site.theme_id, "auth0_domain": "", "auth0_client_id": "",
        "only_admins_create": "on", "menu_links-TOTAL_FORMS": 0, "menu_links-INITIAL_FORMS": 0,
    }  # fmt: skip
    assert browser.post(f"/admin/sites/site/{site.id}/change/", form).status_code == 302
    act = Act.objects.get()
    assert (act.kind, act.actor_id, act.user_id, act.address) == (
        "site.edited", None, operator.id, ADDRESS,
    )  # fmt: skip
    for query in ("", "?q=site.edited", f"?q={ADDRESS}", "?q=alpha"):
        assert "site.edited" in browser.get(f"/admin/moderation/act/{query}").content.decode()
    page = f"/admin/moderation/act/{act.id}"
    assert browser.get(f"{page}/change/").status_code == 200
    for path in (f"{page}/change/", f"{page}/delete/", "/admin/moderation/act/add/"):
        assert browser.post(path, {"kind": "other", "post": "yes"}).status_code == 403
    assert Act.objects.get().kind == "site.edited"

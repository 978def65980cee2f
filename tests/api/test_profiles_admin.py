"""Profiles in the operators' admin."""

import pytest
from django.test import Client

from apps.accounts.services import create_operator
from apps.core.models import Change
from apps.profiles.models import Profile
from tests.factories import Forum

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(root_forum: Forum) -> Client:
    """A browser that an operator has signed in with."""
    browser = Client(headers={"host": root_forum.host})
    browser.force_login(create_operator(email="operator@example.org", password="a long pass phrase"))
    return browser


def form(**fields: object) -> dict[str, object]:
    """The change form with its empty inlines."""
    inlines = {f"{prefix}-{name}_FORMS": 0 for prefix in ("options", "attributes") for name in ("TOTAL", "INITIAL")}
    return {"name": "Zoe", "gender": "", "is_visible": "on", "style_id": 0} | inlines | fields


def test_an_operator_mends_a_name(operator: Client, forum: Forum) -> None:
    member = forum.member("Zoe")
    url = f"/admin/profiles/profile/{member.id}/change/"
    assert operator.get(url).status_code == 200
    reply = operator.post(url, form(name="<b>O'Zoe</b>", gender="she"))
    assert reply.status_code == 302, reply.content
    profile = Profile.objects.get(id=member.id)
    assert (profile.name, profile.gender, profile.is_visible) == ("O&#39;Zoe", "she", True)
    change = Change.objects.get(site_id=forum.site.id, kind="profile.edited")
    assert (change.actor_id, change.ids) == (None, {"profile_id": member.id})


@pytest.mark.parametrize("fields", [{"name": "x"}, {"name": "bob"}, {"name": "deleted"}, {"gender": "x" * 17}])
def test_the_rules_hold_for_operators(operator: Client, forum: Forum, fields: dict[str, str]) -> None:
    forum.member("Bob")
    member = forum.member("Zoe")
    reply = operator.post(f"/admin/profiles/profile/{member.id}/change/", form(**fields))
    assert reply.status_code == 200
    assert b"errorlist" in reply.content
    profile = Profile.objects.get(id=member.id)
    assert (profile.name, profile.gender) == ("Zoe", "")


def test_profiles_are_found_and_neither_made_nor_deleted(operator: Client, forum: Forum) -> None:
    member = forum.member("Zoe")
    assert b"Zoe" in operator.get("/admin/profiles/profile/?q=Zo").content
    assert b"Zoe" not in operator.get("/admin/profiles/profile/?q=nobody").content
    assert operator.get("/admin/profiles/profile/add/").status_code == 403
    assert operator.post(f"/admin/profiles/profile/{member.id}/delete/", {"post": "yes"}).status_code == 403
    assert Profile.objects.filter(id=member.id).exists()

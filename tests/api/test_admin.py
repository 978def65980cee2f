"""The admin of the platform: for operators, on the apex domain."""

import pytest
from django.contrib import admin
from django.test import Client

from apps.accounts.services import create_operator
from tests.factories import Forum

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(root_forum: Forum) -> Client:
    """A browser signed in through the login form."""
    create_operator(email="operator@example.org", password="a long pass phrase")
    browser = Client(enforce_csrf_checks=False, headers={"host": root_forum.host})
    reply = browser.post(
        "/admin/login/?next=/admin/", {"username": "Operator@example.org", "password": "a long pass phrase"}
    )
    assert reply.status_code == 302, reply.content
    return browser


def test_an_operator_signs_in_and_sees_every_app(operator: Client) -> None:
    page = operator.get("/admin/").content.decode()
    for name in ("Sites", "Users", "Profiles", "Roles", "Microcosms"):
        assert name in page


def test_every_registered_page_opens(operator: Client, forum: Forum) -> None:
    models = list(admin.site._registry)
    assert len(models) > 8
    for model in models:
        url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert operator.get(url).status_code == 200, url
        thing = model._default_manager.order_by("pk").first()
        if thing is not None and not isinstance(thing.pk, tuple):
            assert operator.get(f"{url}{thing.pk}/change/").status_code == 200, url


def test_others_are_sent_to_the_login_form(root_forum: Forum) -> None:
    reply = Client(headers={"host": root_forum.host}).get("/admin/")
    assert reply.status_code == 302
    assert reply["Location"].startswith("/admin/login/")


def test_a_token_opens_nothing(root_forum: Forum) -> None:
    headers = {"host": root_forum.host, **root_forum.owner.headers}
    assert Client(headers=headers).get("/admin/").status_code == 302


def test_a_members_password_opens_nothing(root_forum: Forum) -> None:
    user = root_forum.owner.profile.user
    user.set_password("a long pass phrase")
    user.save()
    browser = Client(headers={"host": root_forum.host})
    browser.post("/admin/login/", {"username": user.email, "password": "a long pass phrase"})
    assert browser.get("/admin/").status_code == 302


def test_forms_need_a_csrf_token(root_forum: Forum) -> None:
    browser = Client(enforce_csrf_checks=True, headers={"host": root_forum.host})
    assert browser.post("/admin/login/", {"username": "x", "password": "y"}).status_code == 403


def test_sites_have_no_admin(forum: Forum) -> None:
    assert Client(headers={"host": forum.host}).get("/admin/").status_code == 404


def test_an_operators_cookie_opens_nothing_of_the_api(operator: Client, root_forum: Forum) -> None:
    assert operator.get("/api/v1/whoami").status_code == 403

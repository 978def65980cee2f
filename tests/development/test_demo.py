"""The demo site of `make run`, as later starts find it."""

from typing import Any

import pytest

from apps.sites.hosts import forget_sites
from apps.sites.models import Site
from microcosm.development.demo import create_demo
from tests.client import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def first() -> Any:
    """The demo site of a first start."""
    return create_demo({})


def test_a_later_start_finds_site_and_tokens(first: Any) -> None:
    later = create_demo(first.secrets)
    assert (later.site_key, later.tokens, later.secrets) == ("demo", first.tokens, first.secrets)
    assert Site.objects.count() == 2


def test_an_owner_who_deletes_it_gets_another_one(first: Any) -> None:
    owner = ApiClient(host="demo.localhost", token=first.tokens["owner"])
    assert owner.put("site", {"meta": {"flags": {"deleted": True}}}).status == 302
    forget_sites()
    keys = [create_demo(first.secrets).site_key for _start in range(2)]
    assert keys == ["demo2", "demo2"]
    banned = ApiClient(host="demo2.localhost", token=first.tokens["banned"])
    assert (banned.get("site").status, banned.get("microcosms").code) == (200, 13)

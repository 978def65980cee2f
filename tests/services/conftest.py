"""What holds after every test of many hands at once."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from apps.items.imports import recount_items
from apps.profiles.imports import recount_profiles
from tests.factories import Forum
from tests.recounts import REPAIRS


@pytest.fixture
def recounted(forum: Forum) -> Iterator[None]:
    """Whatever is kept as a number is right afterwards, without any repair."""
    yield
    with transaction.atomic():
        assert recount_items(site_id=forum.site.id) == 0
        assert recount_profiles(site_id=forum.site.id) == 0
    for repair in REPAIRS:
        assert repair(site_id=forum.site.id) == []

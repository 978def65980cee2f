"""Items that are read by statements of ours are what Django would read, and are locked in the right order."""

from dataclasses import astuple

import pytest
from django.db import transaction

from apps.core.errors import Missing
from apps.items.access import access_item
from apps.items.models import Item
from apps.items.services import lock_item
from apps.permissions.access import Need
from apps.permissions.queries import permissions_for
from apps.profiles.viewer import Viewer
from apps.sites.hosts import site_of_id
from apps.sites.types import ItemType
from apps.updates.types import UpdateType
from tests.content import ask, place_in, start
from tests.factories import Forum

pytestmark = pytest.mark.django_db


def columns(item: Item) -> dict[str, object]:
    """Everything that is stored of an item."""
    return {field.attname: getattr(item, field.attname) for field in Item._meta.concrete_fields}


def viewer(forum: Forum) -> Viewer:
    """The owner of a forum, asking."""
    site = site_of_id(forum.site.id)
    assert site is not None
    return Viewer(site=site, profile_id=forum.owner.id, user_id=forum.owner.profile.user_id)


def test_an_item_that_is_reached_or_locked_has_all_its_columns(forum: Forum) -> None:
    item = start(forum.owner, place_in(forum))
    stored = Item.objects.get(id=item.id)
    access = access_item(viewer(forum), item.id, Need.READ, kind=ItemType.CONVERSATION)
    locked = lock_item(site_id=forum.site.id, item_id=item.id)
    for found in (access.thing, locked):
        assert columns(found) == columns(stored)
        assert not found.get_deferred_fields()
        assert found.microcosm is not None
        assert (found.microcosm.id, found.microcosm.is_open, found.microcosm.is_live) == (item.microcosm_id, True, True)
        # What was not read is read when it is asked for.
        assert found.microcosm.title == stored.microcosm.title  # type: ignore[union-attr]
    allowed = permissions_for(viewer(forum), kind=ItemType.CONVERSATION, thing_id=item.id)
    assert astuple(access.permissions) == astuple(allowed)


def test_an_item_can_be_saved_after_it_was_locked(forum: Forum) -> None:
    item = ask(forum.owner, place_in(forum))
    locked = lock_item(site_id=forum.site.id, item_id=item.id)
    locked.title = "Another"
    locked.save(update_fields=["title"])
    assert Item.objects.get(id=item.id).title == "Another"


def test_what_is_not_there_cannot_be_locked(forum: Forum, other_forum: Forum) -> None:
    item = start(forum.owner, place_in(forum))
    for wrong in (
        {"site_id": forum.site.id, "item_id": 10**9},
        {"site_id": other_forum.site.id, "item_id": item.id},
        {"site_id": forum.site.id, "item_id": item.id, "target_id": 10**9},
        {"site_id": forum.site.id, "item_id": item.id, "target_id": other_forum.root.id},
    ):
        with pytest.raises(Missing), transaction.atomic():
            lock_item(**wrong)
    target = place_in(forum)
    assert lock_item(site_id=forum.site.id, item_id=item.id, target_id=target.id).microcosm_id == item.microcosm_id


def test_whoever_says_something_is_not_mailed_of_it_unasked() -> None:
    """The statement `watch_item` counts on it."""
    assert not UpdateType.NEW_COMMENT.mails_by_default
    assert not UpdateType.NEW_COMMENT_IN_HUDDLE.mails_by_default

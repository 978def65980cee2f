"""Views of items (contract B 1.3, 17): counted without a statement, added up by a job."""

import pytest

from apps.items.models import Item, PendingView
from apps.items.tasks import fold_stored_views
from apps.items.viewing import views
from apps.jobs.registry import Report
from apps.sites.types import ItemType
from tests.client import ApiClient
from tests.content import place_in, start
from tests.factories import Forum
from tests.queries import count_statements
from tests.trees import make_item


def fold() -> Report:
    """What happens within the next minutes."""
    views.store()
    return fold_stored_views()


@pytest.mark.parametrize("kind", [ItemType.CONVERSATION, ItemType.EVENT, ItemType.POLL], ids=lambda kind: kind.word)
def test_whoever_looks_is_counted_once_a_look(api: ApiClient, forum: Forum, kind: ItemType) -> None:
    place = place_in(forum)
    item, other = (make_item(place, forum.owner, kind=kind) for _ in range(2))
    path = f"{kind.plural}/{item.id}"
    for client in (api, api, api.as_(forum.member()), api.as_(forum.owner)):
        assert client.get(path).status == 200
    api.head(path)
    assert fold() == {"views": 5}
    listed = {one["item"]["id"]: one["item"] for one in api.get(f"microcosms/{place.id}").data["items"]["items"]}
    assert (listed[item.id]["totalViews"], listed[other.id]["totalViews"]) == (5, 0)
    api.get(path)
    assert fold() == {"views": 1}
    assert Item.objects.get(id=item.id).view_count == 6


def test_what_is_not_shown_is_not_viewed(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    item = start(forum.owner, place_in(forum))
    hidden = start(forum.owner, place_in(forum), is_moderated=True)
    api.get(f"conversations/{hidden.id}")
    api.at(other_forum.host).get(f"conversations/{item.id}")
    api.get(f"conversations/{item.id}?offset=25")
    api.get(f"conversations/{item.id}/lastcomment")
    api.get("conversations")
    assert fold() == {"views": 0}


def test_a_view_costs_no_statement(api: ApiClient, forum: Forum) -> None:
    item = start(forum.owner, place_in(forum))
    api.get(f"conversations/{item.id}")
    with count_statements() as statements:
        api.get(f"conversations/{item.id}")
    assert len(statements) == 1
    assert not PendingView.objects.exists()

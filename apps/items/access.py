"""The only way to an item one may act on (architecture, decision 3)."""

from apps.core.errors import Missing
from apps.items.models import Item
from apps.items.queries import item_and_permissions
from apps.permissions.access import Access, Need, check_need
from apps.permissions.queries import Permissions
from apps.profiles.viewer import Viewer
from apps.sites.types import ItemType


def access_item(viewer: Viewer, item_id: int, need: Need, *, kind: ItemType) -> Access[Item]:
    """An item of the viewer's site, of a kind, that they may act on; its microcosm is loaded with it.

    Raises Missing when it does not exist, may not be read, or it, its microcosm or an ancestor is deleted or moderated
    (moderators reach it all the same, authors what of their own is only moderated); Forbidden when it may be read but
    `need` is not granted.
    """
    found = item_and_permissions(site_id=viewer.site_id, profile_id=viewer.profile_id, kind=kind, item_id=item_id)
    if found is None:
        raise Missing
    item, permissions = found
    if not is_within_reach(item, permissions=permissions, is_author=permissions.is_owner):
        raise Missing
    check_need(permissions, need)
    return Access(item, permissions)


def is_within_reach(item: Item, *, permissions: Permissions, is_author: bool) -> bool:
    """Whether an item's state lets somebody at it, permission to read granted; `is_author` is of the item itself."""
    if permissions.is_moderator:
        return True
    if item.microcosm is not None and not item.microcosm.is_live:
        return False
    return not item.is_deleted and (not item.is_moderated or is_author)

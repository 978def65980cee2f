"""The only way to an item one may act on (architecture, decision 3)."""

from apps.core.errors import Missing
from apps.items.models import Item
from apps.permissions.access import Access, Need, check_need
from apps.permissions.queries import Permissions, permissions_for
from apps.profiles.viewer import Viewer
from apps.sites.types import ItemType


def access_item(viewer: Viewer, item_id: int, need: Need, *, kind: ItemType) -> Access[Item]:
    """An item of the viewer's site, of a kind, that they may act on; its microcosm is loaded with it.

    Raises Missing when it does not exist, may not be read, or it, its microcosm or an ancestor is deleted or moderated
    (moderators reach it all the same, authors what of their own is only moderated); Forbidden when it may be read but
    `need` is not granted.
    """
    item = Item.objects.select_related("microcosm").filter(site_id=viewer.site_id, id=item_id, kind=kind.value).first()
    if item is None:
        raise Missing
    permissions = permissions_for(viewer, kind=kind, thing_id=item_id)
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

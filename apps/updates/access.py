"""What a member may follow: anything they may read (architecture, decision 3)."""

from apps.core.errors import Missing, OutOfRange
from apps.items.access import access_item
from apps.permissions.access import Need, access_microcosm, access_profile
from apps.profiles.viewer import Viewer
from apps.sites.types import PLACED_ITEMS, ItemType


class NotWatchable(OutOfRange):
    """Things of this type cannot be watched."""


def access_target(viewer: Viewer, kind: ItemType, target_id: int) -> None:
    """Raise Missing unless the viewer may read what they want to follow, NotWatchable for a type nobody can follow.

    The id 0 stands for all profiles.
    """
    if target_id < 0 or (target_id == 0 and kind is not ItemType.PROFILE):
        raise OutOfRange("itemId must be 1 or more")
    if kind is ItemType.SITE:
        if target_id != viewer.site_id:
            raise Missing
    elif kind is ItemType.MICROCOSM:
        access_microcosm(viewer, target_id, Need.READ)
    elif kind is ItemType.PROFILE:
        if target_id:
            access_profile(viewer, target_id, Need.READ)
    elif kind is ItemType.HUDDLE or kind in PLACED_ITEMS:
        access_item(viewer, target_id, Need.READ, kind=kind)
    else:
        raise NotWatchable

"""The only way to a huddle one may act on (architecture, decision 3): being in it, whatever else one is."""

from apps.core.errors import Missing, UpdateForbidden
from apps.huddles.models import Huddle
from apps.permissions.access import Access, Need, check_need
from apps.permissions.queries import permissions_for
from apps.profiles.viewer import Viewer
from apps.sites.types import ItemType


def access_huddle(viewer: Viewer, huddle_id: int, need: Need) -> Access[Huddle]:
    """A huddle of the viewer's site that they are in; its item is loaded with it.

    Raises Missing for everybody who is not in it: guests, the owner of the site, creators who have left.
    """
    huddle = (
        Huddle.objects.select_related("item")
        .filter(item_id=huddle_id, item__site_id=viewer.site_id, item__is_deleted=False, item__is_moderated=False)
        .first()
    )
    # Asked of what is not there too: how long an answer takes tells nothing (A9).
    permissions = permissions_for(viewer, kind=ItemType.HUDDLE, thing_id=huddle_id)
    if huddle is None:
        raise Missing
    check_need(permissions, need)
    return Access(huddle, permissions)


def access_invitations(viewer: Viewer, huddle_id: int) -> Access[Huddle]:
    """A huddle that the viewer may bring others into: any participant, its creator alone when it is confidential.

    Raises Missing like `access_huddle`, UpdateForbidden for those who are in it but may not.
    """
    access = access_huddle(viewer, huddle_id, Need.UPDATE)
    if access.thing.is_confidential and not access.permissions.is_owner:
        raise UpdateForbidden("only the creator of a confidential huddle may add people")
    return access

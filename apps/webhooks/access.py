"""The only way to a webhook one may manage."""

from apps.core.errors import Missing, OutOfRange
from apps.permissions.access import require_site_owner
from apps.profiles.models import Profile
from apps.profiles.viewer import Viewer
from apps.webhooks.models import Webhook


class NoProfileOfOwner(OutOfRange):
    """The owner of the site has no profile on it, and so sees nothing that a webhook could be sent."""


def require_manager(viewer: Viewer) -> None:
    """Raise AdministratorRequired (guests: SignInRequired) for all but owners of the site and operators."""
    if viewer.is_guest or not viewer.is_operator:
        require_site_owner(viewer)


def access_webhook(viewer: Viewer, webhook_id: int) -> Webhook:
    """A webhook of the viewer's site; raises as above, or Missing."""
    require_manager(viewer)
    webhook = Webhook.objects.filter(site_id=viewer.site_id, id=webhook_id).first()
    if webhook is None:
        raise Missing
    return webhook


def responsible_profile(viewer: Viewer) -> int:
    """Whose eyes decide what a webhook of the viewer's is sent: their own, or for an operator the site's owner's.

    Raises NoProfileOfOwner, as after an import or a change of owner.
    """
    if viewer.is_site_owner:
        return viewer.profile_id
    owner = Profile.objects.filter(site_id=viewer.site_id, user_id=viewer.site.owner_user_id).first()
    if owner is None:
        raise NoProfileOfOwner
    return owner.id

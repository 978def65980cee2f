"""The only way to a site, a profile, a microcosm or a role one may act on (architecture, decision 3)."""

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from apps.core.errors import (
    AdministratorRequired,
    CreateForbidden,
    DeleteForbidden,
    Forbidden,
    Missing,
    ReadForbidden,
    UpdateForbidden,
)
from apps.microcosms.models import Microcosm
from apps.permissions.models import Role
from apps.permissions.queries import Permissions, permissions_for
from apps.profiles.models import Profile
from apps.profiles.viewer import Viewer
from apps.sites.types import ItemType

T = TypeVar("T")


class Need(Enum):
    """What the caller is about to do with a thing."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    MODERATE = "moderate"


@dataclass(frozen=True)
class Access(Generic[T]):
    """A thing the viewer may act on, and what they may do with it."""

    thing: T
    permissions: Permissions


def check_need(permissions: Permissions, need: Need) -> None:
    """Raise the error of what is missing: the thing itself for those who may not read it, else the right."""
    if permissions.is_banned or not permissions.can_read:
        raise Missing
    if need is Need.CREATE and not permissions.can_create:
        raise CreateForbidden
    if need is Need.UPDATE and not permissions.can_update:
        raise UpdateForbidden
    if need is Need.DELETE and not permissions.can_delete:
        raise DeleteForbidden
    if need is Need.MODERATE and not permissions.is_moderator:
        raise Forbidden("only moderators may do this")


def access_microcosm(viewer: Viewer, microcosm_id: int, need: Need) -> Access[Microcosm]:
    """A microcosm of the viewer's site that they may act on.

    Raises Missing when it does not exist, may not be read, or it or an ancestor is deleted or moderated and the viewer
    does not moderate it; Forbidden when it may be read but `need` is not granted.
    """
    microcosm = Microcosm.objects.filter(site_id=viewer.site_id, id=microcosm_id).first()
    # Asked of what is not there too: how long an answer takes tells nothing (A9).
    permissions = permissions_for(viewer, kind=ItemType.MICROCOSM, thing_id=microcosm_id)
    if microcosm is None or (not microcosm.is_live and not permissions.is_moderator):
        raise Missing
    check_need(permissions, need)
    return Access(microcosm, permissions)


def access_profile(viewer: Viewer, profile_id: int, need: Need) -> Access[Profile]:
    """A profile of the viewer's site that they may act on; on the root site only one's own can be seen."""
    profile = Profile.objects.select_related("user").filter(site_id=viewer.site_id, id=profile_id).first()
    if profile is None or (viewer.site.is_root and profile.id != viewer.profile_id):
        raise Missing
    permissions = permissions_for(viewer, kind=ItemType.PROFILE, thing_id=profile_id)
    check_need(permissions, need)
    return Access(profile, permissions)


def require_site_owner(viewer: Viewer, *, or_creator: bool = False) -> None:
    """Raise AdministratorRequired (guests: SignInRequired) unless the viewer is the one who owns the site.

    Who created it and owns it no more is its owner for permissions (contract A 31.1), but for most of what asks here
    only with `or_creator` (A 13.1, A 22.1).
    """
    viewer.require_profile()
    if viewer.user_id != viewer.site.owner_user_id and not (or_creator and viewer.is_site_owner):
        raise AdministratorRequired


#: What those are told who may read a microcosm but not manage its roles.
_ROLE_ERRORS = {
    Need.READ: ReadForbidden,
    Need.CREATE: CreateForbidden,
    Need.UPDATE: UpdateForbidden,
    Need.DELETE: DeleteForbidden,
}


def access_role_place(viewer: Viewer, microcosm_id: int | None, need: Need) -> Access[Microcosm]:
    """The microcosm whose roles the viewer may manage, as its moderator or as the owner of the site.

    None is the root, whose roles are the site's defaults, for the owner of the site. Raises what `access_microcosm`
    raises for what the viewer may not read, moderator or not, else the Forbidden that fits `need`.
    """
    if microcosm_id is None:
        require_site_owner(viewer)
        microcosm_id = Microcosm.objects.values_list("id", flat=True).get(site_id=viewer.site_id, parent=None)
    place = access_microcosm(viewer, microcosm_id, Need.READ)
    if not place.permissions.is_moderator:
        raise _ROLE_ERRORS[need]("only moderators manage roles")
    return place


def access_role_list(viewer: Viewer, microcosm_id: int | None) -> Access[Microcosm]:
    """The microcosm whose effective roles the viewer may see: everyone who may read it; None as above."""
    if microcosm_id is None:
        return access_role_place(viewer, None, Need.READ)
    return access_microcosm(viewer, microcosm_id, Need.READ)


def access_role(viewer: Viewer, *, microcosm_id: int | None, role_id: int, need: Need) -> Access[Role]:
    """A role of that very microcosm (None: of the root) that the viewer may manage, with what they may do there."""
    place = access_role_place(viewer, microcosm_id, need)
    role = Role.objects.filter(site_id=viewer.site_id, microcosm=place.thing, id=role_id).first()
    if role is None:
        raise Missing
    return Access(role, place.permissions)

"""The only way to a site one may look at or manage (contract A 16.2, 16.5, 31.7)."""

from typing import Protocol

from apps.core.errors import AdministratorRequired, Forbidden, Missing, SignInRequired
from apps.sites.models import Site


class Caller(Protocol):
    """What is asked of a viewer: sites belong to users, whose profiles are another matter."""

    @property
    def user_id(self) -> int:
        """The user, 0 for a guest."""

    @property
    def is_operator(self) -> bool:
        """Whether they operate the platform."""


class OperatorRequired(Forbidden):
    """Only operators of the platform may do this."""

    code = 8


def access_site(caller: Caller, site_id: int) -> Site:
    """A site that the caller may see: a deleted one exists for its owner alone. Raises Missing."""
    site = Site.objects.filter(id=site_id).first()
    if site is None or (site.is_deleted and not _owns(caller, site)):
        raise Missing
    return site


def access_own_site(caller: Caller, site_id: int) -> Site:
    """A site that the caller manages; raises Missing, SignInRequired or AdministratorRequired."""
    site = access_site(caller, site_id)
    if not caller.user_id:
        raise SignInRequired
    if not _owns(caller, site):
        raise AdministratorRequired
    return site


def require_operator(caller: Caller) -> None:
    """Raise SignInRequired or OperatorRequired for those who do not operate the platform."""
    if not caller.user_id:
        raise SignInRequired
    if not caller.is_operator:
        raise OperatorRequired


def _owns(caller: Caller, site: Site) -> bool:
    return caller.user_id != 0 and caller.user_id == site.owner_id

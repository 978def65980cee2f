"""What someone may do: the only way Python asks (architecture, decision 2)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar

from apps.core import clock
from apps.core.pagination import Paging
from apps.core.sql import Statements
from apps.permissions.models import Criterion
from apps.profiles.viewer import Viewer
from apps.sites.types import ItemType

statements = Statements(__file__)


@dataclass(frozen=True)
class Permissions:
    """The twelve booleans of contract A 7.5."""

    #: How many columns of a row they take.
    COUNT: ClassVar = 12

    can_create: bool = False
    can_read: bool = False
    can_update: bool = False
    can_delete: bool = False
    can_close_own: bool = False
    can_open_own: bool = False
    can_read_others: bool = False
    is_guest: bool = False
    is_banned: bool = False
    is_owner: bool = False
    is_moderator: bool = False
    is_site_owner: bool = False

    @classmethod
    def of_row(cls, row: Any) -> "Permissions":
        """From a row (or composite value) with the columns of `fn.permission_set`, in its order."""
        return cls(*row[: cls.COUNT])

    def shape(self) -> dict[str, bool]:
        """As the wire has them."""
        return {
            "create": self.can_create,
            "read": self.can_read,
            "update": self.can_update,
            "delete": self.can_delete,
            "closeOwn": self.can_close_own,
            "openOwn": self.can_open_own,
            "readOthers": self.can_read_others,
            "guest": self.is_guest,
            "banned": self.is_banned,
            "owner": self.is_owner,
            "moderator": self.is_moderator,
            "siteOwner": self.is_site_owner,
        }


def permissions_for(viewer: Viewer, *, kind: ItemType | None, thing_id: int = 0, microcosm_id: int = 0) -> Permissions:
    """What `viewer` may do with a thing of a type, with the type's collection (id 0), or in a microcosm (no type).

    Whether the thing is deleted is not asked; see the `access_*` functions for that.
    """
    row = statements.permissions_for.row(
        site_id=viewer.site_id,
        profile_id=viewer.profile_id,
        kind=int(kind or 0),
        thing_id=thing_id,
        microcosm_id=microcosm_id,
    )
    return Permissions.of_row(row)


def permissions_on(*, site_id: int, profile_id: int, kind: ItemType, thing_id: int) -> Permissions:
    """The same of a profile and one thing: for services that ask again when they have locked it."""
    row = statements.permissions_for.row(
        site_id=site_id, profile_id=profile_id, kind=int(kind), thing_id=thing_id, microcosm_id=0
    )
    return Permissions.of_row(row)


@dataclass(frozen=True)
class Page:
    """The rows of a page and how many there are in all."""

    total: int
    rows: list[Any]


#: How many people a list of roles shows of each.
SHOWN_MEMBERS = 5


def is_tested(*, site_id: int, keys: Collection[str]) -> bool:
    """Whether a criterion of a site tests one of these attributes."""
    return Criterion.objects.filter(role__site_id=site_id, attribute_key__in=keys).exists()


def role(*, site_id: int, role_id: int) -> Any | None:
    """One role as `shapes.role` takes it."""
    return statements.role.row(site_id=site_id, role_id=role_id)


def role_page(*, site_id: int, path: list[int], paging: Paging) -> Page:
    """A page of the roles that count at the end of `path`; several rows a role, one for each person shown of it."""
    rows = statements.role_page.rows(
        site_id=site_id, path=path, limit=paging.limit, offset=paging.offset, member_limit=SHOWN_MEMBERS
    )
    return _page(rows, key="id")


def member_page(*, site_id: int, role_id: int, paging: Paging) -> Page:
    """A page of the people in a role, by whatever rule (A 22.8)."""
    rows = statements.member_page.rows(site_id=site_id, role_id=role_id, **paging.values("from_id"))
    return _page(rows, key="member_id")


def named_page(*, site_id: int, role_id: int, paging: Paging) -> Page:
    """A page of the people named in a role (A 22.4)."""
    rows = statements.named_page.rows(site_id=site_id, role_id=role_id, **paging.values("from_id"))
    return _page(rows, key="member_id")


def criterion_page(*, site_id: int, role_id: int, paging: Paging) -> Page:
    """A page of the criteria of a role (A 22.6)."""
    rows = statements.criterion_page.rows(site_id=site_id, role_id=role_id, limit=paging.limit, offset=paging.offset)
    return _page(rows, key="id")


def ban(*, site_id: int, profile_id: int) -> Any | None:
    """The ban in force of a profile."""
    return statements.ban.row(site_id=site_id, profile_id=profile_id, now=clock.now())


def ban_page(*, site_id: int, paging: Paging) -> Page:
    """A page of the bans in force."""
    rows = statements.ban_page.rows(site_id=site_id, now=clock.now(), **paging.values("from_at", "from_id"))
    return _page(rows, key="member_id")


def _page(rows: list[Any], *, key: str) -> Page:
    """The statements of pages answer at least one row, which carries the total of an empty page."""
    return Page(total=rows[0].total, rows=[row for row in rows if getattr(row, key) is not None])

"""Bulk writes of imported history: roles with their members and criteria, and bans (docs/decisions/0013)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from apps.core import clock
from apps.core.bulk import copy_rows
from apps.permissions.models import Ban, Criterion, Role, RoleProfile


@dataclass(frozen=True, slots=True)
class ImportedCriterion:
    """A test on a profile's column or attribute."""

    or_group: int
    profile_column: str
    attribute_key: str
    predicate: str
    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class ImportedRole:
    """A role of a microcosm as an import makes it; the title is clean."""

    id: int
    microcosm_id: int
    title: str
    is_moderator: bool = False
    is_banned: bool = False
    include_guests: bool = False
    include_users: bool = False
    can_create: bool = False
    can_read: bool = False
    can_update: bool = False
    can_delete: bool = False
    can_close_own: bool = False
    can_open_own: bool = False
    can_read_others: bool = False
    profile_ids: tuple[int, ...] = ()
    criteria: tuple[ImportedCriterion, ...] = field(default=())


def import_roles(roles: Sequence[ImportedRole], *, site_id: int, created_by_id: int) -> None:
    """Write roles with everybody and everything that makes somebody a member."""
    now = clock.now()
    copy_rows(
        [
            Role(
                id=role.id,
                site_id=site_id,
                microcosm_id=role.microcosm_id,
                title=role.title,
                is_moderator=role.is_moderator,
                is_banned=role.is_banned,
                include_guests=role.include_guests,
                include_users=role.include_users,
                can_create=role.can_create,
                can_read=role.can_read,
                can_update=role.can_update,
                can_delete=role.can_delete,
                can_close_own=role.can_close_own,
                can_open_own=role.can_open_own,
                can_read_others=role.can_read_others,
                created_at=now,
                created_by_id=created_by_id,
            )
            for role in roles
        ]
    )
    copy_rows(
        [RoleProfile(role_id=role.id, profile_id=profile_id) for role in roles for profile_id in role.profile_ids]
    )
    copy_rows(
        [
            Criterion(
                role_id=role.id,
                or_group=criterion.or_group,
                profile_column=criterion.profile_column,
                attribute_key=criterion.attribute_key,
                predicate=criterion.predicate,
                value=criterion.value,
            )
            for role in roles
            for criterion in role.criteria
        ]
    )


def remove_roles(*, site_id: int, microcosm_id: int, are_banned: Collection[bool]) -> None:
    """Take the roles for the banned, for others or both from a microcosm, in the transaction that gives it new ones."""
    Role.objects.filter(site_id=site_id, microcosm_id=microcosm_id, is_banned__in=list(are_banned)).delete()


@dataclass(frozen=True, slots=True)
class ImportedBan:
    """Somebody is shut out of a site: by whom, why and until when is known of bans of our own exports."""

    user_id: int
    created_at: datetime
    reason: str = ""
    created_by_id: int | None = None
    expires_at: datetime | None = None


def import_bans(bans: Sequence[ImportedBan], *, site_id: int) -> None:
    """Shut users out of a site; who is banned already stays banned as they are."""
    Ban.objects.bulk_create(
        [
            Ban(
                site_id=site_id,
                user_id=ban.user_id,
                created_at=ban.created_at,
                reason=ban.reason,
                created_by_id=ban.created_by_id,
                expires_at=ban.expires_at,
            )
            for ban in bans
        ],
        ignore_conflicts=True,
    )

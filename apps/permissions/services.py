"""Writes of roles and bans, and the founding of a site, which needs them all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.accounts.services import get_or_create_user
from apps.core import clock
from apps.core.errors import Missing, OutOfRange
from apps.core.events import publish
from apps.microcosms.models import Microcosm
from apps.microcosms.services import create_root
from apps.permissions.criteria import CheckedCriterion
from apps.permissions.events import ProfileBanned, ProfileUnbanned, RoleCreated, RoleDeleted, RoleEdited, RoleEvent
from apps.permissions.models import Ban, Criterion, Role, RoleProfile
from apps.profiles.models import Profile
from apps.profiles.services import get_or_create_profile
from apps.sites.events import SiteFounded
from apps.sites.models import Site
from apps.sites.services import create_site
from apps.sites.statistics import count_people
from apps.text.cleaning import clean_sentence, unescape

MAX_TITLE_LENGTH = 50
MAX_EDIT_REASON_LENGTH = 150
MAX_BAN_REASON_LENGTH = 200
#: How many people the news about a role names; beyond that it is news for all members.
MAX_NAMED_IN_NEWS = 1000
#: What a role says beside its title: names of the wire in its order, and the columns that a client may write.
ROLE_FLAGS = {
    "moderator": "is_moderator",
    "banned": "is_banned",
    "includeGuests": "include_guests",
    "includeUsers": "include_users",
    "create": "can_create",
    "read": "can_read",
    "update": "can_update",
    "delete": "can_delete",
    "closeOwn": "can_close_own",
    "openOwn": "can_open_own",
    "readOthers": "can_read_others",
}


class TwoMarks(OutOfRange):
    """A role is for moderators or for the banned, not for both."""


class OwnerNotBannable(OutOfRange):
    """The owner of a site cannot be banned from it."""


@dataclass(frozen=True)
class FoundedSite:
    """What a new site starts with."""

    site: Site
    owner: Profile
    root: Microcosm


@transaction.atomic
def found_site(
    *,
    key: str,
    title: str,
    description: str,
    owner_user_id: int,
    owner_name: str | None = None,
    is_root: bool = False,
    details: Mapping[str, Any] | None = None,
) -> FoundedSite:
    """A site that works: its record, the owner's profile, the root microcosm and the default roles (A 16.4).

    Texts are taken as they are: clean them first. `details` are further columns of the site. Raises KeyTaken.
    """
    site = create_site(
        key=key,
        title=title,
        description=description,
        owner_user_id=owner_user_id,
        is_root=is_root,
        details=details or {},
    )
    owner = get_or_create_profile(site_id=site.id, user_id=owner_user_id, name=owner_name)
    root = create_root(site_id=site.id, owner_id=owner.id, description=description)
    create_default_roles(microcosm=root, created_by=owner)
    count_people([site.id])
    publish(SiteFounded(site_id=site.id, actor_id=owner.id))
    return FoundedSite(site=site, owner=owner, root=root)


@transaction.atomic
def found_platform(*, owner_email: str) -> bool:
    """Make the root site, as which the platform answers at its own domain; False if it is there.

    The owner needs no account yet. Raises InvalidEmail.
    """
    if Site.objects.filter(is_root=True).exists():
        return False
    domain = settings.PLATFORM_DOMAIN
    found_site(
        key="root",
        title=domain,
        description=f"The forums at {domain}.",
        owner_user_id=get_or_create_user(email=owner_email).id,
        is_root=True,
    )
    return True


def create_default_roles(*, microcosm: Microcosm, created_by: Profile) -> None:
    """Guests, Members and Banned on a root microcosm (A 22.1)."""
    common = {"site_id": microcosm.site_id, "microcosm": microcosm, "created_by": created_by, "created_at": clock.now()}
    Role.objects.create(title="Guests", include_guests=True, can_read=True, **common)
    Role.objects.create(
        title="Members",
        include_users=True,
        can_read=True,
        can_create=True,
        can_close_own=True,
        can_read_others=True,
        **common,
    )
    Role.objects.create(title="Banned", is_banned=True, **common)


# --- Roles -----------------------------------------------------------------------------------


@transaction.atomic
def create_role(*, actor_id: int, microcosm: Microcosm, title: str, flags: dict[str, bool]) -> Role:
    """A new role on a microcosm; `flags` are columns of ROLE_FLAGS, what is not in them is off.

    Raises OutOfRange for a title that is blank or too long, and TwoMarks.
    """
    role = Role(
        site_id=microcosm.site_id,
        microcosm=microcosm,
        title=_clean_title(title),
        created_by_id=actor_id,
        created_at=clock.now(),
        **_known_flags(flags),
    )
    _check_marks(role)
    role.save(force_insert=True)
    _publish(RoleCreated, role, actor_id=actor_id, reach=_reach(role))
    return role


@transaction.atomic
def edit_role(
    *, actor_id: int, site_id: int, role_id: int, title: str | None = None, flags: dict[str, bool], reason: str = ""
) -> None:
    """Change what a role is called and allows; what is not given stays. Locks the role.

    Raises Missing when it is gone, OutOfRange for a bad title or reason, and TwoMarks.
    """
    role = _lock_role(site_id=site_id, role_id=role_id)
    reach_before = _reach(role)
    if title is not None:
        role.title = _clean_title(title)
    for column, value in _known_flags(flags).items():
        setattr(role, column, value)
    _check_marks(role)
    role.edit_reason = _clean_reason(reason, limit=MAX_EDIT_REASON_LENGTH) or "Role edited"
    role.edited_at = clock.now()
    role.edited_by_id = actor_id
    role.save(update_fields=["title", *ROLE_FLAGS.values(), "edit_reason", "edited_at", "edited_by"])
    _publish(RoleEdited, role, actor_id=actor_id, reach=_reach(role) | reach_before)


@transaction.atomic
def delete_role(*, actor_id: int, site_id: int, role_id: int) -> None:
    """Remove a role with its criteria and named profiles; raises Missing when it is gone."""
    role = _lock_role(site_id=site_id, role_id=role_id)
    named = RoleProfile.objects.filter(role=role).values_list("profile_id", flat=True)
    # One more than are named, so that a cut is seen.
    profile_ids = tuple(named.order_by("profile_id")[: MAX_NAMED_IN_NEWS + 1])
    _publish(RoleDeleted, role, actor_id=actor_id, reach=_reach(role), profile_ids=profile_ids)
    role.delete()


def _lock_role(*, site_id: int, role_id: int) -> Role:
    role = Role.objects.select_for_update().filter(site_id=site_id, id=role_id).first()
    if role is None:
        raise Missing
    return role


def _reach(role: Role) -> frozenset[str]:
    """Whom a role takes in other than by name: `guests`, `members` or both."""
    takes_members = role.include_users or Criterion.objects.filter(role=role).exists()
    return frozenset(["guests"] * role.include_guests + ["members"] * takes_members)


def _publish(
    news: type[RoleEvent], role: Role, *, actor_id: int, reach: frozenset[str], profile_ids: Sequence[int] = ()
) -> None:
    """Tell of a role; `reach` is what it takes in or took in, `profile_ids` who is named in it or was."""
    too_many = len(profile_ids) > MAX_NAMED_IN_NEWS
    publish(
        news(
            site_id=role.site_id,
            actor_id=actor_id,
            role_id=role.id,
            microcosm_id=role.microcosm_id,
            takes_guests="guests" in reach,
            takes_members="members" in reach or too_many,
            profile_ids=() if too_many else tuple(profile_ids),
        )
    )


def _publish_criteria(role: Role, *, actor_id: int) -> None:
    """Tell that others pass the tests of a role."""
    _publish(RoleEdited, role, actor_id=actor_id, reach=_reach(role) | {"members"})


def _known_flags(flags: dict[str, bool]) -> dict[str, bool]:
    return {column: value for column, value in flags.items() if column in ROLE_FLAGS.values()}


def _check_marks(role: Role) -> None:
    if role.is_moderator and role.is_banned:
        raise TwoMarks


def _clean_title(text: str) -> str:
    title = clean_sentence(text).strip()
    if not title:
        raise OutOfRange("title is required")
    if len(unescape(title)) > MAX_TITLE_LENGTH:
        raise OutOfRange(f"title may have {MAX_TITLE_LENGTH} characters")
    return title


def _clean_reason(text: str, *, limit: int) -> str:
    reason = clean_sentence(text).strip()
    if len(unescape(reason)) > limit:
        raise OutOfRange(f"a reason may have {limit} characters")
    return reason


# --- Who is in a role ------------------------------------------------------------------------


@transaction.atomic
def add_profiles(*, actor_id: int, site_id: int, role_id: int, profile_ids: Collection[int]) -> None:
    """Name profiles in a role, all or none; those named already stay. Locks the role.

    Raises Missing when the role is gone or one of the profiles is not of the site.
    """
    role = _lock_role(site_id=site_id, role_id=role_id)
    wanted = sorted(set(profile_ids))
    if Profile.objects.filter(site_id=site_id, id__in=wanted).count() != len(wanted):
        raise Missing
    RoleProfile.objects.bulk_create(
        [RoleProfile(role=role, profile_id=profile_id) for profile_id in wanted], ignore_conflicts=True
    )
    _publish(RoleEdited, role, actor_id=actor_id, reach=_reach(role), profile_ids=wanted)


@transaction.atomic
def remove_profiles(*, actor_id: int, site_id: int, role_id: int, profile_ids: Collection[int] | None) -> None:
    """Take profiles out of those named in a role, None for all of them; those not named are no error."""
    role = _lock_role(site_id=site_id, role_id=role_id)
    named = RoleProfile.objects.filter(role=role)
    if profile_ids is not None:
        named = named.filter(profile_id__in=profile_ids)
    removed = sorted(named.values_list("profile_id", flat=True))
    if named.delete()[0]:
        _publish(RoleEdited, role, actor_id=actor_id, reach=_reach(role), profile_ids=removed)


@transaction.atomic
def add_criterion(*, actor_id: int, site_id: int, role_id: int, criterion: CheckedCriterion) -> Criterion:
    """Let a role take in everyone who passes a test; raises Missing when the role is gone."""
    role = _lock_role(site_id=site_id, role_id=role_id)
    stored = Criterion.objects.create(role=role, **_criterion_columns(criterion))
    _publish_criteria(role, actor_id=actor_id)
    return stored


@transaction.atomic
def edit_criterion(
    *, actor_id: int, site_id: int, role_id: int, criterion_id: int, criterion: CheckedCriterion
) -> None:
    """Put another test in the place of one; raises Missing when role or test are gone."""
    role = _lock_role(site_id=site_id, role_id=role_id)
    if not Criterion.objects.filter(role=role, id=criterion_id).update(**_criterion_columns(criterion)):
        raise Missing
    _publish_criteria(role, actor_id=actor_id)


@transaction.atomic
def remove_criteria(*, actor_id: int, site_id: int, role_id: int, criterion_ids: Collection[int] | None) -> None:
    """Take tests out of a role, None for all of them; those of other roles are left alone."""
    role = _lock_role(site_id=site_id, role_id=role_id)
    criteria = Criterion.objects.filter(role=role)
    if criterion_ids is not None:
        criteria = criteria.filter(id__in=criterion_ids)
    if criteria.delete()[0]:
        _publish_criteria(role, actor_id=actor_id)


def _criterion_columns(criterion: CheckedCriterion) -> dict[str, Any]:
    return {
        "or_group": criterion.or_group,
        "profile_column": criterion.column,
        "attribute_key": criterion.key,
        "predicate": criterion.predicate,
        "value": criterion.value,
    }


# --- Bans ------------------------------------------------------------------------------------


@transaction.atomic
def ban_user(
    *, actor_id: int | None, site_id: int, profile_id: int, reason: str = "", expires_at: datetime | None = None
) -> None:
    """Shut a member out of a site, for ever or until `expires_at`; a ban there is gets the new reason and end.

    Raises what `check_ban` raises. The ban counts from the next request on.
    """
    profile, reason = check_ban(site_id=site_id, profile_id=profile_id, reason=reason, expires_at=expires_at)
    # One statement, so that two bans at once are one ban.
    Ban.objects.bulk_create(
        [
            Ban(
                site_id=site_id,
                user_id=profile.user_id,
                reason=reason,
                created_at=clock.now(),
                created_by_id=actor_id,
                expires_at=expires_at,
            )
        ],
        update_conflicts=True,
        unique_fields=["site", "user"],
        update_fields=["reason", "created_at", "created_by", "expires_at"],
    )
    publish(ProfileBanned(site_id=site_id, actor_id=actor_id, profile_id=profile_id))


@transaction.atomic
def lift_ban(*, actor_id: int | None, site_id: int, profile_id: int) -> None:
    """Let a member in again; raises Missing for a profile of another site, and is content when there is no ban."""
    profile = Profile.objects.filter(site_id=site_id, id=profile_id).first()
    if profile is None:
        raise Missing
    ban = Ban.objects.filter(site_id=site_id, user_id=profile.user_id).first()
    if ban is not None:
        end_ban(actor_id=actor_id, ban=ban)


@transaction.atomic
def end_ban(*, actor_id: int | None, ban: Ban) -> None:
    """Remove a ban; of two that try at once one does it."""
    deleted, _by_model = Ban.objects.filter(id=ban.id).delete()
    profile = Profile.objects.filter(site_id=ban.site_id, user_id=ban.user_id).first()
    if deleted and profile is not None:
        publish(ProfileUnbanned(site_id=ban.site_id, actor_id=actor_id, profile_id=profile.id))


def check_ban(*, site_id: int, profile_id: int, reason: str, expires_at: datetime | None) -> tuple[Profile, str]:
    """The profile to ban and the reason as it is stored.

    Raises Missing for a profile of another site, OwnerNotBannable, and OutOfRange for a reason that is too long or an
    end in the past.
    """
    profile = Profile.objects.select_related("site").filter(site_id=site_id, id=profile_id).first()
    if profile is None:
        raise Missing
    if profile.user_id in (profile.site.owner_id, profile.site.created_by_id):
        raise OwnerNotBannable
    if expires_at is not None and expires_at <= clock.now():
        raise OutOfRange("expires must be in the future")
    return profile, _clean_reason(reason, limit=MAX_BAN_REASON_LENGTH)

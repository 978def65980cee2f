"""Bulk writes of imported history: profiles, their counters and what counts as read (docs/decisions/0013)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.core import clock
from apps.core.attributes import Value
from apps.core.attributes import import_attributes as write_attributes
from apps.core.bulk import copy_rows
from apps.core.sql import Statements
from apps.profiles.models import Attachment, Profile, ProfileAttribute, ProfileOptions

statements = Statements(__file__)


@dataclass(frozen=True, slots=True)
class ImportedProfile:
    """A profile as an import makes it; the name is clean and free."""

    id: int
    user_id: int
    name: str
    created_at: datetime
    last_active_at: datetime
    sends_email: bool
    gender: str = ""
    is_visible: bool = True
    style_id: int = 0
    shows_birthday: bool = False
    shows_birth_year: bool = False
    sends_sms: bool = False
    is_discouraged: bool = False


def import_profiles(profiles: Sequence[ImportedProfile], *, site_id: int) -> None:
    """Write profiles with their options; raises IntegrityError when a name or user has one on the site already."""
    now = clock.now()
    copy_rows(
        [
            Profile(
                id=profile.id,
                site_id=site_id,
                user_id=profile.user_id,
                name=profile.name,
                created_at=profile.created_at,
                last_active_at=profile.last_active_at,
                read_all_at=now,
                gender=profile.gender,
                is_visible=profile.is_visible,
                style_id=profile.style_id,
            )
            for profile in profiles
        ]
    )
    copy_rows(
        [
            ProfileOptions(
                profile_id=profile.id,
                send_email=profile.sends_email,
                send_sms=profile.sends_sms,
                show_dob=profile.shows_birthday,
                show_dob_year=profile.shows_birth_year,
                is_discouraged=profile.is_discouraged,
            )
            for profile in profiles
        ]
    )


def import_attributes(values: Mapping[int, Mapping[str, Value]]) -> None:
    """Write the attributes of profiles, by the profiles' ids; what somebody has already stays."""
    write_attributes(ProfileAttribute, "profile_id", values)


def set_history(known: ImportedProfile, *, site_id: int) -> None:
    """Give the owner of a site that an import has founded what the old forum knew of them; the name stays."""
    Profile.objects.filter(site_id=site_id, id=known.id).update(
        created_at=known.created_at,
        last_active_at=known.last_active_at,
        gender=known.gender,
        is_visible=known.is_visible,
        style_id=known.style_id,
    )
    ProfileOptions.objects.filter(profile_id=known.id, profile__site_id=site_id).update(
        send_email=known.sends_email,
        send_sms=known.sends_sms,
        show_dob=known.shows_birthday,
        show_dob_year=known.shows_birth_year,
        is_discouraged=known.is_discouraged,
    )


@dataclass(frozen=True, slots=True)
class ImportedPicture:
    """A picture that a profile has or had; the name is clean."""

    profile_id: int
    file_id: int
    name: str
    extension: str
    created_at: datetime
    created_by_id: int


def import_pictures(pictures: Sequence[ImportedPicture]) -> None:
    """Attach pictures to profiles; one that is attached already stays as it is."""
    Attachment.objects.bulk_create(
        [
            Attachment(
                profile_id=picture.profile_id,
                file_id=picture.file_id,
                name=picture.name,
                extension=picture.extension,
                created_at=picture.created_at,
                created_by_id=picture.created_by_id,
            )
            for picture in pictures
        ],
        ignore_conflicts=True,
    )


def show_avatars(paths: Mapping[int, str], *, site_id: int) -> None:
    """Give profiles the avatar at a path unless they have one."""
    for profile_id, path in paths.items():
        Profile.objects.filter(site_id=site_id, id=profile_id, avatar_url="").update(avatar_url=path)


def recount_profiles(*, site_id: int) -> int:
    """Bring the counters of all profiles of a site up to date; returns how many were wrong."""
    return statements.recount_profiles_of_site.execute(site_id=site_id)


def mark_everything_read(*, site_id: int, at: datetime) -> None:
    """Everything outside huddles that happened up to a moment counts as read for everybody."""
    Profile.objects.filter(site_id=site_id, read_all_at__lt=at).update(read_all_at=at)


def forget_unread_huddles(*, site_id: int) -> None:
    """Nobody has unread huddles; only right together with marks on all huddles."""
    Profile.objects.filter(site_id=site_id, unread_huddle_count__gt=0).update(unread_huddle_count=0)

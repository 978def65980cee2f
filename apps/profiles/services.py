"""Writes of profiles."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from django.db import IntegrityError, transaction
from django.db.models import Case, Value, When
from django.db.models.functions import Lower

from apps.accounts.emails import canonical_email
from apps.accounts.models import User
from apps.accounts.services import get_or_create_deleted_user, get_or_create_users
from apps.core import clock
from apps.core.errors import OutOfRange
from apps.core.events import publish, publish_all
from apps.core.recounting import Difference, repair
from apps.profiles import queries
from apps.profiles.events import ProfileCreated, ProfileEdited
from apps.profiles.models import Profile, ProfileAttribute, ProfileOptions
from apps.profiles.names import DELETED_NAME, NameTaken, is_reserved, usable_name
from apps.sites.models import Site
from apps.text.cleaning import clean_profile_name, clean_sentence, unescape

MAX_GENDER_LENGTH = 16
#: The attribute that marks a member of the site's association (contract A 13.3, A 26).
MEMBER_KEY = "is_member"


class GenderTooLong(OutOfRange):
    """gender has at most 16 characters."""


# --- Making profiles ----------------------------------------------------------------------------


@transaction.atomic
def get_or_create_profile(*, site_id: int, user_id: int, name: str | None = None) -> Profile:
    """A user's profile on a site, made with default options if new (A 23.7).

    `name`, cleaned, is used if it is free, else a suggestion `user<N>` that is. Two requests at once make one profile.
    """
    profile = Profile.objects.filter(site_id=site_id, user_id=user_id).first()
    if profile:
        return profile
    site = Site.objects.only("id", "send_email", "send_sms").get(id=site_id)
    if name and is_reserved(name, email=User.objects.only("email").get(id=user_id).email):
        name = None
    for wanted in _names(name, user_id=user_id):
        if name_exists(wanted, site_id=site_id):
            continue
        try:
            with transaction.atomic():
                return _create_profile(site=site, user_id=user_id, name=wanted)
        except IntegrityError:
            # Either the name was taken this moment, or another request has made the profile.
            profile = Profile.objects.filter(site_id=site_id, user_id=user_id).first()
            if profile:
                return profile
    raise AssertionError("there is always another name")


def _names(name: str | None, *, user_id: int) -> Iterator[str]:
    if name:
        yield name
    yield suggested_name(user_id)
    for number in count(1):
        yield f"{suggested_name(user_id)}x{number}"


def suggested_name(user_id: int) -> str:
    """The name of a profile whose owner has chosen none; somebody may have it already (A 23.8)."""
    return f"user{user_id}"


def name_exists(name: str, *, site_id: int) -> bool:
    """Whether somebody has a name; only for choosing another one early, since the database decides."""
    named = Profile.objects.alias(lower_name=Lower("name")).filter(site_id=site_id, lower_name=Lower(Value(name)))
    return named.exists()


def _create_profile(*, site: Site, user_id: int, name: str) -> Profile:
    now = clock.now()
    profile = Profile.objects.create(
        site=site, user_id=user_id, name=name, created_at=now, last_active_at=now, read_all_at=now
    )
    ProfileOptions.objects.create(profile=profile, send_email=site.send_email, send_sms=site.send_sms)
    publish(ProfileCreated(site_id=site.id, actor_id=profile.id, profile_id=profile.id))
    return profile


@dataclass(frozen=True)
class SiteProfiles:
    """The profiles of some users on one site."""

    #: Profile id by user id.
    ids: Mapping[int, int]
    #: The ids of those that were made just now.
    created: frozenset[int]


@transaction.atomic
def get_or_create_profiles(*, site_id: int, user_ids: Sequence[int]) -> SiteProfiles:
    """The profiles of many users, the missing ones made at once under suggested names."""
    ids = _profile_ids(site_id=site_id, user_ids=user_ids)
    missing = sorted(set(user_ids) - ids.keys())
    made = queries.create_profiles(
        site_id=site_id,
        user_ids=missing,
        names=[suggested_name(user_id) for user_id in missing],
        now=clock.now(),
    )
    _finish_profiles(site_id=site_id, profile_ids=list(made.values()))
    ids |= made
    created = set(made.values())
    for user_id in missing:
        if user_id not in ids:
            # The suggestion is somebody's name, or another request has made the profile.
            profile = get_or_create_profile(site_id=site_id, user_id=user_id)
            ids[user_id] = profile.id
            created.add(profile.id)
    return SiteProfiles(ids=ids, created=frozenset(created))


def _profile_ids(*, site_id: int, user_ids: Sequence[int]) -> dict[int, int]:
    known = Profile.objects.filter(site_id=site_id, user_id__in=user_ids)
    return dict(known.values_list("user_id", "id"))


def _finish_profiles(*, site_id: int, profile_ids: Sequence[int]) -> None:
    site = Site.objects.only("id", "send_email", "send_sms").get(id=site_id)
    ProfileOptions.objects.bulk_create(
        ProfileOptions(profile_id=profile_id, send_email=site.send_email, send_sms=site.send_sms)
        for profile_id in profile_ids
    )
    publish_all(
        [ProfileCreated(site_id=site_id, actor_id=profile_id, profile_id=profile_id) for profile_id in profile_ids]
    )


@transaction.atomic
def get_or_create_deleted_profile(*, site_id: int) -> Profile:
    """The placeholder that owns the content of people who are gone: whoever is named `deleted` on the site (A 7.6)."""
    placeholder = _deleted_profile(site_id)
    if placeholder:
        return placeholder
    site = Site.objects.only("id", "send_email", "send_sms").get(id=site_id)
    try:
        with transaction.atomic():
            return _create_profile(site=site, user_id=get_or_create_deleted_user().id, name=DELETED_NAME)
    except IntegrityError:
        # Another request has made it this moment.
        placeholder = _deleted_profile(site_id)
        if placeholder is None:
            raise
        return placeholder


def _deleted_profile(site_id: int) -> Profile | None:
    return Profile.objects.alias(lower_name=Lower("name")).filter(site_id=site_id, lower_name=DELETED_NAME).first()


@dataclass(frozen=True)
class AddedPeople:
    """Whom `add_people` was given."""

    #: One for each address, in their order.
    profile_ids: list[int]
    #: Those who had no profile on the site before.
    created: frozenset[int]


@transaction.atomic
def add_people(emails: Sequence[str], *, site_id: int) -> AddedPeople:
    """Users and profiles for addresses (A 13.1); raises InvalidEmail, and then makes none."""
    users = get_or_create_users(emails)
    profiles = get_or_create_profiles(site_id=site_id, user_ids=[user.id for user in users.values()])
    return AddedPeople(
        profile_ids=[profiles.ids[users[canonical_email(email)].id] for email in emails],
        created=profiles.created,
    )


@transaction.atomic
def import_members(rows: Sequence[tuple[str, bool]], *, site_id: int, actor_id: int) -> None:
    """Users, profiles and marks of members for rows of an address and a mark (A 13.3); raises InvalidEmail.

    Of several rows about one person the last counts.
    """
    users = get_or_create_users([email for email, _is_member in rows])
    profiles = get_or_create_profiles(site_id=site_id, user_ids=[user.id for user in users.values()])
    marks = {profiles.ids[users[canonical_email(email)].id]: is_member for email, is_member in rows}
    set_membership(marks, site_id=site_id, actor_id=actor_id)


# --- Changing profiles --------------------------------------------------------------------------


@transaction.atomic
def edit_profile(
    profile: Profile,
    *,
    actor_id: int | None,
    name: str | None = None,
    gender: str | None = None,
    is_visible: bool | None = None,
    style_id: int | None = None,
) -> None:
    """Change what is given and keep the rest; texts are cleaned here.

    Raises UnusableName, ReservedName, NameTaken or GenderTooLong.
    """
    changes: dict[str, object] = {}
    # Clients send back the name with whatever else they change: it stays, though nobody else may have it by now.
    if name is not None and profile.name not in (name, clean_profile_name(name)):
        changes["name"] = usable_name(name, email=profile.user.email)
    if gender is not None:
        changes["gender"] = clean_gender(gender)
    if is_visible is not None:
        changes["is_visible"] = is_visible
    if style_id is not None:
        changes["style_id"] = style_id
    changes = {field: value for field, value in changes.items() if getattr(profile, field) != value}
    if not changes:
        return
    _save(profile, changes)
    publish(ProfileEdited(site_id=profile.site_id, actor_id=actor_id, profile_id=profile.id))


def clean_gender(gender: str) -> str:
    """The text as it is stored; raises GenderTooLong."""
    gender = clean_sentence(gender).strip()
    if len(unescape(gender)) > MAX_GENDER_LENGTH:
        raise GenderTooLong
    return gender


def _save(profile: Profile, changes: Mapping[str, object]) -> None:
    for field, value in changes.items():
        setattr(profile, field, value)
    try:
        with transaction.atomic():
            profile.save(update_fields=list(changes))
    except IntegrityError as error:
        if "name" in changes:
            raise NameTaken from error
        raise


@transaction.atomic
def set_membership(marks: Mapping[int, bool], *, site_id: int, actor_id: int | None) -> None:
    """Give profiles of a site (by id) the mark of a member or take it away."""
    marked = set(
        ProfileAttribute.objects.filter(
            profile__site_id=site_id, profile_id__in=marks.keys(), key=MEMBER_KEY, bool_value=True
        ).values_list("profile_id", flat=True)
    )
    gained = [profile_id for profile_id, is_member in marks.items() if is_member and profile_id not in marked]
    lost = [profile_id for profile_id, is_member in marks.items() if not is_member]
    ProfileAttribute.objects.bulk_create(
        [ProfileAttribute(profile_id=profile_id, key=MEMBER_KEY, bool_value=True) for profile_id in sorted(gained)],
        update_conflicts=True,
        unique_fields=["profile", "key"],
        update_fields=["bool_value", "text_value", "number_value", "date_value"],
    )
    ProfileAttribute.objects.filter(profile__site_id=site_id, profile_id__in=lost, key=MEMBER_KEY).delete()
    publish_all(
        [
            ProfileEdited(site_id=site_id, actor_id=actor_id, profile_id=profile_id)
            for profile_id in sorted({*gained, *(marked & set(lost))})
        ]
    )


def mark_claims(*, profile_id: int, keys: Collection[str], is_own_claim: bool) -> None:
    """Note whether a profile's attributes were last written by its holder; call it in the transaction of the write."""
    ProfileAttribute.objects.filter(profile_id=profile_id, key__in=keys).update(is_own_claim=is_own_claim)


@transaction.atomic
def get_or_create_options(*, site_id: int, profile_id: int) -> ProfileOptions:
    """A member's options, made with the site's defaults where there are none (A 23.5)."""
    options = ProfileOptions.objects.filter(profile_id=profile_id, profile__site_id=site_id).first()
    if options:
        return options
    site = Site.objects.only("id", "send_email", "send_sms").get(id=site_id)
    options, _created = ProfileOptions.objects.get_or_create(
        profile_id=profile_id, defaults={"send_email": site.send_email, "send_sms": site.send_sms}
    )
    return options


@transaction.atomic
def edit_options(
    *,
    site_id: int,
    profile_id: int,
    show_dob: bool | None = None,
    show_dob_year: bool | None = None,
    send_email: bool | None = None,
    send_sms: bool | None = None,
) -> ProfileOptions:
    """Change the given options of a member; the moderators' mark is not among them."""
    options = get_or_create_options(site_id=site_id, profile_id=profile_id)
    given = {
        "show_dob": show_dob,
        "show_dob_year": show_dob_year,
        "send_email": send_email,
        "send_sms": send_sms,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    for field, value in changes.items():
        setattr(options, field, value)
    options.save(update_fields=list(changes))
    return options


def touch_profile(*, site_id: int, profile_id: int, now: datetime) -> None:
    """Note that a member is here."""
    queries.statements.touch_profile.execute(site_id=site_id, profile_id=profile_id, now=now)


def mark_site_read(*, site_id: int, profile_id: int, at: datetime) -> bool:
    """Everything outside huddles up to a moment is read; answers whether the mark moved, which is never backwards."""
    mark = Profile.objects.filter(site_id=site_id, id=profile_id, read_all_at__lt=at)
    return mark.update(read_all_at=at) > 0


def set_unread_huddle_counts(*, site_id: int, counts: Mapping[int, int]) -> None:
    """Keep how many huddles hold something new for members, by their profile ids; `huddles` knows the numbers."""
    new_count = Case(*(When(id=profile_id, then=count) for profile_id, count in counts.items()))
    Profile.objects.filter(site_id=site_id, id__in=counts).update(unread_huddle_count=new_count)


def adjust_counts(*, site_id: int, profile_id: int, items: int = 0, comments: int = 0) -> None:
    """Add to what a member has written that is visible; negative numbers take away. Call it last in the transaction."""
    if items or comments:
        queries.statements.adjust_counts.send(site_id=site_id, profile_id=profile_id, items=items, comments=comments)


# --- Repair ---------------------------------------------------------------------------------------


def repair_counters(*, site_id: int) -> list[Difference]:
    """Count what everybody on a site has written, and their unread huddles again and correct what differs.

    Locks one row at a time, and none whose numbers are right.
    """
    return repair(
        Profile.objects.filter(site_id=site_id),
        fields=("item_count", "comment_count", "unread_huddle_count"),
        differing=lambda ids: queries.statements.differing_profiles.rows(site_id=site_id, profile_ids=ids),
    )

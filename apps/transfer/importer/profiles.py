"""Step: people. The e-mail address is the identity; of several accounts with one address the lowest id is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction

from apps.accounts.emails import canonical_email
from apps.accounts.imports import import_users
from apps.accounts.services import InvalidEmail, checked_email
from apps.core.errors import OutOfRange
from apps.permissions.imports import ImportedBan, import_bans
from apps.profiles.imports import ImportedProfile, import_attributes
from apps.profiles.imports import import_profiles as write_profiles
from apps.profiles.models import Profile
from apps.profiles.names import usable_name
from apps.sites.types import ItemType
from apps.transfer import queries
from apps.transfer.importer.documents import BanFile, ProfileFile
from apps.transfer.importer.run import Read, Run, batches
from apps.transfer.services import record_imports

#: How often a batch is planned again because somebody on the site took a name or joined in the same moment.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class _Identity:
    """Who somebody is on the platform."""

    canonical: str
    email: str
    #: Without an address nobody can ever sign in.
    is_placeholder: bool


@dataclass(frozen=True, slots=True)
class _Newcomer:
    """A profile to be made."""

    id: int
    file: ProfileFile
    identity: _Identity
    name: str


@dataclass
class _Plan:
    """What a batch of files comes to."""

    newcomers: list[_Newcomer] = field(default_factory=list)
    #: Profile id by old id, of newcomers and of people who were there before them.
    new_ids: dict[int, int] = field(default_factory=dict)
    #: Who is banned, by profile id, and what is known of that.
    bans: dict[int, BanFile | None] = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Imagined:
    """Addresses and lower-case names of a dry run's earlier batches, which a real run would find in the database."""

    emails: dict[str, int] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


def import_profiles(run: Run) -> None:
    """Make a profile for each file, or find the one that its address has."""
    imagined = _Imagined()
    for batch in batches(run, "profiles", ProfileFile):
        plan = _plan(run, batch, imagined) if run.is_dry else _write(run, batch, imagined)
        run.profiles |= plan.new_ids
        run.report.tally("profiles").imported += len(batch)
        for path, message in plan.warnings:
            run.report.warn(path, message)
    if run.place.founder_old_id is not None:
        tally = run.report.tally("profiles")
        tally.imported, tally.present = tally.imported + 1, tally.present - 1


def _write(run: Run, batch: Sequence[Read[ProfileFile]], imagined: _Imagined) -> _Plan:
    for attempt in range(1, _ATTEMPTS + 1):
        plan = _plan(run, batch, imagined)
        try:
            with transaction.atomic():
                _write_plan(run, plan)
            return plan
        except IntegrityError:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("the last attempt returns or raises")


def _write_plan(run: Run, plan: _Plan) -> None:
    user_ids: dict[str, int] = {}
    for is_placeholder in (False, True):
        emails = {
            newcomer.identity.canonical: newcomer.identity.email
            for newcomer in plan.newcomers
            if newcomer.identity.is_placeholder is is_placeholder
        }
        user_ids |= import_users(emails, can_sign_in=not is_placeholder)
    write_profiles(
        [_imported(run, newcomer, user_id=user_ids[newcomer.identity.canonical]) for newcomer in plan.newcomers],
        site_id=run.place.site_id,
    )
    record_imports(plan.new_ids, origin_id=run.place.origin_id, kind=ItemType.PROFILE)
    import_attributes({newcomer.id: newcomer.file.attributes for newcomer in plan.newcomers})
    if plan.bans:
        _write_bans(run, plan)


def _write_bans(run: Run, plan: _Plan) -> None:
    """Ban everybody who was banned, but no owner of the site."""
    users = queries.profile_users(site_id=run.place.site_id, profile_ids=list(plan.bans))
    bans = [
        ImportedBan(
            user_id=user_id,
            created_at=(known.created_at if known else None) or run.now,
            reason=known.reason if known else "",
            # Who banned somebody may come with a later batch.
            created_by_id=(run.profiles | plan.new_ids).get(known.by_id) if known and known.by_id else None,
            expires_at=known.expires_at if known else None,
        )
        for profile_id, user_id in sorted(users.items(), key=lambda pair: pair[1])
        if user_id not in run.place.owner_user_ids
        for known in [plan.bans[profile_id]]
    ]
    import_bans(bans, site_id=run.place.site_id)


def _imported(run: Run, newcomer: _Newcomer, *, user_id: int) -> ImportedProfile:
    return known_profile(newcomer.file, id=newcomer.id, user_id=user_id, name=newcomer.name, now=run.now)


def known_profile(file: ProfileFile, *, id: int, user_id: int, name: str, now: datetime) -> ImportedProfile:
    """A profile with all that its file knows."""
    created_at = file.created_at or now
    return ImportedProfile(
        id=id,
        user_id=user_id,
        name=name,
        created_at=created_at,
        last_active_at=max(file.last_active_at or created_at, created_at),
        sends_email=file.wants_mail,
        gender=file.gender,
        is_visible=file.is_visible,
        style_id=file.style_id,
        shows_birthday=file.shows_birthday,
        shows_birth_year=file.shows_birth_year,
        sends_sms=file.wants_sms,
        is_discouraged=file.is_discouraged,
    )


# --- Planning -----------------------------------------------------------------------------------


def _plan(run: Run, batch: Sequence[Read[ProfileFile]], imagined: _Imagined) -> _Plan:
    plan = _Plan()
    identities = [_identity(run, read, plan) for read in batch]
    emails = [identity.canonical for identity in identities]
    known = queries.members_by_email(site_id=run.place.site_id, emails=emails)
    known |= {email: imagined.emails[email] for email in emails if email in imagined.emails}
    first: dict[str, tuple[Read[ProfileFile], _Identity]] = {}
    for read, identity in zip(batch, identities, strict=True):
        if identity.canonical not in known:
            first.setdefault(identity.canonical, (read, identity))
    _plan_newcomers(run, list(first.values()), plan, imagined)
    known |= {newcomer.identity.canonical: newcomer.id for newcomer in plan.newcomers}
    for read, identity in zip(batch, identities, strict=True):
        is_new = identity.canonical in first and first[identity.canonical][0] is read
        _plan_file(plan, read, profile_id=known[identity.canonical], is_new=is_new)
    return plan


def _plan_newcomers(
    run: Run, people: Sequence[tuple[Read[ProfileFile], _Identity]], plan: _Plan, imagined: _Imagined
) -> None:
    ids = run.reserve_ids(Profile, len(people))
    names = _names(run, people, plan, taken=imagined.names)
    for (read, identity), id_, name in zip(people, ids, names, strict=True):
        plan.newcomers.append(_Newcomer(id=id_, file=read.document, identity=identity, name=name))
        if read.document.created_at is None:
            plan.warnings.append((read.path, "has no dateCreated; the time of the import stands in"))
    if run.is_dry:
        imagined.emails |= {newcomer.identity.canonical: newcomer.id for newcomer in plan.newcomers}


def _plan_file(plan: _Plan, read: Read[ProfileFile], *, profile_id: int, is_new: bool) -> None:
    file = read.document
    if not is_new:
        plan.warnings.append(
            (read.path, "has the e-mail address of somebody who is there, and becomes the same profile")
        )
    plan.new_ids[file.old_id] = profile_id
    if file.is_banned:
        plan.bans.setdefault(profile_id, file.ban)


def _identity(run: Run, read: Read[ProfileFile], plan: _Plan) -> _Identity:
    try:
        email = checked_email(read.document.email)
        return _Identity(canonical_email(email), email, is_placeholder=False)
    except InvalidEmail:
        plan.warnings.append((read.path, "has no usable e-mail address; nobody can sign in to this profile"))
        # `.invalid` is a domain that no mail can reach (RFC 2606).
        email = f"profile{read.document.old_id}@{run.place.site_key}.invalid"
        return _Identity(canonical_email(email), email, is_placeholder=True)


def _names(
    run: Run, people: Sequence[tuple[Read[ProfileFile], _Identity]], plan: _Plan, *, taken: set[str]
) -> list[str]:
    """A free name for each: their own, or else one made from the old id."""
    wanted = [_wanted(read, identity, plan) for read, identity in people]
    generated = [f"user{read.document.old_id}" for read, _ in people]
    uses = queries.names_in_use(site_id=run.place.site_id, names=list({*filter(None, wanted), *generated}))
    used = taken if run.is_dry else set(taken)
    names = []
    for (read, _), name, suggestion in zip(people, wanted, generated, strict=True):
        if name is not None and (uses[name].is_taken or uses[name].lower_name in used):
            plan.warnings.append((read.path, f"has the name {name!r}, which somebody else has; a new one is made"))
            name = None
        if name is None:
            name = _free_suggestion(run, suggestion, uses=uses, used=used)
        used.add(uses[name].lower_name)
        names.append(name)
    return names


def _free_suggestion(run: Run, suggestion: str, *, uses: dict[str, queries.NameUse], used: set[str]) -> str:
    name, number = suggestion, 0
    while uses[name].is_taken or uses[name].lower_name in used:
        number += 1
        name = f"{suggestion}x{number}"
        if name not in uses:
            uses |= queries.names_in_use(site_id=run.place.site_id, names=[name])
    return name


def _wanted(read: Read[ProfileFile], identity: _Identity, plan: _Plan) -> str | None:
    try:
        return usable_name(read.document.name.strip().replace(" ", "_"), email=identity.email)
    except OutOfRange as error:
        plan.warnings.append((read.path, f"has a name that cannot be used ({error}); a new one is made"))
        return None

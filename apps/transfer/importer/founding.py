"""The site that an import fills: the one with the key, or a new one that belongs to somebody of the old forum."""

from dataclasses import dataclass, replace

from django.db import transaction

from apps.accounts.services import InvalidEmail, checked_email, get_or_create_user
from apps.core import clock
from apps.core.errors import OutOfRange
from apps.items.models import Item
from apps.microcosms.models import Microcosm
from apps.permissions.services import found_site
from apps.profiles.imports import import_attributes, set_history
from apps.profiles.models import Profile
from apps.profiles.names import usable_name
from apps.profiles.services import get_or_create_deleted_profile, get_or_create_profile
from apps.sites.models import Site
from apps.sites.services import check_key
from apps.sites.types import ItemType
from apps.text.cleaning import clean_block, clean_sentence, unescape
from apps.transfer import queries
from apps.transfer.importer.archive import Export
from apps.transfer.importer.documents import ProfileFile, read_profile
from apps.transfer.importer.fields import FileError, parse
from apps.transfer.importer.profiles import known_profile
from apps.transfer.importer.report import Report
from apps.transfer.importer.run import UNKNOWN, Place, TransferError
from apps.transfer.models import Origin
from apps.transfer.services import open_origin, record_imports

#: What the API allows (contract A 34.2).
MAX_TITLE_LENGTH = 50
#: Ids in a dry run of things that only a real one makes.
_IMAGINARY = 0


@dataclass(frozen=True)
class SiteWish:
    """What the site is to be if there is none with the key."""

    key: str
    #: Blank are the export's, else the key and the title.
    title: str
    description: str
    owner_old_id: int | None
    #: Whose addresses the old links have; blank is the export's.
    product: str


def find_place(wish: SiteWish, *, merges: bool) -> Place | None:
    """The place in a site that exists, as it is; None when there is no such site. Writes nothing.

    Raises TransferError for a site with content that no import has brought, unless the two are to be merged.
    """
    site = Site.objects.filter(key=wish.key).first()
    if site is None:
        _check_wish(wish)
        return None
    if site.is_deleted:
        raise TransferError(f"the site {wish.key} is deleted")
    owner = Profile.objects.filter(site_id=site.id, user_id=site.owner_id).first()
    origin = Origin.objects.filter(site_id=site.id).first()
    if origin is None and not merges and Item.objects.filter(site_id=site.id).exists():
        raise TransferError(f"the site {wish.key} has content of its own; --merge imports into it all the same")
    root_id = Microcosm.objects.values_list("id", flat=True).get(site_id=site.id, parent=None)
    return _place(site, root_id=root_id, owner_id=owner.id if owner else _IMAGINARY, origin=origin)


def _check_wish(wish: SiteWish) -> None:
    try:
        check_key(wish.key)
    except OutOfRange as error:
        raise TransferError(f"there is no site {wish.key!r}, and there cannot be one: {error}") from error
    if not 0 < len(unescape(clean_sentence(wish.title)).strip()) <= MAX_TITLE_LENGTH:
        raise TransferError(f"the title of a site has 1 to {MAX_TITLE_LENGTH} characters")


def prepare_place(wish: SiteWish, *, export: Export, report: Report) -> Place:
    """The place in the site, found or founded, with its origin and the placeholder for removed people."""
    if Site.objects.filter(key=wish.key).exists():
        return _enter_site(wish, report=report)
    owner_file, email = owner_of(wish, export=export, report=report)
    return _found_site(wish, owner_file=owner_file, email=email)


def owner_of(wish: SiteWish, *, export: Export, report: Report) -> tuple[ProfileFile, str]:
    """Who is to own a new site, and their address; raises TransferError."""
    files = export.listing("profiles").files
    if not files:
        raise TransferError("the export has no profiles, so nobody can own the site")
    file = files[0]
    if wish.owner_old_id is None:
        report.warn(file.path, f"no owner was named: profile {file.old_id}, the lowest id, owns the new site")
    else:
        named = next((file for file in files if file.old_id == wish.owner_old_id), None)
        if named is None:
            raise TransferError(f"the owner {wish.owner_old_id} is not in profiles/")
        file = named
    try:
        profile = read_profile(parse(export.read(file.path), warnings=[]), file.old_id)
        return profile, checked_email(profile.email)
    except (FileError, OSError, InvalidEmail) as error:
        raise TransferError(f"{file.path}: profile {file.old_id} cannot own the site: {error}") from error


def owner_name(profile: ProfileFile, *, email: str) -> str | None:
    """The name the owner keeps, None if they cannot."""
    try:
        return usable_name(profile.name.strip().replace(" ", "_"), email=email)
    except OutOfRange:
        return None


@transaction.atomic
def _enter_site(wish: SiteWish, *, report: Report) -> Place:
    site = Site.objects.get(key=wish.key)
    if wish.owner_old_id is not None and not Origin.objects.filter(site_id=site.id).exists():
        report.warn("profiles", f"the site {wish.key} exists and keeps its owner")
    owner = get_or_create_profile(site_id=site.id, user_id=site.owner_id)
    origin = open_origin(site_id=site.id, title=site.title, product=wish.product, has_founded_site=False)
    if not queries.new_ids(site_id=site.id, kind=ItemType.PROFILE, old_ids=[UNKNOWN]):
        deleted = get_or_create_deleted_profile(site_id=site.id)
        record_imports({UNKNOWN: deleted.id}, origin_id=origin.id, kind=ItemType.PROFILE)
    root_id = Microcosm.objects.values_list("id", flat=True).get(site_id=site.id, parent=None)
    return _place(site, root_id=root_id, owner_id=owner.id, origin=origin)


@transaction.atomic
def _found_site(wish: SiteWish, *, owner_file: ProfileFile, email: str) -> Place:
    founded = found_site(
        key=wish.key,
        title=clean_sentence(wish.title),
        description=clean_block(wish.description),
        owner_user_id=get_or_create_user(email=email).id,
        owner_name=owner_name(owner_file, email=email),
    )
    owner = founded.owner
    known = known_profile(owner_file, id=owner.id, user_id=owner.user_id, name=owner.name, now=clock.now())
    set_history(known, site_id=founded.site.id)
    import_attributes({owner.id: owner_file.attributes})
    origin = open_origin(site_id=founded.site.id, title=founded.site.title, product=wish.product, has_founded_site=True)
    deleted = get_or_create_deleted_profile(site_id=founded.site.id)
    record_imports(
        {UNKNOWN: deleted.id, owner_file.old_id: founded.owner.id}, origin_id=origin.id, kind=ItemType.PROFILE
    )
    place = _place(founded.site, root_id=founded.root.id, owner_id=founded.owner.id, origin=origin)
    return replace(place, founder_old_id=owner_file.old_id)


def imaginary_place(wish: SiteWish) -> Place:
    """What a dry run takes for the site that a real one would found."""
    return Place(
        site_id=_IMAGINARY,
        site_key=wish.key,
        root_id=_IMAGINARY,
        owner_id=_IMAGINARY,
        owner_user_ids=frozenset(),
        origin_id=_IMAGINARY,
        has_founded_site=True,
        is_finished=False,
    )


def _place(site: Site, *, root_id: int, owner_id: int, origin: Origin | None) -> Place:
    return Place(
        site_id=site.id,
        site_key=site.key,
        root_id=root_id,
        owner_id=owner_id,
        owner_user_ids=frozenset({site.owner_id, site.created_by_id}),
        origin_id=origin.id if origin else _IMAGINARY,
        has_founded_site=bool(origin and origin.has_founded_site),
        is_finished=bool(origin and origin.is_finished),
    )

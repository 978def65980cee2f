"""The site itself, which only exports of ours describe: its texts, how it looks, its menu, the root of its tree.

It is restored before anything else by the import that founds the site, until that is complete; a site that was there
keeps what it has.
"""

from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from apps.core.attributes import put_attributes
from apps.core.errors import OutOfRange
from apps.microcosms.imports import import_attributes, restore_root
from apps.microcosms.services import ROOT_ITEM_TYPES
from apps.sites.appearance import (
    background_position,
    checked_analytics_id,
    checked_colour,
    checked_href,
    checked_image_url,
)
from apps.sites.models import SiteAttribute
from apps.sites.services import Link, edit_site, replace_menu
from apps.text.cleaning import clean_block, clean_sentence, escape, unescape
from apps.transfer.importer.archive import Export
from apps.transfer.importer.extensions import ADDRESSES, RootFile, SiteFile, read_site
from apps.transfer.importer.fields import FileError, parse
from apps.transfer.importer.forums import TITLE_LIMIT, checked_item_types, checked_logo, checked_visibility
from apps.transfer.importer.founding import SiteWish
from apps.transfer.importer.report import Report
from apps.transfer.importer.run import Run
from apps.transfer.importer.titles import stored_title
from apps.transfer.models import MAX_PRODUCT_LENGTH

SITE_FILE = "site.json"
DEFAULT_PRODUCT = "vbulletin"
#: As the API has them (contract A 18).
_MAX_LINK_TEXT_LENGTH = 50
_MAX_LINK_TITLE_LENGTH = 512


def find_site_file(export: Export, *, report: Report) -> SiteFile | None:
    """The site of an export; None if it has none, or none that can be used, which the report says."""
    if export.find("", SITE_FILE) is None:
        return None
    try:
        file = read_site(parse(export.read(SITE_FILE), warnings=[]))
        _changes(file)
        _menu(file)
    except (FileError, OutOfRange, OSError) as error:
        report.warn(SITE_FILE, f"is left out: {error}")
        return None
    return file


def complete_wish(wish: SiteWish, file: SiteFile | None) -> SiteWish:
    """The wish with what it leaves open: as exported, else the key, the title, and the product most exports are of."""
    file = file or SiteFile()
    title = wish.title or file.title or wish.key
    return replace(
        wish,
        title=title,
        description=wish.description or file.description or title,
        product=wish.product or file.product[:MAX_PRODUCT_LENGTH] or DEFAULT_PRODUCT,
    )


def restore_site(run: Run, file: SiteFile | None) -> None:
    """Give a site that this import has founded what it had, unless that is done; all at once."""
    if file is None or not run.place.has_founded_site or run.place.is_finished:
        return
    site_id = run.place.site_id
    with transaction.atomic():
        edit_site(site_id, actor_id=run.place.owner_id, changes=_changes(file))
        if file.menu:
            replace_menu(site_id, actor_id=run.place.owner_id, links=_menu(file))
        put_attributes(SiteAttribute, {"site_id": site_id}, file.attributes)
        if file.root is not None:
            _restore_root(run, file.root)


def _restore_root(run: Run, root: RootFile) -> None:
    root_id = restore_root(
        site_id=run.place.site_id,
        title=_root_title(root),
        description=clean_block(root.description),
        logo_url=checked_logo(root.logo_url),
        visibility=checked_visibility(root.visibility),
        item_types=ROOT_ITEM_TYPES if root.item_types is None else checked_item_types(root.item_types),
        is_open=root.is_open,
        is_sticky=root.is_sticky,
    )
    import_attributes({root_id: root.attributes})


def _root_title(root: RootFile) -> str:
    return stored_title(root.title, clean=clean_sentence, limit=TITLE_LIMIT, warn=lambda message: None)


def _changes(file: SiteFile) -> dict[str, Any]:
    """Columns of the site; raises OutOfRange or FileError for what no site may have."""
    if file.root is not None:
        _root_title(file.root)
        checked_logo(file.root.logo_url)
        checked_visibility(file.root.visibility)
        checked_item_types(file.root.item_types)
    changes: dict[str, Any] = dict(file.switches)
    for column, address in file.addresses.items():
        changes[column] = None if address is None else checked_image_url(address, name=ADDRESSES[column])
    changes |= {column: checked_colour(colour) for column, colour in file.colours.items()}
    if file.background_position:
        changes["background_position"] = background_position(file.background_position)
    changes["analytics_id"] = checked_analytics_id(file.analytics_id)
    if file.contact_email:
        try:
            validate_email(file.contact_email)
        except ValidationError as error:
            raise FileError("contactEmail is no address") from error
        changes["contact_email"] = file.contact_email
    return changes


def _menu(file: SiteFile) -> list[Link]:
    return [
        Link(
            href=checked_href(href),
            text=_cut(text, length=_MAX_LINK_TEXT_LENGTH),
            title=_cut(title, length=_MAX_LINK_TITLE_LENGTH),
        )
        for href, text, title in file.menu
    ]


def _cut(text: str, *, length: int) -> str:
    return escape(unescape(clean_sentence(text))[:length])

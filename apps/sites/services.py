"""Writes of sites."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from psycopg.errors import UniqueViolation

from apps.core import clock
from apps.core.errors import OutOfRange
from apps.core.events import publish
from apps.sites.events import SiteEdited
from apps.sites.hosts import forget_sites, normalise_host
from apps.sites.models import MenuLink, Site, Theme
from apps.sites.reserved import is_reserved

MAX_KEY_LENGTH = 50
MAX_MENU_LINKS = 10
_KEY = re.compile(r"[a-z0-9]+")


class BadKey(OutOfRange):
    """subdomainKey has 1 to 50 small letters and digits."""


class KeyReserved(OutOfRange):
    """This subdomainKey is reserved."""


class KeyTaken(OutOfRange):
    """This subdomainKey is taken."""


class UnknownTheme(OutOfRange):
    """There is no theme with this themeId."""


class RootSiteStays(OutOfRange):
    """The root site cannot be deleted."""


class BadDomain(OutOfRange):
    """This cannot be the domain of a site."""


class DomainTaken(OutOfRange):
    """Another site has this domain."""


class BadMenu(OutOfRange):
    """A menu has 1 to 10 links."""


def default_theme() -> Theme:
    """The first theme, made if there is none."""
    return Theme.objects.order_by("id").first() or Theme.objects.create(title="Default")


def check_key(key: str) -> None:
    """Raise BadKey or KeyReserved for what cannot be a new site's key; whether it is free, the database decides."""
    if len(key) > MAX_KEY_LENGTH or not _KEY.fullmatch(key):
        raise BadKey
    if is_reserved(key):
        raise KeyReserved


@transaction.atomic
def create_site(
    *,
    key: str,
    title: str,
    description: str,
    owner_user_id: int,
    is_root: bool = False,
    details: Mapping[str, Any] | None = None,
) -> Site:
    """The bare record of a site; `permissions.services.found_site` makes one that works.

    `details` are values of other columns. Raises KeyTaken, also for the key of a deleted site, and UnknownTheme.
    """
    details = dict(details or {})
    theme_id = details.pop("theme_id", None)
    site = Site(
        key=key,
        title=title,
        description=description,
        is_root=is_root,
        owner_id=owner_user_id,
        created_by_id=owner_user_id,
        created_at=clock.now(),
        theme_id=default_theme().id if theme_id is None else _theme_id(theme_id),
        **details,
    )
    try:
        with transaction.atomic():
            site.save(force_insert=True)
    except IntegrityError as error:
        # Nobody asks for the root site, so a second one must stay an error of ours.
        if is_root or not isinstance(error.__cause__, UniqueViolation):
            raise
        raise KeyTaken from error
    transaction.on_commit(forget_sites)
    return site


def _theme_id(theme_id: int) -> int:
    if not Theme.objects.filter(id=theme_id).exists():
        raise UnknownTheme
    return theme_id


@transaction.atomic
def edit_site(site_id: int, *, actor_id: int | None, changes: Mapping[str, Any]) -> None:
    """Change columns of a site and keep the rest; texts and addresses are taken as they are.

    Raises UnknownTheme, RootSiteStays, BadDomain or DomainTaken.
    """
    site = Site.objects.select_for_update().get(id=site_id)
    changes = dict(changes)
    if "theme_id" in changes:
        _theme_id(changes["theme_id"])
    if changes.get("is_deleted") and site.is_root:
        raise RootSiteStays
    if "domain" in changes:
        changes["domain"] = checked_domain(changes["domain"])
    changes = {field: value for field, value in changes.items() if getattr(site, field) != value}
    if not changes:
        return
    for field, value in changes.items():
        setattr(site, field, value)
    try:
        with transaction.atomic():
            site.save(update_fields=list(changes))
    except IntegrityError as error:
        if "domain" in changes and isinstance(error.__cause__, UniqueViolation):
            raise DomainTaken from error
        raise
    _announce(site_id, actor_id=actor_id)


def checked_domain(domain: str | None) -> str | None:
    """A host name in the form in which hosts are looked up, or None; raises BadDomain, also for the platform's own."""
    if not domain:
        return None
    host = normalise_host(domain)
    apex = settings.PLATFORM_DOMAIN
    if not host or "." not in host or host == apex or host.endswith(f".{apex}"):
        raise BadDomain
    return host


def _announce(site_id: int, *, actor_id: int | None) -> None:
    publish(SiteEdited(site_id=site_id, actor_id=actor_id))
    transaction.on_commit(forget_sites)


@dataclass(frozen=True)
class Link:
    """One link of a menu, checked and cleaned."""

    href: str
    text: str
    title: str = ""


@transaction.atomic
def replace_menu(site_id: int, *, actor_id: int | None, links: Sequence[Link]) -> None:
    """Give a site these links as its menu, in this order; none empties it. Locks the site. Raises BadMenu."""
    if len(links) > MAX_MENU_LINKS:
        raise BadMenu
    Site.objects.select_for_update().get(id=site_id)
    MenuLink.objects.filter(site_id=site_id).delete()
    MenuLink.objects.bulk_create(
        MenuLink(site_id=site_id, position=position, href=link.href, text=link.text, title=link.title)
        for position, link in enumerate(links, start=1)
    )
    _announce(site_id, actor_id=actor_id)

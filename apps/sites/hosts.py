"""Host header to site: which one answers at an address (contract A 1.1)."""

import functools
import re
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.sites import queries

_KEY = re.compile(r"[a-z0-9]+")
#: A domain name as a Host header may carry it; anything else cannot be a site.
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")

#: A name has at most 253 characters; what else may stand around it is short.
_MAX_HEADER_LENGTH = 300

#: Seconds that another process's change to a site may go unnoticed.
CACHE_SECONDS = 1.0
_CACHE_SIZE = 10_000
_cache: dict[str, tuple[float, "SiteInfo | None"]] = {}


@dataclass(frozen=True)
class SiteInfo:
    """What every request needs to know of its site."""

    id: int
    key: str
    domain: str
    is_root: bool
    force_ssl: bool
    owner_user_id: int
    creator_user_id: int
    shorten_links: bool

    @classmethod
    def of_row(cls, row: Any) -> "SiteInfo":
        """From a row, or a record, with the columns of the same names."""
        return cls(
            id=row.id,
            key=row.key,
            domain=row.domain or "",
            is_root=row.is_root,
            force_ssl=row.force_ssl,
            owner_user_id=row.owner_id,
            creator_user_id=row.created_by_id,
            shorten_links=row.shorten_links,
        )

    @property
    def subdomain_host(self) -> str:
        """`key.apex`, or the apex itself for the root site."""
        return settings.PLATFORM_DOMAIN if self.is_root else f"{self.key}.{settings.PLATFORM_DOMAIN}"

    @property
    def url(self) -> str:
        """Where people find the site, without a trailing slash (A 16.1)."""
        if self.domain:
            return f"{'https' if self.force_ssl else 'http'}://{self.domain}"
        port = f":{settings.PLATFORM_PORT}" if settings.PLATFORM_PORT else ""
        return f"{settings.PLATFORM_SCHEME}://{self.subdomain_host}{port}"


def normalise_host(header: str) -> str:
    """A Host header without port and trailing dot, in lower case; "" if it is none."""
    return _normalised(header) if len(header) <= _MAX_HEADER_LENGTH else ""


@functools.lru_cache(maxsize=1000)
def _normalised(header: str) -> str:
    host = header.strip().lower().rsplit(":", 1)[0] if re.search(r":\d*$", header.strip()) else header.strip().lower()
    host = host.removesuffix(".")
    return host if _HOST.fullmatch(host) else ""


def site_at(host: str) -> SiteInfo | None:
    """The live site at a normalised host, remembered for a second."""
    now = time.monotonic()
    known = _cache.get(host)
    if known and known[0] > now:
        return known[1]
    site = _load(host)
    if len(_cache) >= _CACHE_SIZE:
        _cache.clear()
    _cache[host] = (now + CACHE_SECONDS, site)
    return site


def forget_sites() -> None:
    """Drop what is remembered; call it after a change to a site."""
    _cache.clear()


def _load(host: str) -> SiteInfo | None:
    apex = settings.PLATFORM_DOMAIN
    if not host:
        return None
    if host == apex:
        row = queries.site_of_host(is_root=True, key="", domain="")
    elif host.endswith(f".{apex}"):
        key = host.removesuffix(f".{apex}")
        key = settings.SITE_KEY_ALIASES.get(key, key)
        row = queries.site_of_host(is_root=False, key=key, domain="") if _KEY.fullmatch(key) else None
    else:
        row = queries.site_of_host(is_root=False, key="", domain=host)
    return None if row is None else SiteInfo.of_row(row)


def site_of_id(site_id: int) -> SiteInfo | None:
    """A site by its id, as it is now."""
    row = queries.site_of_id(site_id)
    return None if row is None else SiteInfo.of_row(row)


def site_of_domain(host: str) -> SiteInfo | None:
    """The live site whose custom domain a host name is, in any case and with or without a trailing dot."""
    domain = normalise_host(host)
    row = queries.site_of_host(is_root=False, key="", domain=domain) if domain else None
    return None if row is None else SiteInfo.of_row(row)

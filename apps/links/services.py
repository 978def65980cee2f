"""Writes of links: making short addresses, and counting who follows them."""

import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.encoding import iri_to_uri

from apps.core import clock
from apps.core.tallies import Counts, Tally
from apps.links.queries import statements
from apps.links.rewriting import rewritten
from apps.links.shorts import parse_short, random_salt, short_of

MAX_URL_LENGTH = 8096
_MAX_TEXT_LENGTH = 1000
#: Nothing else is ever redirected to; blanks and control characters have no place in an address.
_SAFE_URL = re.compile(r"https?://[^\x00-\x20\x7f]+", re.ASCII)


@transaction.atomic
def shortener(links: Iterable[tuple[str, str]], *, site_id: int) -> Callable[[str, str], str]:
    """Find or make links for addresses with their texts; answers what turns such an address into a short one.

    Addresses that cannot be shortened stay as they are.
    """
    texts: dict[str, str] = {}
    for url, text in links:
        if _domain(url) is not None and not url.startswith(jump_base()):
            texts.setdefault(url, text)
    # In one order everywhere, so that two texts with the same new addresses never wait for each other.
    urls = sorted(texts)
    statements.create_links.execute(
        site_id=site_id,
        urls=urls,
        domains=[_domain(url) or "" for url in urls],
        texts=[texts[url][:_MAX_TEXT_LENGTH] for url in urls],
        salts=[random_salt() for _ in urls],
        now=clock.now(),
    )
    rows = statements.links_of_urls.rows(site_id=site_id, urls=urls)
    shorts = {row.url: jump_base() + short_of(id_=row.id, salt=row.salt) for row in rows}
    return lambda url, text: shorts.get(url, url)


def follow_link(short: str, *, site_id: int | None) -> str | None:
    """Count a hit, to be stored soon, and answer where it leads; None if there is no such link.

    `site_id` keeps to one site's.
    """
    parsed = parse_short(short)
    if parsed is None:
        return None
    row = statements.target_of_link.row(link_id=parsed[0], salt=parsed[1], site_id=site_id)
    if row is None:
        return None
    hits.note(site_id=row.site_id, id=row.id)
    return iri_to_uri(rewritten(row.url, domain=row.domain, rules=settings.AFFILIATE_RULES))


@transaction.atomic
def store_hits(counts: Counts) -> None:
    """Add to the hits of links, by their sites and ids."""
    statements.add_hits.execute(
        site_ids=[site_id for site_id, _ in counts],
        link_ids=[link_id for _, link_id in counts],
        hit_counts=list(counts.values()),
    )


#: The links that this process has sent people along.
hits = Tally("hits of links", store_hits)


def jump_base() -> str:
    """What short addresses begin with: the redirect route of the apex."""
    port = f":{settings.PLATFORM_PORT}" if settings.PLATFORM_PORT else ""
    return f"{settings.PLATFORM_SCHEME}://{settings.PLATFORM_DOMAIN}{port}/out/"


def _domain(url: str) -> str | None:
    """The host of an address that may be redirected to, or None."""
    if len(url) > MAX_URL_LENGTH or not _SAFE_URL.fullmatch(url):
        return None
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host if host and len(host) <= 253 else None

"""Sites in the contract's JSON (A 16.1, 16.6, 18)."""

from collections.abc import Iterable
from typing import Any

from apps.sites.appearance import BadAnalyticsId, BadUrl, checked_analytics_id, checked_image_url
from apps.sites.hosts import SiteInfo, site_of_domain
from apps.sites.models import DayMetrics, MenuLink
from apps.sites.types import ItemType, href

#: Where every site's legal texts begin.
LEGAL_HREF = "/api/v1/legal"


def site_object(
    row: Any, *, owned_by: dict[str, Any], created_by: dict[str, Any], permissions: dict[str, bool] | None = None
) -> dict[str, Any]:
    """A site from a row of `site_objects`; only the current site shows permissions."""
    shape: dict[str, Any] = {
        "siteId": row.id,
        "siteURL": SiteInfo.of_row(row).url,
        "title": row.title,
        "description": row.description,
        "subdomainKey": row.key,
        "domain": row.domain or "",
    }
    if row.force_ssl:
        shape["forceSSL"] = True
    shape |= {"ownedBy": owned_by, "themeId": row.theme_id, "logoUrl": row.logo_url}
    if row.favicon_url:
        shape["faviconUrl"] = row.favicon_url
    shape["backgroundColor"] = row.background_color
    if row.background_url:
        shape["backgroundUrl"] = row.background_url
        if row.background_position:
            shape["backgroundPosition"] = row.background_position
    shape["linkColor"] = row.link_color
    if row.analytics_id:
        shape["gaWebPropertyId"] = row.analytics_id
    shape["menu"] = [_menu_link(**link) for link in row.menu]
    for key, value in (
        ("auth0Domain", row.auth0_domain),
        ("auth0ClientId", row.auth0_client_id),
        ("contactEmail", row.contact_email),
    ):
        if value:
            shape[key] = value
    shape["meta"] = _meta(row, created_by=created_by, permissions=permissions)
    return shape


def _meta(row: Any, *, created_by: dict[str, Any], permissions: dict[str, bool] | None) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "created": row.created_at,
        "createdBy": created_by,
        "flags": {"deleted": row.is_deleted},
        "stats": [
            {"metric": "activeProfiles", "value": row.active_profiles},
            {"metric": "onlineProfiles", "value": row.online_profiles},
            {"metric": "totalProfiles", "value": row.total_profiles},
            {"metric": "totalConversations", "value": row.total_conversations},
            {"metric": "totalEvents", "value": row.total_events},
            {"metric": "totalComments", "value": row.total_comments},
        ],
        "links": [
            {"rel": "self", "href": href(ItemType.SITE, row.id)},
            {"rel": "microcosm", "href": href(ItemType.MICROCOSM)},
            {"rel": "profile", "href": href(ItemType.PROFILE)},
            {"rel": "legal", "href": LEGAL_HREF},
        ],
    }
    if permissions is not None:
        meta["permissions"] = permissions
    return meta


def day_metrics(row: DayMetrics) -> dict[str, Any]:
    """The metrics of a day."""
    return {
        "timestamp": row.taken_at,
        "totalProfiles": row.profile_count,
        "newProfiles": row.new_profile_count,
        "editedProfiles": row.edited_profile_count,
        "signIns": row.sign_in_count,
        "comments": row.comment_count,
        "conversations": row.conversation_count,
        "totalSites": row.site_count,
        "engagedSites": row.engaged_site_count,
    }


def menu(links: Iterable[MenuLink]) -> list[dict[str, str]]:
    """A menu, in the order of `links`."""
    return [_menu_link(href=link.href, title=link.title, text=link.text) for link in links]


def _menu_link(*, href: str, title: str, text: str) -> dict[str, str]:
    return {"href": href, "title": title, "text": text} if title else {"href": href, "text": text}


def site_status(shape: dict[str, Any], *, site_id: int) -> dict[str, Any]:
    """Whether what a site's object holds can work, from its form alone: nothing is fetched and no name is looked up."""
    return {
        "site": shape,
        "domainHealth": _domain_health(shape["domain"], site_id=site_id),
        "backgroundUrlHealth": _url_health(shape.get("backgroundUrl", "")),
        "logoUrlHealth": _url_health(shape["logoUrl"]),
        "analyticsIDHealth": _analytics_health(shape.get("gaWebPropertyId", "")),
    }


def _domain_health(domain: str, *, site_id: int) -> dict[str, Any]:
    served = site_of_domain(domain)
    is_ours = served is not None and served.id == site_id
    return _health(domain, error="" if is_ours or not domain else "requests for this domain do not reach the site")


def _url_health(url: str) -> dict[str, Any]:
    try:
        checked_image_url(url, name="it")
    except BadUrl as error:
        return _health(url, error=error.detail)
    return _health(url)


def _analytics_health(analytics_id: str) -> dict[str, Any]:
    try:
        checked_analytics_id(analytics_id)
    except BadAnalyticsId as error:
        return _health(analytics_id, error=error.detail)
    return _health(analytics_id)


def _health(value: str, *, error: str = "") -> dict[str, Any]:
    return {"set": bool(value), "valid": bool(value) and not error, "error": error, "value": value or None}

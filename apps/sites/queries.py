"""Statements over sites."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from apps.core.sql import Statements
from apps.sites.models import DayMetrics, MenuLink, Site

#: Days that a list of metrics goes back.
MAX_METRICS_DAYS = 366

statements = Statements(__file__)


def site_of_host(*, is_root: bool, key: str, domain: str) -> Any | None:
    """The row of the live site at an address, or None."""
    return statements.site_of_host.row(is_root=is_root, key=key, domain=domain)


def site_of_id(site_id: int) -> Any | None:
    """The same columns of a site by its id, or None."""
    return statements.site_of_id.row(site_id=site_id)


def site_row(site_id: int, *, profile_id: int = 0) -> Any | None:
    """What a site's object shows, with what a profile of that site may do there (0: a guest); None if there is none."""
    rows = site_rows([site_id], profile_id=profile_id)
    return rows[0] if rows else None


def site_rows(site_ids: Sequence[int], *, profile_id: int = 0) -> list[Any]:
    """The same for several sites, in the order of creation; twelve permissions stand in front."""
    return statements.site_objects.rows(site_ids=list(site_ids), profile_id=profile_id)


def listed_sites(*, owner_user_id: int | None) -> QuerySet[Site]:
    """The live sites but the root; with an owner, theirs alone."""
    sites = Site.objects.filter(is_deleted=False, is_root=False)
    return sites if owner_user_id is None else sites.filter(owner_id=owner_user_id)


def menu_links(site_id: int) -> QuerySet[MenuLink]:
    """The links of a site's menu in their order."""
    return MenuLink.objects.filter(site_id=site_id).order_by("position")


def metrics() -> QuerySet[DayMetrics]:
    """The metrics of the platform, the newest day first, a year at most."""
    return DayMetrics.objects.order_by("-taken_on")[:MAX_METRICS_DAYS]


def live_site_ids() -> list[int]:
    """The ids of all sites that are not deleted, oldest first: what a job over the platform walks."""
    return list(Site.objects.filter(is_deleted=False).order_by("id").values_list("id", flat=True))

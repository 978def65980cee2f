"""`/site`, `/sites` and what the root host says of keys and domains (contract A 16, 17)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import Missing, OutOfRange
from apps.core.openapi import operation, query_parameter
from apps.core.pagination import collection, rows_of
from apps.core.response_cache import FLEETING, kept
from apps.core.wire import dump
from apps.files.attaching import check_picture
from apps.permissions.services import found_site
from apps.profiles.viewer import Viewer
from apps.sites import queries
from apps.sites.access import access_own_site, access_site
from apps.sites.api.composing import any_site, current_site, some_sites
from apps.sites.api.inputs import PICTURES, site_columns
from apps.sites.api.serializers import CurrentSiteOutput, ReservedOutput, SiteListOutput, SiteOutput, SiteStatusOutput
from apps.sites.hosts import SiteInfo, site_of_domain
from apps.sites.models import Site
from apps.sites.reserved import is_reserved
from apps.sites.serializers import NewSiteInput, SiteInput
from apps.sites.services import check_key, edit_site
from apps.sites.shapes import site_status
from apps.sites.types import ItemType, href

SITE_HREF = "/api/v1/site"


class NoStatusOfRoot(OutOfRange):
    """The root site has no status."""


class CurrentSite(Api):
    """`/site` (contract A 16.1)."""

    @operation("The site at this host", answer=CurrentSiteOutput)
    @kept(lifetime=FLEETING)
    def get(self, request: Request) -> Answer:
        return Answer(current_site(self.viewer))

    @operation("Change the site", body=SiteInput, success=(302,), prefer=200, represents=CurrentSiteOutput)
    def put(self, request: Request) -> Answer:
        """For the owner; keys that are left out keep their values."""
        _edit(self.viewer, self.viewer.site_id, request)
        return self.wrote(SITE_HREF, representation=lambda: current_site(self.viewer))


class SiteCollection(Api):
    """`/sites` (contract A 16.3, 16.4)."""

    @operation(
        "The sites of the platform",
        answer=SiteListOutput,
        query=(query_parameter("filter", str, "`owned`: those of the caller alone."),),
        cursors=True,
    )
    def get(self, request: Request) -> Answer:
        """In the order of their creation."""
        owner_user_id = None
        if request.query_params.get("filter") == "owned":
            self.viewer.require_profile()
            owner_user_id = self.viewer.user_id
        paging, url = self.paging_of("sites", owner_user_id), self.url
        sites = queries.listed_sites(owner_user_id=owner_user_id)
        total = sites.count()
        rows = rows_of(sites.only("id", "created_at"), paging=paging, columns=("created_at", "id"))
        rows, ends = paging.cut(rows, total=total, key=lambda row: (row.created_at, row.id))
        items = some_sites([row.id for row in rows])
        page = collection(paging=paging, total=total, items=items, type=href(ItemType.SITE), url=url, ends=ends)
        meta = {"links": [{"rel": "self", "href": href(ItemType.SITE)}]}
        return Answer({"sites": page, "meta": meta}, headers=ends.headers(url))

    @operation("Create a site", body=NewSiteInput, success=(302,), prefer=201, represents=SiteOutput)
    def post(self, request: Request) -> Answer:
        """For anybody who is signed in; the site is theirs."""
        self.viewer.require_profile()
        body = NewSiteInput.read(request.data)
        check_key(body["subdomainKey"])
        columns = site_columns(body)
        columns.pop("is_deleted", None)
        site = found_site(
            key=body["subdomainKey"],
            title=columns.pop("title"),
            description=columns.pop("description"),
            owner_user_id=self.viewer.user_id,
            details=columns,
        ).site
        return self.wrote(href(ItemType.SITE, site.id), representation=lambda: any_site(site.id), created=True)


class SiteDetail(Api):
    """`/sites/{id}` (contract A 16.2, 16.5)."""

    @operation("One site", answer=SiteOutput)
    def get(self, request: Request, site_id: int) -> Answer:
        return Answer(any_site(access_site(self.viewer, site_id).id))

    @operation("Change a site", body=SiteInput, success=(302,), prefer=200, represents=SiteOutput)
    def put(self, request: Request, site_id: int) -> Answer:
        """For the owner; keys that are left out keep their values."""
        _edit(self.viewer, site_id, request)
        return self.wrote(href(ItemType.SITE, site_id), representation=lambda: any_site(site_id))


def _edit(viewer: Viewer, site_id: int, request: Request) -> None:
    site: Site = access_own_site(viewer, site_id)
    changes = site_columns(SiteInput.read(request.data))
    # On another host they are somebody else.
    actor_id = viewer.profile_id if viewer.site_id == site.id else None
    for column in PICTURES:
        url = changes.get(column)
        if url and url != getattr(site, column):
            check_picture(url, site=SiteInfo.of_row(site), profile_id=actor_id or 0, user_id=viewer.user_id)
    edit_site(site.id, actor_id=actor_id, changes=changes)


class SiteStatus(Api):
    """`/sites/{id}/status` (contract A 16.6)."""

    @operation("Whether a site is set up well", answer=SiteStatusOutput)
    def get(self, request: Request, site_id: int) -> Answer:
        """For the owner. Judged by what is stored: nothing is fetched and no name is looked up."""
        site = access_own_site(self.viewer, site_id)
        if site.is_root:
            raise NoStatusOfRoot
        return Answer(site_status(any_site(site.id), site_id=site.id))


class HostDetail(Api):
    """`/hosts/{host}` (contract A 17.1)."""

    @operation("The subdomain host of a custom domain", raw="text/plain")
    def get(self, request: Request, host: str) -> Answer:
        site = site_of_domain(host)
        if site is None:
            raise Missing("no site has this domain")
        name = site.subdomain_host
        return Answer(raw=name.encode(), headers={"Content-Type": "text/plain", "X-Microcosm-Host": name})


class ReservedKey(Api):
    """`/reserved/{subdomain}` (contract A 17.2)."""

    @operation("Whether a key is not to be had", answer=ReservedOutput, raw="application/json")
    def get(self, request: Request, subdomain: str) -> Answer:
        """Reserved by the platform, or taken by a site, a deleted one too."""
        key = subdomain.lower()
        reserved = is_reserved(key) or Site.objects.filter(key=key).exists()
        return Answer(raw=dump({"reserved": reserved}), headers={"Content-Type": "application/json"})

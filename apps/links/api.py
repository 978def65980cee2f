"""`GET /out/{short}`: where a short address leads (contract A 27.1)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import Missing
from apps.core.openapi import operation
from apps.links.services import follow_link


class _Out(Api):
    """Redirects anybody: tokens are not read, so neither a bad one nor a ban is in the way."""

    authentication_classes = ()

    def _go(self, short: str, *, site_id: int | None) -> Answer:
        location = follow_link(short, site_id=site_id)
        if location is None:
            raise Missing
        return Answer(status=307, headers={"Location": location})


class PlatformOut(_Out):
    """`/out/{short}` of the apex, which short addresses in comments point to."""

    @operation("Follow a short address", success=(307,))
    def get(self, request: Request, short: str) -> Answer:
        """Counts a hit; it leads to http or https only."""
        return self._go(short, site_id=None)


class SiteOut(_Out):
    """`/out/{short}` of a site, which knows its own short addresses only."""

    @operation("Follow a short address of this site", success=(307,))
    def get(self, request: Request, short: str) -> Answer:
        """Counts a hit; it leads to http or https only."""
        return self._go(short, site_id=request._request.site.id)  # type: ignore[attr-defined]

"""`/site/menu` and `/sites/{id}/menu` (contract A 18)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.openapi import operation
from apps.profiles.viewer import Viewer
from apps.sites import queries
from apps.sites.access import access_own_site, access_site
from apps.sites.api.inputs import menu_link
from apps.sites.serializers import MenuLinkInput, MenuLinkOutput
from apps.sites.services import MAX_MENU_LINKS, BadMenu, replace_menu
from apps.sites.shapes import menu


class SiteMenu(Api):
    """`/sites/{id}/menu`."""

    @operation("A site's menu", answer=MenuLinkOutput(many=True))
    def get(self, request: Request, site_id: int) -> Answer:
        return Answer(menu(queries.menu_links(access_site(self.viewer, site_id).id)))

    @operation("Replace a site's menu", body=MenuLinkInput(many=True))
    def put(self, request: Request, site_id: int) -> Answer:
        """For the owner; 1 to 10 links in their order."""
        return _put(self.viewer, site_id, request)

    @operation("Empty a site's menu")
    def delete(self, request: Request, site_id: int) -> Answer:
        """For the owner."""
        return _delete(self.viewer, site_id)


class CurrentSiteMenu(Api):
    """`/site/menu`."""

    @operation("The site's menu", answer=MenuLinkOutput(many=True))
    def get(self, request: Request) -> Answer:
        return Answer(menu(queries.menu_links(self.viewer.site_id)))

    @operation("Replace the site's menu", body=MenuLinkInput(many=True))
    def put(self, request: Request) -> Answer:
        """For the owner; 1 to 10 links in their order."""
        return _put(self.viewer, self.viewer.site_id, request)

    @operation("Empty the site's menu")
    def delete(self, request: Request) -> Answer:
        """For the owner."""
        return _delete(self.viewer, self.viewer.site_id)


def _put(viewer: Viewer, site_id: int, request: Request) -> Answer:
    site = access_own_site(viewer, site_id)
    entries = MenuLinkInput.read_list(request.data, max_length=MAX_MENU_LINKS)
    if not entries:
        raise BadMenu
    replace_menu(site.id, actor_id=_actor(viewer, site.id), links=[menu_link(entry) for entry in entries])
    return Answer()


def _delete(viewer: Viewer, site_id: int) -> Answer:
    site = access_own_site(viewer, site_id)
    replace_menu(site.id, actor_id=_actor(viewer, site.id), links=[])
    return Answer()


def _actor(viewer: Viewer, site_id: int) -> int | None:
    """The profile to name in the site's log: on the root host the caller's profile is another site's."""
    return viewer.profile_id if viewer.site_id == site_id else None

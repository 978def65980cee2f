"""Bans: members shut out of a site (docs/api/bans.md)."""

from typing import Any

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import Missing
from apps.core.openapi import operation
from apps.core.pagination import collection
from apps.permissions import queries, services, shapes
from apps.permissions.access import Need, access_profile, require_site_owner
from apps.permissions.serializers import BanInput, BanListOutput, BanOutput


class BanList(Api):
    """`/bans`."""

    @operation("The bans in force", answer=BanListOutput, cursors=True)
    def get(self, request: Request) -> Answer:
        require_site_owner(self.viewer)
        paging, url = self.paging_of("bans"), self.url
        page = queries.ban_page(site_id=self.viewer.site_id, paging=paging)
        rows, ends = paging.cut(page.rows, total=page.total, key=lambda row: (row.created_at, row.ban_id))
        bans = collection(
            paging=paging,
            total=page.total,
            items=[shapes.ban(row, site_id=self.viewer.site_id) for row in rows],
            type=shapes.ban_href(),
            url=url,
            ends=ends,
        )
        return Answer({"bans": bans, "meta": {}}, headers=ends.headers(url))

    @operation("Ban a member", body=BanInput, success=[302], prefer=201, represents=BanOutput)
    def post(self, request: Request) -> Answer:
        values = BanInput.read(request.data)
        require_site_owner(self.viewer)
        profile_id = values["profileId"]
        services.ban_user(
            actor_id=self.viewer.profile_id,
            site_id=self.viewer.site_id,
            profile_id=profile_id,
            reason=values["reason"],
            expires_at=values.get("expires"),
        )
        return self.wrote(
            shapes.ban_href(profile_id),
            created=True,
            representation=lambda: _representation(self.viewer.site_id, profile_id),
        )


class BanDetail(Api):
    """`/bans/{profile_id}`."""

    @operation("The ban of a member", answer=BanOutput)
    def get(self, request: Request, profile_id: int) -> Answer:
        require_site_owner(self.viewer)
        return Answer(_representation(self.viewer.site_id, profile_id))

    @operation("Lift the ban of a member")
    def delete(self, request: Request, profile_id: int) -> Answer:
        require_site_owner(self.viewer)
        access_profile(self.viewer, profile_id, Need.READ)
        services.lift_ban(actor_id=self.viewer.profile_id, site_id=self.viewer.site_id, profile_id=profile_id)
        return Answer()


def _representation(site_id: int, profile_id: int) -> dict[str, Any]:
    row = queries.ban(site_id=site_id, profile_id=profile_id)
    if row is None:
        raise Missing
    return shapes.ban(row, site_id=site_id)

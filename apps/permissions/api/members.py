"""Who is in a role: people named in it, and everyone its rules take in (contract A 22.4, 22.5, 22.8)."""

from typing import Any

from rest_framework.request import Request

from apps.core.api import Answer
from apps.core.errors import Missing
from apps.core.openapi import operation
from apps.core.pagination import Paging, collection
from apps.permissions import queries, services, shapes
from apps.permissions.access import Need
from apps.permissions.api.roles import RoleApi, roles_href
from apps.permissions.models import RoleProfile
from apps.permissions.queries import Page
from apps.permissions.serializers import ReferenceInput, RoleProfileListOutput
from apps.profiles.serializers import ProfileSummaryOutput
from apps.profiles.shapes import profile_summary

MAX_ENTRIES = 5000


class RolePeople(RoleApi):
    """Base of the two lists of people."""

    def listed(self, page: Page, *, paging: Paging, type: str) -> Answer:
        """A page of people as an answer."""
        rows, ends = paging.cut(page.rows, total=page.total, key=lambda row: (row.member_id,))
        profiles = collection(
            paging=paging,
            total=page.total,
            items=shapes.members_of(rows, site_id=self.viewer.site_id),
            type=type,
            url=self.url,
            ends=ends,
        )
        return Answer({"profiles": profiles, "meta": {}}, headers=ends.headers(self.url))


class RoleMemberList(RolePeople):
    """`…/roles/{id}/members`."""

    @operation("Everyone in a role, by name or by rule", answer=RoleProfileListOutput, cursors=True)
    def get(self, request: Request, role_id: int, microcosm_id: int | None = None) -> Answer:
        self.role(microcosm_id, role_id, Need.READ)
        paging = self.paging_of("members", role_id)
        page = queries.member_page(site_id=self.viewer.site_id, role_id=role_id, paging=paging)
        return self.listed(page, paging=paging, type=f"{roles_href(microcosm_id, role_id)}/members")


class RoleProfileList(RolePeople):
    """`…/roles/{id}/profiles`."""

    @operation("The people named in a role", answer=RoleProfileListOutput, cursors=True)
    def get(self, request: Request, role_id: int, microcosm_id: int | None = None) -> Answer:
        self.role(microcosm_id, role_id, Need.READ)
        paging = self.paging_of("named", role_id)
        page = queries.named_page(site_id=self.viewer.site_id, role_id=role_id, paging=paging)
        return self.listed(page, paging=paging, type=f"{roles_href(microcosm_id, role_id)}/profiles")

    @operation("Name people in a role, beside those named already", body=ReferenceInput(many=True))
    def put(self, request: Request, role_id: int, microcosm_id: int | None = None) -> Answer:
        entries = ReferenceInput.read_list(request.data, max_length=MAX_ENTRIES)
        self.role(microcosm_id, role_id, Need.UPDATE)
        services.add_profiles(
            actor_id=self.viewer.profile_id,
            site_id=self.viewer.site_id,
            role_id=role_id,
            profile_ids={entry["id"] for entry in entries},
        )
        return Answer()

    @operation("Take people out of those named; an empty list takes all", body=ReferenceInput(many=True))
    def delete(self, request: Request, role_id: int, microcosm_id: int | None = None) -> Answer:
        entries = ReferenceInput.read_list(request.data, max_length=MAX_ENTRIES)
        self.role(microcosm_id, role_id, Need.DELETE)
        services.remove_profiles(
            actor_id=self.viewer.profile_id,
            site_id=self.viewer.site_id,
            role_id=role_id,
            profile_ids={entry["id"] for entry in entries} or None,
        )
        return Answer()


class RoleProfileDetail(RoleApi):
    """`…/roles/{id}/profiles/{p}`."""

    @operation("One person named in a role", answer=ProfileSummaryOutput)
    def get(self, request: Request, role_id: int, profile_id: int, microcosm_id: int | None = None) -> Answer:
        self.role(microcosm_id, role_id, Need.READ)
        return Answer(self._summary(role_id, profile_id))

    @operation("Name one person in a role", success=[302], prefer=200, represents=ProfileSummaryOutput)
    def put(self, request: Request, role_id: int, profile_id: int, microcosm_id: int | None = None) -> Answer:
        self.role(microcosm_id, role_id, Need.UPDATE)
        services.add_profiles(
            actor_id=self.viewer.profile_id,
            site_id=self.viewer.site_id,
            role_id=role_id,
            profile_ids=[profile_id],
        )
        return self.wrote(
            f"{roles_href(microcosm_id, role_id)}/profiles/{profile_id}",
            representation=lambda: self._summary(role_id, profile_id),
        )

    @operation("Take one person out of those named")
    def delete(self, request: Request, role_id: int, profile_id: int, microcosm_id: int | None = None) -> Answer:
        self.role(microcosm_id, role_id, Need.DELETE)
        services.remove_profiles(
            actor_id=self.viewer.profile_id,
            site_id=self.viewer.site_id,
            role_id=role_id,
            profile_ids=[profile_id],
        )
        return Answer()

    def _summary(self, role_id: int, profile_id: int) -> dict[str, Any]:
        named = RoleProfile.objects.select_related("profile").filter(role_id=role_id, profile_id=profile_id).first()
        if named is None:
            raise Missing
        profile = named.profile
        return profile_summary(
            id=profile.id,
            site_id=profile.site_id,
            user_id=profile.user_id,
            name=profile.name,
            is_visible=profile.is_visible,
            avatar_url=profile.avatar_url,
        )

"""Roles of a microcosm, and the default roles of the site: those of its root (contract A 22.1 to 22.3)."""

from typing import Any

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import Missing, OutOfRange, WrongType
from apps.core.openapi import operation, patch_document
from apps.core.pagination import collection
from apps.core.patching import read_patch
from apps.core.serializers import MAX_ID
from apps.permissions import queries, services, shapes
from apps.permissions.access import (
    Access,
    Need,
    access_role,
    access_role_list,
    access_role_place,
)
from apps.permissions.models import Role
from apps.permissions.queries import Permissions
from apps.permissions.serializers import RoleInput, RoleListOutput, RoleOutput
from apps.permissions.services import ROLE_FLAGS
from apps.sites.types import ItemType, href

_PATCHABLE = {f"/{name}": column for name, column in ROLE_FLAGS.items()}
PATCH_BODY = patch_document(_PATCHABLE)


class RoleApi(Api):
    """Base of all routes of roles: the same handlers serve `/microcosms/{M}/roles…` and, with None for M, `/roles…`."""

    def role(self, microcosm_id: int | None, role_id: int | str, need: Need) -> Access[Role]:
        """The role of the path, for those who manage it."""
        return access_role(self.viewer, microcosm_id=microcosm_id, role_id=read_role_id(role_id), need=need)


def read_role_id(text: int | str) -> int:
    """The id of a role in a path; below a microcosm words match the route, and are answered 400 (A 1.2)."""
    if isinstance(text, int):
        return text
    if not (text.isascii() and text.isdigit()):
        raise WrongType("the id of a role is a number")
    if len(text) > 19 or int(text) > MAX_ID:
        raise OutOfRange("role_id does not fit 64 bits")
    return int(text)


def roles_href(microcosm_id: int | None, role_id: int | None = None) -> str:
    """The path of a role, or of all, as this route writes it: below its microcosm, if that was asked."""
    if microcosm_id is None:
        return href(ItemType.ROLE, role_id)
    base = f"{href(ItemType.MICROCOSM, microcosm_id)}/roles"
    return base if role_id is None else f"{base}/{role_id}"


def role_representation(*, site_id: int, role_id: int, permissions: Permissions) -> dict[str, Any]:
    """One role as its own route shows it; raises Missing if it has gone meanwhile."""
    row = queries.role(site_id=site_id, role_id=role_id)
    if row is None:
        raise Missing
    return shapes.role(row, site_id=site_id, permissions=permissions)


def _columns(values: dict[str, Any]) -> dict[str, bool]:
    return {column: values[name] for name, column in ROLE_FLAGS.items() if name in values}


class RoleList(RoleApi):
    """`…/roles`."""

    @operation("The roles that count in a microcosm", answer=RoleListOutput, paged=True)
    def get(self, request: Request, microcosm_id: int | None = None) -> Answer:
        place = access_role_list(self.viewer, microcosm_id).thing
        paging = self.paging
        page = queries.role_page(site_id=place.site_id, path=place.path, paging=paging)
        roles = collection(
            paging=paging,
            total=page.total,
            items=shapes.roles_with_members(page.rows, site_id=place.site_id),
            type=href(ItemType.ROLE),
            url=self.url,
        )
        return Answer({"roles": roles, "meta": {}})

    @operation("Make a role", body=RoleInput, success=[302], prefer=201, represents=RoleOutput)
    def post(self, request: Request, microcosm_id: int | None = None) -> Answer:
        values: dict[str, Any] = RoleInput.read(request.data)  # type: ignore[operator]  # a right is called read too
        place = access_role_place(self.viewer, microcosm_id, Need.CREATE)
        role = services.create_role(
            actor_id=self.viewer.profile_id,
            microcosm=place.thing,
            title=values.get("title", ""),
            flags=_columns(values),
        )
        return self.wrote(
            roles_href(microcosm_id, role.id),
            created=True,
            representation=lambda: role_representation(
                site_id=role.site_id, role_id=role.id, permissions=place.permissions
            ),
        )


class RoleDetail(RoleApi):
    """`…/roles/{id}`."""

    @operation("One role", answer=RoleOutput)
    def get(self, request: Request, role_id: int | str, microcosm_id: int | None = None) -> Answer:
        role = self.role(microcosm_id, role_id, Need.READ)
        return Answer(self._representation(role))

    @operation("Change a role", body=RoleInput, success=[302], prefer=200, represents=RoleOutput)
    def put(self, request: Request, role_id: int | str, microcosm_id: int | None = None) -> Answer:
        values: dict[str, Any] = RoleInput.read(request.data)  # type: ignore[operator]  # a right is called read too
        role = self.role(microcosm_id, role_id, Need.UPDATE)
        services.edit_role(
            actor_id=self.viewer.profile_id,
            site_id=self.viewer.site_id,
            role_id=role.thing.id,
            title=values.get("title"),
            flags=_columns(values),
            reason=values.get("meta", {}).get("editReason", ""),
        )
        return self.wrote(roles_href(microcosm_id, role.thing.id), representation=lambda: self._representation(role))

    @operation("Switch marks and rights of a role", body=PATCH_BODY, errors=[501])
    def patch(self, request: Request, role_id: int | str, microcosm_id: int | None = None) -> Answer:
        changes = read_patch(request.data, paths=_PATCHABLE)
        role = self.role(microcosm_id, role_id, Need.UPDATE)
        services.edit_role(
            actor_id=self.viewer.profile_id,
            site_id=self.viewer.site_id,
            role_id=role.thing.id,
            flags={_PATCHABLE[change.path]: change.value for change in changes},
            reason=_patch_reason({change.path: change.value for change in changes}),
        )
        return Answer()

    @operation("Remove a role")
    def delete(self, request: Request, role_id: int | str, microcosm_id: int | None = None) -> Answer:
        role = self.role(microcosm_id, role_id, Need.DELETE)
        services.delete_role(actor_id=self.viewer.profile_id, site_id=self.viewer.site_id, role_id=role.thing.id)
        return Answer()

    def _representation(self, role: Access[Role]) -> dict[str, Any]:
        return role_representation(site_id=self.viewer.site_id, role_id=role.thing.id, permissions=role.permissions)


def _patch_reason(changes: dict[str, bool]) -> str:
    """What the history says of a patch; a long one is summed up."""
    reason = "Set " + ", ".join(f"{path[1:]} to {str(value).lower()}" for path, value in changes.items())
    return reason if len(reason) <= services.MAX_EDIT_REASON_LENGTH else f"Set {len(changes)} values"

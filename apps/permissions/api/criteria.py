"""Criteria: tests that take everyone who passes them into a role (contract A 22.6, 22.7)."""

from typing import Any

from rest_framework.request import Request

from apps.core.api import Answer
from apps.core.errors import Missing, OutOfRange
from apps.core.openapi import operation
from apps.core.pagination import collection
from apps.permissions import queries, services, shapes
from apps.permissions.access import Need, require_site_owner
from apps.permissions.api.members import MAX_ENTRIES
from apps.permissions.api.roles import RoleApi, roles_href
from apps.permissions.criteria import PRIVATE_COLUMNS, CheckedCriterion, check_criterion
from apps.permissions.models import Criterion
from apps.permissions.serializers import CriterionInput, CriterionListOutput, CriterionOutput, ReferenceInput
from apps.profiles.viewer import Viewer


def _checked(viewer: Viewer, values: dict[str, Any]) -> CheckedCriterion:
    if "value" not in values:
        raise OutOfRange("value is required")
    criterion = check_criterion(
        or_group=values.get("orGroup", 0),
        column=values.get("profileColumn", "").strip(),
        key=values.get("attrKey", ""),
        predicate=values.get("predicate", "").strip(),
        value=values["value"],
    )
    if criterion.column in PRIVATE_COLUMNS:
        # Whoever reads the members of a role finds by trying what their addresses are.
        require_site_owner(viewer)
    return criterion


def _criterion(role_id: int, criterion_id: int) -> Criterion:
    criterion = Criterion.objects.filter(role_id=role_id, id=criterion_id).first()
    if criterion is None:
        raise Missing
    return criterion


def _href(microcosm_id: int | None, role_id: int, criterion_id: int) -> str:
    return f"{roles_href(microcosm_id, role_id)}/criteria/{criterion_id}"


class CriterionList(RoleApi):
    """`…/roles/{id}/criteria`."""

    @operation("The criteria of a role", answer=CriterionListOutput, paged=True)
    def get(self, request: Request, role_id: int, microcosm_id: int | None = None) -> Answer:
        self.role(microcosm_id, role_id, Need.READ)
        paging = self.paging
        page = queries.criterion_page(site_id=self.viewer.site_id, role_id=role_id, paging=paging)
        criteria = collection(
            paging=paging,
            total=page.total,
            items=[shapes.criterion(row) for row in page.rows],
            type=f"{roles_href(microcosm_id, role_id)}/criteria",
            url=self.url,
        )
        return Answer({"criteria": criteria, "meta": {}})

    @operation("Add a criterion", body=CriterionInput, success=[302], prefer=201, represents=CriterionOutput)
    def post(self, request: Request, role_id: int, microcosm_id: int | None = None) -> Answer:
        values = CriterionInput.read(request.data)
        self.role(microcosm_id, role_id, Need.CREATE)
        criterion = services.add_criterion(
            actor_id=self.viewer.profile_id,
            site_id=self.viewer.site_id,
            role_id=role_id,
            criterion=_checked(self.viewer, values),
        )
        return self.wrote(
            _href(microcosm_id, role_id, criterion.id),
            created=True,
            representation=lambda: shapes.criterion(criterion),
        )

    @operation("Remove criteria; an empty list removes all", body=ReferenceInput(many=True))
    def delete(self, request: Request, role_id: int, microcosm_id: int | None = None) -> Answer:
        entries = ReferenceInput.read_list(request.data, max_length=MAX_ENTRIES)
        self.role(microcosm_id, role_id, Need.DELETE)
        services.remove_criteria(
            actor_id=self.viewer.profile_id,
            site_id=self.viewer.site_id,
            role_id=role_id,
            criterion_ids={entry["id"] for entry in entries} or None,
        )
        return Answer()


class CriterionDetail(RoleApi):
    """`…/roles/{id}/criteria/{c}`."""

    @operation("One criterion", answer=CriterionOutput)
    def get(self, request: Request, role_id: int, criterion_id: int, microcosm_id: int | None = None) -> Answer:
        self.role(microcosm_id, role_id, Need.READ)
        return Answer(shapes.criterion(_criterion(role_id, criterion_id)))

    @operation("Change a criterion", body=CriterionInput, success=[302], prefer=200, represents=CriterionOutput)
    def put(self, request: Request, role_id: int, criterion_id: int, microcosm_id: int | None = None) -> Answer:
        values = CriterionInput.read(request.data)
        self.role(microcosm_id, role_id, Need.UPDATE)
        stored = _criterion(role_id, criterion_id)
        services.edit_criterion(
            actor_id=self.viewer.profile_id,
            site_id=self.viewer.site_id,
            role_id=role_id,
            criterion_id=criterion_id,
            criterion=_checked(self.viewer, shapes.criterion(stored) | values),
        )
        return self.wrote(
            _href(microcosm_id, role_id, criterion_id),
            representation=lambda: shapes.criterion(_criterion(role_id, criterion_id)),
        )

    @operation("Remove a criterion")
    def delete(self, request: Request, role_id: int, criterion_id: int, microcosm_id: int | None = None) -> Answer:
        self.role(microcosm_id, role_id, Need.DELETE)
        _criterion(role_id, criterion_id)
        services.remove_criteria(
            actor_id=self.viewer.profile_id,
            site_id=self.viewer.site_id,
            role_id=role_id,
            criterion_ids=[criterion_id],
        )
        return Answer()

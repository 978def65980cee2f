"""People on the platform, as the owner of a site manages them (contract A 13)."""

from typing import Any

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import Missing, OutOfRange
from apps.core.openapi import operation
from apps.permissions.access import require_site_owner
from apps.profiles import queries, services
from apps.profiles.api.batches import MAX_BATCH_ROWS, BatchParser, batch_rows
from apps.profiles.api.composition import profile_shapes
from apps.profiles.api.serializers import ProfileOutput
from apps.profiles.serializers import BatchRowInput, NewUserInput, UserOutput
from apps.profiles.shapes import user_shape

#: People that one `POST /users` may name: each comes back as a whole profile.
MAX_NEW_USERS = 500


class UserList(Api):
    """`/users`."""

    @operation("Give people profiles here", body=NewUserInput(many=True), answer=ProfileOutput(many=True))
    def post(self, request: Request) -> Answer:
        # The contract puts errors of the body before the permission.
        people = NewUserInput.read_list(request.data, max_length=MAX_NEW_USERS)
        require_site_owner(self.viewer)
        added = services.add_people([person["email"] for person in people], site_id=self.viewer.site_id)
        shapes = profile_shapes(self.viewer, added.profile_ids)
        for profile_id in added.created:
            shapes[profile_id] = _as_made(shapes[profile_id])
        return Answer([shapes[profile_id] for profile_id in added.profile_ids])


def _as_made(shape: dict[str, Any]) -> dict[str, Any]:
    """A profile that was made just now: without the address, and with nothing but flags in `meta`."""
    shape.pop("email", None)
    return shape | {"meta": {"flags": {}}}


class UserDetail(Api):
    """`/users/{id}`."""

    @operation("A user's record, for themselves and the owner of the site", answer=UserOutput)
    def get(self, request: Request, user_id: int) -> Answer:
        self.viewer.require_profile()
        row = queries.user_row(self.viewer, user_id)
        if row is None:
            raise Missing
        return Answer(user_shape(row))


class UserBatch(Api):
    """`/users/batch`."""

    parser_classes = [BatchParser]

    @operation(
        f"Import up to {MAX_BATCH_ROWS} people, and mark them as members or not",
        body={
            "application/json": BatchRowInput(many=True),
            "text/csv": {"type": "string", "description": "Rows of an address and a bool, without a header."},
        },
    )
    def post(self, request: Request) -> Answer:
        require_site_owner(self.viewer)
        rows = batch_rows(request.data)
        if not rows:
            raise OutOfRange("there are no rows")
        services.import_members(rows, site_id=self.viewer.site_id, actor_id=self.viewer.profile_id)
        return Answer()

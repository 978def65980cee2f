"""What the caller may do (contract A 15)."""

from rest_framework.request import Request

from apps.comments.access import access_comment
from apps.core.api import Answer, Api
from apps.core.errors import Missing, OutOfRange, WrongType
from apps.core.openapi import NUMBER_OR_EMPTY, operation, query_parameter
from apps.core.serializers import MAX_ID
from apps.items.access import access_item
from apps.items.models import Attendee
from apps.permissions.access import Need, access_microcosm
from apps.permissions.queries import permissions_for
from apps.permissions.serializers import PermissionsOutput
from apps.profiles.viewer import Viewer
from apps.sites.types import ITEM_TYPES, PLACED_ITEMS, ItemType


class PermissionDetail(Api):
    """`/permission`."""

    @operation(
        "What the caller may do",
        answer=PermissionsOutput,
        query=(
            query_parameter("microcosmId", NUMBER_OR_EMPTY, "A microcosm; counts only without an item."),
            query_parameter("itemType", str, "The type of an item, in any case."),
            query_parameter("itemId", NUMBER_OR_EMPTY, "An item; 0 asks for the collection."),
        ),
    )
    def get(self, request: Request) -> Answer:
        word = request.query_params.get("itemType", "").lower()
        if word and word not in ITEM_TYPES:
            raise OutOfRange("itemType is not the name of a type")
        kind, thing_id, microcosm_id = ITEM_TYPES.get(word), self._id("itemId"), self._id("microcosmId")
        permissions = permissions_for(self.viewer, kind=kind, thing_id=thing_id, microcosm_id=microcosm_id)
        if permissions.can_read and not _reaches(self.viewer, kind=kind, thing_id=thing_id, microcosm_id=microcosm_id):
            # What is deleted or held back is as if it had never been.
            permissions = permissions_for(self.viewer, kind=kind, thing_id=thing_id and MAX_ID, microcosm_id=MAX_ID)
        return Answer(permissions.shape())

    def _id(self, name: str) -> int:
        text = self.request.query_params.get(name) or "0"
        if not (text.isascii() and text.isdigit()):
            raise WrongType(f"{name} must be a whole number, 0 or more")
        if len(text) > 19 or int(text) > MAX_ID:
            raise OutOfRange(f"{name} does not fit 64 bits")
        return int(text)


def _reaches(viewer: Viewer, *, kind: ItemType | None, thing_id: int, microcosm_id: int) -> bool:
    """Whether the state of a thing, or of the place of a collection, lets somebody at it who may read where it is."""
    if thing_id == 0:
        if microcosm_id == 0 or kind not in PLACED_ITEMS:
            return True
        kind, thing_id = ItemType.MICROCOSM, microcosm_id
    try:
        if kind == ItemType.MICROCOSM:
            access_microcosm(viewer, thing_id, Need.READ)
        elif kind == ItemType.COMMENT:
            access_comment(viewer, thing_id, Need.READ)
        elif kind in (ItemType.CONVERSATION, ItemType.EVENT, ItemType.POLL):
            access_item(viewer, thing_id, Need.READ, kind=kind)
        elif kind == ItemType.ATTENDEE:
            event_id = Attendee.objects.filter(id=thing_id).values_list("event_id", flat=True).first()
            access_item(viewer, event_id or 0, Need.READ, kind=ItemType.EVENT)
    except Missing:
        return False
    return True

"""The route that marks things as read (contract B 12.2)."""

from datetime import datetime

from rest_framework.request import Request

from apps.core import clock
from apps.core.api import Answer, Api
from apps.core.errors import OutOfRange
from apps.core.openapi import operation
from apps.huddles.services import mark_all_huddles_read, mark_huddle_read
from apps.items.reading import mark_item_read, mark_microcosm_read, mark_site_read
from apps.items.serializers import ReadInput
from apps.profiles.viewer import Viewer
from apps.sites.types import ITEM_TYPES, PLACED_ITEMS, ItemType


class ProfileRead(Api):
    """`/profiles/read`."""

    @operation("Mark something as read", body=ReadInput)
    def put(self, request: Request) -> Answer:
        """Ids that are unknown, or not for the caller, change nothing and are no error."""
        self.viewer.require_profile()
        given = ReadInput.read(request.data)
        kind = ITEM_TYPES.get(given["itemType"])
        if kind is None:
            raise OutOfRange("itemType is not the name of a type")
        id = given.get("itemId", 0)
        if id < 0 or (id == 0 and kind not in (ItemType.SITE, ItemType.HUDDLE)):
            raise OutOfRange("itemId must be 1 or more")
        _mark_read(self.viewer, kind=kind, id=id, at=clock.now())
        return Answer()


def _mark_read(viewer: Viewer, *, kind: ItemType, id: int, at: datetime) -> None:
    who = {"site_id": viewer.site_id, "profile_id": viewer.profile_id}
    if kind is ItemType.SITE:
        mark_site_read(**who, at=at)
    elif kind is ItemType.MICROCOSM:
        mark_microcosm_read(**who, microcosm_id=id, at=at)
    elif kind is ItemType.HUDDLE and id == 0:
        mark_all_huddles_read(**who, at=at)
    elif kind is ItemType.HUDDLE:
        mark_huddle_read(**who, huddle_id=id, at=at)
    elif kind in PLACED_ITEMS:
        mark_item_read(**who, kind=kind, item_id=id, at=at)

"""Routes of what a member watches (contract B 15)."""

from typing import Any

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import OutOfRange, WrongType
from apps.core.openapi import NUMBER_OR_EMPTY, operation, query_parameter
from apps.core.pagination import collection
from apps.core.serializers import MAX_ID
from apps.sites.types import ITEM_TYPES, ItemType
from apps.updates import services
from apps.updates.access import access_target
from apps.updates.api.serializers import WatcherListOutput
from apps.updates.queries import sends_email, watcher_page
from apps.updates.serializers import WatcherEditInput, WatchInput
from apps.updates.shapes import watcher_entry
from apps.updates.types import UpdateType, usual_type

HREF = "/api/v1/watchers"
TARGET = (
    query_parameter("itemType", str, "The name of a type."),
    query_parameter("itemId", NUMBER_OR_EMPTY, "The thing; 0 for all profiles."),
    query_parameter("updateTypeId", str, "Clients send it; nobody reads it."),
)


class WatcherList(Api):
    """`/watchers`."""

    @operation("What the caller watches", answer=WatcherListOutput, cursors=True)
    def get(self, request: Request) -> Answer:
        """First what never notified them, then the latest; what they may not read any more is left out."""
        profile_id = self.viewer.require_profile()
        site_id, url, paging = self.viewer.site_id, self.url, self.paging_of("watchers", profile_id)
        found = watcher_page(site_id=site_id, profile_id=profile_id, paging=paging)
        rows, ends = paging.cut(
            found.rows, total=found.total, key=lambda row: (row.last_notified_at, row.target_kind, row.target_id)
        )
        page = collection(
            paging=paging,
            total=found.total,
            items=[watcher_entry(row, site_id=site_id) for row in rows],
            type=HREF,
            url=url,
            ends=ends,
        )
        self_link = {"rel": "self", "href": url.as_sent(paging.offset)}
        return Answer({"watchers": page, "meta": {"links": [self_link]}}, headers=ends.headers(url))

    @operation("Watch something", body=WatchInput, answer={"type": "boolean"})
    def post(self, request: Request) -> Answer:
        """Anything the caller may read, all profiles (id 0) or the site; answers whether it will be mailed about."""
        return self._watch(request)

    @operation("Watch something", body=WatchInput, answer={"type": "boolean"})
    def put(self, request: Request) -> Answer:
        """The same as POST."""
        return self._watch(request)

    def _watch(self, request: Request) -> Answer:
        profile_id = self.viewer.require_profile()
        given = WatchInput.read(request.data)
        kind, target_id = kind_of(given.get("itemType", "")), given.get("itemId", 0)
        type = update_type(given.get("updateTypeId", 0), kind=kind, target_id=target_id)
        access_target(self.viewer, kind, target_id)
        services.watch(site_id=self.viewer.site_id, profile_id=profile_id, kind=kind, target_id=target_id, type=type)
        return Answer(sends_email(profile_id=profile_id, kind=kind, target_id=target_id))


class WatcherOfThing(Api):
    """`/watchers/patch` and `/watchers/delete`, which name the watcher by what it is on."""

    @operation("Change the flags of a watcher", body=WatcherEditInput)
    def patch(self, request: Request) -> Answer:
        """The one that the caller has on a thing; a plain object and no patch document."""
        profile_id = self.viewer.require_profile()
        given = WatcherEditInput.read(request.data)
        services.edit_watcher_of(
            profile_id=profile_id, kind=_edited_kind(given), target_id=given.get("itemId", 0), **_flags(given)
        )
        return Answer()

    @operation("Stop watching something", query=TARGET)
    def delete(self, request: Request) -> Answer:
        """Nothing happens for what the caller does not watch."""
        profile_id = self.viewer.require_profile()
        kind, text = kind_of(request.query_params.get("itemType", "")), request.query_params.get("itemId") or "0"
        if not (text.isascii() and text.isdigit()):
            raise WrongType("itemId must be a whole number")
        if len(text) > 19 or int(text) > MAX_ID:
            raise OutOfRange("itemId is too large")
        services.stop_watching(profile_id=profile_id, kind=kind, target_id=int(text))
        return Answer()


class WatcherDetail(Api):
    """`/watchers/{id}`."""

    @operation("Change the flags of a watcher", body=WatcherEditInput)
    def patch(self, request: Request, watcher_id: int) -> Answer:
        """A plain object and no patch document; an absent flag is false."""
        profile_id = self.viewer.require_profile()
        given = WatcherEditInput.read(request.data)
        services.edit_watcher(profile_id=profile_id, watcher_id=watcher_id, **_flags(given))
        return Answer()

    @operation("Delete a watcher")
    def delete(self, request: Request, watcher_id: int) -> Answer:
        """The caller's own; anybody else's is missing."""
        services.delete_watcher(profile_id=self.viewer.require_profile(), watcher_id=watcher_id)
        return Answer()


def kind_of(word: str) -> ItemType:
    """The type of a name, in whatever case; raises OutOfRange for an unknown one."""
    kind = ITEM_TYPES.get(word.lower())
    if kind is None:
        raise OutOfRange("itemType is not the name of a type")
    return kind


def update_type(id: int, *, kind: ItemType, target_id: int) -> UpdateType:
    """The update type that a body names, or the usual one for 0; raises OutOfRange for an unknown one."""
    if id == 0:
        return usual_type(kind, target_id)
    if id not in list(UpdateType):
        raise OutOfRange("updateTypeId is not the id of a type of updates")
    return UpdateType(id)


def _edited_kind(given: dict[str, Any]) -> ItemType:
    type_id = given.get("itemTypeId", 0)
    if "itemType" not in given and type_id in list(ItemType):
        return ItemType(type_id)
    return kind_of(given.get("itemType", ""))


def _flags(given: dict[str, Any]) -> dict[str, bool]:
    return {"send_email": given.get("sendEmail", False), "send_sms": given.get("sendSMS", False)}

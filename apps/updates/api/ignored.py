"""The route of what a member ignores (contract B 9)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import OutOfRange
from apps.core.openapi import operation
from apps.core.pagination import collection
from apps.sites.types import ITEM_TYPES, ItemType
from apps.updates import services
from apps.updates.api.serializers import IgnoredListOutput
from apps.updates.queries import ignored_page
from apps.updates.serializers import TargetInput
from apps.updates.shapes import ignored_entry

HREF = "/api/v1/ignored"


class IgnoredList(Api):
    """`/ignored`."""

    @operation("What the caller ignores", answer=IgnoredListOutput, cursors=True)
    def get(self, request: Request) -> Answer:
        """By type and title; what the caller may not read any more is left out."""
        profile_id = self.viewer.require_profile()
        site_id, url, paging = self.viewer.site_id, self.url, self.paging_of("ignored", profile_id)
        found = ignored_page(site_id=site_id, profile_id=profile_id, paging=paging)
        rows, ends = paging.cut(
            found.rows, total=found.total, key=lambda row: (row.target_kind, row.sort_title, row.ignore_id)
        )
        page = collection(
            paging=paging,
            total=found.total,
            items=[ignored_entry(row, site_id=site_id) for row in rows],
            type=HREF,
            url=url,
            ends=ends,
        )
        self_link = {"rel": "self", "href": url.as_sent(paging.offset)}
        return Answer({"ignored": page, "meta": {"links": [self_link]}}, headers=ends.headers(url))

    @operation("Ignore something", body=TargetInput)
    def put(self, request: Request) -> Answer:
        """Whether it exists is not told; ignoring oneself has no effect."""
        profile_id = self.viewer.require_profile()
        kind, target_id = target_of(TargetInput.read(request.data))
        services.ignore(site_id=self.viewer.site_id, profile_id=profile_id, kind=kind, target_id=target_id)
        return Answer()

    @operation("See something again", body=TargetInput)
    def delete(self, request: Request) -> Answer:
        """Nothing happens for what the caller did not ignore."""
        profile_id = self.viewer.require_profile()
        kind, target_id = target_of(TargetInput.read(request.data))
        services.stop_ignoring(site_id=self.viewer.site_id, profile_id=profile_id, kind=kind, target_id=target_id)
        return Answer()


def target_of(given: dict[str, object]) -> tuple[ItemType, int]:
    """The thing that a body names; raises OutOfRange for an unknown type or no id."""
    kind, target_id = ITEM_TYPES.get(str(given.get("itemType", "")).lower()), given.get("itemId", 0)
    if kind is None:
        raise OutOfRange("itemType is not the name of a type")
    if not isinstance(target_id, int) or target_id < 1:
        raise OutOfRange("itemId must be 1 or more")
    return kind, target_id

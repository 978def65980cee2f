"""Routes of what a member is told (contract B 13)."""

from typing import Any

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import Missing
from apps.core.openapi import operation, patch_document
from apps.core.pagination import collection
from apps.core.patching import read_patch
from apps.core.response_cache import kept, state_of
from apps.sites.types import ItemType, href
from apps.updates import services
from apps.updates.api.serializers import UpdateListOutput, UpdateOutput
from apps.updates.queries import update, update_page
from apps.updates.shapes import update as update_shape

HREF = href(ItemType.UPDATE)
VIEWED = "/viewed"
PATCH_BODY = patch_document([VIEWED])


class UpdateList(Api):
    """`/updates`."""

    @operation("What the caller is told", answer=UpdateListOutput, cursors=True)
    @kept()
    def get(self, request: Request) -> Answer:
        """Newest first; only what they may read now and do not ignore."""
        profile_id = self.viewer.require_profile()
        site_id, url, paging = self.viewer.site_id, self.url, self.paging_of("updates", profile_id)
        found = update_page(site_id=site_id, profile_id=profile_id, paging=paging, state=state_of(self.viewer))
        rows, ends = paging.cut(found.rows, total=found.total, key=lambda row: (row.happened_at, row.update_id))
        page = collection(
            paging=paging,
            total=found.total,
            items=[update_shape(row, site_id=site_id) for row in rows],
            type=HREF,
            url=url,
            ends=ends,
        )
        self_link = {"rel": "self", "href": url.as_sent(paging.offset)}
        return Answer({"updates": page, "meta": {"links": [self_link]}}, headers=ends.headers(url))


class UpdateDetail(Api):
    """`/updates/{id}`."""

    @operation("One update", answer=UpdateOutput)
    def get(self, request: Request, update_id: int) -> Answer:
        """Of the caller's list; what is not in it is missing."""
        return Answer(update_shape(self._row(update_id), site_id=self.viewer.site_id))

    @operation("Mark an update as read or unread", body=PATCH_BODY, errors=(501,))
    def patch(self, request: Request, update_id: int) -> Answer:
        """Reading its item marks it as read, too."""
        profile_id = self.viewer.require_profile()
        replacements = read_patch(request.data, paths=(VIEWED,))
        self._row(update_id)
        services.mark_viewed(
            site_id=self.viewer.site_id,
            profile_id=profile_id,
            update_id=update_id,
            is_viewed=replacements[-1].value,
        )
        return Answer()

    def _row(self, update_id: int) -> Any:
        row = update(site_id=self.viewer.site_id, profile_id=self.viewer.require_profile(), update_id=update_id)
        if row is None:
            raise Missing
        return row

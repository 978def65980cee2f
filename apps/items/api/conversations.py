"""Routes of conversations (contract B 2)."""

from rest_framework.request import Request

from apps.comments.serializers import CommentOutput
from apps.core.api import Answer
from apps.core.openapi import operation, page_of
from apps.core.response_cache import kept
from apps.items.api.items import COMMENT_ID, PATCH_BODY, ItemApi, flags_given, require_id
from apps.items.queries import activity_key, items_of_kind
from apps.items.serializers import (
    ConversationEditInput,
    ConversationInput,
    ConversationListOutput,
    ItemOutput,
)
from apps.items.services import create_conversation, edit_item
from apps.permissions.access import Need, access_microcosm
from apps.sites.types import ItemType, href


class ConversationOutput(ItemOutput):
    """A conversation on its own page, with one page of its comments (contract B 1.2)."""

    comments = page_of(CommentOutput)


class ConversationList(ItemApi):
    """`/conversations`."""

    kind = ItemType.CONVERSATION

    @operation("List conversations", answer=ConversationListOutput, cursors=True)
    @kept()
    def get(self, request: Request) -> Answer:
        """Everything the caller may read and does not ignore: sticky ones first, then by last activity."""
        paging = self.paging_of("conversations")
        found = items_of_kind(
            site_id=self.viewer.site_id, profile_id=self.viewer.profile_id, kind=self.kind, paging=paging
        )
        return self.list_answer(found, paging=paging, key=activity_key)

    @operation(
        "Start a conversation",
        body=ConversationInput,
        success=(302,),
        prefer=201,
        represents=ConversationOutput,
    )
    def post(self, request: Request) -> Answer:
        """The same title in the same microcosm by the same author within five minutes leads to the first one."""
        given = ConversationInput.read(request.data)
        microcosm_id = require_id(given, "microcosmId")
        place = access_microcosm(self.viewer, microcosm_id, Need.CREATE)
        item_id = create_conversation(
            site_id=self.viewer.site_id,
            author_id=self.viewer.require_profile(),
            microcosm_id=microcosm_id,
            title=given.get("title", ""),
            flags=flags_given(given),
            by_moderator=place.permissions.is_moderator,
        )
        return self.wrote(href(self.kind, item_id), representation=lambda: self.first_page(item_id), created=True)


class ConversationDetail(ItemApi):
    """`/conversations/{id}`."""

    kind = ItemType.CONVERSATION

    @operation("Read a conversation", answer=ConversationOutput, cursors=True, query=(COMMENT_ID,))
    @kept()
    def get(self, request: Request, **ids: int) -> Answer:
        """With one page of its comments; marks the conversation as read up to the end of that page."""
        return self.page_answer()

    @operation(
        "Edit or move a conversation",
        body=ConversationEditInput,
        success=(302,),
        prefer=200,
        represents=ConversationOutput,
    )
    def put(self, request: Request, **ids: int) -> Answer:
        """What is absent stays. The first edit needs `meta.editReason`; moving needs `create` on the target."""
        given = ConversationEditInput.read(request.data)
        target_id = require_id(given, "microcosmId") if "microcosmId" in given else None
        access = self.access(Need.UPDATE)
        edit_item(
            site_id=self.viewer.site_id,
            actor_id=self.viewer.require_profile(),
            item_id=self.item_id,
            title=given.get("title"),
            microcosm_id=target_id,
            reason=given.get("meta", {}).get("editReason"),
            moderates_target=self.moderates_target(access, target_id),
        )
        return self.wrote(href(self.kind, self.item_id), representation=lambda: self.first_page(self.item_id))

    @operation("Pin, close, hide or show a conversation", body=PATCH_BODY, errors=(501,))
    def patch(self, request: Request, **ids: int) -> Answer:
        """Moderators set every flag; authors close their own with `closeOwn` and open it with `openOwn`."""
        return self.patch_flags(request.data)

    @operation("Delete a conversation")
    def delete(self, request: Request, **ids: int) -> Answer:
        """Authors may while it is open and nobody else has commented on it."""
        return self.remove()

"""Routes of polls and votes (contract B 4; docs/api/polls.md)."""

from dataclasses import replace
from typing import Any

from rest_framework.request import Request

from apps.comments.serializers import CommentOutput
from apps.core import clock
from apps.core.api import Answer
from apps.core.openapi import operation, page_of
from apps.core.response_cache import kept
from apps.items.api.items import COMMENT_ID, PATCH_BODY, ItemApi, flags_given, require_id
from apps.items.moments import read_instant
from apps.items.polls import ChoiceDraft, PollDraft, cast_vote, create_poll, edit_poll, withdraw_vote
from apps.items.queries import poll_fields, polls, votes_of
from apps.items.serializers import PollEditInput, PollInput, PollListOutput, PollOwnOutput, VoteInput, VoteOutput
from apps.items.shapes import poll_fields as poll_fields_shape
from apps.permissions.access import Need, access_microcosm
from apps.sites.types import ItemType, href


class PollOutput(PollOwnOutput):
    """A poll on its own page, with one page of its comments (contract B 4.2)."""

    comments = page_of(CommentOutput)


class PollApi(ItemApi):
    """Base of the routes of polls."""

    kind = ItemType.POLL

    def own_fields(self, row: Any) -> dict[str, Any]:
        """Question, choices and the counts that the viewer may see."""
        viewer = self.viewer
        rows = poll_fields(site_id=viewer.site_id, profile_id=viewer.profile_id, item_id=row.id)
        now, closes_at = clock.now(), rows[0].poll_closes_at
        self._closes_at = closes_at if closes_at is not None and closes_at > now else None
        return poll_fields_shape(rows, at=now)


class PollList(PollApi):
    """`/polls`."""

    @operation("List polls", answer=PollListOutput, cursors=True)
    @kept()
    def get(self, request: Request) -> Answer:
        """Everything the caller may read and does not ignore, oldest first."""
        paging = self.paging_of("polls")
        found = polls(site_id=self.viewer.site_id, profile_id=self.viewer.profile_id, paging=paging)
        return self.list_answer(found, paging=paging, key=lambda row: (row.created_at, row.id))

    @operation("Start a poll", body=PollInput, success=(302,), prefer=201, represents=PollOutput)
    def post(self, request: Request) -> Answer:
        """Needs a title, a question and at least one choice."""
        given = PollInput.read(request.data)
        microcosm_id = require_id(given, "microcosmId")
        place = access_microcosm(self.viewer, microcosm_id, Need.CREATE)
        item_id = create_poll(
            _draft(given),
            site_id=self.viewer.site_id,
            author_id=self.viewer.require_profile(),
            microcosm_id=microcosm_id,
            title=given.get("title", ""),
            flags=flags_given(given),
            by_moderator=place.permissions.is_moderator,
        )
        return self.wrote(href(self.kind, item_id), representation=lambda: self.first_page(item_id), created=True)


class PollDetail(PollApi):
    """`/polls/{id}`."""

    @operation("Read a poll", answer=PollOutput, cursors=True, query=(COMMENT_ID,))
    @kept()
    def get(self, request: Request, **ids: int) -> Answer:
        """With one page of its comments; marks the poll as read up to the end of that page."""
        return replace(self.page_answer(), holds_until=self._closes_at)

    @operation("Edit or move a poll", body=PollEditInput, success=(302,), prefer=200, represents=PollOutput)
    def put(self, request: Request, **ids: int) -> Answer:
        """What is absent stays. The first edit needs `meta.editReason`; moving needs `create` on the target."""
        given = PollEditInput.read(request.data)
        target_id = require_id(given, "microcosmId") if "microcosmId" in given else None
        access = self.access(Need.UPDATE)
        edit_poll(
            _draft(given),
            site_id=self.viewer.site_id,
            actor_id=self.viewer.require_profile(),
            item_id=self.item_id,
            title=given.get("title"),
            microcosm_id=target_id,
            reason=given.get("meta", {}).get("editReason"),
            moderates_target=self.moderates_target(access, target_id),
        )
        return self.wrote(href(self.kind, self.item_id), representation=lambda: self.first_page(self.item_id))

    @operation("Pin, close, hide or show a poll", body=PATCH_BODY, errors=(501,))
    def patch(self, request: Request, **ids: int) -> Answer:
        """Moderators set every flag; authors close their own with `closeOwn` and open it with `openOwn`."""
        return self.patch_flags(request.data)

    @operation("Delete a poll")
    def delete(self, request: Request, **ids: int) -> Answer:
        """Authors may while it is open and nobody else has commented on it."""
        return self.remove()


class PollVoteDetail(PollApi):
    """`/polls/{id}/vote`: the caller's own."""

    @operation("Read one's vote", answer=VoteOutput)
    def get(self, request: Request, **ids: int) -> Answer:
        """No ids when the caller has not voted."""
        self.access(Need.READ)
        profile_id = self.viewer.require_profile()
        choice_ids = votes_of(site_id=self.viewer.site_id, profile_id=profile_id, item_id=self.item_id)
        return Answer({"choiceIds": choice_ids})

    @operation("Vote, or change one's vote", body=VoteInput)
    def put(self, request: Request, **ids: int) -> Answer:
        """The choices named replace those chosen before. What is closed takes no vote: code 17."""
        given = VoteInput.read(request.data)
        access = self.access(Need.CREATE)
        cast_vote(
            site_id=self.viewer.site_id,
            profile_id=self.viewer.require_profile(),
            item_id=self.item_id,
            choice_ids=given["choiceIds"],
            by_moderator=access.permissions.is_moderator,
        )
        return Answer()

    @operation("Withdraw one's vote")
    def delete(self, request: Request, **ids: int) -> Answer:
        """Not having voted is no error; what is closed gives no vote back: code 17."""
        access = self.access(Need.CREATE)
        withdraw_vote(
            site_id=self.viewer.site_id,
            profile_id=self.viewer.require_profile(),
            item_id=self.item_id,
            by_moderator=access.permissions.is_moderator,
        )
        return Answer()


def _draft(given: dict[str, Any]) -> PollDraft:
    """What a body says of a poll; an empty closing time takes the stored one away."""
    closes = given.get("pollCloses")
    choices = given.get("choices")
    return PollDraft(
        question=given.get("question"),
        choices=None
        if choices is None
        else [ChoiceDraft(id=choice.get("id"), text=choice.get("choice")) for choice in choices],
        is_multi=given.get("multi"),
        is_open=given.get("pollOpen"),
        closes_at=read_instant("pollCloses", closes) if closes else None,
        never_closes=closes == "",
        results=given.get("results"),
    )

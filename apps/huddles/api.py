"""Routes of huddles (contract B 8)."""

from typing import Any

from rest_framework.request import Request

from apps.comments.serializers import CommentOutput
from apps.comments.shapes import comment_summary
from apps.core import clock
from apps.core.api import Answer, Api
from apps.core.errors import DeleteForbidden, Missing
from apps.core.openapi import operation, page_of, query_parameter
from apps.core.pagination import DEFAULT_LIMIT, Ends, Paging, RequestUrl, collection
from apps.core.response_cache import kept
from apps.huddles import queries
from apps.huddles.access import access_huddle, access_invitations
from apps.huddles.models import Participant
from apps.huddles.serializers import (
    MAX_INVITED,
    HuddleDetailOutput,
    HuddleInput,
    HuddleListOutput,
    ParticipantListOutput,
    ParticipantOutput,
)
from apps.huddles.services import add_participants, create_huddle, leave_huddle, mark_huddle_read
from apps.huddles.shapes import huddle_detail, huddle_summary, participant
from apps.items.api.items import covers, read_up_to
from apps.permissions.access import Need
from apps.permissions.serializers import ReferenceInput
from apps.profiles.shapes import profile_summary, profile_summary_of
from apps.profiles.viewer import Viewer
from apps.sites.types import ItemType, href

HUDDLES = href(ItemType.HUDDLE)
UNREAD = query_parameter("unread", str, "`true`, in any case: only huddles that hold something new.")
COMMENT_ID = query_parameter("comment_id", int, "The comment a jump led to; it only comes back in the page's links.")


class HuddleOutput(HuddleDetailOutput):
    """A huddle on its own page, with one page of its comments (contract B 8.2)."""

    comments = page_of(CommentOutput)


class HuddleList(Api):
    """`/huddles`."""

    @operation("List one's huddles", answer=HuddleListOutput, cursors=True, query=(UNREAD,))
    @kept()
    def get(self, request: Request) -> Answer:
        """The most recently active first; without those started by somebody the caller ignores. Guests have none."""
        site_id, profile_id, url = self.viewer.site_id, self.viewer.profile_id, self.url
        unread_only = request.query_params.get("unread", "").lower() == "true"
        paging = self.paging_of("huddles", profile_id, unread_only)
        found = queries.huddle_list(site_id=site_id, profile_id=profile_id, unread_only=unread_only, paging=paging)
        rows, ends = paging.cut(found.rows, total=found.total, key=lambda row: (row.last_activity_at, row.id))
        page = collection(
            paging=paging,
            total=found.total,
            items=[huddle_summary(row, site_id=site_id) for row in rows],
            type=HUDDLES,
            url=url,
            ends=ends,
        )
        meta = {"links": [{"rel": "self", "href": HUDDLES}]}
        return Answer({"huddles": page, "meta": meta}, headers=ends.headers(url))

    @operation("Start a huddle", body=HuddleInput, success=(302,), prefer=201, represents=HuddleOutput)
    def post(self, request: Request) -> Answer:
        """The caller is always in it. The same again within five seconds leads to the first one."""
        author_id = self.viewer.require_profile()
        given = HuddleInput.read(request.data)
        huddle_id = create_huddle(
            site_id=self.viewer.site_id,
            author_id=author_id,
            title=given.get("title", ""),
            is_confidential=given.get("isConfidential", False),
            invited_ids={entry["id"] for entry in given.get("participants", [])},
        )
        return self.wrote(
            href(ItemType.HUDDLE, huddle_id), representation=lambda: first_page(self.viewer, huddle_id), created=True
        )


class HuddleDetail(Api):
    """`/huddles/{id}`."""

    @operation("Read a huddle", answer=HuddleOutput, cursors=True, query=(COMMENT_ID,))
    @kept()
    def get(self, request: Request, huddle_id: int) -> Answer:
        """With one page of its comments; marks the huddle as read up to the end of that page."""
        paging, url = self.paging_of("comments", huddle_id), self.url
        shape, ends = read_huddle(self.viewer, huddle_id, paging=paging, url=url)
        return Answer(shape, headers=ends.headers(url))

    @operation("Leave a huddle")
    def delete(self, request: Request, huddle_id: int) -> Answer:
        """The others keep it; whoever has left, its creator too, can read nothing of it any more."""
        access_huddle(self.viewer, huddle_id, Need.READ)
        leave_huddle(site_id=self.viewer.site_id, profile_id=self.viewer.require_profile(), huddle_id=huddle_id)
        return Answer()


class ParticipantList(Api):
    """`/huddles/{id}/participants`."""

    @operation("List who is in a huddle", answer=ParticipantListOutput, cursors=True)
    def get(self, request: Request, huddle_id: int) -> Answer:
        """By the ids of their profiles."""
        site_id, url, paging = self.viewer.site_id, self.url, self.paging_of("participants", huddle_id)
        access_huddle(self.viewer, huddle_id, Need.READ)
        found = queries.participant_page(site_id=site_id, huddle_id=huddle_id, paging=paging)
        rows, ends = paging.cut(found.rows, total=found.total, key=lambda row: (row.person_id,))
        page = collection(
            paging=paging,
            total=found.total,
            items=[participant(profile_summary_of(row, "person", site_id=site_id)) for row in rows],
            type=f"{href(ItemType.HUDDLE, huddle_id)}/participants",
            url=url,
            ends=ends,
        )
        return Answer({"participants": page, "meta": {}}, headers=ends.headers(url))

    @operation(
        "Bring people into a huddle",
        body=ReferenceInput(many=True),
        success=(302,),
        prefer=200,
        represents=HuddleOutput,
    )
    def put(self, request: Request, huddle_id: int) -> Answer:
        """Beside those who are in it. Any participant may, only the creator when the huddle is confidential."""
        entries = ReferenceInput.read_list(request.data, max_length=MAX_INVITED)
        access_invitations(self.viewer, huddle_id)
        add_participants(
            site_id=self.viewer.site_id,
            actor_id=self.viewer.require_profile(),
            huddle_id=huddle_id,
            profile_ids={entry["id"] for entry in entries},
        )
        return self.wrote(href(ItemType.HUDDLE, huddle_id), representation=lambda: first_page(self.viewer, huddle_id))


class ParticipantDetail(Api):
    """`/huddles/{id}/participants/{profileId}`."""

    @operation("Look whether somebody is in a huddle", answer=ParticipantOutput)
    def get(self, request: Request, huddle_id: int, profile_id: int) -> Answer:
        """404 for those who are not."""
        access_huddle(self.viewer, huddle_id, Need.READ)
        return Answer(self._participant(huddle_id, profile_id))

    @operation("Bring somebody into a huddle", success=(302,), prefer=200, represents=ParticipantOutput)
    def put(self, request: Request, huddle_id: int, profile_id: int) -> Answer:
        """By the same rule as several people."""
        access_invitations(self.viewer, huddle_id)
        add_participants(
            site_id=self.viewer.site_id,
            actor_id=self.viewer.require_profile(),
            huddle_id=huddle_id,
            profile_ids=[profile_id],
        )
        return self.wrote(
            f"{href(ItemType.HUDDLE, huddle_id)}/participants/{profile_id}",
            representation=lambda: self._participant(huddle_id, profile_id),
        )

    @operation("Leave a huddle, by one's own entry")
    def delete(self, request: Request, huddle_id: int, profile_id: int) -> Answer:
        """Nobody can take out somebody else."""
        access_huddle(self.viewer, huddle_id, Need.READ)
        if profile_id != self.viewer.require_profile():
            raise DeleteForbidden("participants leave by themselves")
        leave_huddle(site_id=self.viewer.site_id, profile_id=profile_id, huddle_id=huddle_id)
        return Answer()

    def _participant(self, huddle_id: int, profile_id: int) -> dict[str, Any]:
        found = (
            Participant.objects.select_related("profile")
            .filter(huddle_id=huddle_id, profile_id=profile_id, profile__site_id=self.viewer.site_id)
            .first()
        )
        if found is None:
            raise Missing
        profile = found.profile
        return participant(
            profile_summary(
                id=profile.id,
                site_id=profile.site_id,
                user_id=profile.user_id,
                name=profile.name,
                is_visible=profile.is_visible,
                avatar_url=profile.avatar_url,
            )
        )


def read_huddle(viewer: Viewer, huddle_id: int, *, paging: Paging, url: RequestUrl) -> tuple[dict[str, Any], Ends]:
    """A huddle with a page of its comments, as it is before the reader's mark moves, and the page's cursors.

    Raises Missing.
    """
    asked_at = clock.now()
    found = queries.huddle_page(
        site_id=viewer.site_id, profile_id=viewer.profile_id, huddle_id=huddle_id, paging=paging
    )
    if found is None:
        raise Missing
    total = found.item.comment_total
    comments, is_more = paging.without_probe(found.comments)
    ends = Ends()
    if comments:
        first, last = ((comment.created_at, comment.id) for comment in (comments[0], comments[-1]))
        ends = paging.ends(first, last, total=total, is_more=is_more)
    shape = huddle_detail(
        found.item,
        site_id=viewer.site_id,
        comments=collection(
            paging=paging,
            total=total,
            items=[comment_summary(comment, site_id=viewer.site_id) for comment in comments],
            type=href(ItemType.COMMENT),
            url=url,
            ends=ends,
        ),
    )
    at = read_up_to(
        comments[-1].created_at if comments else None,
        is_last=paging.reaches_end(total=total, is_more=is_more),
        asked_at=asked_at,
    )
    if at is not None and not covers(found.item.read_at, at=at, news_at=found.item.news_at):
        mark_huddle_read(site_id=viewer.site_id, profile_id=viewer.profile_id, huddle_id=huddle_id, at=at)
    return shape, ends


def first_page(viewer: Viewer, huddle_id: int) -> dict[str, Any]:
    """The huddle as the answer to a write shows it."""
    url = RequestUrl(path=href(ItemType.HUDDLE, huddle_id), query=(), raw="")
    shape, _ends = read_huddle(viewer, huddle_id, paging=Paging(limit=DEFAULT_LIMIT), url=url)
    return shape

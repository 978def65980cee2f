"""Routes of comments, and the jumps to them (contract B 5, B 7)."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from rest_framework.request import Request

from apps.comments.access import access_comment
from apps.comments.attachments import attach_to_comment, attachment_page, detach_from_comment
from apps.comments.events import CommentEdited
from apps.comments.models import Comment, CommentAttribute
from apps.comments.queries import Jump, Relatives, comment_page, first_unread_comment, last_comment
from apps.comments.serializers import CommentDetailOutput, CommentEditInput, CommentInput
from apps.comments.services import (
    check_markdown,
    comment_on_item,
    comment_on_profile,
    delete_comment,
    edit_comment,
    flag_comment,
)
from apps.comments.shapes import comment_detail
from apps.core.api import Answer, Api
from apps.core.errors import DeleteForbidden, Missing, OutOfRange, UpdateForbidden
from apps.core.openapi import NUMBER_OR_EMPTY, operation, patch_document, query_parameter
from apps.core.pagination import DEFAULT_LIMIT, PLACES, Ends, Paging, RequestUrl
from apps.core.patching import read_patch
from apps.core.response_cache import kept
from apps.files.attaching import choose_file
from apps.files.serializers import AttachmentInput
from apps.files.shapes import attachment_list
from apps.huddles.services import mark_huddle_read
from apps.items.access import access_item
from apps.items.reading import mark_item_read
from apps.permissions.access import Need, access_profile
from apps.permissions.queries import Permissions
from apps.profiles.api.serializers import AttachmentListOutput
from apps.profiles.viewer import Viewer
from apps.sites.api.attributes import AttributeDetail, AttributeList, AttributeView
from apps.sites.types import COMMENTABLE, ITEM_TYPES, ItemType, href

#: The paths of a patch and the fields they set (contract B 5.6).
FLAG_FIELDS = {"/meta/flags/deleted": "is_deleted", "/meta/flags/moderated": "is_moderated"}
PATCH_BODY = patch_document(FLAG_FIELDS)
LIMIT = query_parameter(
    "limit", NUMBER_OR_EMPTY, "The size of the pages that the link to the comment's page counts in."
)


class CommentList(Api):
    """`/comments`."""

    @operation("Say something", body=CommentInput, success=(302,), prefer=201, represents=CommentDetailOutput)
    def post(self, request: Request) -> Answer:
        """On an item, or on a profile as its biography.

        The same text in the same place by the same author within five minutes leads to the first one.
        """
        given = CommentInput.read(request.data)
        kind, parent_id = parent_of(given)
        check_markdown(given.get("markdown", ""))
        comment_id = (
            self._on_profile(parent_id, given) if kind is ItemType.PROFILE else self._on_item(kind, parent_id, given)
        )
        return self.wrote(
            href(ItemType.COMMENT, comment_id),
            representation=lambda: comment_shape(self.viewer, comment_id, limit=DEFAULT_LIMIT),
            created=True,
        )

    def _on_item(self, kind: ItemType, item_id: int, given: dict[str, Any]) -> int:
        access = access_item(self.viewer, item_id, Need.CREATE, kind=kind)
        flags = given.get("meta", {}).get("flags", {})
        return comment_on_item(
            site_id=self.viewer.site_id,
            author_id=self.viewer.require_profile(),
            item_id=item_id,
            markdown=given["markdown"],
            in_reply_to_id=given.get("inReplyTo"),
            flags={f"is_{name}": value for name, value in flags.items()},
            by_moderator=access.permissions.is_moderator,
        )

    def _on_profile(self, profile_id: int, given: dict[str, Any]) -> int:
        access_profile(self.viewer, profile_id, Need.CREATE)
        return comment_on_profile(
            site_id=self.viewer.site_id,
            author_id=self.viewer.require_profile(),
            home_id=profile_id,
            markdown=given["markdown"],
            in_reply_to_id=given.get("inReplyTo"),
        )


class CommentDetail(Api):
    """`/comments/{id}`."""

    @operation("Read a comment", answer=CommentDetailOutput, query=(LIMIT,))
    @kept()
    def get(self, request: Request, comment_id: int) -> Answer:
        """With the comment it answers and those that answer it; marks its item as read up to it."""
        return Answer(comment_shape(self.viewer, comment_id, limit=page_limit(request)))

    @operation("Edit a comment", body=CommentEditInput, success=(302,), prefer=200, represents=CommentDetailOutput)
    def put(self, request: Request, comment_id: int) -> Answer:
        """Only the text can change; it becomes a new revision."""
        given = CommentEditInput.read(request.data)
        access = access_comment(self.viewer, comment_id, Need.UPDATE)
        if "markdown" in given:
            edit_comment(
                site_id=self.viewer.site_id,
                actor_id=self.viewer.require_profile(),
                comment_id=access.thing.id,
                markdown=given["markdown"],
            )
        return self.wrote(
            href(ItemType.COMMENT, comment_id),
            representation=lambda: comment_shape(self.viewer, comment_id, limit=DEFAULT_LIMIT),
        )

    @operation("Hide or show a comment", body=PATCH_BODY, errors=(501,))
    def patch(self, request: Request, comment_id: int) -> Answer:
        """For moderators."""
        replacements = read_patch(request.data, paths=FLAG_FIELDS)
        access = access_comment(self.viewer, comment_id, Need.UPDATE)
        if not access.permissions.is_moderator or _is_private(access.thing):
            raise UpdateForbidden("only moderators may set this flag")
        flag_comment(
            site_id=self.viewer.site_id,
            actor_id=self.viewer.require_profile(),
            comment_id=comment_id,
            flags={FLAG_FIELDS[change.path]: change.value for change in replacements},
        )
        return Answer()

    @operation("Delete a comment")
    def delete(self, request: Request, comment_id: int) -> Answer:
        """Authors may while the item is open."""
        access_comment(self.viewer, comment_id, Need.DELETE)
        delete_comment(site_id=self.viewer.site_id, actor_id=self.viewer.require_profile(), comment_id=comment_id)
        return Answer()


class CommentAttachmentList(Api):
    """`/comments/{id}/attachments` (contract A 25)."""

    @operation("The files attached to a comment", answer=AttachmentListOutput, cursors=True)
    def get(self, request: Request, comment_id: int) -> Answer:
        """In the order of their attaching."""
        url = self.url
        shape, ends = self._page(self.paging_of("attachments", "comment", comment_id), comment_id, url=url)
        return Answer(shape, headers=ends.headers(url))

    @operation(
        "Attach a file to a comment", body=AttachmentInput, success=(302,), prefer=201, represents=AttachmentListOutput
    )
    def post(self, request: Request, comment_id: int) -> Answer:
        """For those who may edit it; attaching the same file again changes nothing."""
        access = access_comment(self.viewer, comment_id, Need.UPDATE)
        given = AttachmentInput.read(request.data)
        actor_id = self.viewer.require_profile()
        choice = choose_file(
            site_id=self.viewer.site_id,
            profile_id=actor_id,
            user_id=self.viewer.user_id,
            hash=given["fileHash"],
            name=given.get("fileName", ""),
        )
        attach_to_comment(choice, site_id=self.viewer.site_id, comment_id=access.thing.id, actor_id=actor_id)
        return self.wrote(
            f"{href(ItemType.COMMENT, comment_id)}/attachments",
            representation=lambda: self._page(Paging(limit=DEFAULT_LIMIT), comment_id, url=self.url)[0],
            created=True,
        )

    def _page(self, paging: Paging, comment_id: int, *, url: RequestUrl) -> tuple[dict[str, Any], Ends]:
        access = access_comment(self.viewer, comment_id, Need.READ)
        total, rows = attachment_page(comment_id=access.thing.id, paging=paging)
        return attachment_list(rows, total=total, paging=paging, url=url, permissions=access.permissions.shape())


class CommentAttachmentDetail(Api):
    """`/comments/{id}/attachments/{hash}[.ext]`."""

    @operation("Take a file off a comment")
    def delete(self, request: Request, comment_id: int, file_hash: str) -> Answer:
        """For its author and for moderators."""
        access = access_comment(self.viewer, comment_id, Need.READ)
        item = access.thing.item
        is_private = item is not None and item.kind == ItemType.HUDDLE
        if not (access.permissions.is_owner or (access.permissions.is_moderator and not is_private)):
            raise DeleteForbidden
        detach_from_comment(
            site_id=self.viewer.site_id,
            comment_id=access.thing.id,
            hash=file_hash.partition(".")[0].lower(),
            actor_id=self.viewer.require_profile(),
        )
        return Answer()


class _CommentAttributes(AttributeView):
    model = CommentAttribute
    parent_field = "comment_id"
    word = "comments"

    def access(self, parent_id: int, need: Need) -> None:
        self.comment = access_comment(self.viewer, parent_id, need).thing

    def news(self, parent_id: int) -> CommentEdited:
        return CommentEdited(
            site_id=self.viewer.site_id,
            actor_id=self.viewer.profile_id,
            comment_id=parent_id,
            item_id=self.comment.item_id,
            home_id=self.comment.profile_id,
            mentioned_ids=(),
        )


class CommentAttributeList(_CommentAttributes, AttributeList):
    """`/comments/{id}/attributes` (contract A 26)."""


class CommentAttributeDetail(_CommentAttributes, AttributeDetail):
    """`/comments/{id}/attributes/{key}`."""


class CommentInContext(Api):
    """`/comments/{id}/incontext`."""

    @operation("Go to a comment on its page", success=(307,), query=(LIMIT,))
    def get(self, request: Request, comment_id: int) -> Answer:
        """Leads to the page of its parent that holds the comment."""
        limit = page_limit(request)
        found = _comment(self.viewer, comment_id)
        return _jump_to(_page_href(found, limit=limit, comment_id=comment_id))


class _ItemJump(Api):
    """Base of the jumps from an item to one of its comments; the id is the one variable of the path."""

    kind: ClassVar[ItemType]

    def _jump(self, find: Any) -> Answer:
        item_id: int = next(iter(self.kwargs.values()))
        limit = page_limit(self.request)
        access_item(self.viewer, item_id, Need.READ, kind=self.kind)
        found: Jump | None = find(site_id=self.viewer.site_id, profile_id=self.viewer.profile_id, item_id=item_id)
        query = [pair for pair in self.url.query if pair[0] not in ("comment_id", "limit", *PLACES)]
        if found is not None:
            query.append(("comment_id", str(found.comment_id)))
        query += page_query(found.page_rank if found else 0, limit=limit)
        return _jump_to(_with_query(href(self.kind, item_id), query))


class NewComment(_ItemJump):
    """`/conversations/{id}/newcomment` and its like."""

    kind = ItemType.CONVERSATION

    @operation("Go to the first unread comment", success=(307,), query=(LIMIT,))
    def get(self, request: Request, **ids: int) -> Answer:
        """To the last one if all are read, to the first for guests. Other parameters are carried along."""
        return self._jump(first_unread_comment)


class LastComment(_ItemJump):
    """`/conversations/{id}/lastcomment` and its like."""

    kind = ItemType.CONVERSATION

    @operation("Go to the last comment", success=(307,), query=(LIMIT,))
    def get(self, request: Request, **ids: int) -> Answer:
        """Other parameters are carried along."""
        return self._jump(last_comment)


def parent_of(given: dict[str, Any]) -> tuple[ItemType, int]:
    """What a new comment hangs on; raises OutOfRange unless it is something one can comment on."""
    kind = ITEM_TYPES.get(given.get("itemType", ""))
    if kind is None or kind not in COMMENTABLE:
        raise OutOfRange("itemType is not the name of something that can be commented on")
    parent_id: int = given.get("itemId", 0)
    if parent_id < 1:
        raise OutOfRange("itemId must be 1 or more")
    return kind, parent_id


def page_limit(request: Request) -> int:
    """The page size that a link to a comment's page counts in; raises for a bad `limit`."""
    only_limit = request.query_params.copy()
    for name in PLACES:
        only_limit.pop(name, None)
    return Paging.of(only_limit).limit


def page_query(rank: int, *, limit: int) -> list[tuple[str, str]]:
    """The parameters of the page that holds the `rank`th comment; defaults are left out."""
    offset = max(0, rank - 1) // limit * limit
    query = [("limit", str(limit))] if limit != DEFAULT_LIMIT else []
    return [*query, ("offset", str(offset))] if offset else query


def comment_shape(viewer: Viewer, comment_id: int, *, limit: int) -> dict[str, Any]:
    """A single comment as a viewer sees it before their mark moves (contract B 5.3); raises Missing."""
    found = _comment(viewer, comment_id)
    shape = comment_detail(
        found.comment,
        site_id=viewer.site_id,
        page_href=_page_href(found, limit=limit),
        permissions=Permissions.of_row(found.comment),
        answers=found.answers,
        replies=found.replies,
    )
    if not viewer.is_guest:
        _mark_parent_read(viewer, found.comment)
    return shape


def _comment(viewer: Viewer, comment_id: int) -> Relatives:
    found = comment_page(site_id=viewer.site_id, profile_id=viewer.profile_id, comment_id=comment_id)
    # Before all that the viewer sees there is no page to lead to (contract B 5.3); who may change it reaches it anyhow.
    if found is None or not (found.page_rank or found.comment.can_update or found.comment.is_moderator):
        raise Missing
    return found


def _is_private(comment: Comment) -> bool:
    """Whether a comment is in a huddle, where nobody moderates: the owner of the site is one among those in it."""
    return comment.item is not None and comment.item.kind == ItemType.HUDDLE


def _mark_parent_read(viewer: Viewer, comment: Any) -> None:
    kind, item_id, at = ItemType(comment.parent_kind), comment.parent_id, comment.created_at
    # What has been read already needs no mark, which would be a write for each look.
    if comment.read_at is not None and comment.read_at >= at:
        return
    if kind is ItemType.HUDDLE:
        mark_huddle_read(site_id=viewer.site_id, profile_id=viewer.profile_id, huddle_id=item_id, at=at)
    elif kind is not ItemType.PROFILE:
        mark_item_read(site_id=viewer.site_id, profile_id=viewer.profile_id, kind=kind, item_id=item_id, at=at)


def _page_href(found: Relatives, *, limit: int, comment_id: int | None = None) -> str:
    """The page of the parent that holds a comment; clients take what follows `offset=` as a number, so it is last."""
    parent = href(ItemType(found.comment.parent_kind), found.comment.parent_id)
    query = [("comment_id", str(comment_id))] if comment_id else []
    return _with_query(parent, [*query, *page_query(found.page_rank, limit=limit)])


def _with_query(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(sorted(query, key=lambda pair: pair[0]))}" if query else path


def _jump_to(location: str) -> Answer:
    return Answer(status=307, headers={"Location": location})

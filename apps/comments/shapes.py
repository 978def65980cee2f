"""Comments in the contract's JSON: the same shape for page, reply, biography, search and feed (B 5.2, 5.3)."""

from typing import Any

from apps.permissions.queries import Permissions
from apps.profiles.shapes import profile_summary_of
from apps.sites.types import ItemType, href


def comment_summary(row: Any, *, site_id: int) -> dict[str, Any]:
    """A comment wherever one stands.

    The row has the columns:

    * id, created_at, revision_count, attachment_count, is_deleted, is_moderated: of `comments_comment`;
    * parent_kind (a number of `ItemType`; 3 for a biography), parent_id, parent_title (of the item, or the name of the
      profile; null when the reader may not see the parent, which leaves the titles out);
    * markdown, html, edited_at: of the current revision, `edited_at` being its `created_at`;
    * author_*: the comment's author, and editor_*: the current revision's (`_id`, `_user_id`, `_name`, `_is_visible`,
      `_avatar_url` each, see `profile_summary_of`);
    * in_reply_to_id, reply_author_id, reply_author_name: what it answers; all null unless that comment is visible and
      has the same parent;
    * is_unread: false for guests and outside items.
    """
    summary: dict[str, Any] = {
        "id": row.id,
        "itemType": ItemType(row.parent_kind).word,
        "itemId": row.parent_id,
        "revisions": row.revision_count,
    }
    if row.in_reply_to_id is not None:
        summary["inReplyTo"] = row.in_reply_to_id
    if row.attachment_count:
        summary["attachments"] = row.attachment_count
    summary["markdown"] = row.markdown
    summary["html"] = row.html
    author = profile_summary_of(row, "author", site_id=site_id)
    meta: dict[str, Any] = {"created": row.created_at, "createdBy": author}
    if row.revision_count > 1:
        meta["edited"] = row.edited_at
    by_author = row.editor_id == row.author_id
    meta["editedBy"] = author if by_author else profile_summary_of(row, "editor", site_id=site_id)
    meta["flags"] = {
        "deleted": row.is_deleted,
        "moderated": row.is_moderated,
        "visible": not (row.is_deleted or row.is_moderated),
        "unread": row.is_unread,
    }
    meta["links"] = comment_links(row)
    summary["meta"] = meta
    return summary


def comment_links(row: Any) -> list[dict[str, str]]:
    """Links of a comment to itself, its parent and what it answers; see `comment_summary` for the row."""
    kind = ItemType(row.parent_kind)
    parent = {"href": href(kind, row.parent_id)}
    if row.parent_title is not None:
        parent["title"] = row.parent_title
    links = [
        {"rel": "self", "href": href(ItemType.COMMENT, row.id)},
        {"rel": kind.word, **parent},
        {"rel": "up", **parent},
    ]
    if row.in_reply_to_id is not None:
        links += [
            {"rel": "inReplyTo", "href": href(ItemType.COMMENT, row.in_reply_to_id)},
            {
                "rel": "inReplyToAuthor",
                "href": href(ItemType.PROFILE, row.reply_author_id),
                "title": row.reply_author_name,
            },
        ]
    return links


def comment_detail(
    row: Any, *, site_id: int, page_href: str, permissions: Permissions, answers: Any | None, replies: list[Any]
) -> dict[str, Any]:
    """A single comment: the summary, what it `answers`, its direct `replies`, and where it stands on its page."""
    summary = comment_summary(row, site_id=site_id)
    meta = summary.pop("meta")
    markdown, html = summary.pop("markdown"), summary.pop("html")
    detail = summary | {
        "inReplyTo": row.in_reply_to_id or 0,
        "attachments": row.attachment_count,
        "firstLine": "",
        "markdown": markdown,
        "html": html,
    }
    relatives: dict[str, Any] = {}
    if answers is not None:
        relatives["inReplyTo"] = comment_summary(answers, site_id=site_id)
    if replies:
        relatives["replies"] = [comment_summary(reply, site_id=site_id) for reply in replies]
    meta["links"].append({"rel": "commentPage", "href": page_href})
    detail["meta"] = relatives | meta | {"permissions": permissions.shape()}
    return detail

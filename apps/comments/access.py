"""The only way to a comment one may act on (architecture, decision 3)."""

from apps.comments.models import Comment
from apps.core.errors import Missing
from apps.items.access import is_within_reach
from apps.permissions.access import Access, Need, check_need
from apps.permissions.queries import Permissions, permissions_for
from apps.profiles.viewer import Viewer
from apps.sites.types import ItemType


def access_comment(viewer: Viewer, comment_id: int, need: Need) -> Access[Comment]:
    """A comment of the viewer's site that they may act on; its parent is loaded with it.

    Raises Missing when it does not exist, may not be read, or it or anything it hangs on is deleted or moderated
    (moderators reach it all the same, authors what of their own is only moderated); Forbidden when it may be read but
    `need` is not granted.
    """
    comment = (
        Comment.objects.select_related("item__microcosm", "profile")
        .filter(site_id=viewer.site_id, id=comment_id)
        .first()
    )
    # Asked of what is not there too: how long an answer takes tells nothing (A9).
    permissions = permissions_for(viewer, kind=ItemType.COMMENT, thing_id=comment_id)
    if comment is None or not _is_within_reach(comment, viewer=viewer, permissions=permissions):
        raise Missing
    check_need(permissions, need)
    return Access(comment, permissions)


def _is_within_reach(comment: Comment, *, viewer: Viewer, permissions: Permissions) -> bool:
    if comment.item is not None:
        is_item_author = not viewer.is_guest and comment.item.created_by_id == viewer.profile_id
        if not is_within_reach(comment.item, permissions=permissions, is_author=is_item_author):
            return False
    if permissions.is_moderator:
        return True
    return not comment.is_deleted and (not comment.is_moderated or permissions.is_owner)

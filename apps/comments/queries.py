"""Statements over comments."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from apps.core.pagination import MAX_LIMIT
from apps.core.sql import Statements
from apps.text.cleaning import escape

statements = Statements(__file__)

#: Direct replies that a single comment shows; more are on the pages of its parent.
MAX_REPLIES = MAX_LIMIT


@dataclass(frozen=True)
class Relatives:
    """A comment with those around it, as `shapes.comment_summary` wants them; permissions stand in front."""

    comment: Any
    answers: Any | None
    replies: list[Any]

    @property
    def page_rank(self) -> int:
        """The comment's place among those of its parent that the viewer sees; 0 when it comes before all of them."""
        rank: int = self.comment.page_rank
        return rank


def comment_page(*, site_id: int, profile_id: int, comment_id: int) -> Relatives | None:
    """A comment as its viewer sees it, in one statement; None when it is not for them."""
    rows = statements.comment_page.rows(
        site_id=site_id, profile_id=profile_id, comment_id=comment_id, max_replies=MAX_REPLIES
    )
    if not rows:
        return None
    answers = [row for row in rows if row.role == 1]
    return Relatives(
        comment=rows[0], answers=answers[0] if answers else None, replies=[row for row in rows if row.role == 2]
    )


@dataclass(frozen=True)
class Jump:
    """A comment to show, and its place among those of its item that the viewer sees."""

    comment_id: int
    page_rank: int


def first_unread_comment(*, site_id: int, profile_id: int, item_id: int) -> Jump | None:
    """The first comment that is new to a viewer, or the last one; for guests all are new. None without comments."""
    return _jump(site_id=site_id, profile_id=profile_id, item_id=item_id, from_the_end=False)


def last_comment(*, site_id: int, profile_id: int, item_id: int) -> Jump | None:
    """The newest comment that a viewer sees on an item; None without comments."""
    return _jump(site_id=site_id, profile_id=profile_id, item_id=item_id, from_the_end=True)


def _jump(*, site_id: int, profile_id: int, item_id: int, from_the_end: bool) -> Jump | None:
    row = statements.comment_to_jump_to.row(
        site_id=site_id, profile_id=profile_id, item_id=item_id, from_the_end=from_the_end
    )
    return None if row is None else Jump(comment_id=row.id, page_rank=row.page_rank)


def profiles_by_name(names: Collection[str], *, site_id: int) -> dict[str, int]:
    """Profile ids by lower-case plain name, for those of `names` that are profiles of a site."""
    stored = {escape(name): name for name in names}
    rows = statements.profiles_by_name.rows(site_id=site_id, names=sorted(stored))
    return {stored[row.name]: row.id for row in rows}

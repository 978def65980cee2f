"""Statements over huddles."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from apps.core.pagination import Paging
from apps.core.sql import Statements
from apps.items.queries import ItemPage, item_page_of

statements = Statements(__file__)


@dataclass(frozen=True)
class Page:
    """The rows of a page and how many there are in all."""

    total: int
    rows: list[Any]


def huddle_page(*, site_id: int, profile_id: int, huddle_id: int, paging: Paging) -> ItemPage | None:
    """A huddle with a page of comments as a participant sees it, in one statement; None for everybody else."""
    return item_page_of(
        statements.huddle_page.rows(
            site_id=site_id, profile_id=profile_id, huddle_id=huddle_id, **paging.values("from_at", "from_id")
        )
    )


def huddle_list(*, site_id: int, profile_id: int, unread_only: bool, paging: Paging) -> Page:
    """A page of the huddles a viewer is in as `shapes.huddle_summary` wants them; nothing for guests."""
    rows = statements.huddle_list.rows(
        site_id=site_id, profile_id=profile_id, unread_only=unread_only, **paging.values("from_at", "from_id")
    )
    return Page(total=rows[0].total, rows=[row for row in rows if row.id is not None])


def participant_page(*, site_id: int, huddle_id: int, paging: Paging) -> Page:
    """A page of who is in a huddle, in columns `person_*`."""
    rows = statements.participant_page.rows(site_id=site_id, huddle_id=huddle_id, **paging.values("from_id"))
    return Page(total=rows[0].total, rows=[row for row in rows if row.person_id is not None])


def authors_in(item_ids: Collection[int]) -> list[Any]:
    """Who has written how many visible comments on some items, of whatever site, by profile id."""
    rows: list[Any] = statements.comment_counts_by_author.rows(item_ids=list(item_ids))
    return rows


def files_in(item_ids: Collection[int]) -> dict[int, int]:
    """How often each file is attached to comments on some items, of whatever site."""
    return {row.file_id: row.link_count for row in statements.links_to_files.rows(item_ids=list(item_ids))}


def unread_counts(*, site_id: int, profile_ids: Collection[int]) -> dict[int, int]:
    """How many huddles hold a comment that is new to each of some members of a site (contract B 8.5)."""
    rows = statements.unread_huddle_counts.rows(site_id=site_id, profile_ids=list(profile_ids))
    return {row.id: row.unread_count for row in rows}

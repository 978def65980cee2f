"""Statements over microcosms."""

from typing import Any

from apps.core.cursors import Key
from apps.core.pagination import Paging
from apps.core.sql import Statements
from apps.microcosms.models import Microcosm

statements = Statements(__file__)


def microcosm_page(*, site_id: int, profile_id: int, microcosm_id: int | None, paging: Paging) -> list[Any]:
    """A microcosm and a page of what is in it, or nothing if the caller may not see it; None stands for the root."""
    return statements.microcosm_page.rows(
        site_id=site_id,
        profile_id=profile_id,
        microcosm_id=microcosm_id,
        **paging.values("from_sticky", "from_item", "from_sequence", "from_at", "from_id"),
    )


def entry_key(row: Any) -> Key:
    """The sort key of what stands on a microcosm's page: microcosms by their sequence, items by their activity."""
    if row.place_id is None:
        return row.is_sticky, True, 0, row.last_activity_at, row.id
    return row.place_is_sticky, False, row.place_sequence, None, row.place_id


def microcosm_tree(*, site_id: int, profile_id: int) -> list[Any]:
    """The microcosms that somebody may read, depth first."""
    return statements.microcosm_tree.rows(site_id=site_id, profile_id=profile_id)


def root_id(*, site_id: int) -> int:
    """The id of the site's root microcosm, 0 if it has none."""
    return Microcosm.objects.filter(site_id=site_id, parent__isnull=True).values_list("id", flat=True).first() or 0

"""Statements over profiles."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from apps.core import clock
from apps.core.pagination import Paging
from apps.core.sql import Statements
from apps.profiles.viewer import Viewer

#: How long after their last request somebody is "online" (contract A 9.2).
ONLINE_INTERVAL = timedelta(minutes=90)

statements = Statements(__file__)


def viewer_row(*, site_id: int, token_hash: str, now: datetime) -> Any | None:
    """The holder of a token as one site sees them, or None."""
    return statements.viewer.row(site_id=site_id, token_hash=token_hash, now=now)


def profile_rows(viewer: Viewer, profile_ids: Sequence[int]) -> list[Any]:
    """Those of the profiles that the viewer may read, by id, each with everything its page shows."""
    return statements.profile_page.rows(
        site_id=viewer.site_id,
        viewer_id=viewer.profile_id,
        profile_ids=list(profile_ids),
        only_own=viewer.site.is_root,
    )


def people_rows(
    viewer: Viewer, *, paging: Paging, start: str, is_top: bool, is_following: bool, is_online: bool
) -> list[Any]:
    """A page of the people of the viewer's site; never empty, see the statement.

    `start` is how names begin, escaped as they are stored.
    """
    filters = {
        "site_id": viewer.site_id,
        "viewer_id": viewer.profile_id,
        "is_following": is_following,
        "is_online": is_online,
        "online_since": clock.now() - ONLINE_INTERVAL,
        "limit": paging.limit,
        "offset": paging.offset,
    }
    if start:
        return statements.people_found.rows(start=start, is_top=is_top, **filters)
    statement = statements.people_by_comments if is_top else statements.people_by_name
    return statement.rows(**filters)


def user_row(viewer: Viewer, user_id: int) -> Any | None:
    """The record of a user with a profile on the viewer's site, or None for those who may not read it."""
    return statements.user_record.row(
        site_id=viewer.site_id, viewer_id=viewer.profile_id, user_id=user_id, now=clock.now()
    )


def create_profiles(*, site_id: int, user_ids: Sequence[int], names: Sequence[str], now: datetime) -> dict[int, int]:
    """Make profiles for `services`; answers with the ids of those made, by user id."""
    rows = statements.create_profiles.rows(site_id=site_id, user_ids=list(user_ids), names=list(names), now=now)
    return {row.user_id: row.id for row in rows}

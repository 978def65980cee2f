"""Statements over profiles."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.core import clock
from apps.core.cursors import Key
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


@dataclass(frozen=True)
class PeopleFilter:
    """Which people of a site are listed, and in which order."""

    #: How names begin, escaped as they are stored.
    start: str = ""
    is_top: bool = False
    is_following: bool = False
    is_online: bool = False

    @property
    def takes_all(self) -> bool:
        """Whether everybody is listed, of whom there may be very many."""
        return not (self.start or self.is_following or self.is_online)

    def key(self, row: Any) -> Key:
        """The sort key of a row of `people_rows`."""
        if not self.takes_all:
            return row.is_other, -row.comment_count if self.is_top else 0, row.sort_name
        return (row.comment_count, row.sort_name) if self.is_top else (row.sort_name,)


def people_rows(viewer: Viewer, wanted: PeopleFilter, *, paging: Paging) -> list[Any]:
    """A page of the people of the viewer's site; never empty, see the statements."""
    ids = {"site_id": viewer.site_id, "viewer_id": viewer.profile_id}
    if not wanted.takes_all:
        return statements.people_among.rows(
            **ids,
            **asdict(wanted),
            online_since=clock.now() - ONLINE_INTERVAL,
            **paging.values("from_other", "from_rank", "from_name"),
        )
    if wanted.is_top:
        return statements.people_by_comments.rows(**ids, **paging.values("from_count", "from_name"))
    return statements.people_by_name.rows(**ids, **paging.values("from_name"))


def user_row(viewer: Viewer, user_id: int) -> Any | None:
    """The record of a user with a profile on the viewer's site, or None for those who may not read it."""
    return statements.user_record.row(
        site_id=viewer.site_id, viewer_id=viewer.profile_id, user_id=user_id, now=clock.now()
    )


def create_profiles(*, site_id: int, user_ids: Sequence[int], names: Sequence[str], now: datetime) -> dict[int, int]:
    """Make profiles for `services`; answers with the ids of those made, by user id."""
    rows = statements.create_profiles.rows(site_id=site_id, user_ids=list(user_ids), names=list(names), now=now)
    return {row.user_id: row.id for row in rows}

"""The site's object with the people it names: sites know users, profiles know how people are shown."""

from typing import Any

from apps.core.errors import Missing
from apps.permissions.queries import Permissions
from apps.profiles.shapes import EMPTY_SUMMARY, profile_summary_of
from apps.profiles.viewer import Viewer
from apps.sites import queries
from apps.sites.shapes import site_object


def current_site(viewer: Viewer) -> dict[str, Any]:
    """The viewer's site, with what they may do there."""
    row = _row(viewer.site_id, profile_id=viewer.profile_id)
    return _shape(row, permissions=Permissions.of_row(row).shape())


def any_site(site_id: int) -> dict[str, Any]:
    """Any site, as its object is shown elsewhere."""
    return _shape(_row(site_id))


def some_sites(site_ids: list[int]) -> list[dict[str, Any]]:
    """Several sites, in the order of creation."""
    return [_shape(row) for row in queries.site_rows(site_ids)]


def _row(site_id: int, *, profile_id: int = 0) -> Any:
    row = queries.site_row(site_id, profile_id=profile_id)
    if row is None:
        raise Missing
    return row


def _shape(row: Any, *, permissions: dict[str, bool] | None = None) -> dict[str, Any]:
    return site_object(
        row, owned_by=_person(row, "owner_profile"), created_by=_person(row, "creator_profile"), permissions=permissions
    )


def _person(row: Any, prefix: str) -> dict[str, Any]:
    """Nobody where the user has no profile on the site, as after an import or a change of owner."""
    if getattr(row, f"{prefix}_id") is None:
        return EMPTY_SUMMARY
    return profile_summary_of(row, prefix, site_id=row.id)

"""A profile with what other apps know of it: the biography and what the viewer may do."""

from types import SimpleNamespace
from typing import Any

from apps.comments.shapes import comment_summary
from apps.core.errors import Missing
from apps.permissions.queries import Permissions
from apps.profiles import queries
from apps.profiles.shapes import profile_detail
from apps.profiles.viewer import Viewer

_BIOGRAPHY = "biography_"


def profile_shape(viewer: Viewer, profile_id: int) -> dict[str, Any]:
    """A profile as the viewer sees it; raises Missing."""
    rows = queries.profile_rows(viewer, [profile_id])
    if not rows:
        raise Missing
    return _detail(rows[0], viewer=viewer)


def whoami_shape(viewer: Viewer) -> dict[str, Any]:
    """The viewer's own profile, with the address even for the banned; raises Missing."""
    rows = queries.profile_rows(viewer, [viewer.profile_id])
    if not rows:
        raise Missing
    return _detail(rows[0], viewer=viewer, is_confidant=True)


def profile_shapes(viewer: Viewer, profile_ids: list[int]) -> dict[int, dict[str, Any]]:
    """Many profiles by id, without permissions."""
    shapes = {}
    for row in queries.profile_rows(viewer, profile_ids):
        shapes[row.id] = _detail(row, viewer=viewer)
        del shapes[row.id]["meta"]["permissions"]
    return shapes


def _detail(row: Any, *, viewer: Viewer, is_confidant: bool = False) -> dict[str, Any]:
    permissions = Permissions.of_row(row)
    return profile_detail(
        row,
        site_id=viewer.site_id,
        biography=_biography(row, site_id=viewer.site_id),
        permissions=permissions.shape(),
        is_own=row.id == viewer.profile_id,
        is_confidant=is_confidant or permissions.is_owner or permissions.is_site_owner,
    )


def _biography(row: Any, *, site_id: int) -> dict[str, Any] | None:
    if row.biography_id is None:
        return None
    columns = {name.removeprefix(_BIOGRAPHY): getattr(row, name) for name in row._fields if name.startswith(_BIOGRAPHY)}
    return comment_summary(SimpleNamespace(**columns), site_id=site_id)

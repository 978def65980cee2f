"""Access token to Viewer, and the ban check at the door (contract A 2.3, 2.4)."""

from datetime import datetime, timedelta
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apps.accounts.tokens import token_hash
from apps.core import clock
from apps.core.errors import Banned, ExpiredToken, InvalidToken
from apps.profiles import queries, services
from apps.profiles.viewer import Viewer
from apps.sites.hosts import SiteInfo

#: How stale `last_active_at` may get before a request writes it.
ACTIVITY_INTERVAL = timedelta(seconds=60)


class ViewerAuthentication(BaseAuthentication):
    """Every request gets a Viewer; a request without a token is a guest's."""

    def authenticate(self, request: Request) -> tuple[Viewer, None]:
        site: SiteInfo = request._request.site  # type: ignore[attr-defined, assignment]
        token = presented_token(request)
        viewer = viewer_of_token(site=site, token=token) if token else Viewer(site=site)
        request._request.viewer = viewer  # type: ignore[attr-defined]
        if viewer.is_banned and request.path not in banned_paths(viewer):
            raise Banned
        return viewer, None


def banned_paths(viewer: Viewer) -> tuple[str, str, str]:
    """Where a banned member may still go."""
    return "/api/v1/site", "/api/v1/whoami", f"/api/v1/profiles/{viewer.profile_id}"


def presented_token(request: Request) -> str:
    """The token of the Authorization header, else of the query; "" for a guest.

    A script element cannot send headers, so a JSONP request is a guest's unless the query holds a token (A 5.2).
    """
    header: str = request.META.get("HTTP_AUTHORIZATION", "")
    if header and "callback" not in request.query_params:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token or " " in token:
            raise InvalidToken("the Authorization header must be 'Bearer' and a token")
        return token
    return str(request.query_params.get("access_token", ""))


def viewer_of_token(*, site: SiteInfo, token: str) -> Viewer:
    """Who holds a token; makes their profile on this site if there is none. Raises InvalidToken or ExpiredToken."""
    return viewer_of_token_hash(site=site, hashed=token_hash(token.encode(errors="replace").decode()))


def viewer_of_token_hash(*, site: SiteInfo, hashed: str) -> Viewer:
    """The same by what is stored of the token."""
    now = clock.now()
    row = queries.viewer_row(site_id=site.id, token_hash=hashed, now=now)
    if row is None or not row.is_active:
        raise InvalidToken
    if row.expires_at <= now:
        raise ExpiredToken
    profile_id = row.profile_id
    if profile_id is None:
        profile_id = services.get_or_create_profile(site_id=site.id, user_id=row.user_id).id
    elif now - row.last_active_at >= ACTIVITY_INTERVAL:
        services.touch_profile(site_id=site.id, profile_id=profile_id, now=now)
    return Viewer(
        site=site,
        profile_id=profile_id,
        user_id=row.user_id,
        is_banned=row.is_banned,
        is_operator=row.is_staff,
        token_hash=hashed,
        token_id=row.token_id,
        state="" if row.has_written or row.profile_id is None else _state(row, now=now),
        last_active_at=row.last_active_at,
    )


def _state(row: Any, *, now: datetime) -> str:
    """What the pages of a member are made from: versions, what operators see, and the days that roles may count."""
    return f"{row.site_version}.{row.own_version}.{row.is_staff:d}.{row.is_banned:d}.{(now - row.joined_at).days}"

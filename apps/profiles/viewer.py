"""The Viewer of a request: who asks, on which site."""

from dataclasses import dataclass
from datetime import datetime

from apps.core.errors import SignInRequired
from apps.sites.hosts import SiteInfo


@dataclass(frozen=True)
class Viewer:
    """A guest is a Viewer whose ids are 0."""

    site: SiteInfo
    profile_id: int = 0
    user_id: int = 0
    is_banned: bool = False
    #: Operates the platform (not this site).
    is_operator: bool = False
    #: SHA-256 of the token in use, "" for guests.
    token_hash: str = ""
    #: The token's record, 0 for guests.
    token_id: int = 0
    #: What all that they can see on the site depends on: equal while nothing has changed; "" if that is not known.
    state: str = ""
    #: When they were here before this request, as far as that was noted; None for guests.
    last_active_at: datetime | None = None

    @property
    def site_id(self) -> int:
        """The tenant of everything this viewer may touch."""
        return self.site.id

    @property
    def is_guest(self) -> bool:
        """Nobody is signed in."""
        return self.profile_id == 0

    @property
    def is_site_owner(self) -> bool:
        """Owns or created the site."""
        return self.user_id != 0 and self.user_id in (self.site.owner_user_id, self.site.creator_user_id)

    def require_profile(self) -> int:
        """The profile's id; raises SignInRequired for guests."""
        if self.is_guest:
            raise SignInRequired
        return self.profile_id

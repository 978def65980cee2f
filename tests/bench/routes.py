"""What is measured: each hot route, who may ask for it, and how fast it has to be."""

from dataclasses import dataclass
from typing import Any

#: The tokens of those who are measured: a member with all that slows a page down, and one who watches very much.
TOKEN = "b" * 128
WATCHER_TOKEN = "w" * 128
#: What is said in two comments of three, and in ten of all.
COMMON_WORD, RARE_WORD = "people", "zanzibar"


@dataclass(frozen=True)
class Route:
    """A route with paths made from a site's cast."""

    name: str
    #: With the fields of `data.Cast` in braces.
    path: str
    #: Requests a second that a member shall get at 8 connections, and the share of the bare statement; 0 for none.
    wanted: int = 0
    wanted_share: float = 0.5
    for_guests: bool = True
    is_key: bool = False
    #: Cold reads go round these ids instead of the one in the path.
    ids: str = ""

    def path_in(self, cast: dict[str, Any]) -> str:
        """The path on a site."""
        return self.path.format(**cast)

    def cold_paths(self, cast: dict[str, Any]) -> list[str]:
        """Paths that no cache has seen, once each has got a number of its own at its end."""
        name, field = f"{self.ids}_id", f"{self.ids}_ids"
        casts = [{**cast, name: id} for id in cast[field]] if self.ids else [cast]
        paths = [self.path_in(one) for one in casts]
        return [f"{path}{'&' if '?' in path else '?'}context=" for path in paths]


ROUTES = (
    Route("site", "/api/v1/site", 2_500, is_key=True),
    Route("whoami", "/api/v1/whoami", 2_500, for_guests=False, is_key=True),
    Route("front page", "/api/v1/microcosms", 800, is_key=True),
    Route("microcosm", "/api/v1/microcosms/{microcosm_id}", 800),
    Route("tree", "/api/v1/microcosms/tree"),
    Route("conversation", "/api/v1/conversations/{conversation_id}", 1_000, 0.6, is_key=True, ids="conversation"),
    Route("conversations", "/api/v1/conversations"),
    Route("event", "/api/v1/events/{event_id}", 1_500, is_key=True),
    Route("poll", "/api/v1/polls/{poll_id}"),
    Route("comment", "/api/v1/comments/{comment_id}", 2_000, is_key=True, ids="comment"),
    Route("profiles", "/api/v1/profiles", 1_200, is_key=True),
    Route("profile", "/api/v1/profiles/{profile_id}", ids="profile"),
    Route("huddles", "/api/v1/huddles", 600, for_guests=False),
    Route("huddle", "/api/v1/huddles/{huddle_id}", for_guests=False),
    Route("updates", "/api/v1/updates", 600, for_guests=False, is_key=True),
    Route("search, rare word", f"/api/v1/search?q={RARE_WORD}", 300, is_key=True),
    Route("search, common word", f"/api/v1/search?q={COMMON_WORD}", 60, is_key=True),
    Route("trending", "/api/v1/trending"),
)

#: Pages whose cost must not depend on how far they are in a list.
DEEP = (
    ("longest conversation, page one", "/api/v1/conversations/{longest_id}"),
    ("longest conversation, middle", "/api/v1/conversations/{longest_id}?offset={middle}"),
    ("longest conversation, last page", "/api/v1/conversations/{longest_id}?offset={last}"),
)

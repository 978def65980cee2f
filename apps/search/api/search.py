"""`/search` and `/trending` (contract B 10, 11)."""

import time
from typing import Any

from rest_framework.request import Request

from apps.core import clock
from apps.core.api import Answer, Api
from apps.core.openapi import operation, query_parameter
from apps.core.pagination import Paging, collection
from apps.core.response_cache import FLEETING, kept, state_of
from apps.items.shapes import item_summary
from apps.profiles.viewer import Viewer
from apps.search import queries, shapes
from apps.search.api.serializers import SearchOutput, TrendingOutput
from apps.search.language import BOX, CENTRE, SearchQuery, echo, read_query
from apps.sites.types import ItemType

_PARAMETERS = (
    query_parameter("q", str, "Text to find, with operators as words: `tea type:event sort:date`."),
    query_parameter("type", str, "Names of types.", many=True),
    query_parameter("id", str, "Ids of things of the types given, and of what comments are on.", many=True),
    query_parameter("forumId", str, "Microcosms, with those below them.", many=True),
    query_parameter("authorId", str, "The profile that made it."),
    query_parameter("author", str, "Not implemented: always ignored."),
    query_parameter("email", str, "Addresses of people, for owners of the site.", many=True),
    query_parameter("following", str, "Only what the caller watches."),
    query_parameter("has", str, "`attachment`.", many=True),
    query_parameter("inTitle", str, "Match titles alone."),
    query_parameter("since", str, "Active after: days from now, YYYY-MM-DD or YYYY-MM-DDTHH:MM."),
    query_parameter("until", str, "Active before."),
    query_parameter("eventAfter", str, "Events beginning after; with type=event alone."),
    query_parameter("eventBefore", str, "Events beginning before; with type=event alone."),
    query_parameter("attendee", str, "Events the caller goes to; with type=event alone."),
    query_parameter("sort", str, "`date`, `oldest` or `newest` (of events); else by relevance."),
    query_parameter("defaults", str, "Sent by the web client; does nothing."),
    *(query_parameter(name, str, "Echoed or ignored.") for name in (*CENTRE, *BOX)),
)


def _state_with_ownership(viewer: Viewer) -> str:
    """Owners find addresses, and whose a site is may be known from a second before the state (`sites.hosts`)."""
    state = state_of(viewer)
    return state and f"{state}.{viewer.is_site_owner:d}"


class Search(Api):
    """`/search`."""

    @operation("Find things", answer=SearchOutput, query=_PARAMETERS, paged=True, errors=(500,))
    @kept(state_of=_state_with_ownership)
    def get(self, request: Request) -> Answer:
        """What matches among what the caller may see; `ignored` names the operators that were not understood."""
        paging, started = self.paging, time.monotonic()
        given = request.query_params
        query = read_query(
            [(name, value) for name in given for value in given.getlist(name)],
            may_find_emails=self.viewer.is_site_owner,
        )
        if not query.is_runnable:
            return Answer({"query": echo(query)})
        found = self._find(query, paging=paging)
        answer: dict[str, Any] = {"query": echo(query, forum_ids=found.forum_ids)}
        if query.needs_forum and not found.forum_ids:
            return Answer(answer)
        shape = shapes.person if query.emails else shapes.result
        results = collection(
            paging=paging,
            total=found.total,
            items=[shape(row, site_id=self.viewer.site_id) for row in found.rows],
            type="result",
            url=self.url,
        )
        took = round((time.monotonic() - started) * 1000)
        if took:
            answer["timeTakenInMs"] = took
        return Answer(answer | {"results": results}, may_be_kept=not (query.moments or _shows_activity(found)))

    def _find(self, query: SearchQuery, *, paging: Paging) -> queries.Found:
        if query.emails:
            return queries.profiles_by_email(emails=query.emails, site_id=self.viewer.site_id, paging=paging)
        return queries.search(
            query,
            site_id=self.viewer.site_id,
            profile_id=self.viewer.profile_id,
            paging=paging,
            now=clock.now(),
        )


def _shows_activity(found: queries.Found) -> bool:
    """Whether the results say when somebody was here last, which moves no version."""
    return any(getattr(row, "kind", ItemType.PROFILE) == ItemType.PROFILE for row in found.rows)


class Trending(Api):
    """`/trending`."""

    @operation("What is most talked about", answer=TrendingOutput, paged=True)
    @kept(lifetime=FLEETING)
    def get(self, request: Request) -> Answer:
        """At most 25 items with comments of the last 14 days, among those that the caller may read."""
        paging = self.paging
        found = queries.trending(
            site_id=self.viewer.site_id, profile_id=self.viewer.profile_id, paging=paging, now=clock.now()
        )
        items = collection(
            paging=paging,
            total=found.total,
            items=[
                {
                    "itemType": ItemType(row.kind).word,
                    "item": item_summary(row, site_id=self.viewer.site_id, is_unread=row.is_unread),
                }
                for row in found.rows
            ],
            type="items",
            url=self.url,
        )
        return Answer({"items": items, "meta": {"links": [{"rel": "self", "href": "/api/v1/trending"}]}})

"""`GET /geocode`: where an event may take place (contract A 29)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.openapi import operation, query_parameter
from apps.core.wire import dump
from apps.items.geocoding import checked_words, find_place
from apps.items.serializers import PlaceOutput


class Geocode(Api):
    """`/geocode`."""

    @operation(
        "Find a place",
        answer=PlaceOutput,
        raw="application/json",
        query=(query_parameter("q", str, "What the place is called."),),
        errors=(500,),
    )
    def get(self, request: Request) -> Answer:
        """For members: the first match, without an envelope; an empty object where there is none."""
        words = checked_words(request.query_params.get("q", ""))
        place = find_place(words, site_id=self.viewer.site_id, profile_id=self.viewer.require_profile())
        return Answer(raw=dump(place), headers={"Content-Type": "application/json"})

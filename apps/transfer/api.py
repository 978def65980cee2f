"""`GET /resolve`: where addresses of the imported forum lead (contract A 28)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import Missing, OutOfRange
from apps.core.openapi import operation, query_parameter
from apps.transfer.access import access_old_url
from apps.transfer.serializers import ResolvedOutput
from apps.transfer.shapes import resolved, unresolved


class UrlRequired(OutOfRange):
    """url is missing."""


class Resolve(Api):
    """`/resolve`."""

    @operation(
        "Where did an address of the imported forum go?",
        answer=ResolvedOutput(),
        query=[query_parameter("url", str, "The old address; its host does not count.")],
    )
    def get(self, request: Request) -> Answer:
        """The verdict is inside: `status` 301 with what to read instead, or 404 with an empty `redirect`."""
        url = request.query_params.get("url", "")
        if not url:
            raise UrlRequired
        try:
            return Answer(resolved(url, access_old_url(self.viewer, url)))
        except Missing:
            return Answer(unresolved(url))

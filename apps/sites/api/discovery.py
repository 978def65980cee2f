"""The doors of the API (contract A 11)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.openapi import operation
from apps.sites.serializers import LinksOutput

_RESOURCES = {
    "auth": "auth",
    "comment": "comments",
    "conversation": "conversations",
    "event": "events",
    "microcosm": "microcosms",
    "poll": "polls",
    "profile": "profiles",
    "site": "site",
    "update": "updates",
    "watcher": "watchers",
    "whoami": "whoami",
}


class Front(Api):
    """`/`."""

    @operation("Where the API is", answer=LinksOutput)
    def get(self, request: Request) -> Answer:
        return Answer({"links": [{"rel": "api", "href": "/api"}]})


class Versions(Api):
    """`/api`."""

    @operation("Which versions there are", answer=LinksOutput)
    def get(self, request: Request) -> Answer:
        return Answer({"links": [{"rel": "v1", "href": "/api/v1"}]})


class Resources(Api):
    """`/api/v1`."""

    @operation("Which resources there are", answer=LinksOutput)
    def get(self, request: Request) -> Answer:
        return Answer({"links": [{"rel": rel, "href": f"/api/v1/{path}"} for rel, path in _RESOURCES.items()]})

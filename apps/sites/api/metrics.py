"""`/metrics` of the root host: how the platform does, for its operators (contract A 20)."""

from django.template.loader import render_to_string
from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.openapi import operation
from apps.sites import queries
from apps.sites.access import require_operator
from apps.sites.serializers import DayMetricsOutput
from apps.sites.shapes import day_metrics
from apps.sites.statistics import record_metrics

_KINDS = ["application/json", "text/html"]
_VARY = "Accept, Authorization, X-Always-200, X-Disable-Boiler"


class Metrics(Api):
    """`/metrics`."""

    @operation("How the platform does", answer=DayMetricsOutput(many=True), or_raw="text/html")
    def get(self, request: Request) -> Answer:
        """For operators of the platform: a row a day, the newest first, a year at most; a page for a browser."""
        require_operator(self.viewer)
        rows = [day_metrics(row) for row in queries.metrics()]
        if request._request.get_preferred_type(_KINDS) != "text/html":
            return Answer(rows, headers={"Vary": _VARY})
        page = render_to_string("metrics.html", {"rows": rows})
        return Answer(
            raw=page.encode(),
            headers={
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
                "Vary": _VARY,
            },
        )

    @operation("Count the row of today now")
    def put(self, request: Request) -> Answer:
        """For operators of the platform; a job does the same every four hours."""
        require_operator(self.viewer)
        record_metrics()
        return Answer()

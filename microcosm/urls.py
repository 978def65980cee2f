"""Every URL prefix of the API on one screen: the routes of a site's hosts."""

from django.urls import include, path

from apps.core.converters import register_converters
from apps.core.routing import RouteTable

register_converters()

handler400 = "apps.core.api.bad_request"
handler404 = "apps.core.api.route_missing"
handler500 = "apps.core.api.server_error"

urlpatterns = [
    RouteTable(
        [
            path("", include("apps.sites.urls")),
            path("api/v1/", include("apps.accounts.urls")),
            path("api/v1/", include("apps.files.urls")),
            path("api/v1/", include("apps.links.urls")),
            path("api/v1/", include("apps.profiles.urls")),
            path("api/v1/", include("apps.permissions.urls")),
            path("api/v1/", include("apps.microcosms.urls")),
            path("api/v1/", include("apps.items.urls")),
            path("api/v1/", include("apps.comments.urls")),
            path("api/v1/", include("apps.huddles.urls")),
            path("api/v1/", include("apps.updates.urls")),
            path("api/v1/", include("apps.search.urls")),
            path("api/v1/", include("apps.transfer.urls")),
            path("api/v1/", include("apps.live.urls")),
            path("api/v1/", include("apps.webhooks.urls")),
            path("api/v1/", include("microcosm.api_documents")),
        ]
    )
]

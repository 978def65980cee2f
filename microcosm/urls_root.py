"""The routes of the apex domain: managing sites, and the admin."""

from django.contrib import admin
from django.urls import include, path

from microcosm.urls import handler400, handler404, handler500

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("", include("apps.sites.urls_root")),
    path("", include("apps.links.urls_root")),
    path("api/v1/", include("apps.accounts.urls_root")),
    path("api/v1/", include("apps.profiles.urls_root")),
    path("api/v1/", include("microcosm.api_documents")),
    # Mail services report bounces here; each has a path of its own, and the secret of ANYMAIL.
    path("hooks/mail/", include("anymail.urls")),
    path("admin/", admin.site.urls),
]

"""Paths of the app on the root host."""

from django.urls import path

import apps.sites.converters  # noqa: F401 - registers what the paths below use
from apps.sites.api.legal import LegalCollection, LegalDetail
from apps.sites.api.menus import SiteMenu
from apps.sites.api.metrics import Metrics
from apps.sites.api.sites import CurrentSite, HostDetail, ReservedKey, SiteCollection, SiteDetail, SiteStatus

urlpatterns = [
    path("api/v1/site", CurrentSite.as_view()),
    path("api/v1/sites", SiteCollection.as_view()),
    path("api/v1/sites/<id:site_id>", SiteDetail.as_view()),
    path("api/v1/sites/<id:site_id>/menu", SiteMenu.as_view()),
    path("api/v1/sites/<id:site_id>/status", SiteStatus.as_view()),
    path("api/v1/hosts/<host:host>", HostDetail.as_view()),
    path("api/v1/reserved/<subdomain:subdomain>", ReservedKey.as_view()),
    path("api/v1/legal", LegalCollection.as_view()),
    path("api/v1/legal/<root_document:document>", LegalDetail.as_view()),
    path("api/v1/metrics", Metrics.as_view()),
]

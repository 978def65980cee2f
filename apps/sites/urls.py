"""Paths of the app."""

from django.urls import path

import apps.sites.converters  # noqa: F401 - registers what the paths below use
from apps.sites.api.attributes import SiteAttributeDetail, SiteAttributeList
from apps.sites.api.discovery import Front, Resources, Versions
from apps.sites.api.legal import LegalCollection, LegalDetail
from apps.sites.api.menus import CurrentSiteMenu
from apps.sites.api.sites import CurrentSite

urlpatterns = [
    path("", Front.as_view()),
    path("api", Versions.as_view()),
    path("api/v1", Resources.as_view()),
    path("api/v1/site", CurrentSite.as_view()),
    path("api/v1/site/menu", CurrentSiteMenu.as_view()),
    path("api/v1/site/<id:site_id>/attributes", SiteAttributeList.as_view()),
    path("api/v1/site/<id:site_id>/attributes/<key:key>", SiteAttributeDetail.as_view()),
    path("api/v1/legal", LegalCollection.as_view()),
    path("api/v1/legal/<site_document:document>", LegalDetail.as_view()),
]

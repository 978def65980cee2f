"""Paths of the app."""

from django.urls import path

from apps.microcosms.api import attributes, microcosms

urlpatterns = [
    path("microcosms", microcosms.MicrocosmList.as_view()),
    path("microcosms/tree", microcosms.MicrocosmTree.as_view()),
    path("microcosms/<id:microcosm_id>", microcosms.MicrocosmDetail.as_view()),
    path("microcosms/<id:microcosm_id>/attributes", attributes.MicrocosmAttributeList.as_view()),
    path("microcosms/<id:microcosm_id>/attributes/<key:key>", attributes.MicrocosmAttributeDetail.as_view()),
]

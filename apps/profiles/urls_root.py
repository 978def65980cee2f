"""Paths of the app on the root host."""

from django.urls import path

from apps.profiles.api import attachments, attributes, profiles, whoami

urlpatterns = [
    path("whoami", whoami.Whoami.as_view()),
    path("profiles/<id:profile_id>", profiles.ProfileDetail.as_view()),
    path("profiles/<id:profile_id>/attachments", attachments.ProfileAttachmentList.as_view()),
    path("profiles/<id:profile_id>/attachments/<hash:file_hash>", attachments.ProfileAttachmentDetail.as_view()),
    path("profiles/<id:profile_id>/attributes", attributes.ProfileAttributeList.as_view()),
    path("profiles/<id:profile_id>/attributes/<key:key>", attributes.ProfileAttributeDetail.as_view()),
]

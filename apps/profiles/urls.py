"""Paths of the app."""

from django.urls import path

from apps.profiles.api import attachments, attributes, options, profiles, users, whoami

urlpatterns = [
    path("whoami", whoami.Whoami.as_view()),
    path("users", users.UserList.as_view()),
    path("users/batch", users.UserBatch.as_view()),
    path("users/<id:user_id>", users.UserDetail.as_view()),
    path("profiles", profiles.ProfileList.as_view()),
    path("profiles/options", options.OptionsDetail.as_view()),
    path("profiles/<id:profile_id>", profiles.ProfileDetail.as_view()),
    path("profiles/<id:profile_id>/attachments", attachments.ProfileAttachmentList.as_view()),
    path("profiles/<id:profile_id>/attachments/<hash:file_hash>", attachments.ProfileAttachmentDetail.as_view()),
    path("profiles/<id:profile_id>/attributes", attributes.ProfileAttributeList.as_view()),
    path("profiles/<id:profile_id>/attributes/<key:key>", attributes.ProfileAttributeDetail.as_view()),
]

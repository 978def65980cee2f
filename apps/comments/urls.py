"""Paths of the app, and the jumps from items to their comments."""

from django.urls import path

from apps.comments import api
from apps.sites.types import ItemType

urlpatterns = [
    path("comments", api.CommentList.as_view()),
    path("comments/<id:comment_id>", api.CommentDetail.as_view()),
    path("comments/<id:comment_id>/incontext", api.CommentInContext.as_view()),
    path("comments/<id:comment_id>/attachments", api.CommentAttachmentList.as_view()),
    path("comments/<id:comment_id>/attachments/<hash:file_hash>", api.CommentAttachmentDetail.as_view()),
    path("comments/<id:comment_id>/attributes", api.CommentAttributeList.as_view()),
    path("comments/<id:comment_id>/attributes/<key:key>", api.CommentAttributeDetail.as_view()),
    path("conversations/<id:conversation_id>/newcomment", api.NewComment.as_view(kind=ItemType.CONVERSATION)),
    path("conversations/<id:conversation_id>/lastcomment", api.LastComment.as_view(kind=ItemType.CONVERSATION)),
    path("huddles/<id:huddle_id>/newcomment", api.NewComment.as_view(kind=ItemType.HUDDLE)),
    path("huddles/<id:huddle_id>/lastcomment", api.LastComment.as_view(kind=ItemType.HUDDLE)),
    path("events/<id:event_id>/newcomment", api.NewComment.as_view(kind=ItemType.EVENT)),
    path("events/<id:event_id>/lastcomment", api.LastComment.as_view(kind=ItemType.EVENT)),
    path("polls/<id:poll_id>/newcomment", api.NewComment.as_view(kind=ItemType.POLL)),
    path("polls/<id:poll_id>/lastcomment", api.LastComment.as_view(kind=ItemType.POLL)),
]

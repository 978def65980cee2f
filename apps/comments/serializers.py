"""Comments: what comes in and what goes out."""

from rest_framework import serializers

from apps.core.openapi import LinkOutput, Output
from apps.core.serializers import Flag, Input, Text, Whole
from apps.permissions.serializers import PermissionsOutput
from apps.profiles.serializers import ProfileSummaryOutput


class CommentFlagsOutput(Output):
    """Flags of a comment: always all four (contract B 5.2)."""

    deleted = serializers.BooleanField()
    moderated = serializers.BooleanField()
    visible = serializers.BooleanField()
    unread = serializers.BooleanField()


class CommentMetaOutput(Output):
    """`meta` of a comment; `edited` is left out until the first edit."""

    created = serializers.DateTimeField()
    createdBy = ProfileSummaryOutput()
    edited = serializers.DateTimeField(required=False)
    editedBy = ProfileSummaryOutput()
    flags = CommentFlagsOutput()
    links = LinkOutput(many=True)


class CommentOutput(Output):
    """A comment on a page, as a reply, in search or as a biography (contract B 5.2)."""

    id = serializers.IntegerField()
    itemType = serializers.CharField()
    itemId = serializers.IntegerField()
    revisions = serializers.IntegerField()
    inReplyTo = serializers.IntegerField(required=False)
    attachments = serializers.IntegerField(required=False)
    markdown = serializers.CharField(allow_blank=True)
    html = serializers.CharField(allow_blank=True)
    meta = CommentMetaOutput()


class CommentDetailMetaOutput(CommentMetaOutput):
    """`meta` of a single comment, with the comments around it."""

    inReplyTo = CommentOutput(required=False)
    replies = CommentOutput(many=True, required=False)
    permissions = PermissionsOutput()


class CommentDetailOutput(Output):
    """A single comment (contract B 5.3)."""

    id = serializers.IntegerField()
    itemType = serializers.CharField()
    itemId = serializers.IntegerField()
    revisions = serializers.IntegerField()
    inReplyTo = serializers.IntegerField()
    attachments = serializers.IntegerField()
    firstLine = serializers.CharField(allow_blank=True)
    markdown = serializers.CharField(allow_blank=True)
    html = serializers.CharField(allow_blank=True)
    meta = CommentDetailMetaOutput()


class CommentFlagsInput(Input):
    """Flags that a moderator may give a new comment."""

    deleted = Flag(required=False)
    moderated = Flag(required=False)


class CommentMetaInput(Input):
    """`meta` of a new comment."""

    flags = CommentFlagsInput(required=False)


class CommentInput(Input):
    """A new comment (contract B 5.4)."""

    itemType = Text(required=False)
    itemId = Whole(required=False)
    markdown = Text(required=False)
    inReplyTo = Whole(required=False)
    meta = CommentMetaInput(required=False)


class CommentEditInput(Input):
    """An edited comment: only its text can change (contract B 5.5)."""

    markdown = Text(required=False)

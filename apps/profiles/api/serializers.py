"""What profile routes answer with, where it holds things of the apps above."""

from rest_framework import serializers

from apps.comments.serializers import CommentOutput
from apps.core.openapi import LinkOutput, Output, page_of
from apps.files.serializers import AttachmentOutput
from apps.permissions.serializers import PermissionsOutput
from apps.profiles.serializers import FlagsOutput, ProfileSummaryOutput, StatOutput


class ProfileMetaOutput(Output):
    """`meta` of a profile: `stats` on the caller's own; a profile made by `POST /users` has flags alone."""

    flags = FlagsOutput()
    stats = StatOutput(many=True, required=False)
    links = LinkOutput(many=True, required=False)
    permissions = PermissionsOutput(required=False)


class ProfileOutput(Output):
    """A profile's own page (contract A 23.2)."""

    id = serializers.IntegerField()
    siteId = serializers.IntegerField()
    userId = serializers.IntegerField()
    email = serializers.CharField(required=False)
    profileName = serializers.CharField()
    member = serializers.BooleanField(required=False)
    gender = serializers.CharField(required=False)
    visible = serializers.BooleanField()
    styleId = serializers.IntegerField()
    itemCount = serializers.IntegerField()
    commentCount = serializers.IntegerField()
    profileComment = CommentOutput(allow_null=True)
    created = serializers.DateTimeField()
    lastActive = serializers.DateTimeField()
    avatar = serializers.CharField(allow_blank=True)
    meta = ProfileMetaOutput()


class PeopleMetaOutput(Output):
    """`meta` of the people list."""

    flags = FlagsOutput()
    links = LinkOutput(many=True)
    permissions = PermissionsOutput()


class PeopleOutput(Output):
    """The people list (contract A 23.1)."""

    profiles = page_of(ProfileSummaryOutput)
    meta = PeopleMetaOutput()


class AttachmentListMetaOutput(Output):
    """`meta` of a list of attachments."""

    links = LinkOutput(many=True)
    permissions = PermissionsOutput()


class AttachmentListOutput(Output):
    """What is attached to something (contract A 25.1)."""

    attachments = page_of(AttachmentOutput)
    meta = AttachmentListMetaOutput()

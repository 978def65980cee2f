"""What the routes of files answer."""

from rest_framework import serializers

from apps.core.openapi import LinkOutput, Output
from apps.core.serializers import Input, Text


class FileOutput(Output):
    """One stored file; sizes are those of what was stored."""

    created = serializers.DateTimeField()
    fileName = serializers.CharField()
    fileExt = serializers.CharField()
    fileSize = serializers.IntegerField()
    fileHash = serializers.CharField()
    mimeType = serializers.CharField()
    width = serializers.IntegerField(required=False)
    height = serializers.IntegerField(required=False)


class AttachmentMetaOutput(Output):
    """`meta` of an attachment: where its bytes are."""

    links = LinkOutput(many=True)


class AttachmentOutput(Output):
    """A file attached to something (contract A 25.1)."""

    profileId = serializers.IntegerField()
    fileHash = serializers.CharField()
    fileName = serializers.CharField(allow_blank=True)
    fileExt = serializers.CharField()
    created = serializers.DateTimeField()
    meta = AttachmentMetaOutput()


class AttachmentInput(Input):
    """What to attach; forms write `FileHash` and `FileName`."""

    fileHash = Text(allow_blank=False)
    fileName = Text(required=False)

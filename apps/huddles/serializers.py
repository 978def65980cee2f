"""Huddles: what comes in and what goes out. `api` adds the comments, which live in an app above."""

from typing import Any

from rest_framework import serializers

from apps.core.openapi import LinkOutput, Output, page_of
from apps.core.serializers import Flag, Input, Text
from apps.permissions.serializers import NothingOutput, PermissionsOutput, ReferenceInput
from apps.profiles.serializers import FlagsOutput, ProfileSummaryOutput

#: People that one request may bring into a huddle.
MAX_INVITED = 1000


class HuddleMetaOutput(Output):
    """`meta` of a huddle in a list."""

    created = serializers.DateTimeField()
    createdBy = ProfileSummaryOutput()
    flags = FlagsOutput()
    links = LinkOutput(many=True)


class HuddleDetailMetaOutput(HuddleMetaOutput):
    """`meta` of a huddle on its own page."""

    permissions = PermissionsOutput()


class HuddleSummaryOutput(Output):
    """A huddle in a list (contract B 8.1); the three keys of the last comment are there together or not at all."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    totalComments = serializers.IntegerField()
    participants = ProfileSummaryOutput(many=True)
    lastCommentId = serializers.IntegerField(required=False)
    lastCommentCreatedBy = ProfileSummaryOutput(required=False)
    lastCommentCreated = serializers.DateTimeField(required=False)
    meta = HuddleMetaOutput()


class HuddleDetailOutput(Output):
    """A huddle on its own page (contract B 8.2), but for the comments."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    isConfidential = serializers.BooleanField()
    participants = ProfileSummaryOutput(many=True)
    meta = HuddleDetailMetaOutput()


class HuddleListMetaOutput(Output):
    """`meta` of the list."""

    links = LinkOutput(many=True)


class HuddleListOutput(Output):
    """The caller's huddles."""

    huddles = page_of(HuddleSummaryOutput)
    meta = HuddleListMetaOutput()


class ParticipantOutput(Output):
    """Somebody in a huddle."""

    id = serializers.IntegerField()
    participant = ProfileSummaryOutput()


class ParticipantListOutput(Output):
    """Everybody in a huddle (contract B 8.3)."""

    participants = page_of(ParticipantOutput)
    meta = NothingOutput()


class HuddleInput(Input):
    """A new huddle (contract B 8.1)."""

    title = Text(required=False)
    isConfidential = Flag(required=False)
    participants: Any = serializers.ListSerializer(child=ReferenceInput(), required=False, max_length=MAX_INVITED)

"""What the feed of changes answers."""

from rest_framework import serializers

from apps.core.openapi import Output


class ChangeIdsOutput(Output):
    """What a change is about, as far as the caller may know."""

    commentId = serializers.IntegerField(required=False)
    itemType = serializers.CharField(required=False)
    itemId = serializers.IntegerField(required=False)
    microcosmId = serializers.IntegerField(required=False)
    profileId = serializers.IntegerField(required=False)
    roleId = serializers.IntegerField(required=False)
    updateId = serializers.IntegerField(required=False)
    updateTypeId = serializers.IntegerField(required=False)


class ChangeOutput(Output):
    """One change: what happened, to what, by whom and when; no content."""

    position = serializers.IntegerField()
    kind = serializers.CharField()
    gone = serializers.BooleanField(required=False)
    ids = ChangeIdsOutput()
    actorId = serializers.IntegerField(required=False)
    created = serializers.CharField()


class FeedOutput(Output):
    """Changes in order, and where to go on."""

    changes = ChangeOutput(many=True)
    position = serializers.IntegerField()
    more = serializers.BooleanField()
    gap = serializers.BooleanField()


class TicketOutput(Output):
    """What opens a stream, and until when."""

    ticket = serializers.CharField()
    expires = serializers.CharField()

"""Watchers, ignores, preferences: what comes in, and what goes out of them without the things they are about."""

from rest_framework import serializers

from apps.core.openapi import LinkOutput, Output
from apps.core.serializers import Flag, Input, Text, Whole
from apps.profiles.serializers import FlagsOutput, ProfileSummaryOutput
from apps.updates.types import DIGESTS


class TargetInput(Input):
    """Something to ignore or to see again (contract B 9)."""

    itemType = Text(required=False)
    itemId = Whole(required=False)


class WatchInput(Input):
    """Something to watch (contract B 15.1)."""

    itemType = Text(required=False)
    itemId = Whole(required=False, help_text="0, or absent, for all profiles.")
    updateTypeId = Whole(
        required=False, help_text="Whose preference decides the flags; by default the one that fits the type."
    )


class WatcherEditInput(Input):
    """Flags of a watcher; an absent one is false (contract B 15.2)."""

    itemType = Text(required=False)
    itemTypeId = Whole(required=False)
    itemId = Whole(required=False)
    sendEmail = Flag(required=False)
    sendSMS = Flag(required=False)


class PreferenceInput(Input):
    """What to be told about a type of update; what is absent stays (contract B 14.2)."""

    sendEmail = Flag(required=False)
    sendSMS = Flag(required=False)
    digest = Text(required=False, help_text="none, daily or weekly: whether that mail is collected.")


class PreferenceOutput(Output):
    """What a member wants to be told about a type of update (contract B 14.1)."""

    profileId = serializers.IntegerField()
    id = serializers.IntegerField()
    description = serializers.CharField()
    sendEmail = serializers.BooleanField()
    sendSMS = serializers.BooleanField()
    digest = serializers.ChoiceField(choices=list(DIGESTS), help_text="Whether that mail is collected.")
    meta = serializers.DictField(help_text="Always empty.")


class ListMetaOutput(Output):
    """`meta` of a list: where it is."""

    links = LinkOutput(many=True)


class WatchedHuddleMetaOutput(Output):
    """`meta` of a huddle in a list."""

    created = serializers.DateTimeField()
    createdBy = ProfileSummaryOutput()
    flags = FlagsOutput()
    links = LinkOutput(many=True)


class WatchedHuddleOutput(Output):
    """A huddle that a member watches, ignores or is told of (contract B 8.1)."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    totalComments = serializers.IntegerField()
    participants = ProfileSummaryOutput(many=True)
    lastCommentId = serializers.IntegerField(required=False)
    lastCommentCreatedBy = ProfileSummaryOutput(required=False)
    lastCommentCreated = serializers.DateTimeField(required=False)
    meta = WatchedHuddleMetaOutput()


class UpdateMetaOutput(Output):
    """When something happened, who did it, and whether the member has seen it."""

    created = serializers.DateTimeField()
    createdBy = ProfileSummaryOutput()
    flags = FlagsOutput()


class SubscriptionOutput(Output):
    """What the link of a mail ends."""

    description = serializers.CharField()


class PushKeysInput(Input):
    """The keys of a browser's subscription."""

    p256dh = Text(required=False)
    auth = Text(required=False)


class PushInput(Input):
    """What `PushManager.subscribe()` gives, as JSON; other keys of it are not read."""

    endpoint = Text(required=False)
    keys = PushKeysInput(required=False)


class PushSubscriptionOutput(Output):
    """A browser in which a member gets push messages."""

    id = serializers.IntegerField()
    endpoint = serializers.CharField()
    created = serializers.DateTimeField()


class PushOutput(Output):
    """Where a member gets push messages."""

    publicKey = serializers.CharField(
        allow_null=True, help_text="`applicationServerKey` of `PushManager.subscribe()`; null where push is off."
    )
    subscriptions = PushSubscriptionOutput(many=True)

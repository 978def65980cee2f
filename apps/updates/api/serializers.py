"""Lists that hold things of many apps."""

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from apps.comments.serializers import CommentOutput
from apps.core.openapi import Output, page_of
from apps.items.serializers import EventSummaryOutput, ItemSummaryOutput, PollSummaryOutput
from apps.microcosms.api.serializers import MicrocosmSummaryOutput
from apps.profiles.serializers import ProfileSummaryOutput
from apps.updates.serializers import ListMetaOutput, UpdateMetaOutput, WatchedHuddleOutput

_ITEMS = [ItemSummaryOutput, PollSummaryOutput, EventSummaryOutput]
_THINGS = [MicrocosmSummaryOutput, *_ITEMS, ProfileSummaryOutput, WatchedHuddleOutput]


class IgnoredOutput(Output):
    """Something a member ignores (contract B 9)."""

    itemType = serializers.CharField()
    itemId = serializers.IntegerField()
    item = PolymorphicProxySerializer(component_name="IgnoredItem", serializers=_THINGS, resource_type_field_name=None)


class IgnoredListOutput(Output):
    """What a member ignores."""

    ignored = page_of(IgnoredOutput)
    meta = ListMetaOutput()


class WatcherOutput(Output):
    """Something a member watches (contract B 15.1)."""

    id = serializers.IntegerField()
    itemTypeId = serializers.IntegerField()
    itemType = serializers.CharField()
    itemId = serializers.IntegerField()
    lastNotified = serializers.DateTimeField(help_text="The year 1 when never.")
    sendEmail = serializers.BooleanField()
    sendSMS = serializers.BooleanField()
    item = PolymorphicProxySerializer(
        component_name="WatchedItem", serializers=_THINGS, resource_type_field_name=None, allow_null=True
    )


class WatcherListOutput(Output):
    """What a member watches."""

    watchers = page_of(WatcherOutput)
    meta = ListMetaOutput()


class UpdateOutput(Output):
    """Something a member is told (contract B 13.1); what a comment hangs on is beside it."""

    id = serializers.IntegerField()
    updateType = serializers.CharField()
    itemType = serializers.CharField()
    item = PolymorphicProxySerializer(
        component_name="UpdateItem", serializers=[CommentOutput, *_ITEMS], resource_type_field_name=None
    )
    parentItemType = serializers.CharField(required=False)
    parentItem = PolymorphicProxySerializer(
        component_name="UpdateParentItem",
        serializers=[*_ITEMS, WatchedHuddleOutput],
        resource_type_field_name=None,
        required=False,
    )
    meta = UpdateMetaOutput()


class UpdateListOutput(Output):
    """What a member is told."""

    updates = page_of(UpdateOutput)
    meta = ListMetaOutput()

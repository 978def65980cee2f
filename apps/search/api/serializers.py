"""What search and trending answer."""

from typing import Any

from rest_framework import serializers

from apps.comments.serializers import CommentOutput
from apps.core.openapi import LinkOutput, Output, page_of
from apps.huddles.serializers import HuddleSummaryOutput
from apps.items.serializers import any_item_summary
from apps.microcosms.api.serializers import MicrocosmSummaryOutput
from apps.profiles.serializers import ProfileSummaryOutput


class QueryOutput(Output):
    """A query as it was understood (contract B 10.4); what was not said is left out."""

    q = serializers.CharField(required=False)
    inTitle = serializers.BooleanField(required=False)
    hashtags = serializers.ListField(child=serializers.CharField(), required=False)
    forumId = serializers.ListField(child=serializers.IntegerField(), required=False)
    type = serializers.ListField(child=serializers.CharField(), required=False)
    id = serializers.ListField(child=serializers.IntegerField(), required=False)
    authorId = serializers.IntegerField(required=False)
    email = serializers.ListField(child=serializers.CharField(), required=False)
    following = serializers.BooleanField(required=False)
    since = serializers.CharField(required=False)
    until = serializers.CharField(required=False)
    eventAfter = serializers.CharField(required=False)
    eventBefore = serializers.CharField(required=False)
    attendee = serializers.BooleanField(required=False)
    has = serializers.ListField(child=serializers.CharField(), required=False)
    sort = serializers.CharField(required=False)
    lat = serializers.FloatField(required=False)
    lon = serializers.FloatField(required=False)
    radius = serializers.FloatField(required=False)
    north = serializers.FloatField(required=False)
    east = serializers.FloatField(required=False)
    south = serializers.FloatField(required=False)
    west = serializers.FloatField(required=False)
    ignored = serializers.CharField(required=False)
    searched = serializers.CharField(required=False)


class ResultOutput(Output):
    """Something found (contract B 10.6); comments come with what they are on."""

    itemType = serializers.CharField()
    item = any_item_summary(
        "FoundThing", MicrocosmSummaryOutput, ProfileSummaryOutput, CommentOutput, HuddleSummaryOutput
    )
    parentItemType = serializers.CharField(required=False)
    parentItem = any_item_summary("FoundParent", ProfileSummaryOutput, HuddleSummaryOutput, is_required=False)
    unread = serializers.BooleanField()
    rank = serializers.FloatField()
    lastModified = serializers.DateTimeField()
    highlight = serializers.CharField(allow_blank=True)


_ResultPage: Any = type(page_of(ResultOutput))


class SearchOutput(Output):
    """The answer to a search; `results` is left out when there was nothing to look for."""

    query = QueryOutput()
    timeTakenInMs = serializers.IntegerField(required=False)
    results = _ResultPage(required=False)


class TrendingEntryOutput(Output):
    """An item with the name of its type (contract A 7.8)."""

    itemType = serializers.CharField()
    item = any_item_summary("TrendingThing")


class TrendingMetaOutput(Output):
    """`meta` of the list."""

    links = LinkOutput(many=True)


class TrendingOutput(Output):
    """What is most talked about."""

    items = page_of(TrendingEntryOutput)
    meta = TrendingMetaOutput()

"""Pages of microcosms, which hold things of the apps above."""

from rest_framework import serializers

from apps.core.openapi import Output, page_of
from apps.items.serializers import any_item_summary
from apps.microcosms.serializers import (
    MicrocosmChildOutput,
    MicrocosmHeadOutput,
    MicrocosmMetaOutput,
    MicrocosmSummaryMetaOutput,
)
from apps.permissions.serializers import PermissionsOutput


class ItemContainerOutput(Output):
    """An item with the name of its type (contract A 7.8)."""

    itemType = serializers.CharField()
    item = any_item_summary("AnyItemSummary")


class MicrocosmSummaryOutput(MicrocosmHeadOutput):
    """A microcosm in a list (contract A 21.1)."""

    children = MicrocosmChildOutput(many=True, required=False)
    moderators = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    totalItems = serializers.IntegerField()
    totalComments = serializers.IntegerField()
    mostRecentUpdate = ItemContainerOutput(required=False)
    meta = MicrocosmSummaryMetaOutput()


class MicrocosmEntryOutput(Output):
    """A child microcosm or an item, with the name of its type (contract A 7.8)."""

    itemType = serializers.CharField()
    item = any_item_summary("MicrocosmEntryItem", MicrocosmSummaryOutput)


class MicrocosmDetailMetaOutput(MicrocosmMetaOutput):
    """`meta` of a microcosm's own page, with what the caller may do."""

    permissions = PermissionsOutput()


class MicrocosmOutput(MicrocosmHeadOutput):
    """A microcosm with a page of what is in it (contract A 21.1)."""

    moderators = serializers.ListField(child=serializers.IntegerField())
    items = page_of(MicrocosmEntryOutput)
    meta = MicrocosmDetailMetaOutput()

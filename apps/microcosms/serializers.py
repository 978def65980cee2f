"""Microcosms: what comes in and what goes out."""

from rest_framework import serializers

from apps.core.openapi import LinkOutput, Output
from apps.core.serializers import Flag, Input, Text, Whole
from apps.profiles.serializers import FlagsOutput, ProfileSummaryOutput


class MicrocosmEditMetaInput(Input):
    """The one key of `meta` that a member writes."""

    editReason = Text(required=False, help_text="Needed the first time something is edited.")


class MicrocosmInput(Input):
    """What a member may change of a microcosm (contract A 21.5); everything else in the body is ignored."""

    title = Text(required=False, help_text="1 to 50 characters.")
    description = Text(required=False)
    parentId = Whole(required=False, help_text="0 stands for the root.")
    visibility = Text(required=False, help_text="public, protected or private; anything else is public.")
    itemTypes = serializers.ListField(
        child=Text(), required=False, max_length=50, help_text="What may be created in it; unknown names are dropped."
    )
    logoUrl = Text(required=False, help_text="An http or https address, or a path; blank keeps the stored one.")
    removeLogo = Flag(required=False)
    meta = MicrocosmEditMetaInput(required=False)


class NewMicrocosmInput(Input):
    """A new microcosm (contract A 21.4)."""

    title = Text(help_text="1 to 50 characters.")
    description = Text()
    parentId = Whole(required=False, help_text="Absent or 0 stands for the root.")
    visibility = Text(required=False, help_text="public, protected or private; anything else is public.")
    itemTypes = serializers.ListField(
        child=Text(), required=False, max_length=50, help_text="What may be created in it; unknown names are dropped."
    )
    logoUrl = Text(required=False, help_text="An http or https address, or a path.")


class BreadcrumbOutput(Output):
    """An ancestor of something (contract A 7.7)."""

    rel = serializers.CharField()
    href = serializers.CharField()
    title = serializers.CharField()
    id = serializers.IntegerField()
    level = serializers.IntegerField()


class MicrocosmChildOutput(Output):
    """A child that a microcosm's summary names (contract A 7.7)."""

    rel = serializers.CharField()
    href = serializers.CharField()
    title = serializers.CharField()
    logoUrl = serializers.CharField(required=False)
    id = serializers.IntegerField()


class TreeEntryOutput(Output):
    """A microcosm of the tree (contract A 21.8)."""

    rel = serializers.CharField()
    href = serializers.CharField()
    title = serializers.CharField()
    id = serializers.IntegerField()
    level = serializers.IntegerField()
    parentId = serializers.IntegerField(required=False)


class MicrocosmHeadOutput(Output):
    """What the page of a microcosm and its summary share (contract A 21.1)."""

    id = serializers.IntegerField()
    parentId = serializers.IntegerField(required=False)
    breadcrumb = BreadcrumbOutput(many=True, required=False)
    siteId = serializers.IntegerField()
    visibility = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    logoUrl = serializers.CharField(allow_blank=True)
    itemTypes = serializers.ListField(child=serializers.CharField())


class MicrocosmSummaryMetaOutput(Output):
    """`meta` of a microcosm's summary."""

    created = serializers.DateTimeField()
    createdBy = ProfileSummaryOutput()
    flags = FlagsOutput()
    links = LinkOutput(many=True)


class MicrocosmMetaOutput(MicrocosmSummaryMetaOutput):
    """`meta` of a microcosm's own page; the last keys are there once it was edited."""

    edited = serializers.DateTimeField(required=False)
    editedBy = ProfileSummaryOutput(required=False)
    editReason = serializers.CharField(required=False, allow_blank=True)

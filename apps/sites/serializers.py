"""Sites: what comes in, and those things that go out without naming people."""

from rest_framework import serializers

from apps.core.openapi import LinkOutput, Output, page_of
from apps.core.serializers import Flag, Input, Scalar, Text, Whole


class SiteFlagsInput(Input):
    """`meta.flags` of a site's body."""

    deleted = Flag(required=False)


class SiteMetaInput(Input):
    """`meta` of a site's body."""

    flags = SiteFlagsInput(required=False)


class SiteInput(Input):
    """What the owner may write of a site (contract A 16.5); `contactEmail` is ours."""

    title = Text(required=False)
    description = Text(required=False)
    themeId = Whole(required=False)
    logoUrl = Text(required=False)
    faviconUrl = Text(required=False)
    backgroundUrl = Text(required=False)
    backgroundPosition = Text(required=False)
    backgroundColor = Text(required=False)
    linkColor = Text(required=False)
    gaWebPropertyId = Text(required=False)
    contactEmail = Text(required=False)
    meta = SiteMetaInput(required=False)


class NewSiteInput(SiteInput):
    """The body of a new site (contract A 16.4)."""

    title = Text()
    description = Text()
    subdomainKey = Text()


class MenuLinkInput(Input):
    """One link of a menu's body (contract A 18)."""

    href = Text()
    text = Text()
    title = Text(required=False)


class MenuLinkOutput(Output):
    """One link of a menu."""

    href = serializers.CharField()
    title = serializers.CharField(required=False)
    text = serializers.CharField()


class LinksOutput(Output):
    """Nothing but links (contract A 11, A 19)."""

    links = LinkOutput(many=True)


class LegalDocumentOutput(Output):
    """A legal text."""

    html = serializers.CharField()
    lastModified = serializers.DateTimeField()


class DayMetricsOutput(Output):
    """How the platform did on a day (contract A 20): totals, and what happened in the 24 hours before `timestamp`."""

    timestamp = serializers.DateTimeField()
    totalProfiles = serializers.IntegerField()
    newProfiles = serializers.IntegerField()
    editedProfiles = serializers.IntegerField()
    signIns = serializers.IntegerField()
    comments = serializers.IntegerField()
    conversations = serializers.IntegerField()
    totalSites = serializers.IntegerField()
    engagedSites = serializers.IntegerField()


class HealthOutput(Output):
    """Whether one thing of a site can work (contract A 16.6)."""

    set = serializers.BooleanField()
    valid = serializers.BooleanField()
    error = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_null=True)


class AttributeOutput(Output):
    """A key and its value (contract A 26)."""

    key = serializers.CharField()
    value = Scalar()


class AttributeListOutput(Output):
    """The attributes of something, without `meta`."""

    attributes = page_of(AttributeOutput)


class AttributeInput(Input):
    """An attribute to write among others."""

    key = Text()
    value = Scalar()


class AttributeKeyInput(Input):
    """An attribute to delete among others."""

    key = Text()


class AttributeValueInput(Input):
    """The value of the attribute that the path names."""

    value = Scalar()

"""What sites answer, as far as it names people and permissions, which live above sites."""

from rest_framework import serializers

from apps.core.openapi import LinkOutput, Output, page_of
from apps.permissions.serializers import PermissionsOutput
from apps.profiles.serializers import ProfileSummaryOutput, StatOutput
from apps.sites.serializers import HealthOutput, MenuLinkOutput


class SiteFlagsOutput(Output):
    """Flags of a site."""

    deleted = serializers.BooleanField()


class SiteMetaOutput(Output):
    """`meta` of a site."""

    created = serializers.DateTimeField()
    createdBy = ProfileSummaryOutput()
    flags = SiteFlagsOutput()
    stats = StatOutput(many=True)
    links = LinkOutput(many=True)


class CurrentSiteMetaOutput(SiteMetaOutput):
    """`meta` of the site that answers."""

    permissions = PermissionsOutput()


class SiteOutput(Output):
    """A site (contract A 16.1)."""

    siteId = serializers.IntegerField()
    siteURL = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    subdomainKey = serializers.CharField()
    domain = serializers.CharField(allow_blank=True)
    forceSSL = serializers.BooleanField(required=False)
    ownedBy = ProfileSummaryOutput()
    themeId = serializers.IntegerField()
    logoUrl = serializers.CharField(allow_blank=True)
    faviconUrl = serializers.CharField(required=False)
    backgroundColor = serializers.CharField()
    backgroundUrl = serializers.CharField(required=False)
    backgroundPosition = serializers.CharField(required=False)
    linkColor = serializers.CharField()
    gaWebPropertyId = serializers.CharField(required=False)
    menu = MenuLinkOutput(many=True)
    auth0Domain = serializers.CharField(required=False)
    auth0ClientId = serializers.CharField(required=False)
    contactEmail = serializers.CharField(required=False)
    meta = SiteMetaOutput()


class CurrentSiteOutput(SiteOutput):
    """The site that answers, with what the caller may do there."""

    meta = CurrentSiteMetaOutput()


class SiteListMetaOutput(Output):
    """`meta` of the list of sites."""

    links = LinkOutput(many=True)


class SiteListOutput(Output):
    """The sites of the platform (contract A 16.3)."""

    sites = page_of(SiteOutput)
    meta = SiteListMetaOutput()


class SiteStatusOutput(Output):
    """Whether a site is set up well (contract A 16.6)."""

    site = SiteOutput()
    domainHealth = HealthOutput()
    backgroundUrlHealth = HealthOutput()
    logoUrlHealth = HealthOutput()
    analyticsIDHealth = HealthOutput()


class ReservedOutput(Output):
    """Whether a key is not to be had."""

    reserved = serializers.BooleanField()

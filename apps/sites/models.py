"""The tenant: sites, their themes and menus."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from apps.core import clock
from apps.core.attributes import Attribute


class Theme(models.Model):
    """Pictures that a site shows where it has none of its own."""

    title = models.CharField(max_length=50)
    logo_url = models.CharField(max_length=2000, blank=True, default="")
    favicon_url = models.CharField(max_length=2000, blank=True, default="")
    background_url = models.CharField(max_length=2000, blank=True, default="")

    def __str__(self) -> str:
        return self.title


class Site(models.Model):
    """A forum with its own address, members and content."""

    key = models.CharField(max_length=50, unique=True)
    domain = models.CharField(max_length=253, null=True, blank=True)
    is_root = models.BooleanField(default=False)
    title = models.CharField(max_length=512)
    description = models.TextField()
    force_ssl = models.BooleanField(default=False)
    # Owners are users: the owner's profile is the one that user has on this site.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_sites")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="created_sites")
    created_at = models.DateTimeField(default=clock.now)
    theme = models.ForeignKey(Theme, on_delete=models.PROTECT, related_name="sites")
    logo_url = models.CharField(max_length=2000, blank=True, default="")
    #: Null shows the theme's picture, blank shows none.
    favicon_url = models.CharField(max_length=2000, null=True, blank=True)
    background_url = models.CharField(max_length=2000, null=True, blank=True)
    background_position = models.CharField(max_length=6, default="tile")
    background_color = models.CharField(max_length=50, default="#FFFFFF")
    link_color = models.CharField(max_length=50, default="#4082C3")
    analytics_id = models.CharField(max_length=15, blank=True, default="")
    auth0_domain = models.CharField(max_length=253, blank=True, default="")
    auth0_client_id = models.CharField(max_length=255, blank=True, default="")
    contact_email = models.EmailField(max_length=254, blank=True, default="")
    is_deleted = models.BooleanField(default=False)
    #: The site options: who may create microcosms, what new members are mailed, whether links are shortened.
    only_admins_create = models.BooleanField(default=True)
    send_email = models.BooleanField(default=True)
    send_sms = models.BooleanField(default=False)
    shorten_links = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("domain"), name="sites_site_domain", violation_error_message="domain"),
            models.UniqueConstraint(fields=["is_root"], condition=models.Q(is_root=True), name="sites_site_one_root"),
            models.CheckConstraint(condition=models.Q(key__regex=r"^[a-z0-9]+$"), name="sites_site_key_form"),
        ]

    def __str__(self) -> str:
        return self.key


class MenuLink(models.Model):
    """One link of a site's menu."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="menu_links")
    position = models.PositiveSmallIntegerField()
    href = models.CharField(max_length=2000)
    text = models.CharField(max_length=512)
    #: As escaped as it can be, which is five times as long as it may be.
    title = models.CharField(max_length=2560, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "position"], name="sites_menulink_position")]

    def __str__(self) -> str:
        return self.text


class SiteStatistics(models.Model):
    """How many people a site has, as a job counted them last; `statistics` writes it."""

    site = models.OneToOneField(Site, primary_key=True, on_delete=models.CASCADE, related_name="statistics")
    profile_count = models.PositiveIntegerField(default=0)
    active_profile_count = models.PositiveIntegerField(default=0)
    online_profile_count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"people of {self.site_id}"


class DayMetrics(models.Model):
    """What there was on the platform at the end of a day and what happened in the day before that moment."""

    taken_on = models.DateField(primary_key=True)
    taken_at = models.DateTimeField()
    profile_count = models.PositiveBigIntegerField()
    new_profile_count = models.PositiveBigIntegerField()
    #: Those who chose a name or a gender.
    edited_profile_count = models.PositiveBigIntegerField()
    #: Those who were here.
    sign_in_count = models.PositiveBigIntegerField()
    comment_count = models.PositiveBigIntegerField()
    conversation_count = models.PositiveBigIntegerField()
    site_count = models.PositiveBigIntegerField()
    #: Sites where somebody wrote something.
    engaged_site_count = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"metrics of {self.taken_on}"


class SiteAttribute(Attribute):
    """An attribute of a site."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="attributes")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "key"], name="sites_attribute_key")]

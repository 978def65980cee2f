"""A person as one site sees them."""

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Lower

from apps.core import clock
from apps.core.attributes import Attribute
from apps.files.models import AttachedFile
from apps.sites.models import Site


class Profile(models.Model):
    """A user's presence on one site."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="profiles")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profiles")
    #: HTML-escaped, as the wire shows it.
    name = models.CharField(max_length=250)
    gender = models.CharField(max_length=100, blank=True, default="")
    is_visible = models.BooleanField(default=True)
    style_id = models.PositiveSmallIntegerField(default=0)
    avatar_url = models.CharField(max_length=255, blank=True, default="")
    item_count = models.PositiveIntegerField(default=0)
    comment_count = models.PositiveIntegerField(default=0)
    unread_huddle_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    last_active_at = models.DateTimeField(default=clock.now)
    #: Everything outside huddles up to this moment counts as read (contract A 23.7, B 12.2).
    read_all_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "user"], name="profiles_profile_user"),
            # Pages far into the list of people read nothing else of those who are not on them.
            models.UniqueConstraint("site", Lower("name"), include=["id", "name"], name="profiles_profile_name"),
        ]
        indexes = [
            models.Index(fields=["site", "last_active_at"], name="profiles_profile_active"),
            models.Index(
                "site",
                # Both columns go up, so that a place between two people is one comparison of rows.
                models.Func("comment_count", template="- %(expressions)s"),
                Lower("name"),
                include=["id", "name", "comment_count"],
                name="profiles_profile_top",
            ),
            # Compares byte by byte, so that it finds the names that start with something.
            models.Index("site", OpClass(Lower("name"), name="text_pattern_ops"), name="profiles_profile_prefix"),
        ]

    def __str__(self) -> str:
        return self.name


class PeopleCount(models.Model):
    """How many profiles a site has, written by triggers alone (docs/decisions/0048); no row stands for none."""

    site = models.OneToOneField(Site, primary_key=True, on_delete=models.CASCADE, related_name="+")
    profile_count = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.profile_count} people on {self.site_id}"


class PeopleBlock(models.Model):
    """A stretch of the people of a large site in the order of their names, up to where the next one begins.

    Written by triggers alone (docs/decisions/0066); pages far into the list begin at one of them.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+", db_index=False)
    #: In lower case; the first one of a site begins before every name.
    first_name = models.CharField(max_length=250)
    people_count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "first_name"], include=["people_count"], name="profiles_peopleblock_first"
            )
        ]

    def __str__(self) -> str:
        return f"{self.people_count} people of {self.site_id} from {self.first_name}"


class ProfileOptions(models.Model):
    """What a member chose about birthdays and mail, and a mark of the moderators."""

    profile = models.OneToOneField(Profile, primary_key=True, on_delete=models.CASCADE, related_name="options")
    show_dob = models.BooleanField(default=False)
    show_dob_year = models.BooleanField(default=False)
    send_email = models.BooleanField(default=True)
    send_sms = models.BooleanField(default=False)
    is_discouraged = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"options of {self.profile_id}"


class ProfileAttribute(Attribute):
    """An attribute of a profile, which criteria of roles may test."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="attributes")
    #: Last written by the holder, so it opens nothing: criteria count what the owner of the site has written.
    is_own_claim = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "key"], name="profiles_attribute_key")]


class Attachment(AttachedFile):
    """A picture that a profile has or had as its avatar; `Profile.avatar_url` says which is the current one."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="attachments")
    created_by = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "file"], name="profiles_attachment_pair")]

    def __str__(self) -> str:
        return f"{self.file_id} on {self.profile_id}"


class PeopleVersion(models.Model):
    """What changes with how the people of a site are named and shown, written by triggers alone (decision 0042).

    Without a row it is 0.
    """

    site_id = models.BigIntegerField(primary_key=True)
    version = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.version} of {self.site_id}"

"""Roles, criteria, members, bans."""

from django.conf import settings
from django.db import models

from apps.core import clock
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.sites.models import Site


class Role(models.Model):
    """A set of people and what they may do in a microcosm and below; those of the root are the site's defaults."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="roles")
    microcosm = models.ForeignKey(Microcosm, on_delete=models.CASCADE, related_name="roles")
    #: HTML-escaped, as the wire shows it.
    title = models.CharField(max_length=512)
    is_moderator = models.BooleanField(default=False)
    is_banned = models.BooleanField(default=False)
    include_guests = models.BooleanField(default=False)
    include_users = models.BooleanField(default=False)
    can_create = models.BooleanField(default=False)
    can_read = models.BooleanField(default=False)
    can_update = models.BooleanField(default=False)
    can_delete = models.BooleanField(default=False)
    can_close_own = models.BooleanField(default=False)
    can_open_own = models.BooleanField(default=False)
    can_read_others = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField(null=True, blank=True)
    edited_by = models.ForeignKey(Profile, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    edit_reason = models.CharField(max_length=1000, blank=True, default="")
    profiles = models.ManyToManyField(Profile, through="RoleProfile", related_name="roles")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(is_moderator=True, is_banned=True), name="permissions_role_one_special"
            )
        ]

    def __str__(self) -> str:
        return self.title


class RoleProfile(models.Model):
    """A profile named as a member of a role."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="role_profiles")
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="role_profiles")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "profile"], name="permissions_roleprofile_pair")]

    def __str__(self) -> str:
        return f"{self.profile_id} in {self.role_id}"


class Criterion(models.Model):
    """A test on a profile: all of one `or_group` must hold, any group suffices (contract A 22.6)."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="criteria")
    or_group = models.IntegerField(default=0)
    #: Exactly one of the two says what is tested.
    profile_column = models.CharField(max_length=50, blank=True, default="")
    attribute_key = models.CharField(max_length=50, blank=True, default="")
    #: As the client wrote it: `ne` and `neq` are synonyms.
    predicate = models.CharField(max_length=7)
    #: The value as JSON: a string, a number or a bool.
    value = models.JSONField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(models.Q(profile_column="") ^ models.Q(attribute_key="")),
                name="permissions_criterion_subject",
            )
        ]

    def __str__(self) -> str:
        return f"{self.profile_column or self.attribute_key} {self.predicate} {self.value}"


class Ban(models.Model):
    """A user shut out of a site, for ever or until `expires_at`."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="bans")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bans")
    reason = models.CharField(max_length=1000, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(Profile, null=True, on_delete=models.SET_NULL, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "user"], name="permissions_ban_user")]

    def __str__(self) -> str:
        return f"ban of {self.user_id}"

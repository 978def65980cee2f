"""The tree of places that content is filed in."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from apps.core import clock
from apps.core.attributes import Attribute
from apps.profiles.models import Profile
from apps.sites.models import Site


class Microcosm(models.Model):
    """A forum section; a site's sections form one tree whose root is its front page."""

    VISIBILITIES = [("public", "public"), ("protected", "protected"), ("private", "private")]

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="microcosms")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    #: The ids from the root down to this one; `services` keeps it when something moves.
    path = ArrayField(models.BigIntegerField(), default=list)
    #: Title and description are HTML-escaped, as the wire shows them.
    title = models.CharField(max_length=512)
    description = models.TextField()
    logo_url = models.CharField(max_length=2000, blank=True, default="")
    visibility = models.CharField(max_length=9, choices=VISIBILITIES, default="public")
    item_types = ArrayField(models.CharField(max_length=20), default=list)
    owner = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    edited_at = models.DateTimeField(null=True, blank=True)
    edited_by = models.ForeignKey(Profile, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    edit_reason = models.CharField(max_length=1000, blank=True, default="")
    is_sticky = models.BooleanField(default=False)
    is_open = models.BooleanField(default=True)
    is_deleted = models.BooleanField(default=False)
    is_moderated = models.BooleanField(default=False)
    #: Neither this one nor any ancestor is deleted or moderated; `services` keeps it.
    is_live = models.BooleanField(default=True)
    sequence = models.PositiveIntegerField(default=0)
    #: Visible things directly inside, by kind.
    conversation_count = models.PositiveIntegerField(default=0)
    event_count = models.PositiveIntegerField(default=0)
    poll_count = models.PositiveIntegerField(default=0)
    comment_count = models.PositiveIntegerField(default=0)
    #: The newest visible item or comment directly inside.
    last_activity_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site"], condition=models.Q(parent__isnull=True), name="microcosms_microcosm_one_root"
            ),
            models.CheckConstraint(
                condition=~models.Q(parent=models.F("id")), name="microcosms_microcosm_not_own_parent"
            ),
        ]
        indexes = [GinIndex(fields=["path"], name="microcosms_microcosm_path")]

    def __str__(self) -> str:
        return self.title


class MicrocosmAttribute(Attribute):
    """An attribute of a microcosm."""

    microcosm = models.ForeignKey(Microcosm, on_delete=models.CASCADE, related_name="attributes")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["microcosm", "key"], name="microcosms_attribute_key")]

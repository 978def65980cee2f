"""The audit trail."""

from django.conf import settings
from django.db import models

from apps.profiles.models import Profile
from apps.sites.models import Site


class Act(models.Model):
    """Something that somebody did, and where from: written with the change, never changed, shown by no route.

    Ids only, like the change log; unlike that it is kept.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    #: What happened: the kind of the event, such as `comment.flagged`.
    kind = models.CharField(max_length=50)
    #: What it happened to, and what was put in place of what.
    ids = models.JSONField(default=dict)
    #: How the thing stands now, where the ids do not say it: its flags, its revision.
    state = models.JSONField(default=dict)
    actor = models.ForeignKey(Profile, null=True, on_delete=models.SET_NULL, related_name="+")
    #: The account that was signed in, which may act without a profile in the admin.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    address = models.GenericIPAddressField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["site", "-id"], name="moderation_act_site"),
            models.Index(fields=["actor", "-id"], name="moderation_act_actor"),
            models.Index(fields=["address", "-id"], name="moderation_act_address"),
            models.Index(fields=["created_at"], name="moderation_act_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ids}"

"""Private items and who is in them."""

from django.db import models

from apps.core import clock
from apps.items.models import Item
from apps.profiles.models import Profile


class Huddle(models.Model):
    """What a huddle has beside its item."""

    item = models.OneToOneField(Item, primary_key=True, on_delete=models.CASCADE, related_name="huddle")
    is_confidential = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"huddle {self.item_id}"


class Participant(models.Model):
    """A profile in a huddle; leaving deletes the row and ends access, for the creator too."""

    huddle = models.ForeignKey(Huddle, on_delete=models.CASCADE, related_name="participants")
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="huddles")
    joined_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["huddle", "profile"], name="huddles_participant_pair")]

    def __str__(self) -> str:
        return f"{self.profile_id} in {self.huddle_id}"


class AllHuddlesReadMark(models.Model):
    """Up to when a member has marked all huddles as read."""

    profile = models.OneToOneField(Profile, primary_key=True, on_delete=models.CASCADE, related_name="+")
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.profile_id} read all huddles"

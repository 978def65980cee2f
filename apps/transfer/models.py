"""A whole forum in and out: where imported things came from."""

from django.db import models

from apps.comments.models import Comment
from apps.core import clock
from apps.sites.models import Site

MAX_PRODUCT_LENGTH = 50


class Origin(models.Model):
    """The forum that was imported into a site."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="import_origin")
    title = models.CharField(max_length=250)
    product = models.CharField(max_length=MAX_PRODUCT_LENGTH, default="vbulletin")
    major_version = models.PositiveSmallIntegerField(default=3)
    minor_version = models.PositiveSmallIntegerField(default=8)
    created_at = models.DateTimeField(default=clock.now)
    #: The site was made for this import, so its default roles give way to the imported ones.
    has_founded_site = models.BooleanField(default=False)
    #: Everything was marked as read for everybody, which happens once.
    is_finished = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.title


class ImportedItem(models.Model):
    """The new id of an old one; written in the transaction that creates the thing."""

    origin = models.ForeignKey(Origin, on_delete=models.CASCADE, related_name="imported_items")
    #: An ItemType, as in the contract's mapping table.
    kind = models.PositiveSmallIntegerField()
    old_id = models.CharField(max_length=64)
    new_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["origin", "kind", "old_id"], name="transfer_importeditem_old_id")
        ]

    def __str__(self) -> str:
        return f"{self.old_id} is {self.new_id}"


class FormerId(models.Model):
    """What a thing was called in a forum that the imported one had itself been imported from; old addresses say it.

    The key is all there is: an import that runs again writes none, and takes nothing from a sequence.
    """

    pk = models.CompositePrimaryKey("origin_id", "product", "kind", "old_id")
    origin = models.ForeignKey(Origin, on_delete=models.CASCADE, related_name="former_ids")
    product = models.CharField(max_length=MAX_PRODUCT_LENGTH)
    #: An ItemType.
    kind = models.PositiveSmallIntegerField()
    old_id = models.CharField(max_length=64)
    new_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.old_id} of {self.product} is {self.new_id}"


class PendingReply(models.Model):
    """What an imported comment answers, by old id, until all comments are there and the two can be joined."""

    comment = models.OneToOneField(Comment, primary_key=True, on_delete=models.CASCADE, related_name="+")
    origin = models.ForeignKey(Origin, on_delete=models.CASCADE, related_name="pending_replies")
    old_id = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.comment_id} answers {self.old_id}"

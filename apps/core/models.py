"""Tables of the frame: the change log, and which version of the SQL functions is installed."""

from django.db import models


class Change(models.Model):
    """One row of the change log: what happened on a site, with ids and no content.

    `site_id` is a plain number because the log lies below every app it speaks of.
    """

    site_id = models.BigIntegerField()
    #: Grows in the order in which the transactions of a site commit; null until they do (docs/decisions/0050).
    position = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=50)
    ids = models.JSONField(default=dict)
    actor_id = models.BigIntegerField(null=True)
    #: The table is partitioned by this.
    created_at = models.DateTimeField()
    #: Set by the first of two deferred triggers, to be the cause of the second.
    is_settled = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["site_id", "position"], name="core_change_order", condition=models.Q(position__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ids}"


class ChangeHorizon(models.Model):
    """Up to which position the change log has been forgotten: one row, none while everything is there."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.position)


class Version(models.Model):
    """In which state a site is, or what concerns one member of it alone; kept by triggers (docs/decisions/0060)."""

    pk = models.CompositePrimaryKey("site_id", "profile_id")
    site_id = models.BigIntegerField()
    #: 0 for the site as a whole.
    profile_id = models.BigIntegerField()
    #: Microseconds of the clock, or one more than before.
    version = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.version} of {self.site_id}"


class FunctionVersion(models.Model):
    """The hash of the `sql/functions/*.sql` files that schema `fn` was last built from."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return self.hash

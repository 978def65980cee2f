"""Addresses that are told what happens on a site, and what was sent to them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from apps.core import clock
from apps.profiles.models import Profile
from apps.sites.models import Site

MAX_URL_LENGTH = 2000
MAX_KIND_LENGTH = 61


class Webhook(models.Model):
    """An address that is told of the changes which its owner may see; follows the log of its site."""

    class Disabled(models.TextChoices):
        """Why nothing is sent; blank while it is."""

        PAUSED = "paused"
        FAILING = "failing"
        NOT_OWNER = "not_owner"

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    #: Whose eyes decide what is sent; must own the site whenever something is.
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    url = models.CharField(max_length=MAX_URL_LENGTH)
    #: Kinds (`comment.created`) or families of them (`comment`); all if empty.
    kinds = ArrayField(models.CharField(max_length=MAX_KIND_LENGTH), default=list, blank=True)
    #: The secret is made from it (`signing`).
    secret_nonce = models.CharField(max_length=64)
    disabled_reason = models.CharField(max_length=10, choices=Disabled.choices, blank=True, default="")
    #: Changes up to here have their deliveries.
    position = models.BigIntegerField()
    #: When the log was last seen to hold nothing more.
    caught_up_at = models.DateTimeField(default=clock.now)
    #: Somebody has a delivery in hand until then, unless they died.
    sending_until = models.DateTimeField(null=True, blank=True)
    #: The first failure since the last success.
    failing_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["site", "disabled_reason", "id"], name="webhooks_webhook_site")]

    def __str__(self) -> str:
        return f"webhook {self.id} of {self.site_id}"

    @property
    def is_active(self) -> bool:
        """Whether anything is sent."""
        return self.disabled_reason == ""


class Delivery(models.Model):
    """One message to a webhook, which is made anew from its position at each try."""

    class Status(models.TextChoices):
        """How far it is."""

        WAITING = "waiting"
        DELIVERED = "delivered"
        #: Tried for as long as a delivery is tried.
        DEAD = "dead"
        #: When it was to be sent, the owner could not see what it is about.
        SKIPPED = "skipped"

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    #: The place in the log; null for a ping.
    position = models.BigIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=50)
    #: What it is about: of one subject, only the first that waits may be sent.
    subject = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    #: When it may be sent; null while an earlier one of its subject waits, and when it has ended.
    due_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    first_tried_at = models.DateTimeField(null=True, blank=True)
    last_tried_at = models.DateTimeField(null=True, blank=True)
    #: What the last try was answered with; null without an answer.
    response_status = models.PositiveIntegerField(null=True, blank=True)
    #: How long the last try took.
    milliseconds = models.PositiveIntegerField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["webhook", "position"], name="webhooks_delivery_position"),
            models.CheckConstraint(
                condition=Q(due_at=None) | Q(status="waiting"), name="webhooks_delivery_due_while_waiting"
            ),
        ]
        indexes = [
            models.Index(
                "webhook", "due_at", F("position").asc(nulls_last=True), "id",
                name="webhooks_delivery_due", condition=Q(due_at__isnull=False),
            ),
            models.Index(
                "webhook", "subject", "position", name="webhooks_delivery_waiting", condition=Q(status="waiting")
            ),
            models.Index(fields=["webhook", "-id"], name="webhooks_delivery_newest"),
            models.Index(fields=["created_at"], name="webhooks_delivery_created"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The same for every try and every replay, so that a receiver knows a repeat."""
        return f"{self.webhook_id}-ping-{self.id}" if self.position is None else f"{self.webhook_id}-{self.position}"

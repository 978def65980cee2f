"""Tickets, which open a stream whose request cannot carry its access token, and who is here at this moment."""

from django.db import models

from apps.accounts.models import AccessToken
from apps.sites.models import Site


class Ticket(models.Model):
    """Opens one stream of one site for the holder of an access token, once and soon; kept as its SHA-256."""

    ticket_hash = models.CharField(max_length=64, unique=True)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    access_token = models.ForeignKey(AccessToken, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"ticket of {self.access_token_id}"


class Presence(models.Model):
    """How many connections somebody has at a place, through one process; an unlogged table, gone after a crash."""

    pk = models.CompositePrimaryKey("process", "site", "item_id", "profile_id")
    process = models.CharField(max_length=32)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    #: 0 is the site itself.
    item_id = models.BigIntegerField()
    #: 0 is a guest.
    profile_id = models.BigIntegerField()
    connection_count = models.PositiveIntegerField()
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["site", "item_id"], name="live_presence_place")]

    def __str__(self) -> str:
        return f"{self.profile_id} at {self.item_id}"

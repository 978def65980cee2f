"""Short addresses that stand for addresses outside."""

from django.db import models
from django.db.models.functions import MD5

from apps.core import clock
from apps.sites.models import Site


class Link(models.Model):
    """An outgoing address of a site's comments; tenants are walls, so each site has its own."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="links")
    url = models.CharField(max_length=8096)
    domain = models.CharField(max_length=253)
    #: What the link said where it was first seen.
    text = models.CharField(max_length=1000, blank=True, default="")
    #: The random character that a short address begins with.
    salt = models.CharField(max_length=1)
    created_at = models.DateTimeField(default=clock.now)
    hit_count = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            # An address is longer than an entry of an index may be.
            models.UniqueConstraint("site", MD5("url"), name="links_link_url"),
            models.CheckConstraint(condition=models.Q(url__regex=r"^https?://"), name="links_link_scheme"),
        ]

    def __str__(self) -> str:
        return self.url

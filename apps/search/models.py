"""In which language a site is searched."""

from django.db import models

from apps.sites.models import Site


class SearchLanguage(models.Model):
    """The text search configuration of a site; sites without one are searched in English (decision 0031)."""

    site = models.OneToOneField(Site, primary_key=True, on_delete=models.CASCADE, related_name="search_language")
    #: The name of a text search configuration of PostgreSQL.
    language = models.CharField(max_length=63)

    def __str__(self) -> str:
        return f"{self.site_id}: {self.language}"

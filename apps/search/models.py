"""In which language a site is searched, and the words of what is found in it."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from apps.sites.models import Site


class SearchLanguage(models.Model):
    """The text search configuration of a site; sites without one are searched in English (decision 0031)."""

    site = models.OneToOneField(Site, primary_key=True, on_delete=models.CASCADE, related_name="search_language")
    #: The name of a text search configuration of PostgreSQL.
    language = models.CharField(max_length=63)
    #: The one before, while there may be words in it; empty when all are in `language`.
    previous = models.CharField(max_length=63, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return f"{self.site_id}: {self.language}"


class WordsField(models.Field):  # type: ignore[type-arg]
    """A `tsvector`. Django's own field would want all of `django.contrib.postgres` installed."""

    def db_type(self, connection: Any) -> str:
        """The type of the column."""
        return "tsvector"


class Words(models.Model):
    """The words of one thing as its site's language stems them, written by triggers alone (decision 0031)."""

    site_id = models.BigIntegerField()
    words = WordsField()

    class Meta:
        abstract = True


class ItemWords(Words):
    """The title of an item (weight B) and, of an event, where it takes place (D)."""

    item_id = models.BigIntegerField(primary_key=True)

    class Meta:
        indexes = [GinIndex(fields=["words"], name="search_item_words")]

    def __str__(self) -> str:
        return f"words of item {self.item_id}"


class MicrocosmWords(Words):
    """The title of a microcosm (weight A) and its description (D)."""

    microcosm_id = models.BigIntegerField(primary_key=True)

    class Meta:
        indexes = [GinIndex(fields=["words"], name="search_microcosm_words")]

    def __str__(self) -> str:
        return f"words of microcosm {self.microcosm_id}"


class ProfileWords(Words):
    """The name of a person (weight A)."""

    profile_id = models.BigIntegerField(primary_key=True)

    class Meta:
        indexes = [GinIndex(fields=["words"], name="search_profile_words")]

    def __str__(self) -> str:
        return f"words of profile {self.profile_id}"


class CommentWords(Words):
    """The current text of a comment that is neither deleted nor moderated, and what never changes about it.

    Without positions: comments are not ranked.
    """

    comment_id = models.BigIntegerField(primary_key=True)
    #: One of the two is the parent.
    item_id = models.BigIntegerField(null=True)
    profile_id = models.BigIntegerField(null=True)
    author_id = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # What is new is read by each search until it is sorted in: a little of it, so that neither they nor one of
            # those who write wait for long.
            GinIndex(fields=["words"], gin_pending_list_limit=512, name="search_comment_words"),
            models.Index(fields=["site_id", "created_at", "comment_id"], name="search_comment_newest"),
        ]

    def __str__(self) -> str:
        return f"words of comment {self.comment_id}"

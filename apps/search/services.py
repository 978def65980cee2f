"""The language a site is searched in."""

from django.db import connection, transaction
from django.db.models import Model

from apps.comments.models import Comment
from apps.items.models import Item
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.search.models import SearchLanguage

#: What has words, and the function of the database that writes them anew.
_NOTED: dict[type[Model], str] = {
    Microcosm: "search_note_microcosms",
    Profile: "search_note_profiles",
    Item: "search_note_items",
    Comment: "search_note_comments",
}
#: Things whose words are written in one transaction: their writers wait for it.
BATCH = 1_000


class UnknownLanguage(ValueError):
    """PostgreSQL has no text search configuration of this name."""


def set_language(*, site_id: int, language: str) -> None:
    """Search a site in a language; until all its words are in it, those of the one before are found too.

    Raises UnknownLanguage. To repeat it writes all words again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_ts_config WHERE cfgname = %s", [language])
        if cursor.fetchone() is None:
            raise UnknownLanguage(language)
    with transaction.atomic():
        chosen, _ = SearchLanguage.objects.select_for_update().get_or_create(
            site_id=site_id, defaults={"language": "english"}
        )
        # One that was broken off has left words in the language before it.
        chosen.previous = chosen.previous or chosen.language
        chosen.language = language
        chosen.save(update_fields=["language", "previous"])
    write_words(site_id=site_id)
    SearchLanguage.objects.filter(site_id=site_id, language=language).update(previous="")


def write_words(*, site_id: int) -> None:
    """Write the words of all that can be found on a site anew, a batch at a time."""
    for model, function in _NOTED.items():
        after: int | None = 0
        while after is not None:
            with transaction.atomic(), connection.cursor() as cursor:
                things = model._default_manager.filter(site_id=site_id, pk__gt=after).order_by("pk")
                # Whoever hides or renames one waits for us, or we for them.
                ids = list(things.select_for_update(no_key=True).values_list("pk", flat=True)[:BATCH])
                # What is kept of searches was made from the words that were there (decision 0060).
                cursor.execute(f"SELECT {function}(%s), core_touch_sites(%s)", [ids, [site_id]])
                after = ids[-1] if ids else None

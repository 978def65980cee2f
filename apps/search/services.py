"""The language a site is searched in."""

from django.db import connection
from psycopg import sql

from apps.search.models import SearchLanguage

#: Table and text of each index (decision 0031); they serve only what the statement `search` writes in the same way.
INDEXED = {
    "item": ("items_item", "title::text"),
    "event": ("items_event", "place::text"),
    "microcosm": ("microcosms_microcosm", "title::text || ' ' || description"),
    "profile": ("profiles_profile", "name::text"),
    "revision": ("comments_revision", "markdown"),
}


class UnknownLanguage(ValueError):
    """PostgreSQL has no text search configuration of this name."""


def add_indexes(*, language: str) -> None:
    """Make the indexes of a language unless they are there, while others write; not inside a transaction.

    Raises UnknownLanguage.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_ts_config WHERE cfgname = %s", [language])
        if cursor.fetchone() is None:
            raise UnknownLanguage(language)
        for name, (table, text) in INDEXED.items():
            cursor.execute(
                sql.SQL(
                    "CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON {table}"
                    " USING gin (to_tsvector({language}::regconfig, " + text + "))"
                ).format(
                    index=sql.Identifier(f"search_{name}_{language}"),
                    table=sql.Identifier(table),
                    language=sql.Literal(language),
                )
            )


def set_language(*, site_id: int, language: str) -> None:
    """Search a site in a language, whose indexes are there (`add_indexes`)."""
    SearchLanguage.objects.update_or_create(site_id=site_id, defaults={"language": language})

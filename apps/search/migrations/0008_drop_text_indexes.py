"""The indexes on texts themselves, one set a language, which nothing asks any more."""

from typing import Any, ClassVar

from django.db import migrations
from psycopg import sql

#: Table and text of each, as `search_{name}_{language}`.
INDEXED = {
    "item": ("items_item", "title::text"),
    "event": ("items_event", "place::text"),
    "microcosm": ("microcosms_microcosm", "title::text || ' ' || description"),
    "profile": ("profiles_profile", "name::text"),
    "revision": ("comments_revision", "markdown"),
}


def drop(apps: Any, schema_editor: Any) -> None:
    """Those of all languages."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT index.indexname FROM pg_indexes AS index"
            " JOIN unnest(%s::text[], %s::text[]) AS made (name, owner)"
            "   ON index.tablename = made.owner AND index.indexname ~ ('^search_' || made.name || '_')"
            " WHERE index.schemaname = 'public' AND index.indexdef ~ 'to_tsvector'",
            [list(INDEXED), [table for table, _text in INDEXED.values()]],
        )
        names = [name for (name,) in cursor.fetchall()]
    for name in names:
        schema_editor.execute(
            sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}")
            .format(sql.Identifier(name))
            .as_string(schema_editor.connection.connection)
        )


def make(apps: Any, schema_editor: Any) -> None:
    """English, and what sites have chosen."""
    chosen = apps.get_model("search", "SearchLanguage").objects.values_list("language", flat=True).distinct()
    for language in sorted({"english", *chosen}):
        for name, (table, text) in INDEXED.items():
            schema_editor.execute(
                sql.SQL(
                    "CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON {table}"
                    " USING gin (to_tsvector({language}::regconfig, " + text + "))"
                )
                .format(
                    index=sql.Identifier(f"search_{name}_{language}"),
                    table=sql.Identifier(table),
                    language=sql.Literal(language),
                )
                .as_string(schema_editor.connection.connection)
            )


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("search", "0007_newest_comments_index")]

    operations: ClassVar = [migrations.RunPython(drop, make)]

"""Where events take place is searched too: one more index for each language in use."""

from typing import Any, ClassVar

from django.db import migrations
from psycopg import sql


def add_indexes(apps: Any, schema_editor: Any) -> None:
    """English, and what sites have chosen."""
    chosen = apps.get_model("search", "SearchLanguage").objects.values_list("language", flat=True).distinct()
    for language in sorted({"english", *chosen}):
        schema_editor.execute(
            sql.SQL(
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON items_event"
                " USING gin (to_tsvector({language}::regconfig, place::text))"
            )
            .format(index=sql.Identifier(f"search_event_{language}"), language=sql.Literal(language))
            .as_string(schema_editor.connection.connection)
        )


def remove_indexes(apps: Any, schema_editor: Any) -> None:
    """All of them."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'items_event' AND indexname LIKE 'search\\_event\\_%%'"
        )
        names = [name for (name,) in cursor.fetchall()]
    for name in names:
        schema_editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("search", "0001_language_and_indexes"), ("items", "0004_event")]

    operations: ClassVar = [migrations.RunPython(add_indexes, remove_indexes)]

"""The words of what was there before their triggers, in batches that others wait for only briefly."""

from typing import Any, ClassVar

from django.db import migrations, transaction

BATCH = 1_000
#: What is read, and the function that writes its words.
FILLED = {
    "items_item": "search_note_items",
    "microcosms_microcosm": "search_note_microcosms",
    "profiles_profile": "search_note_profiles",
    "comments_comment": "search_note_comments",
}


def fill(apps: Any, schema_editor: Any) -> None:
    """May be repeated: what is there is written again."""
    connection = schema_editor.connection
    for table, function in FILLED.items():
        after = 0
        while after is not None:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                # Whoever hides a comment or renames something waits for us or we for them: neither reads the old row.
                cursor.execute(
                    f"WITH batch AS (SELECT id FROM {table} WHERE id > %s ORDER BY id LIMIT %s FOR SHARE)"
                    " SELECT array_agg(id) FROM batch",
                    [after, BATCH],
                )
                (ids,) = cursor.fetchone()
                after = max(ids) if ids else None
                cursor.execute(f"SELECT {function}(%s)", [ids or []])


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("search", "0004_words")]

    operations: ClassVar = [migrations.RunPython(fill, migrations.RunPython.noop)]

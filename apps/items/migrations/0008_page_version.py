"""The versions of what item pages show, kept by triggers, so that no write can forget them (decision 0042)."""

from typing import ClassVar

from django.db import migrations, models

STATEMENTS = [
    # Rows are rewritten where they are.
    ("ALTER TABLE items_pageversion SET (fillfactor = 50)", "ALTER TABLE items_pageversion RESET (fillfactor)"),
    # Versions of one item grow in the order of commits, because whoever writes one holds its row until then. They are
    # microseconds of the clock: a database that is brought back to an older state does not give them out again.
    (
        """
        CREATE FUNCTION items_renew_pages(p_item_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO items_pageversion AS known (item_id, version)
            SELECT changed.id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
            FROM (SELECT DISTINCT unnest(p_item_ids) AS id) AS changed
            WHERE changed.id IS NOT NULL
            ORDER BY changed.id
            ON CONFLICT (item_id) DO UPDATE SET version = greatest(known.version + 1, excluded.version);
        END $$
        """,
        "DROP FUNCTION items_renew_pages(bigint[])",
    ),
    (
        """
        CREATE FUNCTION items_item_was_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM items_renew_pages(ARRAY[NEW.id]);
            RETURN NULL;
        END $$
        """,
        "DROP FUNCTION items_item_was_renamed()",
    ),
    (
        """
        CREATE FUNCTION items_items_were_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM items_pageversion AS page USING gone WHERE page.item_id = gone.id;
            RETURN NULL;
        END $$
        """,
        "DROP FUNCTION items_items_were_deleted()",
    ),
    # Comments name their item and link to it.
    (
        """
        CREATE TRIGGER items_item_was_renamed AFTER UPDATE OF title, kind ON items_item
        FOR EACH ROW WHEN (OLD.title IS DISTINCT FROM NEW.title OR OLD.kind IS DISTINCT FROM NEW.kind)
        EXECUTE FUNCTION items_item_was_renamed()
        """,
        "DROP TRIGGER items_item_was_renamed ON items_item",
    ),
    (
        """
        CREATE TRIGGER items_items_were_deleted AFTER DELETE ON items_item
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION items_items_were_deleted()
        """,
        "DROP TRIGGER items_items_were_deleted ON items_item",
    ),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("items", "0007_place_lookup")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="PageVersion",
            fields=[
                ("item_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("version", models.BigIntegerField()),
            ],
        ),
        *(migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS),
    ]

"""The language of a site, and the indexes of the default one."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

#: Table and the text in it; `services.add_indexes` makes the same for another language.
INDEXES = {
    "search_item_english": "items_item USING gin (to_tsvector('english'::regconfig, title::text))",
    "search_microcosm_english": (
        "microcosms_microcosm USING gin (to_tsvector('english'::regconfig, title::text || ' ' || description))"
    ),
    "search_profile_english": "profiles_profile USING gin (to_tsvector('english'::regconfig, name::text))",
    "search_revision_english": "comments_revision USING gin (to_tsvector('english'::regconfig, markdown))",
}


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [
        ("sites", "0001_initial"),
        ("profiles", "0001_initial"),
        ("microcosms", "0001_initial"),
        ("items", "0001_initial"),
        ("comments", "0001_initial"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SearchLanguage",
            fields=[
                (
                    "site",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_language",
                        serialize=False,
                        to="sites.site",
                    ),
                ),
                ("language", models.CharField(max_length=63)),
            ],
        ),
        *(
            migrations.RunSQL(
                sql=f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {definition}",
                reverse_sql=f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
            )
            for name, definition in INDEXES.items()
        ),
    ]

"""The versions of how the people of a site are shown, kept by a trigger (decision 0042)."""

from typing import ClassVar

from django.db import migrations, models

SHOWN = ("name", "is_visible", "avatar_url", "user_id")
STATEMENTS = [
    ("ALTER TABLE profiles_peopleversion SET (fillfactor = 50)", "ALTER TABLE profiles_peopleversion RESET (fillfactor)"),
    # What versions are is said where those of items are made.
    (
        """
        CREATE FUNCTION profiles_profile_looks_different() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO profiles_peopleversion AS known (site_id, version)
            VALUES (NEW.site_id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
            ON CONFLICT (site_id) DO UPDATE SET version = greatest(known.version + 1, excluded.version);
            RETURN NULL;
        END $$
        """,
        "DROP FUNCTION profiles_profile_looks_different()",
    ),
    # Counters and activity change with most requests and show nowhere beside comments: they do not fire it.
    (
        f"""
        CREATE TRIGGER profiles_profile_looks_different AFTER UPDATE OF {", ".join(SHOWN)} ON profiles_profile
        FOR EACH ROW WHEN ({" OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in SHOWN)})
        EXECUTE FUNCTION profiles_profile_looks_different()
        """,
        "DROP TRIGGER profiles_profile_looks_different ON profiles_profile",
    ),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("profiles", "0005_people_count")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="PeopleVersion",
            fields=[
                ("site_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("version", models.BigIntegerField()),
            ],
        ),
        *(migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS),
    ]
